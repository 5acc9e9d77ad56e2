package kernels

import "math"

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
	c.k.storeHalf(dst[:len(src)], src)
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
	t := &c.attention
	t.AttentionShape, t.c, t.k, t.v = a, c, k, v
	t.out = grow(t.out, a.N*dst.Dim)
	t.query = grow(t.query, a.N*dst.Dim)
	copy(t.query, q)
	c.k.scaleRound(t.query, 1)
	t.scale = float32(1 / math.Sqrt(float64(a.HeadDim)))
	if p := c.k.panel; p != nil && a.N >= gemmMin && a.HeadDim%p.rows == 0 {
		t.tiles = (a.N + queryTile - 1) / queryTile
		c.pool.run((*attentionTiles)(t), t.tiles*a.KVHeads)
	} else {
		c.pool.run(t, a.N*a.Heads)
	}
	c.encode = encodeTask{dst: dst, src: t.out, k: c.k}
	c.pool.run(&c.encode, rowParts(a.N))
}

// encodeTask encodes a batch.
type encodeTask struct {
	dst *Vectors
	src []float32
	k   *kernelSet
}

func (t *encodeTask) run(_, part int) {
	from, to := rowRange(part, t.dst.N)
	for i := from; i < to; i++ {
		t.dst.encode(i, t.src[i*t.dst.Dim:(i+1)*t.dst.Dim], t.k)
	}
}

// attentionTask has a part for each head of each query.
type attentionTask struct {
	AttentionShape
	c     *Compute
	query []float32 // rounded queries
	out   []float32
	k, v  []uint16
	scale float32
	tiles int
}

func (t *attentionTask) run(worker, part int) {
	s := &t.c.scratch[worker]
	s.scores = grow(s.scores, t.Pos+t.N)
	i, h := part/t.Heads, part%t.Heads
	at := part * t.HeadDim
	t.head(t.out[at:at+t.HeadDim], t.query[at:at+t.HeadDim], s.scores[:t.Pos+i+1], h/(t.Heads/t.KVHeads))
}

// head attends with one query head to as many positions as scores has room
// for.
func (t *attentionTask) head(out, q, scores []float32, kvHead int) {
	stride, at := t.KVHeads*t.HeadDim, kvHead*t.HeadDim
	t.c.k.scores(scores, q, t.k[at:], stride)
	t.softmax(scores)
	t.c.k.mix(out, scores, t.v[at:], stride)
}

// softmax turns scores into weights.
func (t *attentionTask) softmax(scores []float32) {
	k := t.c.k
	k.scaleRound(scores, 1/k.exp(scores, k.maximum(scores), t.scale))
}
