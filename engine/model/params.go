package model

// Resolved returns the shape with every optional field that is zero set to what
// it stands for: sharing none, each block run once, as many KV heads as heads,
// head_dim of Dim / Heads (0 stays where that is not whole), RMSNorm epsilon
// 1e-5, RoPE over halves with base 10000, a context of 2048.
func (s Shape) Resolved() Shape {
	setIfZero(&s.Architecture, "llama")
	setIfZero(&s.Sharing, NoSharing)
	setIfZero(&s.Repeat, 1)
	setIfZero(&s.KVHeads, s.Heads)
	setIfZero(&s.NormEps, 1e-5)
	setIfZero(&s.RoPEBase, 10_000)
	setIfZero(&s.RoPEStyle, Halves)
	setIfZero(&s.Context, 2048)
	if s.HeadDim == 0 && s.Heads > 0 && s.Dim%s.Heads == 0 {
		s.HeadDim = s.Dim / s.Heads
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
// runs for a token. Norms and biases are included, a tied embedding counts once.
func (s Shape) Params() int64 {
	return s.outerParams() + int64(s.Executed())*s.BlockParams()
}

// StoredParams returns the parameters as stored: a shared block counts once.
func (s Shape) StoredParams() int64 {
	return s.outerParams() + int64(s.Layers)*s.BlockParams()
}

// BlockParams returns the parameters of one block: the attention's four
// matrices, the feed-forward network's three, its norms and biases.
func (s Shape) BlockParams() int64 {
	s = s.Resolved()
	dim, ffn, q, kv := int64(s.Dim), int64(s.FFN), int64(s.QDim()), int64(s.KVDim())
	n := dim*q + 2*dim*kv + q*dim + 3*dim*ffn + 2*dim
	if s.QKVBias {
		n += q + 2*kv
	}
	if s.QKNorm {
		n += 2 * int64(s.HeadDim)
	}
	return n
}

// outerParams counts what lies outside the blocks: embedding, last norm, and the
// output matrix unless it is the embedding.
func (s Shape) outerParams() int64 {
	embedding := int64(s.Vocab) * int64(s.Dim)
	if !s.Tied {
		embedding *= 2
	}
	return embedding + int64(s.Dim)
}

// approximateParams counts without overflow whatever the fields hold.
func (s Shape) approximateParams() float64 {
	dim, heads := float64(s.Dim), 2*float64(s.Heads)+2*float64(s.KVHeads)
	block := dim * (heads*float64(s.HeadDim) + 3*float64(s.FFN))
	return block*float64(s.Executed()) + 2*dim*float64(s.Vocab)
}
