package designspace

import (
	"slices"
	"sync"

	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sram"
	"github.com/memsim/memsim/sim/sweep"
	"github.com/memsim/memsim/study"
)

// MachineAxes are the axes that choose the machine. An axis that is neither one
// of them nor one of ModelAxes is the path of a field of the device's profile,
// as --set takes it.
var MachineAxes = []string{"device", "unit", "runtime"}

// at returns the hardware of a point: h where the point says nothing else.
func at(h study.Hardware, p sweep.Point) study.Hardware {
	h.Sets = slices.Clone(h.Sets)
	for i, a := range p.Axes() {
		v := p.Values[i]
		switch {
		case a.Name == "device":
			h.Device = v
		case a.Name == "unit":
			h.Unit = v
		case a.Name == "runtime":
			h.Runtime = v
		case !slices.Contains(ModelAxes, a.Name):
			h.Sets = append(h.Sets, a.Name+"="+v)
		}
	}
	return h
}

// mostMachines is how many machines are kept ready.
const mostMachines = 64

// Machines sets machines up, and keeps those that were used last for points on
// the same hardware. It may be used from many goroutines.
type Machines struct {
	base study.Hardware

	memo sram.Memo // of all machines

	mu    sync.Mutex
	ready map[string]*built
	order []string             // of ready, the oldest first
	names map[string][2]string // units and runtimes, by hardware
}

type built struct {
	once    sync.Once
	machine *sim.Machine
	err     error
}

// NewMachines returns the machines of points on base.
func NewMachines(base study.Hardware) *Machines {
	return &Machines{base: base, ready: map[string]*built{}}
}

// For returns the machine of a point.
func (m *Machines) For(p sweep.Point) (*sim.Machine, error) {
	h := at(m.base, p)
	b := m.slot(h.Key())
	b.once.Do(func() { b.machine, b.err = m.build(h) })
	return b.machine, b.err
}

func (m *Machines) build(h study.Hardware) (*sim.Machine, error) {
	c, err := h.Config()
	if err != nil {
		return nil, err
	}
	c.Memo = &m.memo
	return sim.New(c)
}

func (m *Machines) slot(key string) *built {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b, ok := m.ready[key]; ok {
		return b
	}
	if len(m.order) == mostMachines {
		delete(m.ready, m.order[0])
		m.order = m.order[1:]
	}
	b := &built{}
	m.ready[key] = b
	m.order = append(m.order, key)
	return b
}

// check refuses hardware axes of which no value works, whatever the others are:
// a path that is no field, devices that do not exist; and values of a profile's fields
// that no profile takes.
func (m *Machines) check(axes []sweep.Axis) error {
	var hardware []sweep.Axis
	for _, a := range axes {
		if !slices.Contains(ModelAxes, a.Name) {
			hardware = append(hardware, a)
		}
	}
	if m.base.Device == "" && !slices.ContainsFunc(hardware, func(a sweep.Axis) bool { return a.Name == "device" }) {
		_, err := m.base.Machine()
		return err
	}
	if len(hardware) == 0 {
		_, err := m.base.Machine()
		return err
	}
	space, err := sweep.NewSpace(hardware)
	if err != nil {
		return err
	}
	if err := m.checkFields(hardware); err != nil {
		return err
	}
	return firstOfAll(space, func(p sweep.Point) error { // the first that works is enough
		_, err := m.For(p)
		return err
	})
}

// checkFields refuses the first value of a profile's field that the profile takes in
// no combination with the other axes.
func (m *Machines) checkFields(hardware []sweep.Axis) error {
	for i, a := range hardware {
		if slices.Contains(MachineAxes, a.Name) {
			continue
		}
		for v := range a.Values {
			if v%max(1, len(a.Values)/mostMachines) != 0 && v != len(a.Values)-1 {
				continue // a few of many tell
			}
			if err := m.takes(hardware, i, a.Values[v]); err != nil {
				return err
			}
		}
	}
	return nil
}

// takes returns nil if there is a profile with axis i at a value, and else what is
// wrong with the first; a few of many combinations tell.
func (m *Machines) takes(hardware []sweep.Axis, i int, value string) error {
	if m.base.Device != "" {
		if _, err := m.base.With(hardware[i].Name + "=" + value).Load(); err == nil {
			return nil
		}
	}
	only := slices.Clone(hardware)
	only[i].Values = []string{value}
	space, err := sweep.NewSpace(only)
	if err != nil {
		return err
	}
	return firstOfAll(space, func(p sweep.Point) error {
		_, err := at(m.base, p).Load()
		return err
	})
}

// firstOfAll returns nil if some point works, and else the error of the first; a few
// of many tell.
func firstOfAll(space sweep.Space, try func(sweep.Point) error) (first error) {
	for i := range min(space.Size(), mostMachines) {
		err := try(space.Point(i * max(1, space.Size()/mostMachines)))
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}
