package graphs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// buffer is memory that operands lie in.
type buffer struct {
	kind   traces.Kind
	tensor string // for the trace
	addr   uint64 // of an activation, from the start of its arena
	bytes  int64
	weight *Tensor // nil: no weight
	last   int     // operator of the pass that uses it last
	input  bool    // it is there before the pass
}

// value is a named operand of a pass: a shape of a buffer.
type value struct {
	Operand
	*buffer
}

// step is an operator with its operands found.
type step struct {
	*Node
	layer   int32
	sources []*value
	result  *value
	made    bool // the result has a buffer of its own
}

// views give another shape to the bytes of their operand.
var views = map[string]bool{"VIEW": true, "RESHAPE": true, "PERMUTE": true, "TRANSPOSE": true, "NONE": true}

// binder finds the operands of the operators of a graph.
type binder struct {
	graph   *Graph
	model   *Model
	weights map[string]*buffer
	caches  map[string]*buffer // of all passes
	order   []*buffer          // caches in order of their first use

	types  map[string]string   // of operands that no operator makes
	scope  map[string][]*value // results of the pass, the last one of a name behind
	inputs []*buffer           // of the pass
	at     int                 // operator of the pass
}

func newBinder(g *Graph, m *Model) *binder {
	b := &binder{graph: g, model: m, weights: map[string]*buffer{}, caches: map[string]*buffer{}, types: map[string]string{}}
	for i := range m.Tensors {
		t := &m.Tensors[i]
		b.weights[t.Name] = &buffer{kind: traces.Weight, tensor: t.Name, addr: t.Offset, bytes: t.Bytes, weight: t}
	}
	for _, pass := range g.Passes {
		for i := range pass.Nodes {
			b.noteTypes(&pass.Nodes[i])
		}
	}
	return b
}

// noteTypes keeps what an operator says of the formats of its operands: a view has
// the format of what it views, and ids and positions are integers.
func (b *binder) noteTypes(n *Node) {
	note := func(i int, format string) {
		if i < len(n.Sources) && b.types[n.Sources[i].Name] == "" {
			b.types[n.Sources[i].Name] = format
		}
	}
	for i := range n.Sources {
		if t := n.Sources[i].Type; t != "" {
			note(i, t)
		}
	}
	switch {
	case views[n.Op]:
		note(0, n.Result.Type)
	case n.Op == "GET_ROWS" || n.Op == "ROPE":
		note(1, "i32")
	case n.Op == "SET_ROWS":
		note(1, "i64")
	case n.Op == "MUL_MAT_ID" || n.Op == "ADD_ID":
		note(2, "i32")
	}
}

