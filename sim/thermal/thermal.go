// Package thermal answers what becomes of a device's speed once it is warm.
//
// The mental model is a bucket: a device sheds SustainedPower for good and takes
// up Burst joules above that before it must slow down. From then on it runs at
// the share of its cold speed at which it draws no more than it sheds, but never
// below Floor.
//
//	power ─▶ ≤ sustained? ──yes──▶ cold speed for good
//	              │no
//	              └─▶ burst / (power - sustained) seconds, then slower
//
// # Caveats
//
// What the device draws beside the system's own power falls in proportion to the
// speed: clocks are lowered, or turns are taken with pauses. Lower voltages would
// save more, and so the warm speed is a cautious figure. Ambient temperature,
// a case, charging and the governor's steps are not modelled; nor does the
// bucket remember what ran before.
package thermal

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// Model is the heat that one device stands. Its zero value never slows down.
type Model struct {
	limited   bool
	sustained float64 // W
	burst     float64 // J
	floor     float64
	system    float64 // W, whatever the speed
}

// Of returns the model of d; one without thermal data never slows down.
func Of(d *devices.Device) Model {
	if d.Thermal == nil {
		return Model{}
	}
	return Model{
		limited:   true,
		sustained: float64(d.Thermal.SustainedPower.Value),
		burst:     float64(d.Thermal.Burst.Value),
		floor:     float64(d.Thermal.Floor.Value),
		system:    float64(d.SystemPower.Value),
	}
}

// Warm returns the share of the cold speed that is left for good when the whole
// device draws power at that speed, and the seconds until then; 1 and 0 if it
// never slows down.
func (m Model) Warm(power units.Watts) (share, afterSeconds float64) {
	cold := float64(power)
	if !m.limited || cold <= m.sustained {
		return 1, 0
	}
	share = 0
	if m.sustained > m.system {
		share = (m.sustained - m.system) / (cold - m.system)
	}
	return max(share, m.floor), m.burst / (cold - m.sustained)
}
