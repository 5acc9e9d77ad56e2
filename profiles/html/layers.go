package html

import (
	"encoding/json"
	"strconv"

	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/profiles/totals"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// layers gives each executed layer a position, and one behind them to what runs
// outside the blocks: embedding, last norm, output matrix.
type layers struct {
	names   []string
	outside int
}

func (m *Model) layers() layers {
	count := 0
	for _, op := range m.sums.Ops() {
		count = max(count, int(op.Layer)+1)
	}
	l := layers{outside: count}
	for i := range count {
		l.names = append(l.names, strconv.Itoa(i))
	}
	l.names = append(l.names, "in/out")
	return l
}

func (l layers) at(layer int32) int {
	if layer < 0 {
		return l.outside
	}
	return int(layer)
}

func (l layers) series(name, color string) page.Series {
	return page.Series{Name: name, Color: color, Values: make([]float64, len(l.names))}
}

// layerTraffic is DRAM traffic by layer and kind of tensor, the first pass of a
// block apart from its shared repeats.
func (l lens) layerTraffic() (json.RawMessage, string, error) {
	at := l.model.layers()
	parts := newByKind(len(at.names))
	for o := range l.operands {
		parts.add(o, at.at(o.Layer), l.over)
	}
	return scaledBars(at.names, parts.list(), []string{"MB", "GB"}, l.per)
}

// byKind are series of DRAM traffic in MB, one for each kind of cause.
type byKind struct{ first, repeat, kv, activation, written page.Series }

func newByKind(bars int) *byKind {
	of := func(name, color string) page.Series {
		return page.Series{Name: name, Color: color, Values: make([]float64, bars)}
	}
	return &byKind{first: of("weights", page.ColorWeights), repeat: of("weights, shared repeat", page.ColorRepeat),
		kv: of("KV cache", page.ColorKV), activation: of("activations", page.ColorActivation), written: of("written", page.ColorWritten)}
}

// add adds the traffic of o, divided, to a bar.
func (b *byKind) add(o *totals.Operand, bar int, over float64) {
	s := &b.first
	switch {
	case o.Kind == traces.KV:
		s = &b.kv
	case o.Kind == traces.Activation:
		s = &b.activation
	case o.Repeated:
		s = &b.repeat
	}
	s.Values[bar] += float64(o.Bytes.DRAMRead) / 1e6 / over
	b.written.Values[bar] += float64(o.Bytes.DRAMWrite) / 1e6 / over
}

func (b *byKind) list() []page.Series {
	return []page.Series{b.first, b.repeat, b.kv, b.activation, b.written}
}

// layerTime says where each layer's time goes.
func (l lens) layerTime() (json.RawMessage, string, error) {
	at := l.model.layers()
	all := []page.Series{at.series("DRAM", page.ColorDRAM), at.series("flash", page.ColorFlash), at.series("SRAM", page.ColorSRAM),
		at.series("compute", page.ColorCompute), at.series("dispatch", page.ColorDispatch)}
	for op := range l.ops {
		for i, t := range []units.Picoseconds{op.Time.DRAM, op.Time.Flash, op.Time.SRAM, op.Time.Compute, op.Time.Dispatch} {
			all[i].Values[at.at(op.Layer)] += t.Nanoseconds() / 1e3 / l.over
		}
	}
	return scaledBars(at.names, all, []string{"µs", "ms", "s"}, l.per)
}

// layerEnergy says where each layer's energy goes.
func (l lens) layerEnergy() (json.RawMessage, string, error) {
	at := l.model.layers()
	all := []page.Series{at.series("DRAM", page.ColorDRAM), at.series("flash", page.ColorFlash), at.series("SRAM", page.ColorSRAM),
		at.series("compute", page.ColorCompute), at.series("static", page.ColorStatic)}
	for op := range l.ops {
		for i, e := range []units.Femtojoules{op.Energy.DRAM, op.Energy.Flash, op.Energy.SRAM, op.Energy.Compute, op.Energy.Static} {
			all[i].Values[at.at(op.Layer)] += e.Millijoules() * 1e3 / l.over
		}
	}
	return scaledBars(at.names, all, []string{"µJ", "mJ", "J"}, l.per)
}

// scaledBars draws bars in the largest of the units, each a thousand of the one
// before, in which the highest bar is no less than one.
func scaledBars(names []string, all []page.Series, units []string, per string) (json.RawMessage, string, error) {
	highest := 0.0
	for i := range names {
		sum := 0.0
		for _, s := range all {
			sum += s.Values[i]
		}
		highest = max(highest, sum)
	}
	u := 0
	for ; u < len(units)-1 && highest >= 1000; u++ {
		highest /= 1000
		for _, s := range all {
			for i := range s.Values {
				s.Values[i] /= 1000
			}
		}
	}
	option, err := page.StackedBars(names, page.Present(all), units[u]+"/"+per, false)
	return option, units[u], err
}
