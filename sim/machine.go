package sim

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/sim/dram/fast"
	"github.com/memsim/memsim/sim/energy"
	"github.com/memsim/memsim/sim/flash"
	"github.com/memsim/memsim/sim/residency"
	"github.com/memsim/memsim/sim/sram"
	"github.com/memsim/memsim/sim/thermal"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// pageSize is the granularity of the page cache: a page of the operating
// systems of today's phones.
const pageSize = 16 * units.KiB

// Config says on what a trace is replayed.
type Config struct {
	Device  *devices.Device
	Unit    string // "" is the device's default unit
	Runtime string // "" is the unit's default runtime
	Threads int    // of a CPU; 0 is what the runtime starts unless it is told
	// Energy is an assumption about the memory path that replaces the device's
	// own figures; nil keeps them.
	Energy *devices.EnergyAssumption
	// Sustained asks for the speed of a warm device as well.
	Sustained bool
	// WholeMemory leaves the app all of the device's DRAM, as on a phone whose
	// system never drops or kills anything.
	WholeMemory bool
	// Streaming takes DRAM to move everything at the rate of one long read, instead of
	// command by command: for the time of thousands of predictions, whose energies are
	// not asked for.
	Streaming bool
	// Experts says how the runtime streams the experts of mixtures; nil: their
	// weights are as all others.
	Experts *ExpertCache
	// Memo, if there is one, makes replays faster of which many begin alike, such as
	// those of models that differ in depth, and single ones a little slower. Machines
	// may share it. It changes no answer.
	Memo *sram.Memo
}

// Machine is a device set up for one unit and runtime. Its answers never change:
// each replay builds its own state from it, so that replays may run side by side.
// All that they leave behind in it is what makes the next ones faster.
type Machine struct {
	device  *devices.Device
	unit    devices.Unit
	runtime devices.Runtime

	config Config

	*path
	pacing
	energy  energy.Model
	budget  units.Bytes    // of the app in DRAM, as advised
	warm    *thermal.Model // nil: not asked for
	experts *ExpertCache   // nil: experts are not streamed
	memo    *sram.Memo     // nil: replays do not remember
}

// path is the memories that a machine's bytes go through.
type path struct {
	caches []sram.Config // nearest first
	dram   dram.Spec
	busy   *fast.Memo           // of the DRAM's busy periods
	stream units.BytesPerSecond // at which DRAM moves everything; 0: command by command
	flash  flash.Config
	limits residency.Limits // of the app in DRAM, as enforced
}

// New resolves the names in c and builds the models of all parts. A name that
// the device does not know is a user's mistake.
func New(c Config) (*Machine, error) {
	unit, err := c.Device.Unit(c.Unit)
	if err != nil {
		return nil, err
	}
	runtime, err := c.Device.Runtime(c.Runtime, unit.Name)
	if err != nil {
		return nil, err
	}
	m := &Machine{path: &path{busy: fast.NewMemo()}, memo: c.Memo, experts: c.Experts}
	if err := m.set(c, *unit, *runtime); err != nil {
		return nil, err
	}
	if m.dram, err = dram.SpecOf(c.Device.DRAM); err != nil {
		return nil, err
	}
	if m.flash, err = flash.ConfigOf(c.Device.Flash.Spec); err != nil {
		return nil, err
	}
	m.limits = residency.LimitsOf(c.Device)
	if c.WholeMemory {
		m.limits = residency.Whole(c.Device.DRAM.Capacity.Value)
	}
	if c.Streaming {
		m.stream = m.streamRate()
	}
	for _, s := range m.sram() {
		config, err := sram.ConfigOf(s)
		if err != nil {
			return nil, err
		}
		m.caches = append(m.caches, config)
	}
	return m, nil
}

// longRead is how much is read to find the rate of a stream.
const longRead = 32 * units.MiB

