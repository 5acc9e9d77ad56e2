package dram

import (
	"fmt"
	"math"

	"github.com/memsim/memsim/units"
)

// Clock is the period of a memory clock as an exact fraction of picoseconds: an
// LPDDR5X-8533 part runs at 937.5 ps, an LPDDR5X-9600 part at 833 1/3 ps, and a
// rounded period would drift by a burst within microseconds.
type Clock struct{ Num, Den int64 } // period = Num/Den ps

// clockAt returns the clock in which a pin of the given data rate (transfers a
// second) moves perClock bits. Rates are snapped to thirds of a MT/s, of which
// all JEDEC speed bins are multiples, if they lie within 0.01 MT/s of one, and to
// kT/s otherwise.
func clockAt(rate units.Hertz, perClock int64) (Clock, error) {
	if !(rate >= 1e6 && rate <= 1e12) {
		return Clock{}, fmt.Errorf("data rate %g/s is not between 1 MT/s and 1 TT/s", float64(rate))
	}
	thirds := math.Round(float64(rate) * 3 / 1e6)
	if math.Abs(thirds*1e6/3-float64(rate)) < 1e4 {
		return newClock(perClock*3_000_000, int64(thirds)), nil
	}
	return newClock(perClock*1_000_000_000, int64(math.Round(float64(rate)/1e3))), nil
}

func newClock(num, den int64) Clock {
	a, b := num, den
	for b != 0 {
		a, b = b, a%b
	}
	return Clock{num / a, den / a}
}

// String returns the period in picoseconds, to six digits.
func (c Clock) String() string {
	return fmt.Sprintf("%.6g ps", float64(c.Num)/float64(c.Den))
}

// After returns the clocks that a wait of t takes: t in periods, rounded up.
func (c Clock) After(t units.Picoseconds) int64 { return mulDiv(int64(t), c.Den, c.Num, c.Num-1) }

// Time returns the time of the start of clock n, rounded up to a picosecond.
func (c Clock) Time(n int64) units.Picoseconds {
	return units.Picoseconds(mulDiv(n, c.Num, c.Den, c.Den-1))
}

// Edge returns the clock that starts at t or is the first to start after it, by the
// times that Time gives: Edge(Time(n)) is n.
func (c Clock) Edge(t units.Picoseconds) int64 {
	if t <= 0 {
		return 0
	}
	return mulDiv(int64(t)-1, c.Den, c.Num, 0) + 1
}

// mulDiv returns (a*b + add) / d without overflow where the result fits.
func mulDiv(a, b, d, add int64) int64 {
	whole, rest := a/d, a%d
	return whole*b + (rest*b+add)/d
}
