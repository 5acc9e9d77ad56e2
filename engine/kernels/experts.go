package kernels

import (
	"math"
	"slices"
)

// RouteShape says how a router's logits become experts and weights.
type RouteShape struct {
	Experts   int
	Used      int       // experts of a token
	Sigmoid   bool      // weights are sigmoids of the logits, not their softmax
	Chosen    bool      // the softmax is over the chosen experts
	Normalize bool      // the weights of the chosen sum to 1
	Scale     float32   // times the weights; 0 is 1
	Bias      []float32 // counts for the choice alone; nil is none
}

// Route chooses Used experts for each vector of logits, by falling score, and
// gives their weights.
func (c *Compute) Route(ids []int32, weights, logits []float32, r RouteShape) {
	n := len(ids) / r.Used
	if len(weights) < len(ids) || len(logits) < n*r.Experts {
		panicf("routes of %d tokens to %d of %d experts: %d weights, %d logits", n, r.Used, r.Experts, len(weights), len(logits))
	}
	s := &c.scratch[0]
	s.scores, s.floats = grow(s.scores, r.Experts), grow(s.floats, r.Experts)
	for i := range n {
		probs := s.floats
		copy(probs, logits[i*r.Experts:][:r.Experts])
		switch {
		case r.Sigmoid:
			for j, v := range probs {
				probs[j] = 1 / (1 + float32(math.Exp(float64(-v))))
			}
		case !r.Chosen:
			softmaxOf(probs)
		}
		copy(s.scores, probs)
		for j, b := range r.Bias {
			s.scores[j] += b
		}
		route(ids[i*r.Used:][:r.Used], weights[i*r.Used:][:r.Used], probs, s.scores, r)
	}
}

// route chooses by scores and weighs by probs.
func route(ids []int32, weights, probs, scores []float32, r RouteShape) {
	for slot := range ids {
		best := -1
		for j, v := range scores {
			if (best < 0 || v > scores[best]) && !slices.Contains(ids[:slot], int32(j)) {
				best = j
			}
		}
		ids[slot], weights[slot] = int32(best), probs[best]
	}
	if r.Chosen {
		softmaxOf(weights)
	}
	if r.Normalize {
		const least = 6.103515625e-5 // ggml's guard against a sum of zero
		sum := float32(0)
		for _, w := range weights {
			sum += w
		}
		for j := range weights {
			weights[j] /= max(sum, least)
		}
	}
	if r.Scale != 0 {
		for j := range weights {
			weights[j] *= r.Scale
		}
	}
}

func softmaxOf(x []float32) {
	sum := exp(x, maximum(x), 1)
	for i := range x {
		x[i] /= sum
	}
}

// expertScratch is the memory of products of experts.
type expertScratch struct {
	slots  []int32 // of the expert that is being multiplied
	x      *Vectors
	result []float32
}

// MatMulExperts multiplies vectors with the matrices of their experts. m stacks
// matrices of rows rows. Each token has used experts in ids, and x either one
// vector a token or one for each of its experts; dst gets a product for each of
// them. Each expert's weights are read once, for all vectors that it has.
func (c *Compute) MatMulExperts(dst []float32, m Matrix, rows int, x *Vectors, ids []int32, used int) {
	m.check()
	perToken := x.N * used / len(ids) // vectors of a token: 1 or used
	if perToken != 1 && perToken != used || len(dst) < len(ids)*rows {
		panicf("product of %d vectors with %d experts: %d values", x.N, len(ids), len(dst))
	}
	size := rows * m.Type.RowBytes(m.Cols)
	one := Matrix{Type: m.Type, Rows: rows, Cols: m.Cols}
	s := &c.experts
	for e := range int32(m.Rows / rows) {
		s.slots = s.slots[:0]
		for slot, id := range ids {
			if id == e {
				s.slots = append(s.slots, int32(slot))
			}
		}
		if len(s.slots) == 0 {
			continue
		}
		one.Data = m.Data[int(e)*size:][:size]
		s.gather(x, used, perToken)
		s.result = grow(s.result, len(s.slots)*rows)
		c.MatMul(s.result, one, s.x)
		for i, slot := range s.slots {
			copy(dst[int(slot)*rows:][:rows], s.result[i*rows:][:rows])
		}
	}
}

// gather copies the vectors of the slots side by side.
func (s *expertScratch) gather(x *Vectors, used, perToken int) {
	n := len(s.slots)
	if s.x == nil || s.x.Dim != x.Dim || s.x.Encoding != x.Encoding || cap(s.x.F32)+cap(s.x.Q) < n*x.Dim {
		s.x = NewVectors(n, x.Dim, x.Encoding)
	}
	s.x.Granularity = x.Granularity
	s.x.Resize(n)
	blocks := x.Dim / Block
	for i, slot := range s.slots {
		from := int(slot)
		if perToken == 1 {
			from /= used
		}
		if !x.Encoding.Quantized() {
			copy(s.x.f32(i), x.f32(from))
			continue
		}
		copy(s.x.Q[i*x.Dim:][:x.Dim], x.Q[from*x.Dim:][:x.Dim])
		copy(s.x.Scale[i*blocks:][:blocks], x.Scale[from*blocks:][:blocks])
		copy(s.x.Sum[i*blocks:][:blocks], x.Sum[from*blocks:][:blocks])
	}
}

// AddExpertBias adds to each slot's vector of width values the bias of its
// expert.
func (c *Compute) AddExpertBias(x, bias []float32, ids []int32, width int) {
	for slot, id := range ids {
		c.k.add(x[slot*width:][:width], bias[int(id)*width:][:width])
	}
}

// Combine adds the used vectors of each token by their weights.
func (c *Compute) Combine(dst, x, weights []float32, used int) {
	n := len(weights) / used
	width := len(dst) / n
	for i := range n {
		out := dst[i*width:][:width]
		clear(out)
		for slot := i * used; slot < (i+1)*used; slot++ {
			w := weights[slot]
			for j, v := range x[slot*width:][:width] {
				out[j] += w * v
			}
		}
	}
}
