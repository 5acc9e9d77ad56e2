package html

import (
	"fmt"
	"sort"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// bars is a chart of models side by side, a bar each.
type bars struct {
	page.Chart
	unit   string // of the axis
	series []page.Series
}

// overview are the charts of all models side by side.
func (r *Report) overview(results []sim.Result) ([]page.Chart, error) {
	var names []string
	for i := range results {
		names = append(names, results[i].Model)
	}
	var list []page.Chart
	for _, b := range []bars{latencyParts(results), energyParts(results), r.kinds(), r.operatorTimes(), r.firstToken(results)} {
		var err error
		if b.Option, err = page.StackedBars(names, page.Present(b.series), b.unit, true); err != nil {
			return nil, err
		}
		b.Kind, b.Height = "parts", 90+56*len(results)
		if len(page.Present(b.series)) > 0 {
			list = append(list, b.Chart)
		}
	}
	return list, nil
}

func latencyParts(results []sim.Result) bars {
	parts := []page.Series{{Name: "DRAM", Color: page.ColorDRAM}, {Name: "flash", Color: page.ColorFlash}, {Name: "SRAM", Color: page.ColorSRAM},
		{Name: "compute", Color: page.ColorCompute}, {Name: "dispatch", Color: page.ColorDispatch}}
	for i := range results {
		l := results[i].LatencyPartsMS
		for j, v := range []float64{l.DRAM, l.Flash, l.SRAM, l.Compute, l.Dispatch} {
			parts[j].Values = append(parts[j].Values, v)
		}
	}
	return bars{page.Chart{ID: "latency", Title: "Where a token's time goes", Unit: "ms",
		Caption: "Each part is the time in which that resource was what the token waited for; work that overlaps is counted once."}, "ms/token", parts}
}

func energyParts(results []sim.Result) bars {
	parts := []page.Series{{Name: "DRAM", Color: page.ColorDRAM}, {Name: "flash", Color: page.ColorFlash}, {Name: "SRAM", Color: page.ColorSRAM},
		{Name: "compute", Color: page.ColorCompute}, {Name: "static", Color: page.ColorStatic}, {Name: "rest of the phone", Color: page.ColorRest}}
	for i := range results {
		r := &results[i]
		e := r.EnergyPartsMJ
		for j, v := range []float64{e.DRAM, e.Flash, e.SRAM, e.Compute, e.Static, max(0, r.PhoneEnergyMJ-r.EnergyMJPerToken)} {
			parts[j].Values = append(parts[j].Values, v)
		}
	}
	return bars{page.Chart{ID: "energy", Title: "Where a token's energy goes", Unit: "mJ",
		Caption: "DRAM, flash and SRAM are the memory path; static is the chip being on; the rest of the phone is its screen and radios."}, "mJ/token", parts}
}

// firstToken is the time from a cold start to the first token: the weights from
// storage, then the prompt.
func (r *Report) firstToken(results []sim.Result) bars {
	parts := []page.Series{{Name: "load from flash", Color: page.ColorFlash}, {Name: "prompt: DRAM", Color: page.ColorDRAM}, {Name: "prompt: SRAM", Color: page.ColorSRAM},
		{Name: "prompt: compute", Color: page.ColorCompute}, {Name: "prompt: dispatch", Color: page.ColorDispatch}}
	tokens := 0
	for i, m := range r.models {
		var t sim.TimeParts
		for _, op := range m.sums.Ops() {
			if op.Phase == traces.Prefill {
				t = t.Plus(op.Time)
			}
		}
		tokens = max(tokens, results[i].PromptTokens)
		for j, v := range []float64{results[i].LoadMS + t.Flash.Milliseconds(), t.DRAM.Milliseconds(), t.SRAM.Milliseconds(), t.Compute.Milliseconds(), t.Dispatch.Milliseconds()} {
			parts[j].Values = append(parts[j].Values, v)
		}
	}
	return bars{page.Chart{ID: "first", Title: "From a cold start to the first token", Unit: "ms",
		Caption: fmt.Sprintf("Weights come from storage once, then the prompt of %d tokens is processed; on a loaded model only the prompt counts.", tokens)}, "ms", parts}
}

// kinds is the DRAM traffic of a token by kind of tensor.
func (r *Report) kinds() bars {
	parts := newByKind(len(r.models))
	for i, m := range r.models {
		l := m.focus()
		for o := range l.operands {
			parts.add(o, i, l.over)
		}
	}
	return bars{page.Chart{ID: "kinds", Title: "What a token moves through DRAM", Unit: "MB",
		Caption: "Weights of a block that runs again for the same token are a shared repeat: from DRAM only if the block did not stay on chip."}, "MB/token", parts.list()}
}

// operatorTimes is the time of a token by operator, the dearest by name.
func (r *Report) operatorTimes() bars {
	const named = 7
	sums := map[string][]float64{}
	var order []string
	for i, m := range r.models {
		for _, o := range m.focus().operators() {
			if sums[o.Name] == nil {
				sums[o.Name] = make([]float64, len(r.models))
				order = append(order, o.Name)
			}
			sums[o.Name][i] += o.Microsecond / 1e3
		}
	}
	total := func(name string) float64 { return page.Series{Values: sums[name]}.Total() }
	sort.SliceStable(order, func(i, j int) bool { return total(order[i]) > total(order[j]) })
	var parts []page.Series
	others := page.Series{Name: "others", Color: page.ColorRest, Values: make([]float64, len(r.models))}
	for i, name := range order {
		if i < named {
			parts = append(parts, page.Series{Name: profiles.Clean(name), Color: fmt.Sprintf("--op%d", i), Values: sums[name]})
			continue
		}
		for j, v := range sums[name] {
			others.Values[j] += v
		}
	}
	return bars{page.Chart{ID: "operators", Title: "Which operators take the time", Unit: "ms",
		Caption: "Launch and waiting included."}, "ms/token", append(parts, others)}
}
