package hostbench

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// pin binds all threads of the process to some cores, and returns what binds them
// as they were. Threads that begin later inherit the binding.
func pin(cores []int) (undo func(), err error) {
	var set, before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	for _, id := range cores {
		set.Set(id)
	}
	if err := bind(&set); err != nil {
		return nil, errors.Join(err, bind(&before))
	}
	return func() { _ = bind(&before) }, nil // what binds fewer is allowed what binds more
}

// bind sets the cores of all threads, and looks again for those that began
// meanwhile.
func bind(set *unix.CPUSet) error {
	for range 2 {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil {
				continue
			}
			if err := unix.SchedSetaffinity(id, set); err != nil && !errors.Is(err, unix.ESRCH) {
				return os.NewSyscallError("sched_setaffinity", err)
			}
		}
	}
	return nil
}

// allowed returns the cores that the process may run on, nil if that is not known.
func allowed() (ids []int) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	for id := range len(set) * 64 {
		if set.IsSet(id) {
			ids = append(ids, id)
		}
	}
	return ids
}
