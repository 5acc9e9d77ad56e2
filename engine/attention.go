package engine

import (
	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/traces"
)

// attention is grouped-query attention (arXiv 2305.13245) of a layer:
//
//	h = norm(x);  q, k, v = Wq·h, Wk·h, Wv·h;  q, k = RoPE(q, t), RoPE(k, t)
//	K[t], V[t] = k, v
//	Wo·concat over heads of softmax(q·Kᵀ/√d)·V
//
// with the biases of Qwen 2, the head norms of Qwen 3, the one matrix for Q, K
// and V of Phi-3, and the windows, caps and sinks of the layer. A layer that
// shares a cache reads the one of an earlier layer and makes no keys.
func (p *program) attention(x *floats, l model.Layer, w parts) *floats {
	s := &p.shape
	cache := p.cacheOf(l)
	own := cache.layer == p.layer
	q, k, v := p.buffer("query", l.QDim()), p.buffer("key", l.KVDim()), p.buffer("value", l.KVDim())

	h := p.enterHalf("attn_norm", x, w.of(model.AttnNorm), w.some(model.AttnQKV, model.AttnQ, model.AttnK, model.AttnV)...)
	var gate *floats
	if s.FusedQKV {
		p.products("attn_qkv", w.of(model.AttnQKV), h, q, k, v)
		p.bias("attn_q_bias", q, w.bias(model.AttnQKV).slice(0, q.width))
		p.bias("attn_k_bias", k, w.bias(model.AttnQKV).slice(q.width, k.width))
		p.bias("attn_v_bias", v, w.bias(model.AttnQKV).slice(q.width+k.width, v.width))
	} else {
		if s.OutputGate {
			gate = p.buffer("query_gate", q.width)
			p.products("attn_q", w.of(model.AttnQ), h, q, gate)
		} else {
			p.product("attn_q", q, w.of(model.AttnQ), h)
		}
		p.bias("attn_q_bias", q, w.bias(model.AttnQ))
		if own {
			p.product("attn_k", k, w.of(model.AttnK), h)
			p.bias("attn_k_bias", k, w.bias(model.AttnK))
			if l.KeyIsValue {
				p.copyOf("attn_v", v, k)
			} else {
				p.product("attn_v", v, w.of(model.AttnV), h)
				p.bias("attn_v_bias", v, w.bias(model.AttnV))
			}
		}
	}
	p.headNorm("attn_q_norm", q, w.of(model.AttnQNorm))
	if own {
		p.headNorm("attn_k_norm", k, w.of(model.AttnKNorm))
		if s.ValueNorm {
			p.unitNorm("attn_v_norm", v, l.HeadDim)
		}
		p.rotate(l, q, k)
		p.store(cache, k, v)
	} else {
		p.rotate(l, q, nil)
	}
	p.temper(q)
	heads := p.attend(q, cache, l, w)
	if gate != nil {
		heads = p.gated("attn_gate", heads, gate, w.of(model.AttnOut))
	}
	p.product("attn_output", p.projected, w.of(model.AttnOut), heads)
	p.bias("attn_output_bias", p.projected, w.bias(model.AttnOut))
	return p.projected
}

// cacheOf returns the KV cache that the layer being built reads.
func (p *program) cacheOf(l model.Layer) *layerCache {
	if int32(l.KVFrom) != p.block {
		return &p.caches[l.KVFrom]
	}
	return &p.caches[p.layer]
}

// headNorm normalises each head of x, or all of them at once if the weight is
// as long as that, if there is a weight for it.
func (p *program) headNorm(name string, x *floats, t *tensor) {
	if t == nil {
		return
	}
	size, eps := t.Cols, float32(p.shape.NormEps)
	p.add(name, work{}, func(b *batch) {
		p.kernels.HeadNorm(x.rows(0, b.n), t.values, b.n, x.width/size, size, eps)
	}, each(traces.Read, x), whole(t), each(traces.Write, x))
}

// unitNorm normalises each head of x without weights.
func (p *program) unitNorm(name string, x *floats, headDim int) {
	eps := float32(p.shape.NormEps)
	p.add(name, work{}, func(b *batch) {
		p.kernels.HeadNorm(x.rows(0, b.n), nil, b.n, x.width/headDim, headDim, eps)
	}, each(traces.Read, x), each(traces.Write, x))
}

// rotate applies rotary position embedding to queries and, unless nil, keys.
func (p *program) rotate(l model.Layer, q, k *floats) {
	if !l.Rotates {
		return
	}
	table := p.ropes.of(l)
	turned := []*floats{q}
	heads := []int{l.Heads, l.KVHeads}
	operands := []operand{each(traces.Read, q)}
	if k != nil {
		turned, operands = append(turned, k), append(operands, each(traces.Read, k))
	}
	for _, x := range turned {
		operands = append(operands, each(traces.Write, x))
	}
	p.add("rope", work{}, func(b *batch) {
		for i, x := range turned {
			p.kernels.RoPE(x.rows(0, b.n), b.n, heads[i], l.HeadDim, b.pos, table)
		}
	}, operands...)
}

// temper scales queries by their position, if the shape asks for it.
func (p *program) temper(q *floats) {
	s := &p.shape
	if s.Temperature == 0 {
		return
	}
	p.add("attn_temperature", work{}, func(b *batch) {
		for i := range b.n {
			p.kernels.Scale(q.rows(i, i+1), temperature(s, b.pos+i))
		}
	}, each(traces.Read, q), each(traces.Write, q))
}

// store appends the batch's keys and values to the layer's cache.
func (p *program) store(c *layerCache, k, v *floats) {
	p.add("kv_store", work{}, func(b *batch) {
		c.k.store(p.kernels, k, b)
		c.v.store(p.kernels, v, b)
	}, each(traces.Read, k), each(traces.Read, v), appended(&c.k), appended(&c.v))
}

// attend writes each head's attention over the cache for the output matrix.
func (p *program) attend(q *floats, c *layerCache, l model.Layer, w parts) inputs {
	s := &p.shape
	reader, sinks := w.of(model.AttnOut), w.of(model.AttnSinks)
	out := p.inputsFor("attended", q.width, reader)
	dst := out.of(reader)
	shape := kernels.AttentionShape{
		Heads: l.Heads, KVHeads: l.KVHeads, HeadDim: l.HeadDim,
		Window: l.Window, Ring: c.k.positions, Scale: float32(s.AttentionScale), Cap: float32(s.AttentionCap),
	}
	operands := []operand{each(traces.Read, q), attended(&c.k, l.Window), attended(&c.v, l.Window)}
	if sinks != nil {
		shape.Sinks = sinks.values
		operands = append(operands, whole(sinks))
	}
	p.add("attention", work{perPair: 2 * int64(q.width), window: int64(l.Window)}, func(b *batch) {
		a := shape
		a.N, a.Pos = b.n, b.pos
		p.kernels.Attention(dst.batch(b.n), q.rows(0, b.n), c.k.held(b), c.v.held(b), a)
	}, append(operands, coded(traces.Write, dst))...)
	return out
}
