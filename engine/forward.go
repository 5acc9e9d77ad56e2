package engine

import "github.com/memsim/memsim/engine/model"

// forward builds the forward pass of a decoder. For the residual stream x of a
// token at position t, in the form that Llama has it (arXiv 2302.13971):
//
//	x = E[id]
//	for each executed layer, with the weights of its stored block:
//	    x = x + mix(norm(x), t)            attention, or a mixer of another kind
//	    x = x + feedForward(norm(x))       a gated network, or experts
//	logits = Wout·norm(x), of the last token only
//
// What other families do differently are parts of the shape, each in the step
// that it belongs to: norms behind the halves, scales, caps, embeddings for each
// layer. A step that a shape does not ask for adds no operator.
func (p *program) forward(m *modelTensors) {
	s := &p.shape
	if s.Table != nil {
		p.listedForward(m)
		return
	}
	x := p.buffer("residual", s.Dim)
	p.projected = p.buffer("projected", s.Dim)
	p.layOut()

	p.enter(outside, outside)
	p.embed("embed", x, m.outer.of(model.TokenEmbd))
	p.scale("embed_scale", x, s.EmbeddingScale)
	perLayer := p.perLayerInputs(x, m.outer)
	for layer, block := range s.Schedule() {
		w, l := m.blocks[block], s.Layer(block)
		p.enter(layer, block)

		y := p.mix(x, l, w)
		y = p.normInPlace("attn_post_norm", y, w.of(model.PostAttnNorm))
		p.addScaled(x, y)

		y = p.feedForward(x, l, w)
		y = p.normInPlace("ffn_post_norm", y, w.of(model.PostFFNNorm))
		p.addScaled(x, y)

		p.addPerLayer(x, perLayer, w)
		p.scaleBy("layer_scale", x, w.of(model.LayerScale))
	}

	p.enter(outside, outside)
	p.head = len(p.ops)
	if p.allLogits {
		p.logits = p.buffer("logits", s.Vocab)
		h := p.norm("output_norm", x, m.outer.of(model.OutputNorm), m.output)
		p.product("output", p.logits, m.output, h)
	} else {
		p.logits = p.acts.float("logits", s.Vocab, 1)
		h := p.lastNorm("output_norm", x, m.outer.of(model.OutputNorm), m.output)
		p.lastProduct("output", p.logits, m.output, h)
	}
	p.logitBias("output_bias", m.outer.bias(model.Output))
	p.scaleLogits("logit_scale", s.LogitScale)
	p.capLogits("logit_cap", s.LogitCap)
}

// mix moves values between positions, by the mixer of the layer.
func (p *program) mix(x *floats, l model.Layer, w parts) *floats {
	switch l.Mixer {
	case model.ShortConv:
		return p.shortConv(x, w)
	case model.GatedNet:
		return p.deltaNet(x, w)
	}
	return p.attention(x, l, w)
}

// outside is the layer and the block of operators outside the blocks.
const outside = -1

// enter says which layer and block the next operators belong to.
func (p *program) enter(layer, block int) { p.layer, p.block = int32(layer), int32(block) }
