package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// shells close the stdout of a program for "memsim models >&-".
var shells = []string{"sh", "bash", "dash", "zsh", "ksh", "fish", "busybox", "ash"}

// stdoutClosed reports whether a shell started the program with its stdout closed.
// Go's runtime puts /dev/null there, open for reading and writing, before the program
// begins. Shells open it for writing alone; others who mean /dev/null, such as
// Python's DEVNULL, open it for both, and nothing but who started us tells them
// apart.
func stdoutClosed() bool {
	if !readWriteNull("/proc/self") {
		return false
	}
	parent := fmt.Sprintf("/proc/%d", os.Getppid())
	name, err := os.ReadFile(parent + "/comm")
	if err == nil && slices.Contains(shells, strings.TrimSpace(string(name))) {
		return !readWriteNull(parent) // else it is the shell's own
	}
	self, err := os.Executable()
	started, linkErr := filepath.EvalSymlinks(os.Getenv("_")) // a shell whose place the program took left its path there
	return err == nil && linkErr == nil && started == self
}

// readWriteNull reports whether the stdout of a process is /dev/null, open for
// reading and writing.
func readWriteNull(process string) bool {
	target, err := os.Readlink(process + "/fd/1")
	if err != nil || target != os.DevNull {
		return false
	}
	text, err := os.ReadFile(process + "/fdinfo/1")
	if err != nil {
		return false
	}
	var flags int
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "flags:"); ok {
			fmt.Sscanf(strings.TrimSpace(rest), "%o", &flags)
		}
	}
	return flags&unix.O_ACCMODE == unix.O_RDWR
}
