package sweeps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
)

// shapeAxes are the axes that make a model another one; what the others say is a
// point's setting: the device, the weight format, the context.
var shapeAxes = []string{"layers", "dim", "ffn", "ffn-ratio", "heads", "kv-heads", "vocab", "sharing", "repeat"}

// setting names the point by its axes other than those of the shape and except,
// which may be "": "quant q8_0, dram.channels 2"; "" if there are none.
func setting(r *sweep.Row, axes []sweep.Axis, except string) string {
	var parts []string
	for i, a := range axes {
		if !slices.Contains(shapeAxes, a.Name) && a.Name != except && len(a.Values) > 1 {
			parts = append(parts, settingPart(a.Name, r.Point.Values[i]))
		}
	}
	return strings.Join(parts, ", ")
}

// settingPart leaves out the axis where the value says which it is.
func settingPart(axis, value string) string {
	switch axis {
	case "quant", "device", "unit", "runtime":
		return profiles.Clean(value)
	}
	return profiles.Clean(axis + " " + value)
}

// shapeText describes a model: "30 layers × 576 run twice (immediate)".
func shapeText(r *sim.Result) string {
	if r.LayersExecuted == r.LayersStored {
		return fmt.Sprintf("%s × %d", layersText(r), r.Dim)
	}
	return fmt.Sprintf("%s × %d run %s (%s)", layersText(r), r.Dim, times(r.LayersExecuted/r.LayersStored), profiles.Clean(r.Sharing))
}

func times(n int) string {
	if n == 2 {
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// layersText is the number of a model's stored layers.
func layersText(r *sim.Result) string {
	if r.LayersStored == 1 {
		return "1 layer"
	}
	return fmt.Sprintf("%d layers", r.LayersStored)
}

// label names a point in a tooltip.
func label(r *sweep.Row, axes []sweep.Axis) string {
	parts := []string{shapeText(&r.Result)}
	if s := setting(r, axes, ""); s != "" {
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// shared reports whether blocks of the model run more than once.
func shared(r *sim.Result) bool { return r.LayersExecuted > r.LayersStored }

// sharingText is the order of sharing with its number of runs, "not shared" for
// none.
func sharingText(r *sim.Result) string {
	if !shared(r) {
		return "not shared"
	}
	return fmt.Sprintf("%s, %s", profiles.Clean(r.Sharing), times(r.LayersExecuted/r.LayersStored))
}

// group is the rows that have a name in common.
type group struct {
	name string
	rows []*sweep.Row
}

// groupBy divides rows by name, in the order in which the names first come.
func groupBy(rows []*sweep.Row, name func(*sweep.Row) string) []group {
	at := map[string]int{}
	var groups []group
	for _, r := range rows {
		n := name(r)
		i, ok := at[n]
		if !ok {
			i = len(groups)
			at[n] = i
			groups = append(groups, group{name: n})
		}
		groups[i].rows = append(groups[i].rows, r)
	}
	return groups
}

// sortedBy returns a sorted copy of rows; equal ones keep their order.
func sortedBy(rows []*sweep.Row, compare func(a, b *sim.Result) int) []*sweep.Row {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b *sweep.Row) int { return compare(&a.Result, &b.Result) })
	return sorted
}

// quickest returns the row of the least latency, nil of none.
func quickest(rows []*sweep.Row) *sweep.Row {
	var best *sweep.Row
	for _, r := range rows {
		if best == nil || r.Result.LatencyMS < best.Result.LatencyMS {
			best = r
		}
	}
	return best
}
