package engine

import (
	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/traces"
)

// router is the choice of experts of one layer: for each token of the batch the
// experts that its value passes, and their weights.
type router struct {
	ids     *ints   // batch × used
	weights *floats // batch × used
}

// mixture is a mixture of experts: a router gives each token to a few of many
// gated networks, whose results are added by weight,
//
//	h = norm(x);  r = gate(Wr·h);  Σ over the chosen e of r[e]·FFNe(h)
//
// Operators of experts read the weights of those that the batch's tokens chose,
// and of each of them once.
func (p *program) mixture(x *floats, l model.Layer, w parts) *floats {
	e := p.shape.Experts
	choice, gateExps, up, down := w.of(model.Router), w.of(model.ExpertGate), w.of(model.ExpertUp), w.of(model.ExpertDown)
	if e.Parallel {
		return p.besideDense(x, l, w)
	}
	readers := append([]*tensor{choice, gateExps, up}, w.some(model.SharedGate, model.SharedUp)...)
	h := p.enterHalf("ffn_norm", x, w.of(model.FFNNorm), readers...)
	r := p.route(h, choice, w)
	p.expertNetworks(h, r, w, gateExps, up, down)
	p.combine(p.projected, r)
	if e.SharedFFN > 0 {
		shared := p.buffer("shared", p.shape.Dim)
		p.network("ffn_shared", shared, h, e.SharedFFN, w, model.SharedGate, model.SharedUp, model.SharedDown)
		p.addTo(p.projected, shared)
	}
	return p.projected
}

// besideDense describes Gemma 4's experts, which run beside a dense network on
// the same residual stream with norms of their own.
func (p *program) besideDense(x *floats, l model.Layer, w parts) *floats {
	dense := p.buffer("dense", p.shape.Dim)
	h := p.enterHalf("ffn_norm", x, w.of(model.FFNNorm), w.some(model.FFNGate, model.FFNUp)...)
	p.network("ffn", dense, h, l.FFN, w, model.FFNGate, model.FFNUp, model.FFNDown)
	p.normInPlace("ffn_post_norm_1", dense, w.of(model.PostNorm1))
	choice, gate, up, down := w.of(model.Router), w.of(model.ExpertGate), w.of(model.ExpertUp), w.of(model.ExpertDown)
	h = p.enterHalf("ffn_norm_2", x, w.of(model.PreNorm2), choice, gate, up)
	r := p.route(h, choice, w)
	p.expertNetworks(h, r, w, gate, up, down)
	p.combine(p.projected, r)
	p.normInPlace("ffn_post_norm_2", p.projected, w.of(model.PostNorm2))
	p.addTo(p.projected, dense)
	return p.projected
}

// route chooses the experts of each token.
func (p *program) route(h inputs, choice *tensor, w parts) router {
	e := p.shape.Experts
	logits := p.buffer("router_logits", e.Count)
	p.product("ffn_router", logits, choice, h)
	p.bias("ffn_router_bias", logits, w.bias(model.Router))
	r := router{ids: p.acts.ints("experts", e.Used), weights: p.buffer("expert_weights", e.Used)}
	index := len(p.routers)
	p.routers = append(p.routers, r)
	shape := kernels.RouteShape{
		Experts: e.Count, Used: e.Used, Scale: float32(e.Scale), Normalize: e.Normalize,
		Sigmoid: e.Gate == model.SigmoidGate, Chosen: e.Gate == model.SoftmaxChosenGate,
	}
	operands := []operand{each(traces.Read, logits)}
	if bias := w.bias(model.ChoiceBias); bias != nil {
		shape.Bias = bias.values
		operands = append(operands, whole(bias))
	}
	layer := int(p.layer)
	p.add("ffn_route", work{}, func(b *batch) {
		if p.routes != nil {
			p.routes.Choose(r.ids.rows(b.n), e.Used, layer, b.pos)
		} else {
			p.kernels.Route(r.ids.rows(b.n), r.weights.rows(0, b.n), logits.rows(0, b.n), shape)
		}
		b.keepRoutes(index, r.ids.rows(b.n))
	}, append(operands, eachInt(traces.Write, r.ids), each(traces.Write, r.weights))...)
	return r
}

