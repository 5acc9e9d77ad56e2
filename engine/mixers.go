package engine

import (
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/traces"
)

// shortConv is LFM2's gated short convolution (arXiv 2511.23404). For the values
// B, C and x of a token and taps w, one for each channel and step:
//
//	B, C, x = Win·norm(r)
//	Wout·(C ⊙ Σ over the last n tokens of w ⊙ (B ⊙ x))
//
// The products B ⊙ x of the last n-1 tokens are the layer's state.
func (p *program) shortConv(x *floats, w parts) *floats {
	s := &p.shape
	in, taps, out := w.of(model.ConvIn), w.of(model.ConvTaps), w.of(model.ConvOut)
	state := &p.caches[p.layer].state
	bcx := p.buffer("conv_in", in.Rows)
	h := p.enterHalf("attn_norm", x, w.of(model.AttnNorm), in)
	p.product("conv_in", bcx, in, h)
	mixed := p.inputsFor("convolved", s.Dim, out)
	dst := mixed.of(out)
	p.add("short_conv", work{perToken: int64(taps.Rows) * int64(taps.Cols)}, func(b *batch) {
		if b.pos == 0 {
			clear(state.data)
		}
		p.kernels.ShortConv(dst.batch(b.n), bcx.rows(0, b.n), taps.values, state.data)
	}, each(traces.Read, bcx), whole(taps), recurrent(traces.Read, state), recurrent(traces.Write, state), coded(traces.Write, dst))
	p.product("conv_out", p.projected, out, mixed)
	return p.projected
}

// deltaNet is the gated delta network of Qwen 3.5 (arXiv 2412.06464): what it
// reads and writes. A matrix for each head is its state, which a token decays,
// corrects and reads.
func (p *program) deltaNet(x *floats, w parts) *floats {
	d := p.shape.Delta
	qkv, gate, beta, alpha := w.of(model.AttnQKV), w.of(model.DeltaGate), w.of(model.DeltaBeta), w.of(model.DeltaAlpha)
	out, taps := w.of(model.DeltaOut), w.of(model.DeltaConv)
	c := &p.caches[p.layer]
	mixed, z := p.buffer("delta_qkv", qkv.Rows), p.buffer("delta_gate", gate.Rows)
	bs, as := p.buffer("delta_beta", beta.Rows), p.buffer("delta_alpha", alpha.Rows)
	heads := p.buffer("delta_heads", out.Cols)

	h := p.enterHalf("attn_norm", x, w.of(model.AttnNorm), qkv, gate, beta, alpha)
	p.product("delta_qkv", mixed, qkv, h)
	p.product("delta_gate", z, gate, h)
	p.product("delta_beta", bs, beta, h)
	p.product("delta_alpha", as, alpha, h)
	p.describe("delta_conv", work{perToken: int64(taps.Rows) * int64(taps.Cols)}, each(traces.Read, mixed), whole(taps),
		recurrent(traces.Read, &c.state), recurrent(traces.Write, &c.state), each(traces.Write, mixed))
	p.describe("delta_net", work{perToken: 4 * int64(d.ValueHeads) * int64(d.KeyDim) * int64(d.ValueDim)},
		each(traces.Read, mixed), each(traces.Read, bs), each(traces.Read, as),
		whole(w.of(model.DeltaDecay)), whole(w.bias(model.DeltaStep)),
		recurrent(traces.Read, &c.memory), recurrent(traces.Write, &c.memory), each(traces.Write, heads))
	hidden := p.inputsFor("attended", out.Cols, out)
	p.describe("delta_norm", work{}, each(traces.Read, heads), each(traces.Read, z), whole(w.of(model.DeltaNorm)),
		coded(traces.Write, hidden.of(out)))
	p.product("delta_out", p.projected, out, hidden)
	return p.projected
}

// describe adds an operator that is recorded and not computed.
func (p *program) describe(name string, w work, operands ...operand) {
	p.add(name, w, func(*batch) {}, operands...)
}

// copyOf copies the values of a buffer.
func (p *program) copyOf(name string, dst, src *floats) {
	p.add(name, work{}, func(b *batch) {
		p.kernels.Transpose(dst.rows(0, b.n), src.rows(0, b.n), 1, src.width)
	}, each(traces.Read, src), each(traces.Write, dst))
}

// gated describes heads times the sigmoid of a gate.
func (p *program) gated(name string, heads inputs, gate *floats, reader *tensor) inputs {
	x := heads.of(reader)
	p.describe(name, work{}, coded(traces.Read, x), each(traces.Read, gate), coded(traces.Write, x))
	return heads
}

// perLayerInputs makes the embeddings that each layer has of its own (Gemma 3n,
// Gemma 4): a row of one table, and a projection of the token's embedding,
//
//	e = (√w·P[id] + norm(Wp·x / √dim)) / √2
//
// in w values for each layer. It returns the values of all layers, a layer's
// vectors side by side; nil if the shape has none.
func (p *program) perLayerInputs(x *floats, w parts) *floats {
	s := &p.shape
	if s.PerLayerDim == 0 {
		return nil
	}
	width := s.PerLayerDim * s.Layers
	rows, projected := p.buffer("per_layer_rows", width), p.buffer("per_layer", width)
	table := w.of(model.PerLayerModel)
	p.embed("per_layer_embed", rows, w.of(model.PerLayerEmbd))
	p.scale("per_layer_embed_scale", rows, root(s.PerLayerDim))
	p.product("per_layer_proj", projected, table, p.encodeOf("encode", x, table))
	p.scale("per_layer_proj_scale", projected, 1/root(s.Dim))
	p.headNorm("per_layer_norm", projected, w.of(model.PerLayerNorm))
	p.addTo(rows, projected)
	p.scale("per_layer_scale", rows, 1/root(2))
	p.add("per_layer_split", work{}, func(b *batch) {
		p.kernels.Transpose(projected.rows(0, b.n), rows.rows(0, b.n), s.Layers, s.PerLayerDim)
	}, each(traces.Read, rows), each(traces.Write, projected))
	return projected
}

// addPerLayer adds what a layer makes of its own embedding e to the residual
// stream: x + norm(Wproj·(gelu(Wgate·x) ⊙ e)).
func (p *program) addPerLayer(x, e *floats, w parts) {
	if e == nil {
		return
	}
	s := &p.shape
	gate, proj := w.of(model.PerLayerGate), w.of(model.PerLayerProj)
	g := p.buffer("per_layer_gate", s.PerLayerDim)
	p.product("per_layer_gate", g, gate, p.encodeOf("encode", x, gate))
	out := p.inputsFor("per_layer_hidden", s.PerLayerDim, proj)
	dst, block := out.of(proj), int(p.block)
	step := 4 * int64(s.PerLayerDim) * int64(block)
	own := operand{tensor: e.name, kind: traces.Activation, access: traces.Read, dtype: "f32",
		addr: e.addr + uint64(step), perToken: 4 * int64(s.PerLayerDim), stepToken: step}
	p.add("per_layer_geglu", work{}, func(b *batch) {
		p.kernels.GeGLU(dst.batch(b.n), g.rows(0, b.n), e.part(block, b.n, s.PerLayerDim))
	}, each(traces.Read, g), own, coded(traces.Write, dst))
	y := p.buffer("per_layer_out", s.Dim)
	p.product("per_layer_out", y, proj, out)
	p.headNorm("per_layer_post_norm", y, w.of(model.PerLayerPost))
	p.addTo(x, y)
}
