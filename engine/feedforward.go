package engine

import (
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/traces"
)

// feedForward is the second half of a layer: a gated network
//
//	h = norm(x);  Wdown·(act(Wgate·h) ⊙ Wup·h)
//
// or a mixture of experts, each of which is such a network.
func (p *program) feedForward(x *floats, l model.Layer, w parts) *floats {
	if l.Experts {
		return p.mixture(x, l, w)
	}
	h := p.enterHalf("ffn_norm", x, w.of(model.FFNNorm), w.some(model.FFNGate, model.FFNUp)...)
	p.network("ffn", p.projected, h, l.FFN, w, model.FFNGate, model.FFNUp, model.FFNDown)
	return p.projected
}

// network writes a gated network of h. Without a matrix of its own, the gate is
// the first half of up's rows.
func (p *program) network(name string, dst *floats, h inputs, ffn int, w parts, gate, up, down model.Role) {
	g, u := p.buffer("gate", ffn), p.buffer("up", ffn)
	if w.of(gate) == nil {
		p.products(name+"_up", w.of(up), h, g, u)
	} else {
		p.product(name+"_gate", g, w.of(gate), h)
		p.bias(name+"_gate_bias", g, w.bias(gate))
		p.product(name+"_up", u, w.of(up), h)
		p.bias(name+"_up_bias", u, w.bias(up))
	}
	hidden := p.activate(g, u, w.of(down))
	p.product(name+"_down", dst, w.of(down), hidden)
	p.bias(name+"_down_bias", dst, w.bias(down))
}

// activations by name: the operator's name, which runtimes fuse by, is that of
// the function.
var activationOps = map[model.Activation]string{
	model.SiLU: "swiglu", model.GELU: "geglu", model.ClampedGLU: "clamped_glu",
}

// activate writes act(gate) ⊙ up for the reader.
func (p *program) activate(gate, up *floats, reader *tensor) inputs {
	out := p.inputsFor("hidden", gate.width, reader)
	dst := out.of(reader)
	act := p.activation()
	p.add(activationOps[p.shape.Activation], work{}, func(b *batch) {
		act(dst.batch(b.n), gate.rows(0, b.n), up.rows(0, b.n))
	}, each(traces.Read, gate), each(traces.Read, up), coded(traces.Write, dst))
	return out
}
