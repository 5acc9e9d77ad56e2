package engine

import (
	"slices"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/traces"
)

// listedForward describes the forward pass of a decoder that is known by its table
// of tensors alone, and is not computed. In each block, in the file's order, a
// matrix is a product with a vector, a stack of experts products with those that are
// chosen, and a vector (a norm, a bias) is applied to a value of its length.
// Attention over the cache stands in front of the output matrix.
func (p *program) listedForward(m *modelTensors) {
	s := &p.shape
	x := p.buffer("residual", s.Dim)
	p.projected = p.buffer("projected", s.Dim)
	p.enter(outside, outside)
	p.embed("embed", x, m.outer.of(model.TokenEmbd))
	var behind []*tensor
	for _, t := range m.listedOuter {
		switch role := listedRole(t); {
		case role == model.TokenEmbd && t.Rows == s.Vocab, t == m.output:
		case strings.HasPrefix(string(role), "output"):
			behind = append(behind, t)
		default:
			p.listedOuter(t, role)
		}
	}
	for layer, block := range s.Schedule() {
		p.enter(layer, block)
		if s.Table.Runs(block) {
			p.listedBlock(x, s.Layer(block), m.listed[block])
		}
	}
	p.enter(outside, outside)
	p.head = len(p.ops)
	p.listedHead(x, behind, m.output)
}

// listedRole returns the tensor's place by its name.
func listedRole(t *tensor) model.Role {
	return model.Listed(t.Name, int(blockOf(t.Name)), t.Rows, t.Cols, 0).Role
}

// listedOuter describes a tensor outside the blocks: a table by tokens or positions
// gives a row a token, another matrix is a product.
func (p *program) listedOuter(t *tensor, role model.Role) {
	table := strings.Contains(string(role), "embd") || role == "token_types"
	switch {
	case t.Rows == 1:
		p.listedVector(string(role), t)
	case table && t.Rows == p.shape.Vocab:
		p.embed(string(role), p.buffer(string(role), t.Cols), t)
	case table:
		row := whole(t)
		row.fixed, row.perToken = 0, int64(t.Type.RowBytes(t.Cols))
		if t.Rows < p.shape.Context { // of a few kinds, all tokens are of one
			row.fixed, row.perToken = row.perToken, 0
		}
		p.describe(string(role), work{}, row, each(traces.Write, p.buffer(string(role), t.Cols)))
	default:
		p.listedProduct(string(role), t)
	}
}

// listedBlock describes the operators of one block.
func (p *program) listedBlock(x *floats, l model.Layer, tensors []*tensor) {
	at := -1
	if l.Mixer == model.Attention {
		at = attentionBefore(tensors)
	}
	var r *router
	for i, t := range tensors {
		if i == at {
			p.listedAttention(l)
		}
		role := string(listedRole(t))
		name := role
		if strings.HasSuffix(t.Name, ".bias") {
			name += "_bias"
		}
		switch e := p.shape.Experts; {
		case e != nil && strings.HasSuffix(role, "_exps") && t.Rows%e.Count == 0:
			if r == nil {
				r = p.listedRoute()
			}
			p.listedExperts(name, t, *r)
		case t.Rows == 1:
			p.listedVector(name, t)
		default:
			p.listedProduct(name, t)
			if ends := strings.HasPrefix(role, "attn_out") || strings.HasPrefix(role, "ffn_down"); ends && t.Rows == x.width {
				p.addTo(x, p.projected)
			}
		}
	}
	if at == len(tensors) {
		p.listedAttention(l)
	}
}

// attentionBefore returns the index of the tensor in front of which a block attends:
// the first that takes the result, or the one behind the last of attention's.
func attentionBefore(tensors []*tensor) int {
	starts := func(prefix string) func(t *tensor) bool {
		return func(t *tensor) bool { return strings.HasPrefix(string(listedRole(t)), prefix) }
	}
	if i := slices.IndexFunc(tensors, starts("attn_out")); i >= 0 {
		return i
	}
	at := 0
	for i, t := range tensors {
		if starts("attn")(t) {
			at = i + 1
		}
	}
	return at
}

