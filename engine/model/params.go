package model

import "reflect"

// Resolved returns the shape with every optional field that is zero set to what
// it stands for: the parts of its architecture, and otherwise sharing none, each
// block run once, as many KV heads as heads, head_dim of Dim / Heads (0 stays
// where that is not whole), RMSNorm epsilon 1e-5, norms in front, SwiGLU, RoPE
// over halves with base 10000, a context of 2048.
func (s Shape) Resolved() Shape {
	setIfZero(&s.Architecture, "llama")
	if arch := architectureOf(s.Architecture); !s.completed {
		complete(reflect.ValueOf(&s).Elem(), reflect.ValueOf(&arch.Parts).Elem())
		if arch.derive != nil {
			arch.derive(&s)
		}
		s.completed = true
	}
	setIfZero(&s.Sharing, NoSharing)
	setIfZero(&s.Repeat, 1)
	setIfZero(&s.KVHeads, s.Heads)
	setIfZero(&s.NormEps, 1e-5)
	setIfZero(&s.Norms, NormsBefore)
	setIfZero(&s.Activation, SiLU)
	setIfZero(&s.RoPEBase, 10_000)
	setIfZero(&s.RoPEStyle, Halves)
	setIfZero(&s.Context, 2048)
	if s.HeadDim == 0 && s.Heads > 0 && s.Dim%s.Heads == 0 {
		s.HeadDim = s.Dim / s.Heads
	}
	if s.RoPEDim == s.HeadDim {
		s.RoPEDim = 0
	}
	if s.Experts != nil {
		own := *s.Experts
		setIfZero(&own.FFN, s.FFN)
		setIfZero(&own.Gate, SoftmaxGate)
		s.Experts = &own
	}
	return s
}

func setIfZero[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// QDim returns the width of the queries of a layer: heads times head dimension.
func (s Shape) QDim() int { s = s.Resolved(); return s.Heads * s.HeadDim }

// KVDim returns the width of the keys, and of the values, of a layer.
func (s Shape) KVDim() int { s = s.Resolved(); return s.KVHeads * s.HeadDim }

// Params returns the parameters as executed: a block counts each time that it
// runs for a token, whatever part of it a token needs. Norms and biases are
// included, a tied embedding counts once.
func (s Shape) Params() int64 {
	s = s.Resolved()
	return s.outerParams() + int64(s.Runs())*s.blocksParams()
}

// StoredParams returns the parameters as stored: a shared block counts once.
func (s Shape) StoredParams() int64 {
	s = s.Resolved()
	return s.outerParams() + s.blocksParams()
}

// blocksParams counts the stored blocks. Blocks that compute the same have the
// same tensors.
func (s *Shape) blocksParams() int64 {
	sum, each := int64(0), map[Layer]int64{}
	if s.Table != nil {
		for block := range min(s.Layers, len(s.Table.Blocks)) {
			sum += values(s.Table.Blocks[block])
		}
		return sum
	}
	for block := range s.Layers {
		l := s.Layer(block)
		if l.KVFrom == block {
			l.KVFrom = -1
		}
		n, ok := each[l]
		if !ok {
			n = values(s.BlockTensors(block))
			each[l] = n
		}
		sum += n
	}
	return sum
}

// outerParams counts what lies outside the blocks: embedding, last norm, and the
// output matrix unless it is the embedding.
func (s *Shape) outerParams() int64 {
	return values(s.firstTensors()) + values(s.lastTensors())
}

// values counts the numbers in tensors that no shape gives.
func values(tensors []Tensor) int64 {
	sum := int64(0)
	for _, t := range tensors {
		if !t.Computed() {
			sum += t.Values()
		}
	}
	return sum
}

// approximateParams counts without overflow whatever the fields hold.
func (s Shape) approximateParams() float64 {
	dim, heads := float64(s.Dim), 2*float64(s.Heads)+2*float64(s.KVHeads)
	ffn := float64(s.FFN)
	if e := s.Experts; e != nil {
		ffn += float64(e.Count)*float64(e.FFN) + float64(e.SharedFFN)
	}
	block := dim * (heads*float64(max(s.HeadDim, s.GlobalHeadDim)) + 3*ffn + float64(s.PerLayerDim))
	if d := s.Delta; d != nil {
		block += dim * 4 * (float64(d.KeyHeads)*float64(d.KeyDim) + float64(d.ValueHeads)*float64(d.ValueDim))
	}
	return block*float64(s.Executed()) + 2*dim*float64(s.Vocab) + float64(s.Vocab)*float64(s.PerLayerDim)*float64(s.Layers)
}