// streamRate is the rate of a long read.
func (m *Machine) streamRate() units.BytesPerSecond {
	memory := m.busy.New(m.dram)
	moved := memory.Move(0, []dram.Extent{{Bytes: longRead}})
	return units.BytesPerSecond(float64(longRead) / (moved.Done - moved.Start).Seconds())
}

// set takes from c all but the memories: pacing, energies, budget, heat.
func (m *Machine) set(c Config, unit devices.Unit, runtime devices.Runtime) (err error) {
	threads := c.Threads
	if threads == 0 {
		threads = runtime.ThreadsOn(unit)
	}
	unit = unit.WithThreads(threads)
	m.config, m.device, m.unit, m.runtime = c, c.Device, unit, runtime
	if m.pacing, err = pacingOf(c.Device, unit, runtime); err != nil {
		return err
	}
	if err := m.fallback(c.Device, runtime, c.Threads); err != nil {
		return err
	}
	m.budget = units.Bytes(float64(m.device.DRAM.Capacity.Value) * float64(m.device.DRAM.AppBudget.Value))
	if c.Energy != nil {
		m.energy = energy.Flat(c.Energy.MemoryPath.Value)
	} else {
		m.energy = energy.Of(m.device, m.unit, m.sram())
	}
	if c.Sustained {
		warm := thermal.Of(c.Device)
		m.warm = &warm
	}
	return nil
}

// sram returns the on-chip memories that the unit sees, nearest first.
func (m *Machine) sram() []devices.SRAM {
	var seen []devices.SRAM
	for _, name := range m.unit.Caches {
		if s, err := m.device.Cache(name); err == nil {
			seen = append(seen, *s)
		}
	}
	return seen
}

// Device returns the profile of the machine.
func (m *Machine) Device() *devices.Device { return m.device }

// Unit returns the compute unit.
func (m *Machine) Unit() devices.Unit { return m.unit }

// Runtime returns the runtime.
func (m *Machine) Runtime() devices.Runtime { return m.runtime }

// Bandwidth returns what the unit and its runtime draw from DRAM at most.
func (m *Machine) Bandwidth() units.BytesPerSecond { return m.bandwidth }

// Limits returns what the system leaves the app.
func (m *Machine) Limits() residency.Limits { return m.limits }

// Footprint returns what a model occupies by its trace's header. Weights are
// mapped from their file if the runtime does so and runs on the CPU: a GPU or NPU
// wires the buffers that its kernels read.
func (m *Machine) Footprint(h traces.Header) residency.Footprint {
	pinned := m.runtime.Weights == devices.WeightsResident || m.unit.Name != "cpu"
	return residency.Of(h, pinned, m.limits.Own)
}

// Budget returns the memory that an app is advised to stay under.
func (m *Machine) Budget() units.Bytes { return m.budget }

// EnergyAssumption returns what replaces the device's own figures of energy, nil
// if nothing does.
func (m *Machine) EnergyAssumption() *devices.EnergyAssumption { return m.config.Energy }

// stretches are the factors by which the times of a model's operators differ from what
// they add up to on this machine, by phase.
type stretches struct{ prefill, decode float64 }

func (s stretches) of(phase traces.Phase) float64 {
	if phase == traces.Prefill {
		return s.prefill
	}
	return s.decode
}

// stretchesOf returns what the profile knows of a model's architecture.
func (m *Machine) stretchesOf(h traces.Header) stretches {
	of := func(phase traces.Phase) float64 {
		return m.device.Stretch(m.unit, m.runtime, ShapeOf(h), string(phase))
	}
	return stretches{of(traces.Prefill), of(traces.Decode)}
}

// ShapeOf is what a profile's multipliers know the model of a trace by.
func ShapeOf(h traces.Header) devices.ModelShape {
	return devices.ModelShape{Architecture: h.Shape.Architecture, Dim: h.Shape.Dim, FFN: h.Shape.FFN, Vocab: h.Shape.Vocab}
}
