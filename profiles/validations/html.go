package validations

import (
	"cmp"
	_ "embed" // the template
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
)

//go:embed assets/validation.html
var markup string

var layout = sync.OnceValue(func() *page.Layout { return page.NewLayout(markup, "") })

// shade is the error in percent, either way, that the page marks as a band.
const shade = 15

// content is what the template shows.
type content struct {
	Kinds                 []kind
	Groups                []group
	Ticks                 []tick
	Shade                 int
	ShadeLeft, ShadeWidth float64
}

// group is the points of one device.
type group struct {
	Name string
	Rows []row
}

// row is a point as a mark on the axis of errors; places are percent of its length.
type row struct {
	validation.Outcome
	Name                  string
	Error                 string
	Note                  string
	Class                 string
	Uncertainty           string
	LeftOut               string
	At, LeftOutAt         float64
	RangeLeft, RangeWidth float64
}

// tick is a number on the axis of errors.
type tick struct {
	Left float64
	Text string
}

// WriteHTML writes the report as one self-contained page: the errors in percent by
// kind, and that of every point with its source.
func WriteHTML(w io.Writer, version string, r validation.Report) error {
	p := page.Page{
		Version: version, Title: "memsim validate", Eyebrow: "memsim validate", Heading: "How far predictions are from measurements",
		Answer: Summary(r), Content: contentOf(r), Data: r,
	}
	for _, t := range []struct {
		value *float64
		label string
	}{{r.MAEUnfitted, "mean error, not fitted"}, {r.MAEFitted, "mean error, fitted"}, {r.MAELeaveOneOut, "mean error, left out of the fit"}} {
		if t.value != nil {
			p.Tiles = append(p.Tiles, page.Tile{Value: fmt.Sprintf("%.1f", *t.value), Unit: "%", Label: t.label})
		}
	}
	return layout().Write(w, p)
}

func contentOf(r validation.Report) content {
	a := axisOf(r.Points)
	c := content{Kinds: kinds(r.Points), Ticks: a.ticks(), Shade: shade, ShadeLeft: a.at(-shade), ShadeWidth: a.at(shade) - a.at(-shade)}
	for _, o := range r.Points {
		i := slices.IndexFunc(c.Groups, func(g group) bool { return g.Name == profiles.Clean(o.Device) })
		if i < 0 {
			i = len(c.Groups)
			c.Groups = append(c.Groups, group{Name: profiles.Clean(o.Device)})
		}
		c.Groups[i].Rows = append(c.Groups[i].Rows, a.row(o))
	}
	return c
}

// axis is a range of errors, as far to either side of zero.
type axis struct{ most float64 }

// farthest is the error at which the axis ends at most; flagged points, which may be
// anywhere, do not stretch it, and what is beyond stands at its end.
const farthest = 100

func axisOf(points []validation.Outcome) axis {
	most := 20.0
	for _, o := range points {
		if Note(o) == "" {
			most = max(most, math.Abs(o.ErrorPct)+o.UncertaintyPct)
		}
	}
	return axis{min(farthest, 10*math.Ceil(most/10))}
}

// at is the place of an error, in percent of the axis.
func (a axis) at(pct float64) float64 {
	return math.Round(1000*(50+50*max(-1, min(1, pct/a.most)))) / 1000
}

func (a axis) ticks() []tick {
	step := 10.0
	for a.most/step > 3 {
		step *= 2
	}
	var list []tick
	for v := -math.Floor(a.most/step) * step; v <= a.most; v += step {
		list = append(list, tick{a.at(v), signed(v, 0)})
	}
	return list
}

func (a axis) row(o validation.Outcome) row {
	r := row{Outcome: o, Name: name(o.Point), Error: signed(o.ErrorPct, 1), Note: profiles.Clean(Note(o)), At: a.at(o.ErrorPct)}
	switch {
	case r.Note != "":
		r.Class = "flagged"
	case o.Fitted:
		r.Class = "fitted"
	}
	if o.UncertaintyPct > 0 {
		r.Uncertainty = fmt.Sprintf("%.1f %%", o.UncertaintyPct)
		r.RangeLeft = a.at(o.ErrorPct - o.UncertaintyPct)
		r.RangeWidth = a.at(o.ErrorPct+o.UncertaintyPct) - r.RangeLeft
	}
	if o.LeaveOneOutPct != nil {
		r.LeftOut, r.LeftOutAt = signed(*o.LeaveOneOutPct, 1), a.at(*o.LeaveOneOutPct)
	}
	return r
}

// name is a point without its device.
func name(p validation.Point) string {
	parts := []string{p.Runtime, Model(p), p.Quant, p.Metric}
	if p.Energy != "" {
		parts = append(parts, "energy: "+p.Energy)
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return profiles.Clean(strings.Join(parts, " · "))
}

// kind is a table of errors by one property of points.
type kind struct {
	By   string
	Rows []kindRow
}

type kindRow struct {
	Name                string
	Points              int
	Mean, Bias, Largest string
}

// kinds are the errors by what people ask about first.
func kinds(points []validation.Outcome) []kind {
	of := func(by string, value func(validation.Outcome) string) kind {
		k := kind{By: by}
		errors := map[string][]float64{}
		var order []string
		for _, o := range points {
			if Note(o) != "" {
				continue
			}
			v := profiles.Clean(value(o))
			if _, ok := errors[v]; !ok {
				order = append(order, v)
			}
			errors[v] = append(errors[v], o.ErrorPct)
		}
		slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(len(errors[b]), len(errors[a])) })
		for _, v := range order {
			k.Rows = append(k.Rows, kindRowOf(v, errors[v]))
		}
		return k
	}
	return []kind{
		of("phone and runtime", func(o validation.Outcome) string { return strings.TrimSpace(o.Device + " " + o.Runtime) }),
		of("metric", func(o validation.Outcome) string {
			if o.Fitted {
				return o.Metric + ", fitted"
			}
			return o.Metric
		}),
	}
}

func kindRowOf(name string, errors []float64) kindRow {
	sum, bias, largest := 0.0, 0.0, 0.0
	for _, e := range errors {
		sum, bias = sum+math.Abs(e), bias+e
		if math.Abs(e) > math.Abs(largest) {
			largest = e
		}
	}
	n := float64(len(errors))
	return kindRow{name, len(errors), fmt.Sprintf("%.1f %%", sum/n), signed(bias/n, 1), signed(largest, 1)}
}

// signed writes a percentage with its sign; one that rounds to zero has none.
func signed(pct float64, decimals int) string {
	text := fmt.Sprintf("%.*f", decimals, math.Abs(pct))
	switch {
	case strings.Trim(text, "0.") == "":
		return text + " %"
	case pct < 0:
		return "−" + text + " %"
	}
	return "+" + text + " %"
}
