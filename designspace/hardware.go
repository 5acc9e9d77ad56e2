package designspace

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sram"
	"github.com/memsim/memsim/sim/sweep"
)

// MachineAxes are the axes that choose the machine. An axis that is neither one
// of them nor one of ModelAxes is the path of a field of the device's profile,
// as --set takes it.
var MachineAxes = []string{"device", "unit", "runtime"}

// DeviceEnergy is the assumption on energy that keeps the device's own figures.
const DeviceEnergy = "device"

// Hardware says what a point runs on, by names.
type Hardware struct {
	Device  string   // a shipped profile or a path
	Unit    string   // "" is the device's own choice
	Runtime string   // "" is the unit's own choice
	Energy  string   // DeviceEnergy or "", or a shipped assumption
	Sets    []string // fields of the profile, as path=value
	Warm    bool     // answer for a warm device as well
}

// At returns the hardware of a point: h where the point says nothing else.
func (h Hardware) At(p sweep.Point) Hardware {
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

// Load returns the device with its fields overridden.
func (h Hardware) Load() (*devices.Device, error) {
	if h.Device == "" {
		return nil, fault.Userf("name the device with --device: one of %s, or the path of a YAML file", strings.Join(devices.Names(), ", "))
	}
	return devices.Load(h.Device, h.Sets)
}

// Machine sets the hardware up for replay. A name or a value that cannot be is a
// user's mistake.
func (h Hardware) Machine() (*sim.Machine, error) { return h.machine(nil) }

// machine is Machine, for replays that remember if there is a memo.
func (h Hardware) machine(memo *sram.Memo) (*sim.Machine, error) {
	device, err := h.Load()
	if err != nil {
		return nil, err
	}
	config := sim.Config{Device: device, Unit: h.Unit, Runtime: h.Runtime, Sustained: h.Warm, Memo: memo}
	if h.Energy != "" && h.Energy != DeviceEnergy {
		if config.Energy, err = devices.LoadEnergyAssumption(h.Energy); err != nil {
			return nil, err
		}
	}
	return sim.New(config)
}

func (h Hardware) key() string {
	return strings.Join(append([]string{h.Device, h.Unit, h.Runtime, h.Energy, strconv.FormatBool(h.Warm)}, h.Sets...), "\x00")
}

// mostMachines is how many machines are kept ready.
const mostMachines = 64

// Machines sets machines up, and keeps those that were used last for points on
// the same hardware. It may be used from many goroutines.
type Machines struct {
	base Hardware

	memo sram.Memo // of all machines

	mu    sync.Mutex
	ready map[string]*built
	order []string // of ready, the oldest first
}

type built struct {
	once    sync.Once
	machine *sim.Machine
	err     error
}

// NewMachines returns the machines of points on base.
func NewMachines(base Hardware) *Machines {
	return &Machines{base: base, ready: map[string]*built{}}
}

// For returns the machine of a point.
func (m *Machines) For(p sweep.Point) (*sim.Machine, error) {
	h := m.base.At(p)
	b := m.slot(h.key())
	b.once.Do(func() { b.machine, b.err = h.machine(&m.memo) })
	return b.machine, b.err
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
