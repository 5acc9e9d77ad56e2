package html

import (
	"fmt"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// closeUp keeps the rows of one block, of its repeat where it has one, and of what
// runs behind the last block, of the last decode step that passed by: enough to see
// how launches, transfers and arithmetic of single operators follow each other.
type closeUp struct {
	token int32
	any   bool
	rows  []closeRow
}

// closeRow is when an operator used what.
type closeRow struct {
	op         string
	layer      int32
	repeated   bool
	start, end units.Picoseconds
	time       sim.TimeParts
	dram       sim.Interval // of the channels
	moved      units.Bytes
}

// add keeps a row of the token in sight.
func (c *closeUp) add(r *sim.Row) {
	if r.Phase != traces.Decode {
		return
	}
	if !c.any || r.Token != c.token {
		c.any, c.token, c.rows = true, r.Token, c.rows[:0]
	}
	if r.Layer > 1 || r.Layer == 1 && !r.Repeated {
		return
	}
	b := r.Bytes()
	row := closeRow{op: r.Op, layer: r.Layer, repeated: r.Repeated, start: r.Start, end: r.End, time: r.Time, moved: b.DRAMRead + b.DRAMWrite}
	for i := range r.Channels {
		u := &r.Channels[i]
		if u.End == u.Start {
			continue
		}
		if row.dram == (sim.Interval{}) {
			row.dram = sim.Interval{Start: u.Start, End: u.End}
		}
		row.dram.Start, row.dram.End = min(row.dram.Start, u.Start), max(row.dram.End, u.End)
	}
	c.rows = append(c.rows, row)
}

// lanes is a stretch of time with a lane for each resource.
type lanes struct {
	Name  string
	Ops   []laneSpan
	Lanes []lane
}

type lane struct {
	Name, Class string
	Spans       []laneSpan
}

// laneSpan is a piece of a lane, in percent of it.
type laneSpan struct {
	Left, Width float64
	Name, Title string
}

// enlarged draws the close-up: the block, its repeat, and the output.
func (m *Model) enlarged() (page.Chart, error) {
	var list []lanes
	for _, part := range []struct {
		name  string
		match func(closeRow) bool
	}{
		{"the first block", func(r closeRow) bool { return r.layer == 0 }},
		{"the same block again", func(r closeRow) bool { return r.layer == 1 && r.repeated }},
		{"the output matrix", func(r closeRow) bool { return r.layer < 0 && r.op == "output" }},
	} {
		var rows []closeRow
		for _, r := range m.closeUp.rows {
			if part.match(r) {
				rows = append(rows, r)
			}
		}
		if len(rows) > 0 {
			list = append(list, lanesOf(part.name, rows))
		}
	}
	markup, err := drawing("lanes", list)
	return page.Chart{ID: "lanes", Kind: "closeup", Title: "One token enlarged", Wide: true, Markup: markup,
		Caption: "Launches, the DRAM's own transfers, and the time in which arithmetic or a cache is waited for. Each part has its own scale; --timeline writes all of it for Perfetto."}, err
}

// lanesOf puts rows, which follow each other, into lanes.
func lanesOf(name string, rows []closeRow) lanes {
	from, to := rows[0].start, rows[len(rows)-1].end
	span := func(start, end units.Picoseconds, name, title string) laneSpan {
		start, end = max(start, from), min(end, to)
		whole := float64(to - from)
		return laneSpan{Left: round(100*float64(start-from)/whole, 3), Width: round(100*float64(max(0, end-start))/whole, 3), Name: name, Title: title}
	}
	g := lanes{Name: fmt.Sprintf("%s, %s µs", name, profiles.Number((to-from).Nanoseconds()/1e3))}
	all := []lane{{Name: "launch", Class: "c-dispatch"}, {Name: "DRAM", Class: "c-dram"}, {Name: "cache", Class: "c-sram"}, {Name: "arithmetic", Class: "c-compute"}}
	put := func(i int, op string, start, end units.Picoseconds, more string) {
		if end > start {
			all[i].Spans = append(all[i].Spans, span(start, end, "", fmt.Sprintf("%s: %s µs%s", op, profiles.Number((end-start).Nanoseconds()/1e3), more)))
		}
	}
	for _, r := range rows {
		op := profiles.Clean(r.op)
		g.Ops = append(g.Ops, span(r.start, r.end, op, fmt.Sprintf("%s: %s µs", op, profiles.Number((r.end-r.start).Nanoseconds()/1e3))))
		put(0, op, r.start, r.start+r.time.Dispatch, "")
		put(1, op, r.dram.Start, r.dram.End, fmt.Sprintf(", %s MB", profiles.Number(float64(r.moved)/1e6)))
		put(3, op, r.end-r.time.Compute, r.end, "")
		put(2, op, r.end-r.time.Compute-r.time.SRAM, r.end-r.time.Compute, "")
	}
	for _, l := range all {
		if len(l.Spans) > 0 {
			g.Lanes = append(g.Lanes, l)
		}
	}
	return g
}
