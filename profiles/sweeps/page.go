package sweeps

import (
	_ "embed" // the template
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim/sweep"
)

//go:embed assets/sweep.html
var markup string

// layout is made when the first page is written.
var layout = sync.OnceValue(func() *page.Layout { return page.NewLayout(markup, "") })

// mostPoints is how many points a page holds at most, and mostReasons how many
// different reasons for invalid points.
const (
	mostPoints  = 8192
	mostReasons = 100
)

// About is what a page says of its sweep.
type About struct {
	Memsim  string         // version of the program
	Title   string         // device, unit, runtime
	Model   string         // whose shape is varied
	Goals   []sweep.Goal   // of the front and of the scatter's axes; none: latency and energy
	Spec    []Setting      // how the sweep was made, in the order to show
	Effects []sweep.Effect // of device parameters, the largest first; none: not asked for
	Figure  string         // the figure of Effect
	Best    *sweep.Row     // what a search found, nil if there was none
	Least   string         // the figure that the search was for
	Counts  map[string]int // of points, by what became of them, such as "valid"
}

// Setting is a line of how a sweep was made.
type Setting struct{ Name, Value string }

// Page gathers the rows of a sweep for its HTML page. What it holds is bounded:
// of many points it keeps one in two, four, ..., picked evenly.
type Page struct {
	axes     []sweep.Axis
	about    About
	front    *sweep.Front
	points   int // valid rows added
	stride   int
	rows     []*sweep.Row
	ordinals []int // of the rows among the valid ones
	reasons  []*reason
	others   int // invalid rows with further reasons
}

// reason is why points were refused.
type reason struct {
	Why   string
	Count int
	First string // the first point
}

// NewPage starts the page of a sweep over axes.
func NewPage(axes []sweep.Axis, about About) (*Page, error) {
	if len(about.Goals) == 0 {
		goals, err := sweep.ParseGoals("latency_ms_per_token,energy_mj_per_token", axes)
		if err != nil {
			return nil, err
		}
		about.Goals = goals
	}
	return &Page{axes: axes, about: about, front: sweep.NewFront(about.Goals), stride: 1}, nil
}

// Add takes a row into account. The page may keep it.
func (p *Page) Add(r *sweep.Row) error {
	if r.Invalid != nil {
		p.refuse(r)
		return nil
	}
	if err := p.front.Add(r); err != nil {
		return err
	}
	if picked(p.points, p.stride) {
		kept := *r
		p.rows, p.ordinals = append(p.rows, &kept), append(p.ordinals, p.points)
	}
	p.points++
	if len(p.rows) > mostPoints {
		p.thin()
	}
	return nil
}

// thin drops about every second row.
func (p *Page) thin() {
	p.stride *= 2
	rows, ordinals := p.rows[:0], p.ordinals[:0]
	for i, r := range p.rows {
		if picked(p.ordinals[i], p.stride) {
			rows, ordinals = append(rows, r), append(ordinals, p.ordinals[i])
		}
	}
	clear(p.rows[len(rows):])
	p.rows, p.ordinals = rows, ordinals
}

// picked picks one in stride points, a power of two, by a hash of their numbers: a
// fixed step would meet only some values of the axis that varies fastest.
func picked(ordinal, stride int) bool {
	h := uint64(ordinal) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return (h>>32)%uint64(stride) == 0
}

func (p *Page) refuse(r *sweep.Row) {
	why := profiles.Clean(r.Invalid.Error())
	i := slices.IndexFunc(p.reasons, func(x *reason) bool { return x.Why == why })
	switch {
	case i >= 0:
		p.reasons[i].Count++
	case len(p.reasons) < mostReasons:
		p.reasons = append(p.reasons, &reason{why, 1, profiles.Clean(r.Point.String())})
	default:
		p.others++
	}
}

// content is what the template shows.
type content struct {
	Charts     []page.Chart
	Front      []frontRow
	Goals      string
	GoalNames  []string
	Points     []pointRow
	PointNames []string
	Listed     string // how many of the points are listed
	Published  []publishedRow
	Source     string
	Invalid    []*reason
	Notes      []string
	Spec       []Setting
}

type frontRow struct {
	Name   string
	Values []float64
}

