// Package residency judges whether the memory that a model needs stays in an
// app's DRAM: what the app occupies, by part, against what the system of its
// device leaves to one app.
//
//	footprint = weights (mapped or pinned) + KV cache + activations + the runtime's own
//
//	pinned > limit                    killed
//	mapped > mapped limit - pinned    pages
//	all    > free                     squeezes
//	otherwise                         fits
//
// Pinned memory is what the system cannot drop: buffers that were written, and
// copied or wired weights. Mapped memory are clean pages of a file: they may be
// dropped at any time, and cost a read when they are used again.
//
// # Caveats
//
// The limits are of a phone whose other apps are at rest. What other apps hold
// varies by the hour; a footprint near a limit may fall on either side of it.
// Compressed memory (zram, the compressor of iOS) is part of the stated limits,
// its cost in time is not modelled.
package residency

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Verdict says what becomes of an app with a footprint.
type Verdict string

// The verdicts, from the best to the worst.
const (
	Fits     Verdict = "fits"     // in memory that nobody else uses
	Squeezes Verdict = "squeezes" // fits, and other apps have to go
	Pages    Verdict = "pages"    // maps more than can stay; the rest is read from storage again
	Killed   Verdict = "killed"   // pins more than the system allows
)

// Footprint is the memory that an app occupies, by part.
type Footprint struct {
	Mapped      units.Bytes // weights that are clean pages of their file
	Pinned      units.Bytes // weights that were copied or wired
	KV          units.Bytes // cache, at the context that was asked for
	Activations units.Bytes
	Runtime     units.Bytes // the app and its runtime beside the model
}

// Of returns the footprint of a model whose arenas a trace states. pinned says
// that the runtime copies or wires weights; own is what it needs beside them.
func Of(h traces.Header, pinned bool, own units.Bytes) Footprint {
	f := Footprint{Runtime: own}
	for _, a := range h.Arenas {
		n := units.Bytes(a.Bytes)
		switch {
		case a.Kind == traces.KV:
			f.KV += n
		case a.Kind == traces.Activation:
			f.Activations += n
		case pinned:
			f.Pinned += n
		default:
			f.Mapped += n
		}
	}
	return f
}

// Weights returns the bytes of all weights.
func (f Footprint) Weights() units.Bytes { return f.Mapped + f.Pinned }

// Model returns the bytes of the model and its state, without the runtime's own.
func (f Footprint) Model() units.Bytes { return f.Weights() + f.KV + f.Activations }

// Total returns the sum of the parts.
func (f Footprint) Total() units.Bytes { return f.Model() + f.Runtime }

// Unmovable returns what the system cannot drop.
func (f Footprint) Unmovable() units.Bytes { return f.Total() - f.Mapped }

// Limits is what the system of a device leaves one app.
type Limits struct {
	Kill   units.Bytes // of memory that the system cannot drop
	Mapped units.Bytes // of the whole footprint, while mapped pages stay
	Free   units.Bytes // before other apps have to go
	Own    units.Bytes // of the app and its runtime beside the model
}

// LimitsOf returns the limits of a device. One that states none leaves the app
// its whole DRAM.
func LimitsOf(d *devices.Device) Limits {
	m := d.AppMemory
	if m == nil {
		return Whole(d.DRAM.Capacity.Value)
	}
	return Limits{Kill: m.Limit.Value, Mapped: m.Mapped.Value, Free: m.Free.Value, Own: m.Own.Value}
}

// Whole are the limits of an app that has n bytes to itself.
func Whole(n units.Bytes) Limits { return Limits{Kill: n, Mapped: n, Free: n} }

// Judge returns what becomes of a footprint, and the room that mapped weights
// have to stay in: all of their bytes unless they page.
func (l Limits) Judge(f Footprint) (Verdict, units.Bytes) {
	room := max(0, l.Mapped-f.Unmovable())
	switch {
	case f.Unmovable() > l.Kill:
		return Killed, 0
	case f.Mapped > room:
		return Pages, room
	case f.Total() > l.Free:
		return Squeezes, f.Mapped
	}
	return Fits, f.Mapped
}
