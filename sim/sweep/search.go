package sweep

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/memsim/memsim/internal/fault"
)

// Search looks for the point of a space with the least figure among those that
// meet a condition, without walking the space whole: by evolution, seeded, with
// line searches along the axes around the best point so far. It never evaluates
// a point twice; a space with no more points than evaluations is walked whole,
// so that the answer is the optimum.
type Search struct {
	Space       Space
	Figure      *Expression // less is better
	Where       *Expression // nil: every point will do
	Evaluations int         // at most
	Seed        uint64
	Workers     int
	Evaluate    Evaluate
	// Known are rows of points that need no evaluation again; they count all the
	// same, so that a search that goes on takes the way it would have taken.
	Known map[int]Row
	// Visit is handed each new row, those of a round in the order of their points.
	Visit func(Row) error
}

// The proportions of a round of the search.
const (
	roundSize  = 16  // points evaluated side by side, however many workers there are
	parents    = 12  // best points that have offspring
	mutation   = 0.3 // chance of a value to change
	immigrants = 4   // random points of a round
)

// Run searches and returns the best row; ok is false if no evaluated point is
// valid and meets the condition.
func (s *Search) Run(ctx context.Context) (best Row, ok bool, err error) {
	if s.Evaluations < 1 {
		return Row{}, false, fault.Userf("--evaluations %d: a search evaluates at least one point", s.Evaluations)
	}
	h := hunt{Search: s, random: rand.New(rand.NewPCG(s.Seed, 0x6d656d73696d)), costs: map[int]float64{}}
	for len(h.costs) < min(s.Evaluations, s.Space.Size()) {
		if err := h.round(ctx); err != nil {
			return Row{}, false, err
		}
	}
	if len(h.ranking) == 0 || math.IsInf(h.costs[h.ranking[0]], 1) {
		return Row{}, false, nil
	}
	return h.least, true, nil
}

// hunt is a search under way.
type hunt struct {
	*Search
	random  *rand.Rand
	costs   map[int]float64 // of the points evaluated; +Inf if they will not do
	ranking []int           // points evaluated, the best first, as many as have offspring
	least   Row             // of the best point
}

// round chooses points and evaluates them.
func (h *hunt) round(ctx context.Context) error {
	points := h.choose(min(roundSize, h.Evaluations-len(h.costs)))
	slices.Sort(points)
	var fresh []Row
	unknown := slices.DeleteFunc(slices.Clone(points), func(p int) bool { _, ok := h.Known[p]; return ok })
	err := Run(ctx, h.Space, slices.Values(unknown), h.Workers, h.Evaluate, func(r Row) error {
		fresh = append(fresh, r)
		if h.Visit == nil {
			return nil
		}
		return h.Visit(r)
	})
	if err != nil {
		return err
	}
	for _, p := range points {
		r, known := h.Known[p]
		if !known {
			r = fresh[0]
			fresh = fresh[1:]
		}
		if err := h.judge(r); err != nil {
			return err
		}
	}
	return nil
}

// judge gives a row its cost and its place.
func (h *hunt) judge(r Row) error {
	cost := math.Inf(1)
	if r.Ran() {
		meets := true
		var err error
		if h.Where != nil {
			meets, err = h.Where.True(&r)
		}
		if err == nil && meets {
			cost, err = h.Figure.Number(&r)
		}
		if err != nil {
			return err
		}
	}
	h.costs[r.Index] = cost
	h.ranking = append(h.ranking, r.Index)
	slices.SortFunc(h.ranking, func(a, b int) int { return cmp.Or(cmp.Compare(h.costs[a], h.costs[b]), a-b) })
	h.ranking = h.ranking[:min(len(h.ranking), parents)]
	if h.ranking[0] == r.Index {
		h.least = r
	}
	return nil
}

// choose picks n points that were not evaluated yet: neighbours of the best one,
// offspring of good ones, and some at random.
func (h *hunt) choose(n int) []int {
	var chosen []int
	take := func(p int) {
		if _, seen := h.costs[p]; !seen && len(chosen) < n && !slices.Contains(chosen, p) {
			chosen = append(chosen, p)
		}
	}
	if len(h.ranking) > 0 && !math.IsInf(h.costs[h.ranking[0]], 1) {
		line := h.line()
		h.random.Shuffle(len(line), func(i, j int) { line[i], line[j] = line[j], line[i] })
		for _, p := range line {
			if len(chosen) < n/2 {
				take(p)
			}
		}
		for range 4 * n {
			if len(chosen) < n-immigrants {
				take(h.offspring())
			}
		}
	}
	for range 16 * n {
		take(h.random.IntN(h.Space.Size()))
	}
	// A space that is nearly done has few points left, which chance is slow to find.
	for p := h.random.IntN(h.Space.Size()); len(chosen) < n && len(chosen)+len(h.costs) < h.Space.Size(); p = (p + 1) % h.Space.Size() {
		take(p)
	}
	return chosen
}

// line returns the points that differ from the best one in one axis.
func (h *hunt) line() []int {
	best := h.Space.digits(h.ranking[0])
	var points []int
	for a, axis := range h.Space.axes {
		was := best[a]
		for v := range axis.Values {
			if v != was {
				best[a] = v
				points = append(points, h.Space.index(best))
			}
		}
		best[a] = was
	}
	return points
}

// offspring takes each value from one of two good points, and changes some.
func (h *hunt) offspring() int {
	a := h.Space.digits(h.parent())
	b := h.Space.digits(h.parent())
	for i, axis := range h.Space.axes {
		if h.random.IntN(2) == 1 {
			a[i] = b[i]
		}
		if h.random.Float64() < mutation {
			a[i] = h.random.IntN(len(axis.Values))
		}
	}
	return h.Space.index(a)
}

// parent picks one of the ranking, the better of two at random.
func (h *hunt) parent() int {
	return h.ranking[min(h.random.IntN(len(h.ranking)), h.random.IntN(len(h.ranking)))]
}

// digits returns the number of the value that point i has on each axis.
func (s Space) digits(i int) []int {
	d := make([]int, len(s.axes))
	for _, a := range slices.Backward(s.nesting) {
		n := len(s.axes[a].Values)
		d[a] = i % n
		i /= n
	}
	return d
}

// index returns the point with those values.
func (s Space) index(digits []int) int {
	i := 0
	for _, a := range s.nesting {
		i = i*len(s.axes[a].Values) + digits[a]
	}
	return i
}
