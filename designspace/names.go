package designspace

import (
	"slices"

	"github.com/memsim/memsim/sim/sweep"
)

// Names returns the unit and the runtime on which a point runs, "" where the machine
// cannot be.
func (m *Machines) Names(p sweep.Point) (unit, runtime string) {
	h := at(m.base, p)
	key := h
	key.Sets = nil // they choose neither
	m.mu.Lock()
	defer m.mu.Unlock()
	if n, ok := m.names[key.Key()]; ok {
		return n[0], n[1]
	}
	h.Sets = m.base.Sets
	if d, err := h.Load(); err == nil {
		if u, err := d.Unit(h.Unit); err == nil {
			if r, err := d.Runtime(h.Runtime, u.Name); err == nil {
				unit, runtime = u.Name, r.Name
			}
		}
	}
	if m.names == nil {
		m.names = map[string][2]string{}
	}
	m.names[key.Key()] = [2]string{unit, runtime}
	return unit, runtime
}

// MachinesDiffer reports whether points of a space may run on different units or
// runtimes.
func MachinesDiffer(axes []sweep.Axis) bool {
	return slices.ContainsFunc(axes, func(a sweep.Axis) bool { return slices.Contains(MachineAxes, a.Name) && len(a.Values) > 1 })
}

// AllNames returns the devices, units and runtimes of the points of a space, each
// once, in their order.
func (m *Machines) AllNames(axes []sweep.Axis) (devices, units, runtimes []string) {
	var machine []sweep.Axis
	for _, a := range axes {
		if slices.Contains(MachineAxes, a.Name) {
			machine = append(machine, a)
		}
	}
	space, err := sweep.NewSpace(machine)
	if err != nil {
		return nil, nil, nil
	}
	add := func(list *[]string, name string) {
		if name != "" && !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for i := range min(space.Size(), mostMachines) {
		p := space.Point(i)
		unit, runtime := m.Names(p)
		add(&devices, at(m.base, p).Device)
		add(&units, unit)
		add(&runtimes, runtime)
	}
	return devices, units, runtimes
}
