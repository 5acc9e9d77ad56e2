package kernels

import (
	"fmt"
	"os"
	"strings"
)

// Features returns the name of the kernel set that New uses: the last of Sets,
// unless the environment variable MEMSIM_KERNELS names another one.
func Features() string { return active.name }

// Sets returns the names of the kernel sets that this processor can run, from
// the plainest to the best.
func Sets() []string {
	var names []string
	for _, s := range available {
		names = append(names, s.name)
	}
	return names
}

// setVariable forces a kernel set, for tests and for comparison.
const setVariable = "MEMSIM_KERNELS"

var (
	available = append([]*kernelSet{&portable}, nativeSets()...)
	active    = choose(os.Getenv(setVariable))
)

// choose returns the set of the given name, the best one if there is none.
func choose(name string) *kernelSet {
	if s, ok := findSet(name); ok {
		return s
	}
	return available[len(available)-1]
}

func findSet(name string) (*kernelSet, bool) {
	for _, s := range available {
		if s.name == name {
			return s, true
		}
	}
	return nil, false
}

// CheckEnvironment reports a MEMSIM_KERNELS that names no kernel set that this
// processor can run. New ignores such a name.
func CheckEnvironment() error {
	name := os.Getenv(setVariable)
	if _, ok := findSet(name); ok || name == "" {
		return nil
	}
	return fmt.Errorf("%s is %q; this processor runs %s", setVariable, name, strings.Join(Sets(), ", "))
}
