package engine

import (
	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/traces"
)

// program is the forward pass as a list of operators over one session's
// buffers.
type program struct {
	kernels      Kernels
	shape        model.Shape
	rope         *kernels.RoPETable
	acts         *activations
	caches       []layerCache
	kv           traces.Arena
	logits       *floats
	layer, block int32 // that operators are being added to
	ops          []operator
	head         int // index of the first operator after the blocks
	current      batch
	one          [1]int32 // the id of a decode step
}

// inputs is one value in each of the encodings that its readers take.
type inputs []*encoded

// of returns the form that products with t read.
func (in inputs) of(t *tensor) *encoded {
	for _, e := range in {
		if e.vectors.Encoding == kernels.Wants(t.Type) {
			return e
		}
	}
	return nil // never: the producer was told its readers
}

// inputsFor returns the buffers of a value that products with readers take: one
// for each encoding among them, which is one buffer for all but odd mixtures.
func (p *program) inputsFor(name string, width int, readers ...*tensor) inputs {
	var in inputs
	for _, t := range readers {
		if in.of(t) == nil {
			in = append(in, p.acts.encode(name, width, kernels.Wants(t.Type)))
		}
	}
	return in
}

func (p *program) add(name string, w work, run func(*batch), operands ...operand) {
	p.ops = append(p.ops, operator{name: name, layer: p.layer, block: p.block, run: run, operands: operands, work: w})
}

// tokens is the list of ids that embed reads, 4 bytes each.
func (p *program) tokens() operand {
	return operand{tensor: "tokens", kind: traces.Activation, access: traces.Read, dtype: "i32",
		addr: p.acts.take(int64(p.acts.batch) * 4), perToken: 4}
}

func (p *program) embed(dst *floats, t *tensor) {
	m := t.matrix()
	p.add("embed", work{}, func(b *batch) {
		p.kernels.Embed(dst.rows(0, b.n), m, b.ids)
	}, p.tokens(), gather(t), each(traces.Write, dst))
}

// norm writes RMSNorm(x) in the encodings that the readers take.
func (p *program) norm(name string, x *floats, weight *tensor, readers ...*tensor) inputs {
	out := p.inputsFor("normed", x.width, readers...)
	eps := float32(p.shape.NormEps)
	operands := []operand{each(traces.Read, x), whole(weight)}
	for _, dst := range out {
		operands = append(operands, coded(traces.Write, dst))
	}
	p.add(name, work{}, func(b *batch) {
		for _, dst := range out {
			p.kernels.RMSNorm(dst.batch(b.n), x.rows(0, b.n), weight.values, eps)
		}
	}, operands...)
	return out
}

// lastNorm writes RMSNorm of the batch's last vector of x.
func (p *program) lastNorm(name string, x *floats, weight, reader *tensor) *encoded {
	dst := p.inputsFor("normed", x.width, reader).of(reader)
	eps := float32(p.shape.NormEps)
	p.add(name, work{}, func(b *batch) {
		p.kernels.RMSNorm(dst.batch(1), x.rows(b.n-1, b.n), weight.values, eps)
	}, last(x), whole(weight), codedFirst(traces.Write, dst))
	return dst
}

// product writes t·x for each vector of the batch.
func (p *program) product(name string, dst *floats, t *tensor, in inputs) {
	m, x := t.matrix(), in.of(t)
	p.add(name, work{perToken: int64(t.Rows) * int64(t.Cols)}, func(b *batch) {
		p.kernels.MatMul(dst.rows(0, b.n), m, x.batch(b.n))
	}, whole(t), coded(traces.Read, x), each(traces.Write, dst))
}

// lastProduct writes t·x for one vector.
func (p *program) lastProduct(name string, dst *floats, t *tensor, x *encoded) {
	m := t.matrix()
	p.add(name, work{fixed: int64(t.Rows) * int64(t.Cols)}, func(*batch) {
		p.kernels.MatMul(dst.rows(0, 1), m, x.batch(1))
	}, whole(t), codedFirst(traces.Read, x), first(dst))
}

// bias adds a bias, if there is one.
func (p *program) bias(name string, x *floats, t *tensor) {
	if t == nil {
		return
	}
	p.add(name, work{}, func(b *batch) {
		p.kernels.AddBias(x.rows(0, b.n), t.values, b.n)
	}, each(traces.Read, x), whole(t), each(traces.Write, x))
}

// headNorm normalises each head of x, if there is a weight for it.
func (p *program) headNorm(name string, x *floats, t *tensor) {
	if t == nil {
		return
	}
	heads, eps := x.width/p.shape.HeadDim, float32(p.shape.NormEps)
	p.add(name, work{}, func(b *batch) {
		p.kernels.HeadNorm(x.rows(0, b.n), t.values, b.n, heads, p.shape.HeadDim, eps)
	}, each(traces.Read, x), whole(t), each(traces.Write, x))
}

// rotate applies rotary position embedding to queries and keys.
func (p *program) rotate(q, k *floats) {
	s := &p.shape
	p.add("rope", work{}, func(b *batch) {
		p.kernels.RoPE(q.rows(0, b.n), b.n, s.Heads, s.HeadDim, b.pos, p.rope)
		p.kernels.RoPE(k.rows(0, b.n), b.n, s.KVHeads, s.HeadDim, b.pos, p.rope)
	}, each(traces.Read, q), each(traces.Read, k), each(traces.Write, q), each(traces.Write, k))
}

// store appends the batch's keys and values to the layer's cache.
func (p *program) store(c *layerCache, k, v *floats) {
	p.add("kv_store", work{}, func(b *batch) {
		p.kernels.StoreKV(c.k.rows(b.pos, b.pos+b.n), k.rows(0, b.n))
		p.kernels.StoreKV(c.v.rows(b.pos, b.pos+b.n), v.rows(0, b.n))
	}, each(traces.Read, k), each(traces.Read, v), appended(&c.k), appended(&c.v))
}

// attend writes each head's attention over the cache for the reader.
func (p *program) attend(q *floats, c *layerCache, reader *tensor) inputs {
	s := &p.shape
	out := p.inputsFor("attended", q.width, reader)
	dst := out.of(reader)
	p.add("attention", work{perPair: 2 * int64(q.width)}, func(b *batch) {
		end := b.pos + b.n
		p.kernels.Attention(dst.batch(b.n), q.rows(0, b.n), c.k.rows(0, end), c.v.rows(0, end),
			kernels.AttentionShape{N: b.n, Pos: b.pos, Heads: s.Heads, KVHeads: s.KVHeads, HeadDim: s.HeadDim})
	}, each(traces.Read, q), attended(&c.k), attended(&c.v), coded(traces.Write, dst))
	return out
}

// swiglu writes silu(gate) ⊙ up for the reader.
func (p *program) swiglu(gate, up *floats, reader *tensor) inputs {
	out := p.inputsFor("hidden", gate.width, reader)
	dst := out.of(reader)
	p.add("swiglu", work{}, func(b *batch) {
		p.kernels.SwiGLU(dst.batch(b.n), gate.rows(0, b.n), up.rows(0, b.n))
	}, each(traces.Read, gate), each(traces.Read, up), coded(traces.Write, dst))
	return out
}

// addTo adds y to the residual stream x.
func (p *program) addTo(x, y *floats) {
	p.add("add", work{}, func(b *batch) {
		p.kernels.Add(x.rows(0, b.n), y.rows(0, b.n))
	}, each(traces.Read, x), each(traces.Read, y), each(traces.Write, x))
}
