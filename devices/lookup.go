package devices

import (
	"slices"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Unit returns the compute unit of that name; "" means the default unit. The
// error names the units there are, and is a user's mistake.
func (d *Device) Unit(name string) (*Unit, error) {
	if name == "" {
		name = d.DefaultUnit
	}
	for i := range d.Units {
		if d.Units[i].Name == name {
			return &d.Units[i], nil
		}
	}
	return nil, fault.Userf("%s has no unit %q; %s", d.Name, name, suggest(name, d.unitNames()))
}

// Runtime returns the runtime of that name on a unit ("" means the default
// unit). Without a name it is the device's default runtime, or on another unit
// the first one listed for it. The error names the runtimes that the unit has,
// and is a user's mistake.
func (d *Device) Runtime(name, unit string) (*Runtime, error) {
	u, err := d.Unit(unit)
	if err != nil {
		return nil, err
	}
	if name == "" && u.Name == d.DefaultUnit {
		name = d.DefaultRuntime
	}
	var known []string
	for _, r := range d.RuntimesOf(u.Name) {
		if r.Is(name) || name == "" {
			return r, nil
		}
		known = append(known, r.Name)
	}
	for i := range d.Runtimes {
		if r := &d.Runtimes[i]; r.Is(name) {
			return nil, fault.Userf("%s has no runtime %q on its %s but on its %s; ask for that unit too: --unit %s", d.Name, name, u.Name, r.Unit, r.Unit)
		}
	}
	return nil, fault.Userf("%s has no runtime %q on its %s; %s", d.Name, name, u.Name, suggest(name, known))
}

// Is reports whether the runtime goes by that name, its own or an older one.
func (r *Runtime) Is(name string) bool {
	return r.Name == name || slices.Contains(r.Aliases, name)
}

// Canonical returns path with the runtime in it under its own name, where path
// has it under another: runtimes.executorch-cpu.dispatch.
func (d *Device) Canonical(path string) string {
	rest, ok := strings.CutPrefix(path, "runtimes.")
	if !ok {
		return path
	}
	for i := range d.Runtimes {
		for _, alias := range d.Runtimes[i].Aliases {
			if tail, ok := strings.CutPrefix(rest, alias+"."); ok {
				return "runtimes." + d.Runtimes[i].Name + "." + tail
			}
		}
	}
	return path
}

// RuntimesOf returns the runtimes of a unit in the order of the profile.
func (d *Device) RuntimesOf(unit string) []*Runtime {
	var out []*Runtime
	for i := range d.Runtimes {
		if d.Runtimes[i].Unit == unit {
			out = append(out, &d.Runtimes[i])
		}
	}
	return out
}

// Cache returns the on-chip memory of that name. The error names those there
// are, and is a user's mistake.
func (d *Device) Cache(name string) (*SRAM, error) {
	for i := range d.SRAM {
		if d.SRAM[i].Name == name {
			return &d.SRAM[i], nil
		}
	}
	return nil, fault.Userf("%s has no on-chip memory %q; %s", d.Name, name, suggest(name, d.sramNames()))
}

// PeakBandwidth is what all channels of the DRAM move at most: data rate times
// width times channels.
func (d *Device) PeakBandwidth() units.BytesPerSecond {
	return d.DRAM.Spec.ChannelBandwidth() * units.BytesPerSecond(d.DRAM.Channels.Value)
}

// ChannelBandwidth is what one channel moves at most: data rate times width, less
// what of a burst is no data.
func (p *DRAMPart) ChannelBandwidth() units.BytesPerSecond {
	all := float64(p.DataRate.Value) * float64(p.ChannelWidth.Value) / 8
	if p.BurstPayload == nil {
		return units.BytesPerSecond(all)
	}
	return units.BytesPerSecond(all * float64(p.BurstPayload.Value) / float64(p.pinBytes()))
}

// Banks is the number of banks of a rank.
func (p *DRAMPart) Banks() int64 {
	return int64(p.BankGroups.Value * p.BanksPerGroup.Value)
}

// BurstBytes is the data that one read or write command moves.
func (p *DRAMPart) BurstBytes() units.Bytes {
	if p.BurstPayload != nil {
		return p.BurstPayload.Value
	}
	return p.pinBytes()
}

// pinBytes is what the pins move in a burst: data, and the metadata of LPDDR6.
func (p *DRAMPart) pinBytes() units.Bytes {
	return units.Bytes(p.ChannelWidth.Value * p.BurstLength.Value / 8)
}

// Find returns the timing parameter of that JEDEC name (without the t).
func (p *DRAMPart) Find(name string) (Cycles, bool) {
	i := slices.IndexFunc(p.Timing, func(t DRAMTiming) bool { return t.Name == name })
	if i < 0 {
		return Cycles{}, false
	}
	return p.Timing[i].Quantity.Value, true
}

func (d *Device) unitNames() []string {
	var names []string
	for i := range d.Units {
		names = append(names, d.Units[i].Name)
	}
	return names
}

func (d *Device) sramNames() []string {
	var names []string
	for i := range d.SRAM {
		names = append(names, d.SRAM[i].Name)
	}
	return names
}
