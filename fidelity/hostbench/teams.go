package hostbench

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/topology"
	"github.com/memsim/memsim/internal/fault"
)

// Team is some threads of the engine, and the runtime of the profile that stands for
// them.
type Team struct {
	Runtime string
	Threads int
	Cores   []int // that the threads are bound to; nil: none
}

// Teams returns one for each number of threads, bound to no cores.
func Teams(threads ...int) []Team {
	var teams []Team
	for _, n := range threads {
		teams = append(teams, Team{Runtime: Runtime(n), Threads: n})
	}
	return teams
}

// profileKey is the reference that marks a profile as measured by this package.
const profileKey = "hostbench"

// Wrote reports whether the profile at path is one that this package wrote.
func Wrote(path string) bool {
	d, err := devices.Load(path, nil)
	return err == nil && slices.ContainsFunc(d.References, func(r devices.Reference) bool { return r.Key == profileKey })
}

var (
	runtimeThreads = regexp.MustCompile(`^memsim-(?:.+-)?(\d+)t$`)
	titleCores     = regexp.MustCompile(` on cores ([\d,-]+)$`)
)

// TeamsOf returns the teams of a profile that Wrote says yes to, on this machine.
func TeamsOf(path string) ([]Team, error) {
	d, err := devices.Load(path, nil)
	if err != nil {
		return nil, err
	}
	var teams []Team
	for _, r := range d.Runtimes {
		match := runtimeThreads.FindStringSubmatch(r.Name)
		if match == nil {
			continue
		}
		t := Team{Runtime: r.Name}
		if t.Threads, err = strconv.Atoi(match[1]); err != nil || t.Threads < 1 || t.Threads > maxThreads {
			return nil, fault.Userf("%s: runtime %s: no number of threads that a machine has", path, r.Name)
		}
		if cores := titleCores.FindStringSubmatch(r.Title); cores != nil {
			set, err := Chosen(cores[1], topology.Read(ownTree(), 1), allowed())
			if err != nil {
				return nil, fault.Userf("%s: runtime %s is of another machine: %s", path, r.Name, strings.TrimPrefix(err.Error(), "--cores "))
			}
			t.Cores = set.Cores
		}
		teams = append(teams, t)
	}
	if len(teams) == 0 {
		return nil, fault.Userf("%s: no runtime that memsim host measured; write the profile again", path)
	}
	return teams, nil
}

// maxThreads is more than any machine has.
const maxThreads = 4096
