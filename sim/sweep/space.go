// Package sweep explores a design space: it evaluates the points of a grid of
// named axes side by side and hands the answers on in the grid's order.
//
// The package knows no models and no devices: what an axis means is the
// business of the function that evaluates a point. That function may refuse a
// point (a width that the heads do not divide); refused points are counted and
// named, never dropped in silence.
//
//	axes ──▶ Space ──Point(i)──▶ Evaluate ──Result or refusal──▶ Row i, in order
//	                                                             Row ──▶ Expression (conditions, figures)
//	                                                             Row ──▶ Front (who is not beaten)
//
// # Caveats
//
// A front holds its rows in memory, however many they are. Rows are handed on in order, so that a slow point
// holds back the ones behind it (never more than a few for each worker).
package sweep

import (
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/internal/fault"
)

// maxPoints bounds a grid that is walked whole: far more than a day's work, and
// a typing error more often than not. A search may have a larger one.
const maxPoints = 10_000_000

// Axis is one dimension of a space: its name and its values, as text.
type Axis struct {
	Name   string
	Values []string
}

// ParseAxis reads the values of an axis: a list "8,16,32", or a range of whole
// numbers "8:60:4" (from, to, step; the end is included if the steps meet it).
// A part of a list may be a range.
func ParseAxis(name, text string) (Axis, error) {
	axis := Axis{Name: name}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		values, err := parsePart(name, strings.TrimSpace(part))
		if err != nil {
			return Axis{}, err
		}
		for _, v := range values {
			if seen[v] {
				return Axis{}, fault.Userf("--%s %s: %s is there twice", name, text, v)
			}
			seen[v] = true
			axis.Values = append(axis.Values, v)
		}
		if len(axis.Values) > maxValues {
			return Axis{}, fault.Userf("--%s: an axis has at most %d values; take larger steps", name, maxValues)
		}
	}
	return axis, nil
}

func parsePart(name, part string) ([]string, error) {
	if part == "" {
		return nil, fault.Userf("--%s: a value is empty; write a list 8,16,32 or a range 8:60:4", name)
	}
	if !strings.Contains(part, ":") {
		return []string{part}, nil
	}
	bounds := strings.Split(part, ":")
	var n [3]int
	n[2] = 1
	if len(bounds) > 3 {
		return nil, fault.Userf("--%s %s: a range is from:to or from:to:step", name, part)
	}
	for i, b := range bounds {
		v, err := strconv.Atoi(b)
		if err != nil {
			return nil, fault.Userf("--%s %s: %q is not a whole number; a range is from:to:step", name, part, b)
		}
		n[i] = v
	}
	from, to, step := n[0], n[1], n[2]
	if step < 1 || to < from {
		return nil, fault.Userf("--%s %s: a range rises from its first number to its second, in steps of 1 or more", name, part)
	}
	steps := (uint64(to) - uint64(from)) / uint64(step) // of any two numbers, without overflow
	if steps >= maxValues {
		return nil, fault.Userf("--%s %s: an axis has at most %d values; take larger steps", name, part, maxValues)
	}
	values := make([]string, steps+1)
	for i := range values {
		values[i] = strconv.Itoa(from + i*step)
	}
	return values, nil
}

// maxValues bounds an axis; more are a slip of the hand.
const maxValues = 100_000

// Space is a grid: every combination of its axes' values.
type Space struct {
	axes    []Axis
	nesting []int // places of the axes, from the one that varies slowest
	size    int
}

// NewSpace returns the grid of axes. The last axis varies fastest, but for those
// that are named as innermost, if they are there: they vary faster still, in the
// order in which they are named.
func NewSpace(axes []Axis, innermost ...string) (Space, error) {
	size := 1
	for i, a := range axes {
		if len(a.Values) == 0 {
			return Space{}, fault.Userf("--%s has no values", a.Name)
		}
		if slices.ContainsFunc(axes[:i], func(b Axis) bool { return b.Name == a.Name }) {
			return Space{}, fault.Userf("axis %s is there twice", a.Name)
		}
		if size > math.MaxInt/len(a.Values) {
			return Space{}, fault.Userf("the space has more points than can be counted; take fewer values on an axis")
		}
		size *= len(a.Values)
	}
	return Space{axes, nest(axes, innermost), size}, nil
}

// nest returns the places of axes, from the one that varies slowest.
func nest(axes []Axis, innermost []string) []int {
	places := make([]int, len(axes))
	for i := range places {
		places[i] = i
	}
	depth := func(place int) int { return slices.Index(innermost, axes[place].Name) }
	slices.SortStableFunc(places, func(a, b int) int { return depth(a) - depth(b) })
	return places
}

// Walkable refuses a grid that is too large to be walked whole.
func (s Space) Walkable() error {
	if s.size > maxPoints {
		return fault.Userf("the grid has %d points, more than %d; take fewer values on an axis, or search it with --best", s.size, maxPoints)
	}
	return nil
}

// All yields the indices of all points.
func (s Space) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range s.size {
			if !yield(i) {
				return
			}
		}
	}
}

// Axes returns the axes in order.
func (s Space) Axes() []Axis { return s.axes }

// Size returns the number of points.
func (s Space) Size() int { return s.size }

// Point returns the values of point i, one for each axis.
func (s Space) Point(i int) Point {
	p := Point{axes: s.axes, Values: make([]string, len(s.axes))}
	for a, d := range s.digits(i) {
		p.Values[a] = s.axes[a].Values[d]
	}
	return p
}

// Point is one combination of values.
type Point struct {
	axes   []Axis
	Values []string // parallel to the space's axes
}

// Axes returns the axes of the point's space, parallel to its values.
func (p Point) Axes() []Axis { return p.axes }

// Value returns the value on the named axis; ok is false if there is no such
// axis.
func (p Point) Value(axis string) (value string, ok bool) {
	i := slices.IndexFunc(p.axes, func(a Axis) bool { return a.Name == axis })
	if i < 0 {
		return "", false
	}
	return p.Values[i], true
}

// String returns the point as "layers=8 dim=512".
func (p Point) String() string {
	parts := make([]string, len(p.Values))
	for i, v := range p.Values {
		parts[i] = p.axes[i].Name + "=" + v
	}
	return strings.Join(parts, " ")
}
