package hostbench

import (
	"slices"
	"strings"

	"github.com/memsim/memsim/fidelity/topology"
	"github.com/memsim/memsim/internal/fault"
)

// Set is some cores that are measured with as many threads.
type Set struct {
	Name  string // as in the runtime's name; "" where there is one kind of cores
	Cores []int
}

// Sets returns what is worth measuring of a machine: one core and all of each
// cluster, all but the little ones, and all. usable are the cores that the process
// may use, nil for any.
func Sets(m topology.Machine, usable []int) []Set {
	mine := func(ids []int) []int {
		return slices.DeleteFunc(slices.Clone(ids), func(id int) bool { return usable != nil && !slices.Contains(usable, id) })
	}
	clusters := m.Clusters()
	var sets []Set
	add := func(name string, cores []int) {
		if len(clusters) == 1 {
			name = ""
		}
		if len(cores) == 0 || slices.ContainsFunc(sets, func(s Set) bool { return slices.Equal(s.Cores, cores) }) {
			return
		}
		sets = append(sets, Set{name, cores})
	}
	var fast, all []int
	for i, c := range clusters {
		cores := mine(c.Cores)
		if len(cores) > 0 {
			add(c.Name, cores[:1])
		}
		add(c.Name, cores)
		if all = append(all, cores...); i < len(clusters)-1 {
			fast = append(fast, cores...)
		}
	}
	slices.Sort(fast)
	slices.Sort(all)
	add("fast", fast)
	add("all", all)
	return sets
}

// Chosen returns the set of a list of cores such as 0-3,7.
func Chosen(text string, m topology.Machine, usable []int) (Set, error) {
	cores, err := topology.ParseCores(text)
	if err != nil {
		return Set{}, fault.Userf("--cores %w", err)
	}
	online := m.Online()
	for _, id := range cores {
		switch {
		case !slices.Contains(online, id):
			return Set{}, fault.Userf("--cores %s: core %d is not online; %s are", text, id, CoreList(online))
		case usable != nil && !slices.Contains(usable, id):
			return Set{}, fault.Userf("--cores %s: the system lets this process run on cores %s, not on %d", text, CoreList(usable), id)
		}
	}
	return Set{"cores" + strings.ReplaceAll(CoreList(cores), ",", "_"), cores}, nil
}
