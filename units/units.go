// Package units holds the physical quantities that cross package borders, so
// that nanoseconds, bytes and picojoules are never mixed in bare numbers.
//
// Time is an integer count of picoseconds: a 6400 MT/s bus has a clock of
// 1250 ps, and integer nanoseconds would lose a fifth of it. Energy is an
// integer count of femtojoules, so that the parts of a ledger add up to its
// total exactly: an int8 multiply-accumulate costs tens of femtojoules, and an
// int64 of them reaches 9.2 kJ, more than a token can cost.
//
// # Caveats
//
// A run is shorter than 106 days and takes less than 9.2 kJ; nothing checks for
// overflow. Times of transfers are rounded up and energies to the nearest, so
// that many small ones add up to a little more time than one large one.
package units

import "math"

// Bytes is a size or an amount of data.
type Bytes int64

// Picoseconds is a point in simulated time, or a span of it.
type Picoseconds int64

// Femtojoules is an amount of energy.
type Femtojoules int64

// Rates and costs as profiles state them.
type (
	BytesPerSecond   float64
	Hertz            float64
	Watts            float64
	Joules           float64
	PicojoulesPerBit float64
	Picojoules       float64
	OpsPerSecond     float64 // multiply-accumulates a second
	Ratio            float64 // a share, 1 is the whole
	Count            int64
)

// Spans and sizes in the units that the simulator counts in.
const (
	Nanosecond  Picoseconds = 1_000
	Microsecond Picoseconds = 1_000_000
	Millisecond Picoseconds = 1_000_000_000
	Second      Picoseconds = 1_000_000_000_000

	Picojoule  Femtojoules = 1_000
	Nanojoule  Femtojoules = 1_000_000
	Microjoule Femtojoules = 1_000_000_000
	Millijoule Femtojoules = 1_000_000_000_000

	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
)

// Milliseconds returns t in milliseconds.
func (t Picoseconds) Milliseconds() float64 { return float64(t) / float64(Millisecond) }

// Seconds returns t in seconds.
func (t Picoseconds) Seconds() float64 { return float64(t) / float64(Second) }

// Nanoseconds returns t in nanoseconds.
func (t Picoseconds) Nanoseconds() float64 { return float64(t) / float64(Nanosecond) }

// FromNanoseconds rounds a span in nanoseconds to picoseconds.
func FromNanoseconds(ns float64) Picoseconds { return Picoseconds(math.Round(ns * 1e3)) }

// Millijoules returns e in millijoules.
func (e Femtojoules) Millijoules() float64 { return float64(e) / float64(Millijoule) }

// Joules returns e in joules.
func (e Femtojoules) Joules() float64 { return float64(e) / 1e15 }

// FromPicojoules rounds an energy in picojoules to femtojoules.
func FromPicojoules(pj float64) Femtojoules { return Femtojoules(math.Round(pj * 1e3)) }

// Over returns the time that n bytes take at rate r, rounded up: a transfer is
// never faster than its bandwidth. A rate of zero or less gives zero time; it is
// the caller's to refuse such a rate (profiles do).
func (n Bytes) Over(r BytesPerSecond) Picoseconds {
	if r <= 0 {
		return 0
	}
	return Picoseconds(math.Ceil(float64(n) / float64(r) * 1e12))
}

// Energy returns the energy of moving n bytes at c picojoules a bit.
func (n Bytes) Energy(c PicojoulesPerBit) Femtojoules {
	return FromPicojoules(float64(n) * 8 * float64(c))
}

// Energy returns the energy that w watts take over t.
func (w Watts) Energy(t Picoseconds) Femtojoules {
	return Femtojoules(math.Round(float64(w) * float64(t) * 1e3)) // 1 W · 1 ps = 1 pJ
}

// Over returns the time that n operations take at rate r, rounded up; zero for
// a rate of zero or less.
func (r OpsPerSecond) Over(n int64) Picoseconds {
	if r <= 0 {
		return 0
	}
	return Picoseconds(math.Ceil(float64(n) / float64(r) * 1e12))
}
