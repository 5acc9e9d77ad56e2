package sweeps

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
)

// equalParams is how near the stored parameters of two shapes are that count as
// equal in size.
const equalParams = 0.02

// mostSettings bounds the sentences of one kind.
const mostSettings = 4

// findings says in words what the rows show: the quickest shape, where depth
// turns dear, what sharing costs and from which on-chip memory on it pays.
func findings(rows []*sweep.Row, axes []sweep.Axis) []string {
	if len(rows) == 0 {
		return nil
	}
	best := quickest(rows)
	text := []string{fmt.Sprintf("The quickest of the points is %s: %s ms and %s mJ a token.", label(best, axes),
		profiles.Number(best.Result.LatencyMS), profiles.Number(best.Result.EnergyMJPerToken))}
	for _, kind := range []func([]*sweep.Row) string{turningPoint, priceOfSharing} {
		text = append(text, perSetting(rows, axes, "", kind)...)
	}
	if axis, ok := capacityAxis(axes); ok {
		text = append(text, perSetting(rows, axes, axis.Name, func(rows []*sweep.Row) string { return paysFrom(rows, axis) })...)
	}
	return text
}

// perSetting collects what say finds in each setting. The axis except is left to
// say.
func perSetting(rows []*sweep.Row, axes []sweep.Axis, except string, say func([]*sweep.Row) string) []string {
	type finding struct {
		sentence string
		settings []string
	}
	var found []finding
	for _, g := range groupBy(rows, func(r *sweep.Row) string { return setting(r, axes, except) }) {
		s := say(g.rows)
		if s == "" {
			continue
		}
		i := slices.IndexFunc(found, func(f finding) bool { return f.sentence == s })
		if i < 0 {
			i = len(found)
			found = append(found, finding{sentence: s})
		}
		if g.name != "" {
			found[i].settings = append(found[i].settings, g.name)
		}
	}
	var text []string
	for _, f := range found[:min(len(found), mostSettings)] {
		switch n := len(f.settings); n {
		case 0:
			text = append(text, upperFirst(f.sentence))
		case 1:
			text = append(text, "With "+f.settings[0]+": "+f.sentence)
		default:
			text = append(text, fmt.Sprintf("With %s to %s: %s", f.settings[0], f.settings[n-1], f.sentence))
		}
	}
	return text
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// equalSized returns the unshared rows that have as many parameters as most
// others, the shallowest first and of each depth the quickest.
func equalSized(rows []*sweep.Row) []*sweep.Row {
	var plain []*sweep.Row
	for _, r := range rows {
		if !shared(&r.Result) {
			plain = append(plain, r)
		}
	}
	byDepth := sortedBy(plain, func(a, b *sim.Result) int {
		return cmp.Or(cmp.Compare(a.LayersStored, b.LayersStored), cmp.Compare(a.LatencyMS, b.LatencyMS))
	})
	var most []*sweep.Row
	for _, center := range plain {
		var near []*sweep.Row
		for _, r := range byDepth {
			taken := len(near) > 0 && near[len(near)-1].Result.LayersStored == r.Result.LayersStored
			off := float64(r.Result.StoredParams)/float64(center.Result.StoredParams) - 1
			if math.Abs(off) <= equalParams && !taken {
				near = append(near, r)
			}
		}
		if len(near) > len(most) {
			most = near
		}
	}
	return most
}

// turningPoint finds the depth from which on deeper and thinner models of the
// same size are slower.
func turningPoint(rows []*sweep.Row) string {
	line := equalSized(rows)
	if len(line) < 3 {
		return ""
	}
	best, last := quickest(line), line[len(line)-1]
	b, d := &best.Result, &last.Result
	size := profiles.Number(float64(d.StoredParams))
	if best == last {
		return fmt.Sprintf("at %s parameters latency falls with every depth up to %s: launching more operators does not yet outweigh what thinner layers save.", size, shapeText(d))
	}
	next := &line[slices.Index(line, best)+1].Result
	grown := d.LatencyMS - b.LatencyMS
	if grown <= 0 {
		return ""
	}
	moves := ""
	if b.DRAMBytesPerToken > 0 { // else all of it stays on the chip
		moves = fmt.Sprintf("moves %s of its bytes and yet ", percent(d.DRAMBytesPerToken/b.DRAMBytesPerToken))
	}
	return fmt.Sprintf("at %s parameters the crossover is behind %s: from %s on, deeper and thinner is slower. %s %stakes %s ms a token against %s; dispatch is %s of the %s ms between them.",
		size, shapeText(b), shapeText(next), upperFirst(shapeText(d)), moves,
		profiles.Number(d.LatencyMS), profiles.Number(b.LatencyMS),
		percent((d.LatencyPartsMS.Dispatch-b.LatencyPartsMS.Dispatch)/grown), profiles.Number(grown))
}

func percent(share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return "no comparable share"
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// trio is a model, the same with its blocks run several times, and one that has
// as many layers of its own.
type trio struct {
	once, shared, deep *sim.Result // deep is nil where there is none
}

// trios finds the shared rows that have an unshared row of the same shape.
func trios(rows []*sweep.Row) []trio {
	var list []trio
	for _, s := range rows {
		if !shared(&s.Result) {
			continue
		}
		t := trio{shared: &s.Result}
		for _, r := range rows {
			u := &r.Result
			switch {
			case shared(u):
			case u.LayersStored == t.shared.LayersStored && sameWidths(u, t.shared):
				t.once = u
			case u.LayersStored == t.shared.LayersExecuted && better(u, t.deep, t.shared):
				t.deep = u
			}
		}
		if t.once != nil {
			list = append(list, t)
		}
	}
	return list
}

func sameWidths(a, b *sim.Result) bool {
	return a.Dim == b.Dim && a.FFN == b.FFN && a.Heads == b.Heads && a.KVHeads == b.KVHeads && a.Vocab == b.Vocab
}

// better reports whether u compares better with the shared model than what was
// found before: the same width is best, then the same number of parameters.
func better(u, before, shared *sim.Result) bool {
	rank := func(r *sim.Result) int {
		switch {
		case r == nil:
			return 0
		case sameWidths(r, shared):
			return 2
		case math.Abs(float64(r.StoredParams)/float64(shared.StoredParams)-1) <= equalParams:
			return 1
		}
		return 0
	}
	return rank(u) > rank(before)
}

// priceOfSharing compares a model whose blocks run several times with the one
// where they run once, and with as many blocks of their own.
func priceOfSharing(rows []*sweep.Row) string {
	var chosen *trio
	for _, t := range trios(rows) {
		if chosen == nil || (t.deep != nil) && (chosen.deep == nil || t.shared.LayersExecuted > chosen.shared.LayersExecuted) {
			chosen = &t
		}
	}
	if chosen == nil {
		return ""
	}
	once, s := chosen.once, chosen.shared
	text := fmt.Sprintf("running the blocks of %s %s (%s) adds %s to a token's latency, %s ms to %s", shapeText(once),
		times(s.LayersExecuted/s.LayersStored), profiles.Clean(s.Sharing), percent(s.LatencyMS/once.LatencyMS-1),
		profiles.Number(once.LatencyMS), profiles.Number(s.LatencyMS))
	if chosen.deep == nil {
		return text + "."
	}
	d := chosen.deep
	what := "at the same number of parameters"
	if sameWidths(d, s) {
		what = "of the same width"
	}
	return fmt.Sprintf("%s; %s %s, the same depth unshared, takes %s ms (%s of the shared model's).", text,
		shapeText(d), what, profiles.Number(d.LatencyMS), percent(d.LatencyMS/s.LatencyMS))
}

// capacityAxis returns the axis of an on-chip memory's size, if there is one.
func capacityAxis(axes []sweep.Axis) (sweep.Axis, bool) {
	for _, a := range axes {
		if strings.HasPrefix(a.Name, "sram.") && strings.HasSuffix(a.Name, ".capacity") && len(a.Values) > 1 {
			return a, true
		}
	}
	return sweep.Axis{}, false
}

// reused is the share of the repeated blocks' bytes that did not come from DRAM
// again: 1 if a repeat costs no traffic, 0 if it costs all of its own.
func (t trio) reused() float64 {
	repeats := float64(t.shared.Params-t.shared.StoredParams) / float64(t.once.StoredParams) * float64(t.once.ModelBytes)
	return 1 - (t.shared.DRAMBytesPerToken-t.once.DRAMBytesPerToken)/repeats
}

// reuse is what repeated blocks find on the chip at one size of a memory.
type reuse struct {
	name  string // the size as the axis has it
	size  uint64 // bytes
	worst float64
}

// reuseBySize returns the reuse at each value of axis, the smallest first; none
// where a value has no shared model to look at.
func reuseBySize(rows []*sweep.Row, axis sweep.Axis) []reuse {
	var list []reuse
	for _, value := range axis.Values {
		var at []*sweep.Row
		for _, r := range rows {
			if v, _ := r.Point.Value(axis.Name); v == value {
				at = append(at, r)
			}
		}
		size, err := humanize.ParseBytes(value)
		found := trios(at)
		if err != nil || len(found) == 0 {
			return nil
		}
		worst := math.Inf(1)
		for _, t := range found {
			worst = min(worst, t.reused())
		}
		list = append(list, reuse{profiles.Clean(value), size, worst})
	}
	slices.SortStableFunc(list, func(a, b reuse) int { return cmp.Compare(a.size, b.size) })
	return list
}

// paysFrom finds the smallest capacity from which on repeats find more than half
// of their weights on the chip.
func paysFrom(rows []*sweep.Row, axis sweep.Axis) string {
	steps := reuseBySize(rows, axis)
	if len(steps) == 0 {
		return ""
	}
	from := len(steps)
	for from > 0 && steps[from-1].worst > 0.5 {
		from--
	}
	smallest, largest := steps[0], steps[len(steps)-1]
	switch from {
	case len(steps):
		return fmt.Sprintf("up to %s of %s, sharing does not pay for all shapes: a repeated block finds %s of its weights in the cache.", largest.name, memoryOf(axis), found(largest.worst))
	case 0:
		return fmt.Sprintf("from %s of %s on, the smallest tried, a repeated block finds %s of its weights in the cache: sharing saves its traffic.", smallest.name, memoryOf(axis), found(smallest.worst))
	}
	return fmt.Sprintf("from %s of %s on, a repeated block finds %s of its weights in the cache; at %s, %s.",
		steps[from].name, memoryOf(axis), found(steps[from].worst), steps[from-1].name, found(steps[from-1].worst))
}

// found says a share of weights in words where it is all or nothing.
func found(share float64) string {
	switch {
	case share > 0.995:
		return "all"
	case share < 0.005:
		return "none"
	}
	return percent(share)
}

// memoryOf is the name of the memory of a capacity axis.
func memoryOf(axis sweep.Axis) string {
	return profiles.Clean(strings.TrimSuffix(strings.TrimPrefix(axis.Name, "sram."), ".capacity"))
}
