package kernels

import (
	"math"

	"github.com/memsim/memsim/engine/quant"
)

// AttentionShape is the geometry of an attention call.
type AttentionShape struct {
	N       int // query vectors
	Pos     int // position of the first; query i sees positions 0 to Pos+i
	Heads   int // query heads
	KVHeads int // key and value heads; each serves Heads/KVHeads query heads
	HeadDim int
}

// StoreKV rounds src to half precision: keys and values as the cache keeps
// them.
func (c *Compute) StoreKV(dst []uint16, src []float32) {
	if len(dst) < len(src) {
		panicf("%d values stored in %d", len(src), len(dst))
	}
	for i, v := range src {
		dst[i] = quant.ToF16(v)
	}
}

// Attention computes softmax(q·k/√HeadDim)·v for each head of each query,
// causally. q is N × Heads × HeadDim; k and v are the cache, one row of
// KVHeads × HeadDim half-precision values a position, Pos+N rows at least. As
// in ggml, queries and softmax weights are rounded to half precision before they
// meet keys and values.
func (c *Compute) Attention(dst *Vectors, q []float32, k, v []uint16, a AttentionShape) {
	if a.Heads <= 0 || a.KVHeads <= 0 || a.Heads%a.KVHeads != 0 || a.HeadDim <= 0 || a.Pos < 0 {
		panicf("attention of %+v", a)
	}
	cached := (a.Pos + a.N) * a.KVHeads * a.HeadDim
	if dst.N != a.N || dst.Dim != a.Heads*a.HeadDim || len(q) < a.N*dst.Dim || len(k) < cached || len(v) < cached {
		panicf("attention of %+v: %d queries, %d keys, %d values, result %d × %d",
			a, len(q), len(k), len(v), dst.N, dst.Dim)
	}
	c.attention = attentionTask{c: c, dst: dst, q: q, k: k, v: v, AttentionShape: a}
	c.pool.run(&c.attention, a.N)
}

type attentionTask struct {
	AttentionShape
	c    *Compute
	dst  *Vectors
	q    []float32
	k, v []uint16
}

func (t *attentionTask) run(worker, i int) {
	s := &t.c.scratch[worker]
	s.scores = grow(s.scores, t.Pos+t.N)
	s.floats = grow(s.floats, t.dst.Dim)
	row := t.dst.row(i, s.floats)
	s.query = grow(s.query, t.HeadDim)
	for h := range t.Heads {
		q := s.query[:t.HeadDim]
		copy(q, t.q[(i*t.Heads+h)*t.HeadDim:])
		roundHalf(q)
		t.head(row[h*t.HeadDim:(h+1)*t.HeadDim], q, s.scores[:t.Pos+i+1], h/(t.Heads/t.KVHeads))
	}
	t.dst.encode(i, row, t.c.k)
}

// head attends with one query head to the positions that scores has room for.
func (t *attentionTask) head(out, q, scores []float32, kvHead int) {
	stride, at := t.KVHeads*t.HeadDim, kvHead*t.HeadDim
	scale := float32(1 / math.Sqrt(float64(t.HeadDim)))
	for p := range scores {
		sum := float32(0)
		for j, k := range t.k[p*stride+at:][:t.HeadDim] {
			sum += q[j] * quant.FromF16(k)
		}
		scores[p] = sum * scale
	}
	softmax(scores)
	roundHalf(scores)
	clear(out)
	for p, w := range scores {
		for j, v := range t.v[p*stride+at:][:t.HeadDim] {
			out[j] += w * quant.FromF16(v)
		}
	}
}

func softmax(x []float32) {
	largest := x[0]
	for _, v := range x {
		largest = max(largest, v)
	}
	sum := float32(0)
	for i, v := range x {
		x[i] = float32(math.Exp(float64(v - largest)))
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}
