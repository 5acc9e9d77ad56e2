package engine

// forward builds the forward pass of a decoder of the Llama family (arXiv
// 2302.13971; grouped-query attention 2305.13245; layer sharing 2402.14905; the
// biases of Qwen2, 2407.10671, and the head norms of Qwen3, 2505.09388). For the
// residual stream x of a token at position t:
//
//	x = E[id]
//	for each executed layer, with the weights of its stored block:
//	    h = RMSNorm(x);  q, k, v = Wq·h, Wk·h, Wv·h;  q, k = RoPE(q, t), RoPE(k, t)
//	    K[t], V[t] = k, v
//	    x = x + Wo·concat over heads of softmax(q·Kᵀ/√d)·V
//	    h = RMSNorm(x)
//	    x = x + Wdown·(silu(Wgate·h) ⊙ Wup·h)
//	logits = Wout·RMSNorm(x), of the last token only
func (p *program) forward(m *modelTensors) {
	s := &p.shape
	buffer := func(name string, width int) *floats { return p.acts.float(name, width, p.acts.batch) }
	x, projected := buffer("residual", s.Dim), buffer("projected", s.Dim)
	q, k, v := buffer("query", s.QDim()), buffer("key", s.KVDim()), buffer("value", s.KVDim())
	gate, up := buffer("gate", s.FFN), buffer("up", s.FFN)

	p.enter(outside, outside)
	p.embed(x, m.embedding)
	for layer, block := range s.Schedule() {
		w, cache := &m.blocks[block], &p.caches[layer]
		p.enter(layer, block)

		h := p.norm("attn_norm", x, w.attnNorm, w.q, w.k, w.v)
		p.product("attn_q", q, w.q, h)
		p.bias("attn_q_bias", q, w.qBias)
		p.product("attn_k", k, w.k, h)
		p.bias("attn_k_bias", k, w.kBias)
		p.product("attn_v", v, w.v, h)
		p.bias("attn_v_bias", v, w.vBias)
		p.headNorm("attn_q_norm", q, w.qNorm)
		p.headNorm("attn_k_norm", k, w.kNorm)
		p.rotate(q, k)
		p.store(cache, k, v)
		heads := p.attend(q, cache, w.output)
		p.product("attn_output", projected, w.output, heads)
		p.addTo(x, projected)

		h = p.norm("ffn_norm", x, w.ffnNorm, w.gate, w.up)
		p.product("ffn_gate", gate, w.gate, h)
		p.product("ffn_up", up, w.up, h)
		hidden := p.swiglu(gate, up, w.down)
		p.product("ffn_down", projected, w.down, hidden)
		p.addTo(x, projected)
	}

	p.enter(outside, outside)
	p.head = len(p.ops)
	p.logits = p.acts.float("logits", s.Vocab, 1)
	h := p.lastNorm("output_norm", x, m.outputNorm, m.output)
	p.lastProduct("output", p.logits, m.output, h)
}

// outside is the layer and the block of operators outside the blocks.
const outside = -1

// enter says which layer and block the next operators belong to.
func (p *program) enter(layer, block int) { p.layer, p.block = int32(layer), int32(block) }
