package traces

import (
	"cmp"
	"slices"
)

// Totals are sums over a group of events.
type Totals struct {
	Ops             int64 // operator executions that took part
	WeightBytes     int64
	KVBytes         int64
	ActivationBytes int64
	ReadBytes       int64
	WrittenBytes    int64
	MACs            int64
	HostNS          int64
}

// Bytes returns the bytes read and written.
func (t Totals) Bytes() int64 { return t.ReadBytes + t.WrittenBytes }

// Group is a line of an inspection: a name and its totals.
type Group struct {
	Name string // operator or tensor; "" in a grouping by layer
	// Layer and Block are -1 outside the blocks and in groupings by name. With
	// layer sharing several layers have one block.
	Layer, Block int32
	Totals
}

// PhaseSummary is what one phase of a run moved.
type PhaseSummary struct {
	Phase    Phase
	Steps    int // forward passes: decode steps, or chunks of the prompt
	Total    Totals
	ByOp     []Group // in order of first appearance
	ByLayer  []Group // in order of execution
	ByTensor []Group // most bytes first
}

// Summary is the inspection of a trace.
type Summary struct {
	Header Header
	Events int64
	Phases []PhaseSummary
}

// Summarize reads src once and sums it by phase, operator, layer and tensor.
func Summarize(src Source) (Summary, error) {
	s := Summary{Header: src.Header()}
	phases := map[Phase]*phaseSums{}
	var order []Phase
	for op, err := range src.Ops() {
		if err != nil {
			return Summary{}, err
		}
		s.Events += int64(len(op))
		sums, ok := phases[op[0].Phase]
		if !ok {
			sums = newPhaseSums()
			phases[op[0].Phase] = sums
			order = append(order, op[0].Phase)
		}
		sums.add(op)
	}
	for _, phase := range order {
		s.Phases = append(s.Phases, phases[phase].summary(phase))
	}
	return s, nil
}

// phaseSums gathers one phase.
type phaseSums struct {
	total                    Totals
	steps                    map[int32]struct{}
	byOp, byLayer, byTensor  map[groupKey]*Group
	opOrder, layerOrder, all []*Group
}

type groupKey struct {
	name  string
	layer int32
}

func newPhaseSums() *phaseSums {
	return &phaseSums{steps: map[int32]struct{}{}, byOp: map[groupKey]*Group{}, byLayer: map[groupKey]*Group{}, byTensor: map[groupKey]*Group{}}
}

func (p *phaseSums) add(op Op) {
	first := &op[0]
	if first.Phase != Load {
		p.steps[first.Token] = struct{}{}
	}
	groups := [2]*Totals{
		group(p.byOp, &p.opOrder, groupKey{first.Op, -1}, -1),
		group(p.byLayer, &p.layerOrder, groupKey{"", first.Layer}, first.Block),
	}
	p.total.Ops++
	groups[0].Ops++
	groups[1].Ops++
	for i := range op {
		e := &op[i]
		p.total.add(e)
		groups[0].add(e)
		groups[1].add(e)
		tensor := group(p.byTensor, &p.all, groupKey{e.Tensor, -1}, -1)
		tensor.add(e)
		tensor.Ops++
	}
}

func group(groups map[groupKey]*Group, order *[]*Group, key groupKey, block int32) *Totals {
	g, ok := groups[key]
	if !ok {
		g = &Group{Name: key.name, Layer: key.layer, Block: block}
		groups[key] = g
		*order = append(*order, g)
	}
	return &g.Totals
}

func (t *Totals) add(e *Event) {
	switch e.Kind {
	case Weight:
		t.WeightBytes += e.Bytes
	case KV:
		t.KVBytes += e.Bytes
	case Activation:
		t.ActivationBytes += e.Bytes
	}
	if e.Access == Read {
		t.ReadBytes += e.Bytes
	} else {
		t.WrittenBytes += e.Bytes
	}
	t.MACs += e.MACs
	t.HostNS += e.HostNS
}

func (p *phaseSums) summary(phase Phase) PhaseSummary {
	s := PhaseSummary{Phase: phase, Steps: len(p.steps), Total: p.total,
		ByOp: values(p.opOrder), ByLayer: values(p.layerOrder), ByTensor: values(p.all)}
	slices.SortStableFunc(s.ByLayer, func(a, b Group) int { return cmp.Compare(a.Layer, b.Layer) })
	slices.SortStableFunc(s.ByTensor, func(a, b Group) int { return cmp.Compare(b.Bytes(), a.Bytes()) })
	return s
}

func values(groups []*Group) []Group {
	out := make([]Group, len(groups))
	for i, g := range groups {
		out[i] = *g
	}
	return out
}
