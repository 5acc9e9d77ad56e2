package kernels

// Granularity is how many int8 activations share a scale.
type Granularity uint8

const (
	// PerBlock gives each Block of values a scale (wideBlock values with
	// Int8Wide), as ggml does.
	PerBlock Granularity = iota
	// PerToken gives each vector, the activations of one token, one scale from
	// its minimum and maximum: the activations of W8A8 in LLM-QAT (Liu et al.,
	// arXiv 2305.17888) and MobileLLM (arXiv 2402.14905).
	PerToken
)

// quantizePerToken rounds row to int8 with one scale, stored for each Block, so
// that products need not know the difference:
//
//	scale = max(|min(x)|, |max(x)|) / 127
//	q     = round(x / scale), halves to even
//
// It is symmetric: zero stays zero, and a product has no offset to correct. The
// scale keeps its 24 bits. A row too small for a scale that is a normal number
// is all zeros.
func quantizePerToken(q []int8, scale []float32, sum []int32, row []float32) {
	const smallestNormal = 0x1p-126
	common, inverse := magnitude(row)/127, float32(0)
	if common < smallestNormal {
		common = 0
	} else {
		inverse = 1 / common
	}
	for b := range scale {
		from, to := b*Block, (b+1)*Block
		scale[b] = common
		sum[b] = roundTo(q[from:to], row[from:to], inverse)
	}
}

// String returns what the field calls it: "per-block" or "per-token".
func (g Granularity) String() string {
	if g == PerToken {
		return "per-token"
	}
	return "per-block"
}
