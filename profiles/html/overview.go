package html

import (
	"fmt"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/internal/page"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// bars is a chart of models side by side, a bar each.
type bars struct {
	page.Chart
	per    string // behind the unit on the axis
	series []page.Series
}

// overview are the charts of all models side by side: what limits each and why,
// then the parts of its figures.
func (r *Report) overview(results []sim.Result) ([]page.Chart, error) {
	var names []string
	for i := range results {
		names = append(names, profiles.Clean(results[i].Model))
	}
	list, err := r.reasons(results, names)
	if err != nil {
		return nil, err
	}
	for _, b := range []bars{latencyParts(results), energyParts(results), r.kinds(), r.operatorTimes(), r.firstToken(results)} {
		b.scale()
		if b.Option, err = page.StackedBars(names, page.Present(b.series), b.Unit+b.per, true); err != nil {
			return nil, err
		}
		b.Kind, b.Height = "parts", 90+56*len(results)
		if len(page.Present(b.series)) > 0 {
			list = append(list, b.Chart)
		}
	}
	return list, nil
}

// reasons are the drawings that say why a token costs what it costs.
func (r *Report) reasons(results []sim.Result, names []string) ([]page.Chart, error) {
	var list []page.Chart
	some := false
	for _, m := range r.models {
		some = some || len(m.sums.Ops()) > 0
	}
	if some {
		for _, draw := range []func([]string) (page.Chart, error){r.memories, r.fromIdeal} {
			c, err := draw(names)
			if err != nil {
				return nil, err
			}
			list = append(list, c)
		}
	}
	c, ok, err := differences(results)
	if ok {
		list = append(list, c)
	}
	return list, err
}

// larger are the units that a thousand of another are.
var larger = map[string]string{"µs": "ms", "ms": "s", "µJ": "mJ", "mJ": "J", "MB": "GB"}

// scale goes over to a larger unit where the longest bar has ten thousand or more.
func (b *bars) scale() {
	longest := 0.0
	for i := range len(b.series[0].Values) {
		sum := 0.0
		for _, s := range b.series {
			sum += s.Values[i]
		}
		longest = max(longest, sum)
	}
	unit, ok := larger[b.Unit]
	if !ok || longest < 10_000 {
		return
	}
	b.Unit = unit
	for _, s := range b.series {
		for i := range s.Values {
			s.Values[i] /= 1000
		}
	}
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
		Caption: "Each part is time spent waiting for that resource. Overlapped work counts once, under the slowest resource."}, "/token", parts}
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
		Caption: "DRAM, flash and SRAM are the memory path; static is the power of the chip being switched on; the rest of the phone is its screen and radios."}, "/token", parts}
}

// firstToken is the time from a cold start to the first token: the weights from
// storage, then the prompt.
func (r *Report) firstToken(results []sim.Result) bars {
	parts := []page.Series{{Name: "load", Color: page.ColorRest}, {Name: "prompt: flash", Color: page.ColorFlash}, {Name: "prompt: DRAM", Color: page.ColorDRAM}, {Name: "prompt: SRAM", Color: page.ColorSRAM},
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
		for j, v := range []float64{results[i].LoadMS, t.Flash.Milliseconds(), t.DRAM.Milliseconds(), t.SRAM.Milliseconds(), t.Compute.Milliseconds(), t.Dispatch.Milliseconds()} {
			parts[j].Values = append(parts[j].Values, v)
		}
	}
	return bars{page.Chart{ID: "first", Title: "From a cold start to the first token", Unit: "ms",
		Caption: fmt.Sprintf("Load: the weights come from storage once. Then the prompt of %d tokens is processed; on a loaded model only the prompt counts.", tokens)}, "", parts}
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
		Caption: kindsCaption(r.models)}, "/token", parts.list()}
}

// kindsCaption explains shared repeats where there are any.
func kindsCaption(models []*Model) string {
	for _, m := range models {
		for op := range m.focus().ops {
			if op.Repeated {
				return "Shared repeat: weights of a block read again for the same token because it had left the cache."
			}
		}
	}
	return ""
}

// operatorTimes is the time of a token by the parts of a decoder.
func (r *Report) operatorTimes() bars {
	parts := make([]page.Series, len(opGroups))
	for g, group := range opGroups {
		parts[g] = page.Series{Name: group.name, Color: group.color, Values: make([]float64, len(r.models))}
	}
	for i, m := range r.models {
		l := m.focus()
		for op := range l.ops {
			parts[groupOf(op.Op)].Values[i] += op.Time.Total().Milliseconds() / l.over
		}
	}
	order := []int{2, 1, 3, 0, 4}
	var sorted []page.Series
	for _, g := range order {
		sorted = append(sorted, parts[g])
	}
	return bars{page.Chart{ID: "operators", Title: "Which operators take the time", Unit: "ms",
		Caption: "Launches and waits included."}, "/token", sorted}
}