type publishedRow struct {
	Point, Name, Training    string
	Percent, Latency, Energy float64
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	charts, err := p.charts()
	if err != nil {
		return err
	}
	c := content{Charts: charts, Invalid: p.reasons, Notes: p.notes(), Points: p.pointRows(), Listed: p.listedText(), Spec: p.about.Spec, Published: p.published(), Source: published().Source}
	for _, g := range p.about.Goals {
		c.GoalNames = append(c.GoalNames, profiles.Clean(axisLabel(figureOf(g.Key))))
	}
	for _, key := range listed {
		c.PointNames = append(c.PointNames, axisLabel(figureOf(key)))
	}
	c.Goals = strings.Join(c.GoalNames, " and ")
	for _, r := range p.front.Rows() {
		row := frontRow{Name: label(&r, p.axes)}
		for _, g := range p.about.Goals {
			v, err := g.Value(&r)
			if err != nil {
				return err
			}
			row.Values = append(row.Values, v*scaleOf(figureOf(g.Key)))
		}
		c.Front = append(c.Front, row)
	}
	return layout().Write(w, page.Page{
		Version: profiles.Clean(p.about.Memsim),
		Title:   "memsim sweep: " + profiles.Clean(p.about.Title),
		Eyebrow: "memsim design space · " + profiles.Clean(p.about.Title),
		Heading: fmt.Sprintf("%s over %s", profiles.Clean(p.about.Model), axisNames(p.axes)),
		Answer:  p.answer(),
		Tiles:   p.tiles(),
		Content: c,
		Charts:  charts,
	})
}

// listedText says which points the table holds.
func (p *Page) listedText() string {
	if len(p.rows) <= mostListed {
		return "All points, the quickest first."
	}
	return fmt.Sprintf("The %d quickest of %d points; sweep.csv has all.", mostListed, p.points)
}

func (p *Page) answer() []string {
	text := findings(p.rows, p.axes)
	if b := p.about.Best; b != nil {
		v := fmt.Sprintf("The search for the least %s ends at %s: %s ms and %s mJ a token.", profiles.Clean(p.about.Least), label(b, p.axes),
			profiles.Number(b.Result.LatencyMS), profiles.Number(b.Result.EnergyMJPerToken))
		text = append([]string{v}, text...)
	}
	if e := p.about.Effects; len(e) > 0 {
		f := figureOf(p.about.Figure)
		text = append(text, fmt.Sprintf("Most uncertain input: %s (%s to %s). The %s would be %s to %s %s.", profiles.Clean(e[0].Path), e[0].Low, e[0].High, profiles.Clean(f.Label),
			profiles.Number(e[0].AtLow*scaleOf(f)), profiles.Number(e[0].AtHigh*scaleOf(f)), f.Unit))
	}
	if len(text) == 0 {
		return []string{"No point is valid; below is why."}
	}
	return text
}

func axisNames(axes []sweep.Axis) string {
	var names []string
	for _, a := range axes {
		names = append(names, profiles.Clean(a.Name))
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func (p *Page) tiles() []page.Tile {
	tiles := []page.Tile{{Value: profiles.Number(float64(p.points)), Label: "valid points"}}
	for _, name := range []string{"invalid", "excluded by the condition"} {
		if n := p.about.Counts[name]; n > 0 {
			tiles = append(tiles, page.Tile{Value: profiles.Number(float64(n)), Label: name})
		}
	}
	if best := quickest(p.rows); best != nil {
		tiles = append(tiles, page.Tile{Value: profiles.Number(best.Result.LatencyMS), Unit: "ms/token", Label: "least latency"})
		least := p.rows[0]
		for _, r := range p.rows {
			if r.Result.EnergyMJPerToken < least.Result.EnergyMJPerToken {
				least = r
			}
		}
		tiles = append(tiles, page.Tile{Value: profiles.Number(least.Result.EnergyMJPerToken), Unit: "mJ/token", Label: "least energy"})
	}
	return append(tiles, page.Tile{Value: fmt.Sprint(len(p.front.Rows())), Label: "points on the front"})
}

func (p *Page) notes() []string {
	var notes []string
	if p.stride > 1 {
		notes = append(notes, fmt.Sprintf("Charts and sentences are of %d of the %d valid points, picked evenly; the front is of all.", len(p.rows), p.points))
	}
	if p.others > 0 {
		notes = append(notes, fmt.Sprintf("%d more points are invalid for other reasons; sweep.csv names them.", p.others))
	}
	return append(notes, "Sweeps replay exact shapes without real weights.")
}

// publishedShapes counts the published models among the points.
func (p *Page) publishedShapes() int {
	names := map[string]bool{}
	for _, r := range p.published() {
		names[r.Name] = true
	}
	return len(names)
}

// published lists the points for whose shapes accuracies were published.
func (p *Page) published() []publishedRow {
	var list []publishedRow
	for _, r := range p.rows {
		for _, a := range accuraciesOf(&r.Result) {
			list = append(list, publishedRow{label(r, p.axes), a.Name, a.Training, a.Percent, r.Result.LatencyMS, r.Result.EnergyMJPerToken})
		}
	}
	return list
}