// expertNetworks writes the results of the chosen networks, a vector for each of
// a token's experts.
func (p *program) expertNetworks(h inputs, r router, w parts, gate, up, down *tensor) {
	e, n := p.shape.Experts, p.shape.Experts.Used
	g, u := p.buffer("expert_gate", n*e.FFN), p.buffer("expert_up", n*e.FFN)
	out := p.buffer("expert_out", n*p.shape.Dim)
	p.expertProduct("ffn_gate_exps", g, gate, h.of(gate), r, 1)
	p.expertBias("ffn_gate_exps_bias", g, w.bias(model.ExpertGate), r)
	p.expertProduct("ffn_up_exps", u, up, h.of(up), r, 1)
	p.expertBias("ffn_up_exps_bias", u, w.bias(model.ExpertUp), r)
	hidden := p.inputsOf("expert_hidden", e.FFN, n*p.acts.batch, down).of(down)
	act := p.activation()
	p.add(activationOps[p.shape.Activation], work{}, func(b *batch) {
		act(hidden.batch(n*b.n), g.rows(0, b.n), u.rows(0, b.n))
	}, each(traces.Read, g), each(traces.Read, u), codedTimes(traces.Write, hidden, n))
	p.expertProduct("ffn_down_exps", out, down, hidden, r, n)
	p.expertBias("ffn_down_exps_bias", out, w.bias(model.ExpertDown), r)
}

// expertProduct multiplies each token's value, or each of its slots' if there is
// a vector for each, with the matrices of its experts.
func (p *program) expertProduct(name string, dst *floats, t *tensor, x *encoded, r router, vectors int) {
	e := p.shape.Experts
	m, rows := t.matrix(), t.Rows/e.Count
	p.add(name, work{perToken: int64(e.Used) * int64(rows) * int64(t.Cols)}, func(b *batch) {
		p.kernels.MatMulExperts(dst.rows(0, b.n), m, rows, x.batch(vectors*b.n), r.ids.rows(b.n), e.Used)
	}, p.chosen(t, rows), codedTimes(traces.Read, x, vectors), eachInt(traces.Read, r.ids), each(traces.Write, dst))
}

// expertBias adds each expert's bias to the vectors of its slots, if there are
// biases.
func (p *program) expertBias(name string, x *floats, t *tensor, r router) {
	if t == nil {
		return
	}
	p.add(name, work{}, func(b *batch) {
		p.kernels.AddExpertBias(x.rows(0, b.n), t.values, r.ids.rows(b.n), t.Cols)
	}, each(traces.Read, x), p.chosen(t, 1), eachInt(traces.Read, r.ids), each(traces.Write, x))
}

// combine adds the results of a token's experts by their weights.
func (p *program) combine(dst *floats, r router) {
	used := p.shape.Experts.Used
	out := p.buffer("expert_out", used*p.shape.Dim)
	p.add("ffn_combine", work{}, func(b *batch) {
		p.kernels.Combine(dst.rows(0, b.n), out.rows(0, b.n), r.weights.rows(0, b.n), used)
	}, each(traces.Read, out), each(traces.Read, r.weights), each(traces.Write, dst))
}

// chosen is the part of a tensor of experts that the batch's tokens read: rows
// of each expert that one of them chose.
func (p *program) chosen(t *tensor, rows int) operand {
	o := whole(t)
	o.fixed = 0
	o.perExpert = int64(rows) * int64(t.Type.RowBytes(t.Cols))
	o.router = len(p.routers) // the last one made, counted from 1
	return o
}

// Routes chooses experts where no router computes them: in shape-only sessions.
type Routes interface {
	// Choose fills dst, used numbers of experts for each token, the first at
	// position pos. The experts of one token differ.
	Choose(dst []int32, used, layer, pos int)
}