// listedAttention describes attention of the layer over its cache.
func (p *program) listedAttention(l model.Layer) {
	c := &p.caches[p.layer]
	keys, values := l.Heads*l.HeadDim, l.Heads*l.ValueDim
	if values == 0 {
		values = keys // a part of what is cached
	}
	q, k := p.buffer("query", keys), p.buffer("key", l.KVDim())
	store := []operand{each(traces.Read, k), appended(&c.k)}
	attend := []operand{each(traces.Read, q), attended(&c.k, l.Window)}
	if l.ValueDim > 0 {
		store = append(store, each(traces.Read, p.buffer("value", l.VDim())), appended(&c.v))
		attend = append(attend, attended(&c.v, l.Window))
	}
	p.describe("kv_store", work{}, store...)
	p.describe("attention", work{perPair: int64(keys) + int64(values), window: int64(l.Window)},
		append(attend, each(traces.Write, p.buffer("attended", values)))...)
}

// listedVector describes a norm or a bias.
func (p *program) listedVector(name string, t *tensor) {
	x := p.buffer("value_of", t.Cols)
	p.describe(name, work{}, each(traces.Read, x), whole(t), each(traces.Write, x))
}

// listedProduct describes a product with each vector of the batch.
func (p *program) listedProduct(name string, t *tensor) {
	in := p.inputsFor("listed", t.Cols, t).of(t)
	out := p.projected
	if t.Rows != out.width {
		out = p.buffer("product", t.Rows)
	}
	p.describe(name, work{perToken: int64(t.Rows) * int64(t.Cols)}, whole(t), coded(traces.Read, in), each(traces.Write, out))
}

// listedRoute describes the choice of experts.
func (p *program) listedRoute() *router {
	e := p.shape.Experts
	logits := p.buffer("router_logits", e.Count)
	r := &router{ids: p.acts.ints("experts", e.Used), weights: p.buffer("expert_weights", e.Used)}
	index, layer := len(p.routers), int(p.layer)
	p.routers = append(p.routers, *r)
	p.add("ffn_route", work{}, func(b *batch) {
		p.routes.Choose(r.ids.rows(b.n), e.Used, layer, b.pos)
		b.keepRoutes(index, r.ids.rows(b.n))
	}, each(traces.Read, logits), eachInt(traces.Write, r.ids), each(traces.Write, r.weights))
	return r
}

// listedExperts describes products with the chosen matrices of a stack, or their
// biases or scales.
func (p *program) listedExperts(name string, t *tensor, r router) {
	e := p.shape.Experts
	rows := t.Rows / e.Count
	out := p.buffer("expert_out", e.Used*rows)
	w := work{perToken: int64(e.Used) * int64(rows) * int64(t.Cols)}
	if strings.HasSuffix(name, "_bias") {
		out, w = p.buffer("expert_out", e.Used*t.Cols), work{}
		p.describe(name, w, each(traces.Read, out), p.chosen(t, rows), eachInt(traces.Read, r.ids), each(traces.Write, out))
		return
	}
	in := p.inputsFor("listed", t.Cols, t).of(t)
	p.describe(name, w, p.chosen(t, rows), coded(traces.Read, in), eachInt(traces.Read, r.ids), each(traces.Write, out))
}

// listedHead describes what lies behind the blocks: norms, and the logits.
func (p *program) listedHead(x *floats, behind []*tensor, output *tensor) {
	in := p.inputsFor("normed", x.width, output).of(output)
	read, write, vectors := last(x), codedFirst(traces.Write, in), codedFirst(traces.Read, in)
	w := work{fixed: int64(output.Rows) * int64(output.Cols)}
	p.logits = p.acts.float("logits", p.shape.Vocab, 1)
	if p.allLogits {
		p.logits = p.buffer("logits", p.shape.Vocab)
		read, write, vectors = each(traces.Read, x), coded(traces.Write, in), coded(traces.Read, in)
		w = work{perToken: w.fixed}
	}
	norm := []operand{read}
	for _, t := range behind {
		norm = append(norm, whole(t))
	}
	p.describe("output_norm", work{}, append(norm, write)...)
	_, logits := p.logitOperands()
	p.describe("output", w, whole(output), vectors, logits)
}
