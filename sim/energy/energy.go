// Package energy charges what a device does in energy: movement by bit and
// level, DRAM by command and state, arithmetic by operation, and the power of
// merely being on by time.
//
// Two figures are kept apart. The memory path (DRAM, on-chip memories, flash)
// is what moving a token's bytes costs; the whole phone adds arithmetic, static
// power and the rest of the system. Published figures mean one or the other,
// and no single number meets both.
//
// # Caveats
//
// Static power is charged for the units and memories that the run uses, at one
// operating point: no frequency scaling, no temperature dependence of leakage.
package energy

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// Parts says where energy went. It is additive: the parts of a ledger sum to
// its total exactly.
type Parts struct {
	DRAM    units.Femtojoules // commands, I/O and background of the DRAM
	SRAM    units.Femtojoules
	Flash   units.Femtojoules
	Compute units.Femtojoules
	Static  units.Femtojoules // units and on-chip memories over time
}

// Total returns the sum of the parts.
func (p Parts) Total() units.Femtojoules { return p.MemoryPath() + p.Compute + p.Static }

// MemoryPath returns the energy of moving bytes, without arithmetic and without
// static power.
func (p Parts) MemoryPath() units.Femtojoules { return p.DRAM + p.SRAM + p.Flash }

// Plus returns the part-wise sum.
func (p Parts) Plus(o Parts) Parts {
	return Parts{p.DRAM + o.DRAM, p.SRAM + o.SRAM, p.Flash + o.Flash, p.Compute + o.Compute, p.Static + o.Static}
}

// Use is what an operator did, as the models of the parts report it.
type Use struct {
	Time    units.Picoseconds // from the operator's start to its end
	DRAM    units.Femtojoules // by the DRAM's own account
	Moved   units.Bytes       // to and from DRAM
	Levels  []LevelUse        // per on-chip memory, nearest first
	Flash   units.Femtojoules // by the flash's own account
	Compute units.Femtojoules // by the unit's own account
}

// LevelUse is the traffic of one on-chip memory.
type LevelUse struct {
	Read    units.Bytes
	Written units.Bytes
}

// Model charges Use on one device and unit, or under one flat assumption.
type Model struct {
	levels []levelCost
	static units.Watts
	system units.Watts
	flat   *units.PicojoulesPerBit
}

type levelCost struct{ read, write units.PicojoulesPerBit }

// Of returns the device's own energy figures for unit, whose path through
// the on-chip memories is caches.
func Of(d *devices.Device, unit devices.Unit, caches []devices.SRAM) Model {
	m := Model{static: unit.StaticPower.Value, system: d.SystemPower.Value}
	for _, c := range caches {
		m.levels = append(m.levels, levelCost{c.ReadEnergy.Value, c.WriteEnergy.Value})
		m.static += c.StaticPower.Value
	}
	return m
}

// Flat returns the assumption that every bit moved to or from DRAM costs c for
// the whole memory path, and that nothing else costs anything.
func Flat(c units.PicojoulesPerBit) Model { return Model{flat: &c} }

// Charge returns the energy of u. Its Levels run parallel to the caches that
// the model was made with.
func (m Model) Charge(u Use) Parts {
	if m.flat != nil {
		return Parts{DRAM: u.Moved.Energy(*m.flat)}
	}
	p := Parts{DRAM: u.DRAM, Flash: u.Flash, Compute: u.Compute, Static: m.static.Energy(u.Time)}
	for i, level := range u.Levels {
		p.SRAM += level.Read.Energy(m.levels[i].read) + level.Written.Energy(m.levels[i].write)
	}
	return p
}

// System returns what the rest of the phone takes over t: display, radios and
// rails that are on while a model generates.
func (m Model) System(t units.Picoseconds) units.Femtojoules { return m.system.Energy(t) }
