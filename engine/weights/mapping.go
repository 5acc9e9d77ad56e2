package weights

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"unsafe"

	"github.com/edsrzf/mmap-go"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
)

// mapping is a file's bytes in the address space of the process.
type mapping struct {
	data mmap.MMap
	path string
	file os.FileInfo // as it was when it was mapped
}

// mapped are the mappings of the process, so that the address of a fault tells
// the file.
var mapped struct {
	sync.Mutex
	all map[*mapping]struct{}
}

// mapFile maps a regular file for reading.
func mapFile(path string) (*mapping, error) {
	f, err := inputfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Userf("model %s: no such file", path)
	}
	if err != nil {
		return nil, fault.Userf("model %s: cannot be read: %w", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return nil, fault.Userf("model %s: the file is empty; fetch it again", path)
	}
	data, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, &os.PathError{Op: "map", Path: path, Err: err}
	}
	m := &mapping{data, path, info}
	mapped.Lock()
	defer mapped.Unlock()
	if mapped.all == nil {
		mapped.all = map[*mapping]struct{}{}
	}
	mapped.all[m] = struct{}{}
	return m, nil
}

// close ends the mapping. A file that is not as it was when it was mapped is an
// error, since what was read of it may be of either version.
func (m *mapping) close() error { return errors.Join(m.changed(), m.unmap()) }

func (m *mapping) unmap() error {
	mapped.Lock()
	delete(mapped.all, m)
	mapped.Unlock()
	return m.data.Unmap()
}

// changed reports as an error that the file has been written to. One that was
// removed, or that another has taken the place of, stays as it was for those who
// have it mapped.
func (m *mapping) changed() error {
	now, err := os.Stat(m.path)
	if err != nil || !os.SameFile(m.file, now) {
		return nil
	}
	if now.Size() == m.file.Size() && now.ModTime().Equal(m.file.ModTime()) {
		return nil
	}
	return fmt.Errorf("model %s: the file was written to while it was in use, so that what was read is of neither version; run again", m.path)
}

// holds reports whether an address is within the mapping.
func (m *mapping) holds(addr uintptr) bool {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(m.data)))
	return addr >= start && addr-start < uintptr(len(m.data))
}

// Guard runs f, which reads the bytes of tensors, and returns its error. If a
// file that they are mapped from is shortened meanwhile, or its disk fails, the
// system ends a program that touches what is gone; under Guard that is an error
// which names the file. It covers the goroutine that calls it. Others that read
// for f must set debug.SetPanicOnFault, and let f panic with what they recover.
func Guard(f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		if p := recover(); p != nil {
			if err = lost(p); err == nil {
				panic(p)
			}
		}
	}()
	if err = f(); errors.Is(err, syscall.EFAULT) { // the system was to write what is gone
		err = cmp.Or(anyChanged(), err)
	}
	return err
}

// lost returns the error of a recovered fault on a mapped file, nil for any other
// panic.
func lost(p any) error {
	at, ok := p.(interface{ Addr() uintptr })
	if !ok {
		return nil
	}
	mapped.Lock()
	defer mapped.Unlock()
	for m := range mapped.all {
		if m.holds(at.Addr()) {
			return fmt.Errorf("model %s: the file was shortened while it was in use, or its disk failed; fetch it again", m.path)
		}
	}
	return nil
}

// anyChanged is the error of a mapped file that has been written to, if there is
// one.
func anyChanged() error {
	mapped.Lock()
	defer mapped.Unlock()
	var err error
	for m := range mapped.all {
		err = errors.Join(err, m.changed())
	}
	return err
}
