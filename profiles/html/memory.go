package html

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
)

// picture is one model's memories with what a token moves between them, as a column:
// the unit on top, storage at the bottom.
type picture struct {
	Name    string
	Verdict string
	Height  int
	Boxes   []box
	Flows   []flow
}

// box is a memory, or the unit.
type box struct {
	Y, RailY int
	Limit    bool // what the token waits for most
	Texts    []label
	Notes    []label
	Rail     bool // shows how much of the memory a block fills
	Fill     int
}

// flow is what moves between two boxes; its width is its share of the largest.
type flow struct {
	X, Y, Width, Height int
	Class, Arrow        string
	Texts               []label
}

// label is a line of text at a height.
type label struct {
	Y           int
	Class, Text string
}

// Geometry of a picture: boxes 48 high with 46 between them, their middle at 96.
const (
	boxHeight  = 48
	boxGap     = 46
	flowMiddle = 96
	widestFlow = 64
)

// memories draws all models side by side, flows in one scale.
func (r *Report) memories(names []string) (page.Chart, error) {
	widest := 0.0
	for _, m := range r.models {
		c := m.focus().cost()
		widest = max(widest, c.per(c.bytes.Requested), c.per(c.bytes.FlashRead), c.moved())
	}
	var list []picture
	for i, m := range r.models {
		list = append(list, m.report.picture(m, names[i], widest))
	}
	markup, err := drawing("memories", list)
	return page.Chart{ID: "memory", Kind: "memory", Title: "The memory at work", Wide: true, Markup: markup,
		Caption: "Bytes per token; a flow is as wide as the bytes that it moves. Red: what the token waits for most. The bar in a cache is a block of the model beside the cache's capacity: a block that fits can run again without DRAM traffic."}, err
}

func (r *Report) picture(m *Model, name string, widest float64) picture {
	l := m.focus()
	c := l.cost()
	p := picture{Name: name, Verdict: verdict(c, l.per)}
	limit := c.limit().class
	p.unit(r.unitName(), c, limit)

	width := func(bytes float64) int {
		if bytes <= 0 || widest <= 0 {
			return 0
		}
		return max(2, int(widestFlow*bytes/widest+.5))
	}
	left := c.per(c.bytes.Requested) // what has not been served yet
	block := m.block()
	for i, s := range r.caches() {
		p.flow(width(left), "f-sram", megabytes(left)+"/"+l.per, gigabytes(left, c)+" of "+profiles.Number(float64(s.Bandwidth.Value)/1e9)+" GB/s", false)
		served := 0.0
		if i < len(c.hits) {
			served = c.per(c.hits[i])
		}
		p.cache(s.Name, float64(s.Capacity.Value), served, c.per(c.bytes.Requested), block, limit == "sram")
		left -= served
	}
	peak, reach := r.bandwidths()
	rate := gigabytes(c.moved(), c)
	if reach > 0 {
		rate += fmt.Sprintf(" of %s usable", profiles.Number(float64(reach)/1e9))
	}
	p.flow(width(c.moved()), "f-dram", megabytes(c.moved())+"/"+l.per, rate+" GB/s", limit == "dram")
	dram := []string{"DRAM"}
	if peak > 0 {
		dram = append(dram, profiles.Number(float64(peak)/1e9)+" GB/s peak")
	}
	p.box(limit == "dram", dram...)
	if read := c.per(c.bytes.FlashRead); read > 0 {
		p.flow(width(read), "f-flash", megabytes(read)+"/"+l.per, gigabytes(read, c)+" GB/s", limit == "flash")
	} else {
		p.flow(0, "idle", "nothing", "", false)
	}
	p.box(limit == "flash", "flash", flashText(c))
	return p
}

func flashText(c cost) string {
	if c.bytes.FlashRead == 0 {
		return "idle: the weights stay in DRAM"
	}
	return profiles.Number(c.flashRate()/1e9) + " GB/s while it reads"
}

// gigabytes is a rate over the whole token, in GB/s.
func gigabytes(bytes float64, c cost) string {
	t := c.ms(c.time.Total())
	if t == 0 {
		return "0"
	}
	return profiles.Number(bytes / 1e6 / t)
}

