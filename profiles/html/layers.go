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
func (m *Model) layerTraffic() (json.RawMessage, error) {
	phase, n := m.focus()
	l := m.layers()
	parts := newByKind(len(l.names))
	for _, o := range m.sums.Operands() {
		if o.Phase == phase {
			parts.add(o, l.at(o.Layer), n)
		}
	}
	return page.StackedBars(l.names, page.Present(parts.list()), "MB/token", false)
}

// byKind are series of DRAM traffic in MB, one for each kind of cause.
type byKind struct{ first, repeat, kv, activation, written page.Series }

func newByKind(bars int) *byKind {
	of := func(name, color string) page.Series {
		return page.Series{Name: name, Color: color, Values: make([]float64, bars)}
	}
	return &byKind{first: of("weights", page.ColorDRAM), repeat: of("weights, shared repeat", page.ColorRepeat),
		kv: of("KV cache", page.ColorKV), activation: of("activations", page.ColorAct), written: of("written", page.ColorWrite)}
}

// add adds the traffic of o, a sum over tokens, to a bar.
func (b *byKind) add(o *totals.Operand, bar int, tokens float64) {
	s := &b.first
	switch {
	case o.Kind == traces.KV:
		s = &b.kv
	case o.Kind == traces.Activation:
		s = &b.activation
	case o.Repeated:
		s = &b.repeat
	}
	s.Values[bar] += float64(o.Bytes.DRAMRead) / 1e6 / tokens
	b.written.Values[bar] += float64(o.Bytes.DRAMWrite) / 1e6 / tokens
}

func (b *byKind) list() []page.Series {
	return []page.Series{b.first, b.repeat, b.kv, b.activation, b.written}
}

// layerTime says where each layer's time goes.
func (m *Model) layerTime() (json.RawMessage, error) {
	l := m.layers()
	all := []page.Series{l.series("DRAM", page.ColorDRAM), l.series("flash", page.ColorFlash), l.series("SRAM", page.ColorSRAM),
		l.series("compute", page.ColorCompute), l.series("dispatch", page.ColorDispatch)}
	m.eachOp(func(op *totals.Op, n float64) {
		for i, t := range []units.Picoseconds{op.Time.DRAM, op.Time.Flash, op.Time.SRAM, op.Time.Compute, op.Time.Dispatch} {
			all[i].Values[l.at(op.Layer)] += t.Nanoseconds() / 1e3 / n
		}
	})
	return page.StackedBars(l.names, page.Present(all), "µs/token", false)
}

// layerEnergy says where each layer's energy goes.
func (m *Model) layerEnergy() (json.RawMessage, error) {
	l := m.layers()
	all := []page.Series{l.series("DRAM", page.ColorDRAM), l.series("flash", page.ColorFlash), l.series("SRAM", page.ColorSRAM),
		l.series("compute", page.ColorCompute), l.series("static", page.ColorStatic)}
	m.eachOp(func(op *totals.Op, n float64) {
		for i, e := range []units.Femtojoules{op.Energy.DRAM, op.Energy.Flash, op.Energy.SRAM, op.Energy.Compute, op.Energy.Static} {
			all[i].Values[l.at(op.Layer)] += e.Millijoules() * 1e3 / n
		}
	})
	return page.StackedBars(l.names, page.Present(all), "µJ/token", false)
}

// eachOp calls f with each operator of the focused phase and the tokens that
// its sums are over.
func (m *Model) eachOp(f func(op *totals.Op, tokens float64)) {
	phase, n := m.focus()
	for _, op := range m.sums.Ops() {
		if op.Phase == phase {
			f(op, n)
		}
	}
}
