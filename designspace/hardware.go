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
// a path that is no field, devices that do not exist.
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
	// The first combination that works is enough; a few of many tell.
	var first error
	for i := range min(space.Size(), mostMachines) {
		_, err := m.For(space.Point(i * max(1, space.Size()/mostMachines)))
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}
