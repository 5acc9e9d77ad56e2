package validation

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/memsim/memsim/traces"
)

// Score sums up predictions of measurements of one kind.
type Score struct {
	Kind  string `json:"kind"`  // property by which they are of one kind
	Value string `json:"value"` // of the property
	N     int    `json:"n"`
	// MAEPct is the mean of the errors' sizes, MeanPct of the errors with their signs,
	// MedianPct the median of the sizes, in percent of what was measured.
	MAEPct    float64 `json:"mae_pct"`
	MeanPct   float64 `json:"mean_pct"`
	MedianPct float64 `json:"median_pct"`
	// Coverage is the share of the measurements that lie in the central 50 and 90 % of
	// what the predictions state, in percent.
	Coverage50 float64 `json:"coverage50"`
	Coverage90 float64 `json:"coverage90"`
	// HalfWidthPct is the median half width of the 90 % intervals, and IntervalScore the
	// mean score of Gneiting and Raftery (2007, section 6.2) of those of the logarithm
	// of the time: width, and twenty times what lies outside.
	HalfWidthPct  float64 `json:"half_width_pct"`
	IntervalScore float64 `json:"interval_score"`
}

// property is by what measurements are of one kind.
type property struct {
	name string
	of   func(Outcome) string
}

var properties = []property{
	{"all", func(Outcome) string { return "all" }},
	{"unit and phase", func(o Outcome) string { return o.unitOf() + " " + string(o.phase()) }},
	{"knowledge", knowledge},
	{"size", size},
	{"format", func(o Outcome) string { return o.Quant }},
	{"runtime", func(o Outcome) string { return o.Runtime }},
	{"device", func(o Outcome) string { return o.Device }},
	{"metric", func(o Outcome) string { return o.Metric }},
}

func (p Point) unitOf() string { return cmp.Or(p.Unit, "default") }

// knowledge says whether the shipped fit saw the very measurement.
func knowledge(o Outcome) string {
	if o.Fitted {
		return "fitted " + string(o.phase())
	}
	return "not fitted " + string(o.phase())
}

// size sorts models by the parameters that their names tell.
func size(o Outcome) string {
	switch b := billions(o.Model); {
	case b == 0:
		return ""
	case b < 1:
		return "below 1 B"
	case b < 3:
		return "1 to 3 B"
	}
	return "3 B and more"
}

// billions is the number of parameters in a model's name, in units of 10⁹; 0 if there
// is none.
func billions(name string) float64 {
	most := 0.0
	for _, part := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == ' ' }) {
		part = strings.TrimPrefix(part, "e") // Gemma's effective parameters
		scale := 0.0
		switch {
		case strings.HasSuffix(part, "b"):
			scale = 1
		case strings.HasSuffix(part, "m"):
			scale = 1e-3
		}
		if v, err := strconv.ParseFloat(strings.TrimRight(part, "bm"), 64); err == nil && scale > 0 {
			most = max(most, v*scale)
		}
	}
	return most
}

// scores sums up what held returns for each kind that has at least one, in the order
// of the properties and then of their values.
func scores(outcomes []Outcome, held func(Outcome) *Held) []Score {
	out := []Score{}
	for _, p := range properties {
		by := map[string][]*Held{}
		for _, o := range outcomes {
			if h := held(o); h != nil && o.counts() && p.of(o) != "" {
				by[p.of(o)] = append(by[p.of(o)], h)
			}
		}
		var values []string
		for v := range by {
			values = append(values, v)
		}
		slices.Sort(values)
		for _, v := range values {
			out = append(out, scoreOf(p.name, v, by[v]))
		}
	}
	return out
}

func scoreOf(kind, value string, list []*Held) Score {
	s := Score{Kind: kind, Value: value, N: len(list)}
	var sizes, widths []float64
	n := float64(len(list))
	for _, h := range list {
		s.MeanPct += h.ErrorPct / n
		if h.z < 0.6745 {
			s.Coverage50 += 100 / n
		}
		if h.z < central {
			s.Coverage90 += 100 / n
		}
		s.IntervalScore += (2*central*h.sigma + 20*max(0, math.Abs(h.log)-central*h.sigma)) / n
		sizes = append(sizes, math.Abs(h.ErrorPct))
		widths = append(widths, 100*math.Sinh(central*h.sigma))
	}
	slices.Sort(sizes)
	slices.Sort(widths)
	s.MAEPct = stat.Mean(sizes, nil)
	s.MedianPct = stat.Quantile(0.5, stat.Empirical, sizes, nil)
	s.HalfWidthPct = stat.Quantile(0.5, stat.Empirical, widths, nil)
	return s
}

// By returns the score of one kind, and whether there is one.
func By(list []Score, kind, value string) (Score, bool) {
	i := slices.IndexFunc(list, func(s Score) bool { return s.Kind == kind && s.Value == value })
	if i < 0 {
		return Score{}, false
	}
	return list[i], true
}

// UnitAndPhase is the value of the kind "unit and phase".
func UnitAndPhase(unit string, phase traces.Phase) string { return unit + " " + string(phase) }
