package dram

import (
	"math"

	"github.com/memsim/memsim/units"
)

// Energy is the energy of a memory by what it was capReached on. It is the sum of its
// commands, counted, and of its background power over time.
type Energy struct {
	Activate    units.Femtojoules // opening and closing rows
	Read        units.Femtojoules // array to pin
	Write       units.Femtojoules // pin to array
	IO          units.Femtojoules // pin to controller and back
	Refresh     units.Femtojoules
	Active      units.Femtojoules // standby, at least one row of the rank open
	Precharge   units.Femtojoules // standby, no row open
	PowerDown   units.Femtojoules
	SelfRefresh units.Femtojoules
}

// Total returns the sum of the parts.
func (e Energy) Total() units.Femtojoules { return e.Commands() + e.Background() }

// Commands returns the energy of commands and their data.
func (e Energy) Commands() units.Femtojoules {
	return e.Activate + e.Read + e.Write + e.IO + e.Refresh
}

// Background returns the energy of being on.
func (e Energy) Background() units.Femtojoules {
	return e.Active + e.Precharge + e.PowerDown + e.SelfRefresh
}

// An EnergyPart is one part of an Energy under the name that outputs give it.
type EnergyPart struct {
	Name   string
	Energy units.Femtojoules
}

// Parts returns the parts: those of commands, and then those of states.
func (e Energy) Parts() []EnergyPart {
	return []EnergyPart{
		{"activate", e.Activate}, {"read", e.Read}, {"write", e.Write}, {"io", e.IO}, {"refresh", e.Refresh},
		{"active_standby", e.Active}, {"precharge_standby", e.Precharge}, {"power_down", e.PowerDown}, {"self_refresh", e.SelfRefresh},
	}
}

// Plus returns the part-wise sum.
func (e Energy) Plus(o Energy) Energy {
	return Energy{e.Activate + o.Activate, e.Read + o.Read, e.Write + o.Write, e.IO + o.IO, e.Refresh + o.Refresh,
		e.Active + o.Active, e.Precharge + o.Precharge, e.PowerDown + o.PowerDown, e.SelfRefresh + o.SelfRefresh}
}

func (e Energy) minus(o Energy) Energy {
	return Energy{e.Activate - o.Activate, e.Read - o.Read, e.Write - o.Write, e.IO - o.IO, e.Refresh - o.Refresh,
		e.Active - o.Active, e.Precharge - o.Precharge, e.PowerDown - o.PowerDown, e.SelfRefresh - o.SelfRefresh}
}

// energyOf returns the energy of all that was counted since time zero. Energies
// of transfers are differences of it, so that they sum to it exactly.
func (s *Spec) energyOf(t *Counters) Energy {
	e := &s.Energy
	period := float64(s.Clock.Num) / float64(s.Clock.Den)
	return Energy{
		Activate:    units.Femtojoules(t[countActivates]) * e.ActivatePrecharge,
		Read:        units.Femtojoules(t[countReads]) * e.Read,
		Write:       units.Femtojoules(t[countWrites]) * e.Write,
		IO:          units.Femtojoules(t[countReads]+t[countWrites]) * e.IO,
		Refresh:     units.Femtojoules(t[countAllBankRefreshes])*e.RefreshAll + units.Femtojoules(t[countBankRefreshes])*e.RefreshBank,
		Active:      background(s.Background.Active, t[clocksActive], period),
		Precharge:   background(s.Background.Precharge, t[clocksPrecharge], period),
		PowerDown:   background(s.Background.PowerDown, t[clocksPowerDown], period),
		SelfRefresh: background(s.Background.SelfRefresh, t[clocksSelfRefresh], period),
	}
}

// background is the energy of a power over rank-clocks, each a period of picoseconds,
// to the nearest femtojoule: 1 W over 1 ps is 1000 fJ.
func background(w units.Watts, clocks int64, period float64) units.Femtojoules {
	return units.Femtojoules(math.Round(float64(w) * float64(clocks) * period * 1e3))
}
