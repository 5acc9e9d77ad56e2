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

	Window int       // positions that a query sees, its own included; 0 is all
	Ring   int       // rows of the cache: position i is in row i mod Ring; 0: rows are positions
	Scale  float32   // of q·k; 0 is 1/√HeadDim
	Cap    float32   // scores s become Cap·tanh(s/Cap); 0 is none
	Sinks  []float32 // a score for each head that no value answers; nil is none
}

// first returns the first position that query i sees.
func (a *AttentionShape) first(i int) int {
	if a.Window == 0 {
		return 0
	}
	return max(0, a.Pos+i+1-a.Window)
}

// plain reports whether the call is attention without windows that hide
// anything, caps and sinks, and rows are positions.
func (a *AttentionShape) plain() bool {
	return a.first(a.N-1) == 0 && a.Cap == 0 && a.Sinks == nil && (a.Ring == 0 || a.Pos+a.N <= a.Ring)
}

// Attention computes softmax(q·k/√HeadDim)·v for each head of each query,
// causally, and with the window, scale, cap and sinks of its shape. q is N × Heads
// × HeadDim; k and v are the cache, one row of KVHeads × HeadDim
// values a position, Pos+N rows at least or the whole ring. As
// in ggml, queries and softmax weights are rounded to half precision before they
// meet keys and values of half precision, and queries to int8 before they meet
// keys of a block format.
func (c *Compute) Attention(dst *Vectors, q []float32, k, v Cache, a AttentionShape) {
	if a.Heads <= 0 || a.KVHeads <= 0 || a.Heads%a.KVHeads != 0 || a.HeadDim <= 0 || a.Pos < 0 {
		panicf("attention of %+v", a)
	}
	rows := a.Pos + a.N
	if a.Ring > 0 {
		rows = min(rows, a.Ring)
	}
	cached := rows * a.KVHeads * a.HeadDim
	if dst.N != a.N || dst.Dim != a.Heads*a.HeadDim || len(q) < a.N*dst.Dim || k.Len() < cached || v.Len() < cached {
		panicf("attention of %+v: %d queries, %d keys, %d values, result %d × %d",
			a, len(q), k.Len(), v.Len(), dst.N, dst.Dim)
	}
	t := &c.attention
	t.AttentionShape, t.c, t.k, t.v = a, c, k, v
	t.out = grow(t.out, a.N*dst.Dim)
	t.query = grow(t.query, a.N*dst.Dim)
	copy(t.query, q)
	halves := k.Type == quant.F16 && v.Type == quant.F16
	if k.Type == quant.F16 {
		c.k.scaleRound(t.query, 1)
	}
	t.scale = a.Scale
	if a.Scale == 0 {
		t.scale = float32(1 / math.Sqrt(float64(a.HeadDim)))
	}
	if p := c.k.panel; p != nil && halves && a.plain() && a.N >= gemmMin && a.HeadDim%p.rows == 0 {
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
	k, v  Cache
	scale float32
	tiles int
}

func (t *attentionTask) run(worker, part int) {
	s := &t.c.scratch[worker]
	s.scores = grow(s.scores, t.Pos+t.N)
	i, h := part/t.Heads, part%t.Heads
	at, first := part*t.HeadDim, t.first(i)
	out, scores := t.out[at:at+t.HeadDim], s.scores[:t.Pos+i+1-first]
	q := &s.query
	q.set(t.c.k, t.k, t.query[at:at+t.HeadDim])
	if t.plain() {
		t.head(out, q, scores, h/(t.Heads/t.KVHeads))
	} else {
		s.floats = grow(s.floats, t.HeadDim)
		t.windowHead(out, q, scores, s.floats, h, first)
	}
	if t.v.Turn > 0 {
		hadamard(out, t.v.Turn)
	}
}

// head attends with one query head to as many positions as scores has room
// for.
func (t *attentionTask) head(out []float32, q *query, scores []float32, kvHead int) {
	stride, at := t.KVHeads*t.HeadDim, kvHead*t.HeadDim
	t.k.scores(t.c.k, scores, q, at, stride)
	t.softmax(scores)
	t.v.mix(t.c.k, out, scores, at, stride)
}

// windowHead attends with query head h to the positions from first on that
// scores has room for, which lie in one or two stretches of the cache.
func (t *attentionTask) windowHead(out []float32, q *query, scores, part []float32, h, first int) {
	stride, at := t.KVHeads*t.HeadDim, h/(t.Heads/t.KVHeads)*t.HeadDim
	row, inFront := first, len(scores)
	if t.Ring > 0 {
		row = first % t.Ring
		inFront = min(len(scores), t.Ring-row)
	}
	t.k.scores(t.c.k, scores[:inFront], q, row*stride+at, stride)
	if inFront < len(scores) {
		t.k.scores(t.c.k, scores[inFront:], q, at, stride)
	}
	t.softmaxWith(scores, h)
	t.v.mix(t.c.k, out, scores[:inFront], row*stride+at, stride)
	if inFront < len(scores) {
		t.v.mix(t.c.k, part, scores[inFront:], at, stride)
		t.c.k.add(out, part)
	}
}

// softmax turns scores into weights.
func (t *attentionTask) softmax(scores []float32) {
	k := t.c.k
	t.divide(scores, k.exp(scores, k.maximum(scores), t.scale))
}

// divide divides weights by their sum, rounded to half precision where values
// are.
func (t *attentionTask) divide(weights []float32, sum float32) {
	if t.v.Type == quant.F16 {
		t.c.k.scaleRound(weights, 1/sum)
		return
	}
	inverse := 1 / sum
	for i := range weights {
		weights[i] *= inverse
	}
}

// softmaxWith is softmax with the cap, and with the sink of a head.
func (t *attentionTask) softmaxWith(scores []float32, h int) {
	k, scale := t.c.k, t.scale
	if t.Cap > 0 {
		softcap(scores, scale, t.Cap)
		scale = 1
	}
	largest := k.maximum(scores)
	if t.Sinks == nil {
		t.divide(scores, k.exp(scores, largest, scale))
		return
	}
	sink := t.Sinks[h]
	largest = max(largest, sink/scale)
	sum := k.exp(scores, largest, scale) + float32(math.Exp(float64(sink-largest*scale)))
	t.divide(scores, sum)
}
