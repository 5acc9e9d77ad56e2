package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"unsafe"
)

func init() {
	task, isTask := os.LookupEnv(killedTask)
	if os.Getenv(asProgram) == "" || isTask && task != os.Getenv("SLURM_ARRAY_TASK_ID") {
		return
	}
	if n, err := strconv.ParseUint(os.Getenv(killedAtBytes), 10, 64); err == nil {
		dieOfLargeFiles(n)
	}
}

// dieOfLargeFiles lets the system kill this process as soon as it writes a file
// beyond n bytes: nothing of it runs any more, as after kill -9, and the place does
// not depend on the speed of the machine.
func dieOfLargeFiles(n uint64) {
	const signalByDefault = 0
	action := struct{ handler, flags, restorer, mask uintptr }{handler: signalByDefault} // not Go's handler, which has write fail
	_, _, failed := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGXFSZ), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	if failed != 0 {
		panic(failed)
	}
	setLimit(syscall.RLIMIT_CORE, 0)
	setLimit(syscall.RLIMIT_FSIZE, n)
}

// Killed without warning, a sweep loses what was under way and no more.
func TestAKilledSweepKeepsItsRows(t *testing.T) {
	memsimPath := program(t)
	inFolder(t)
	smallShape(t)
	args := append(slices.Clone(smallSweep), "--dim", "64", "--layers", "1:8")
	rowBytes := sweepOfOneMachine(t, memsimPath, args, "one")
	args = append(args, "--out", "two")
	cmd := exec.Command(memsimPath, args...)
	cmd.Env = append(os.Environ(), fmt.Sprint(killedAtBytes, "=", rowBytes*11/2))
	if err := cmd.Run(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGXFSZ {
		t.Fatalf("it was not killed: %v", err)
	}
	parts, _ := filepath.Glob("two/rows/*.part")
	if len(parts) != 1 {
		t.Fatalf("it leaves the files %v", parts)
	}
	if data, err := os.ReadFile(parts[0]); err != nil || bytes.Count(data, []byte("\n")) == 0 || bytes.HasSuffix(data, []byte("\n")) {
		t.Errorf("it was not killed in the midst of a row: %v\n%s", err, data)
	}
	runProgram(t, memsimPath, append(args, "--resume")...)
	wantSameFiles(t, "two", sweepFiles(t, "one"))
}
