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
	ropes        ropeTables
	acts         *activations
	caches       []layerCache
	kv           traces.Arena
	projected    *floats // what a half adds to the residual stream
	logits       *floats
	layer, block int32 // that operators are being added to
	ops          []operator
	allLogits    bool     // of each token of a batch, and not of the last alone
	head         int      // index of the first operator after the blocks
	routers      []router // of the layers that have experts
	routes       Routes   // chooses experts in a router's place; nil if routers do
	current      batch
	ids          uint64   // address of the token ids; 0 until they have one
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
	return p.inputsOf(name, width, p.acts.batch, readers...)
}

// inputsOf is inputsFor with room for count vectors.
func (p *program) inputsOf(name string, width, count int, readers ...*tensor) inputs {
	var in inputs
	for _, t := range readers {
		if in.of(t) == nil {
			in = append(in, p.acts.encode(name, width, count, kernels.Wants(t.Type)))
		}
	}
	return in
}

// buffer returns a float32 buffer with room for a batch.
func (p *program) buffer(name string, width int) *floats {
	return p.acts.float(name, width, p.acts.batch)
}

// layOut makes the buffers that layers share, in the order in which the plain
// decoder has them.
func (p *program) layOut() {
	for block := range p.shape.Layers {
		l := p.shape.Layer(block)
		if l.Mixer == model.Attention {
			p.buffer("query", l.QDim())
			p.buffer("key", l.KVDim())
			p.buffer("value", l.KVDim())
		}
		if l.FFN > 0 {
			p.buffer("gate", l.FFN)
			p.buffer("up", l.FFN)
		}
	}
}

func (p *program) add(name string, w work, run func(*batch), operands ...operand) {
	p.ops = append(p.ops, operator{name: name, layer: p.layer, block: p.block, run: run, operands: operands, work: w})
}

// tokens is the list of ids that embed reads, 4 bytes each.
func (p *program) tokens() operand {
	if p.ids == 0 {
		p.ids = p.acts.take(int64(p.acts.batch) * 4)
	}
	return operand{tensor: "tokens", kind: traces.Activation, access: traces.Read, dtype: "i32", addr: p.ids, perToken: 4}
}

func (p *program) embed(name string, dst *floats, t *tensor) {
	m := t.matrix()
	p.add(name, work{}, func(b *batch) {
		p.kernels.Embed(dst.rows(0, b.n), m, b.ids)
	}, p.tokens(), gather(t), each(traces.Write, dst))
}

// enterHalf writes what the readers take of x at the start of a half of a layer:
// its RMSNorm, or x itself where no norm stands in front.
func (p *program) enterHalf(name string, x *floats, weight *tensor, readers ...*tensor) inputs {
	if weight == nil {
		return p.encodeOf("encode", x, readers...)
	}
	return p.norm(name, x, weight, readers...)
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

// encodeOf writes x in the encodings that the readers take.
func (p *program) encodeOf(name string, x *floats, readers ...*tensor) inputs {
	out := p.inputsFor("encoded", x.width, readers...)
	operands := []operand{each(traces.Read, x)}
	for _, dst := range out {
		operands = append(operands, coded(traces.Write, dst))
	}
	p.add(name, work{}, func(b *batch) {
		for _, dst := range out {
			p.kernels.Encode(dst.batch(b.n), x.rows(0, b.n))
		}
	}, operands...)
	return out
}

// normInPlace applies RMSNorm to x, if there is a weight for it.
func (p *program) normInPlace(name string, x *floats, weight *tensor) *floats {
	p.headNorm(name, x, weight)
	return x
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
	p.products(name, t, in, dst)
}

// products writes t·x for each vector of the batch, the rows of t shared out
// among the destinations by their widths.
func (p *program) products(name string, t *tensor, in inputs, dsts ...*floats) {
	x := in.of(t)
	matrices := make([]kernels.Matrix, len(dsts))
	operands := []operand{whole(t), coded(traces.Read, x)}
	row := 0
	for i, dst := range dsts {
		matrices[i] = t.slice(row, dst.width).matrix()
		operands = append(operands, each(traces.Write, dst))
		row += dst.width
	}
	p.add(name, work{perToken: int64(t.Rows) * int64(t.Cols)}, func(b *batch) {
		for i, dst := range dsts {
			p.kernels.MatMul(dst.rows(0, b.n), matrices[i], x.batch(b.n))
		}
	}, operands...)
}

// lastProduct writes t·x for one vector.
func (p *program) lastProduct(name string, dst *floats, t *tensor, x *encoded) {
	m := t.matrix()
	p.add(name, work{fixed: int64(t.Rows) * int64(t.Cols)}, func(*batch) {
		p.kernels.MatMul(dst.rows(0, 1), m, x.batch(1))
	}, whole(t), codedFirst(traces.Read, x), first(traces.Write, dst))
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

// addTo adds y to the residual stream x.
func (p *program) addTo(x, y *floats) {
	p.add("add", work{}, func(b *batch) {
		p.kernels.Add(x.rows(0, b.n), y.rows(0, b.n))
	}, each(traces.Read, x), each(traces.Read, y), each(traces.Write, x))
}

// addScaled adds what a half of a layer gave to the residual stream.
func (p *program) addScaled(x, y *floats) {
	p.scale("residual_scale", y, p.shape.ResidualScale)
	p.addTo(x, y)
}

// scale multiplies x by a factor, if there is one.
func (p *program) scale(name string, x *floats, factor float64) {
	if factor == 0 || factor == 1 {
		return
	}
	p.add(name, work{}, func(b *batch) {
		p.kernels.Scale(x.rows(0, b.n), float32(factor))
	}, each(traces.Read, x), each(traces.Write, x))
}

// scaleBy multiplies x by a stored number, if there is one.
func (p *program) scaleBy(name string, x *floats, t *tensor) {
	if t == nil {
		return
	}
	p.add(name, work{}, func(b *batch) {
		p.kernels.ScaleBy(x.rows(0, b.n), t.values)
	}, each(traces.Read, x), whole(t), each(traces.Write, x))
}

// logitRows is how many tokens of a batch have logits.
func (p *program) logitRows(b *batch) int {
	if p.allLogits {
		return b.n
	}
	return 1
}

// logitOperands are the logits of a batch, read and written.
func (p *program) logitOperands() (read, write operand) {
	if p.allLogits {
		return each(traces.Read, p.logits), each(traces.Write, p.logits)
	}
	return first(traces.Read, p.logits), first(traces.Write, p.logits)
}

// logitBias adds the bias of the output matrix, if there is one.
func (p *program) logitBias(name string, t *tensor) {
	if t == nil {
		return
	}
	read, write := p.logitOperands()
	p.add(name, work{}, func(b *batch) {
		n := p.logitRows(b)
		p.kernels.AddBias(p.logits.rows(0, n), t.values, n)
	}, read, whole(t), write)
}

// scaleLogits multiplies the logits by a factor, if there is one.
func (p *program) scaleLogits(name string, factor float64) {
	if factor == 0 || factor == 1 {
		return
	}
	read, write := p.logitOperands()
	p.add(name, work{}, func(b *batch) {
		p.kernels.Scale(p.logits.rows(0, p.logitRows(b)), float32(factor))
	}, read, write)
}

// capLogits keeps the logits within ±limit, smoothly, if there is a limit.
func (p *program) capLogits(name string, limit float64) {
	if limit == 0 {
		return
	}
	read, write := p.logitOperands()
	p.add(name, work{}, func(b *batch) {
		p.kernels.Softcap(p.logits.rows(0, p.logitRows(b)), float32(limit))
	}, read, write)
}