// unitName is the unit as the profile calls it.
func (r *Report) unitName() string {
	if r.unit == "" {
		return "unit"
	}
	return profiles.Clean(r.unit)
}

// verdict says in a line what a token waits for.
func verdict(c cost, per string) string {
	total := c.time.Total()
	if total == 0 {
		return "nothing ran"
	}
	var parts []string
	waits := c.waits()
	slices.SortStableFunc(waits, func(a, b resource) int { return cmp.Compare(b.time, a.time) })
	for _, w := range waits {
		if share := 100 * float64(w.time) / float64(total); share >= 5 {
			parts = append(parts, fmt.Sprintf("%.0f %% %s", share, w.what))
		}
	}
	return profiles.Number(c.ms(total)) + " ms/" + per + ": " + strings.Join(parts, ", ")
}

// unit begins a picture with the unit and its launches.
func (p *picture) unit(name string, c cost, limit string) {
	launches := fmt.Sprintf("%s launches, %s ms", profiles.Number(c.launches), profiles.Number(c.ms(c.needs.Dispatch)))
	p.box(limit == "dispatch" || limit == "compute", name, launches)
	class := "small"
	if limit == "compute" {
		class = "hot"
	}
	p.Boxes[0].Notes = []label{{p.Boxes[0].Y + 30, class, "arithmetic " + profiles.Number(c.ms(c.needs.Compute)) + " ms"}}
	if limit == "dispatch" {
		p.Boxes[0].Texts[1].Class = "hot"
	}
}

// box adds a box with its name and a line below it.
func (p *picture) box(limit bool, lines ...string) *box {
	y := 4
	if n := len(p.Boxes); n > 0 {
		y = p.Boxes[n-1].Y + boxHeight + boxGap
	}
	b := box{Y: y, RailY: y + boxHeight - 9, Limit: limit}
	for i, text := range lines {
		b.Texts = append(b.Texts, label{y + 18 + 17*i, []string{"name", "small"}[min(i, 1)], text})
	}
	p.Boxes = append(p.Boxes, b)
	p.Height = y + boxHeight + 4
	return &p.Boxes[len(p.Boxes)-1]
}

// cache adds an on-chip memory with what it served, and how a block fills it.
func (p *picture) cache(name string, capacity, served, requested, block float64, limit bool) {
	share := "0"
	if requested > 0 {
		share = fmt.Sprintf("%.0f", 100*served/requested)
	}
	b := p.box(limit, profiles.Clean(name)+" · "+capacityText(capacity), "serves "+share+" %, "+megabytes(served))
	if block == 0 {
		return
	}
	b.Texts[1].Y -= 3
	b.Rail, b.Fill = true, int(160*min(1, block/capacity)+.5)
	fits := "fits"
	if block > capacity {
		fits = "is larger"
	}
	b.Notes = []label{{b.Y + 22, "small", "a block, " + megabytes(block) + ","}, {b.Y + 36, "small", fits}}
}

// capacityText writes the size of a cache, which comes in powers of two.
func capacityText(bytes float64) string {
	if bytes < 1<<20 {
		return profiles.Number(bytes/(1<<10)) + " KiB"
	}
	return profiles.Number(bytes/(1<<20)) + " MiB"
}

// flow adds what moves into the last box from the next.
func (p *picture) flow(width int, class, bytes, rate string, limit bool) {
	top := p.Boxes[len(p.Boxes)-1].Y + boxHeight
	text := "name"
	if limit {
		text = "hot"
	}
	f := flow{X: flowMiddle - width/2, Y: top + 10, Width: width, Height: boxGap - 10, Class: class,
		Texts: []label{{top + 20, text, bytes}, {top + 35, "small", rate}}}
	half := width/2 + 5
	if width > 0 {
		f.Arrow = fmt.Sprintf("M%d %d L%d %d L%d %d Z", flowMiddle-half, top+11, flowMiddle, top+1, flowMiddle+half, top+11)
	} else {
		f.X, f.Width = flowMiddle-1, 2
	}
	p.Flows = append(p.Flows, f)
}