// pass finds the operands of all operators of a pass.
func (b *binder) pass(p *Pass) ([]step, error) {
	b.scope, b.inputs = map[string][]*value{}, nil
	steps := make([]step, 0, len(p.Nodes))
	layers := layersOf(p.Nodes, max(b.model.Shape.LayersStored, 1))
	for i := range p.Nodes {
		n := &p.Nodes[i]
		b.at = len(steps)
		s := step{Node: n, layer: layers[i]}
		for j := range n.Sources {
			v, err := b.find(n, &n.Sources[j])
			if err != nil {
				return nil, err
			}
			s.sources = append(s.sources, v)
		}
		b.complete(&s)
		b.settle(&s)
		b.scope[n.Result.Name] = append(b.scope[n.Result.Name], s.result)
		if views[n.Op] || n.Result.Elements() == 0 {
			continue // launches nothing
		}
		for _, v := range append(s.sources, s.result) {
			v.last = b.at
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// find returns what an operand's name stands for: a weight, the latest result of
// that name (of its shape, if several have the name), or what is there before the
// pass.
func (b *binder) find(n *Node, o *Operand) (*value, error) {
	if w, ok := b.weights[o.Name]; ok {
		if want := w.weight.Cols * w.weight.Rows; o.Dims[0] != w.weight.Cols || o.Elements() != want {
			return nil, fault.Userf("%s:%d: %s has shape %v, and in %s %d × %d; is it the model that the log is of?",
				b.graph.Name, n.Line, o.Name, o.Dims, b.model.Path, w.weight.Cols, w.weight.Rows)
		}
		return &value{Operand{o.Name, o.Dims, w.weight.Type}, w}, nil
	}
	if made := b.scope[o.Name]; len(made) > 0 {
		return &value{Operand{o.Name, o.Dims, latest(made, o).Type}, latest(made, o).buffer}, nil
	}
	if strings.HasSuffix(o.Name, ".weight") || strings.HasSuffix(o.Name, ".bias") {
		return nil, fault.Userf("%s:%d: tensor %s is not in %s; give the model that the log is of with --model", b.graph.Name, n.Line, o.Name, b.model.Path)
	}
	return b.leaf(o), nil
}

// latest returns the last of several results that has the shape, else the number
// of values, else the last.
func latest(made []*value, o *Operand) *value {
	for _, same := range []func(v *value) bool{
		func(v *value) bool { return v.Dims == o.Dims },
		func(v *value) bool { return v.Elements() == o.Elements() },
	} {
		for _, v := range slices.Backward(made) {
			if same(v) {
				return v
			}
		}
	}
	return made[len(made)-1]
}

// leaf returns an operand that no operator made: a cache, which stays from pass to
// pass, or an input.
func (b *binder) leaf(o *Operand) *value {
	format := b.types[o.Name]
	if format == "" {
		format = "f32"
	}
	bytes := traces.Bytes(format, o.Elements())
	v := &value{Operand{o.Name, o.Dims, format}, nil}
	if strings.HasPrefix(o.Name, "cache_") {
		name := stem(o.Name)
		if b.caches[name] == nil {
			b.caches[name] = &buffer{kind: traces.KV, tensor: name}
			b.order = append(b.order, b.caches[name])
		}
		v.buffer = b.caches[name]
		v.bytes = max(v.bytes, bytes)
		return v
	}
	v.buffer = &buffer{kind: traces.Activation, tensor: o.Name, bytes: bytes, input: true}
	b.inputs = append(b.inputs, v.buffer)
	b.scope[o.Name] = append(b.scope[o.Name], v)
	return v
}

// stem is a name without what views and copies put behind it.
func stem(name string) string {
	name, _, _ = strings.Cut(name, " (")
	return name
}

// complete puts in the operands that a log does not print, where the graph shows
// what they are.
func (b *binder) complete(s *step) {
	switch {
	case s.Op == "SET_ROWS" && len(s.sources) == 2:
		s.sources = append(s.sources, b.leaf(&Operand{stem(s.Result.Name), s.Result.Dims, s.Result.Type}))
	case s.Op == "FLASH_ATTN_EXT" && len(s.sources) == 2 && strings.HasPrefix(s.sources[1].tensor, "cache_k"):
		k := s.sources[1]
		name := "cache_v" + strings.TrimPrefix(k.tensor, "cache_k")
		if b.caches[name] != nil {
			s.sources = append(s.sources, &value{Operand{name, k.Dims, k.Type}, b.caches[name]})
		}
	}
}

// settle says where an operator's result lies: in what it views or stores into, or
// in a buffer of its own.
func (b *binder) settle(s *step) {
	s.result = &value{s.Result, nil}
	inPlace := len(s.sources) > 0 && s.Result.Name == s.sources[0].Name+" (view)"
	switch {
	case (views[s.Op] || inPlace) && len(s.sources) > 0:
		s.result.buffer = s.sources[0].buffer
	case s.Op == "SET_ROWS" && len(s.sources) > 2:
		s.result.buffer = s.sources[2].buffer
	case s.Op == "CPY" && len(s.sources) > 1:
		s.result.buffer = s.sources[1].buffer
	default:
		s.made = true
		s.result.buffer = &buffer{kind: traces.Activation, tensor: s.Result.Name, bytes: traces.Bytes(s.Result.Type, s.Result.Elements())}
	}
	if s.result.tensor == "" {
		s.result.tensor = fmt.Sprintf("node at line %d", s.Line)
	}
}
