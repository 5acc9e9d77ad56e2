package kernels

import (
	"math"
	"unsafe"

	"github.com/memsim/memsim/engine/quant"
)

// attentionTiles is attention for many queries, as products of panels: the
// keys of some positions are laid side by side and multiplied with all queries
// of a tile, then the values.
type attentionTiles attentionTask

// queryTile is the number of queries that share the panels of a part.
const queryTile = 24

// attentionScratch is a worker's memory for it.
type attentionScratch struct {
	args   gemmArgs
	panel  []uint32
	scores []float32 // queries × positions
}

// run attends with the queries of one tile in all heads that share a key-value
// head.
func (a *attentionTiles) run(worker, part int) {
	t := (*attentionTask)(a)
	s := &t.c.scratch[worker].attention
	kvHead, from := part%t.KVHeads, part/t.KVHeads*queryTile
	to := min(from+queryTile, t.N)
	// Later tiles see more positions and take longer: begin with them.
	from, to = t.N-to, t.N-from
	p := t.c.k.panel
	positions := t.Pos + to
	group := t.Heads / t.KVHeads
	stride := (positions + p.rows - 1) / p.rows * p.rows
	s.scores = grow(s.scores, group*(to-from)*stride)
	s.panel = grow(s.panel, max(p.rows*t.HeadDim, stride*p.rows))

	t.scoreTile(s, kvHead, from, to, stride)
	for h := range group {
		for i := from; i < to; i++ {
			row := s.scores[(h*(to-from)+i-from)*stride:][:stride]
			seen := t.Pos + i + 1
			t.softmax(row[:seen])
			clear(row[seen:])
		}
	}
	t.mixTile(s, kvHead, from, to, stride)
}

// scoreTile multiplies the queries with the keys of all positions that the
// last of them sees.
func (t *attentionTask) scoreTile(s *attentionScratch, kvHead, from, to, stride int) {
	p, positions := t.c.k.panel, t.Pos+to
	rowBytes := 2 * t.KVHeads * t.HeadDim
	group := t.Heads / t.KVHeads
	a := &s.args
	a.panel, a.n = &s.panel[0], t.HeadDim
	a.xStride, a.dstStride = 4*t.Heads*t.HeadDim, 4*stride
	a.mask = 1<<p.rows - 1
	for first := 0; first < positions; first += p.rows {
		for r := 0; r < p.rows; r += p.lane {
			t.keyLane(p, s.panel[r:], first+r, positions, kvHead, rowBytes)
		}
		for h := range group {
			for i := from; i < to; {
				k := kernelFor(p.gemmFloat, to-i)
				a.x = unsafe.Pointer(&t.query[(i*t.Heads+kvHead*group+h)*t.HeadDim])
				a.dst = &s.scores[(h*(to-from)+i-from)*stride+first]
				k.f(a)
				i += k.vectors
			}
		}
	}
}

// keyLane lays the keys of as many positions as a lane has into a panel. The
// last few positions are laid one by one; places behind them keep what they
// had, and the scores that come of it are never looked at.
func (t *attentionTask) keyLane(p *panelKernels, panel []uint32, first, positions, kvHead, rowBytes int) {
	at := func(position int) *byte {
		return (*byte)(unsafe.Pointer(&t.k.Halves[(position*t.KVHeads+kvHead)*t.HeadDim]))
	}
	if first+p.lane <= positions {
		p.half(&panel[0], at(first), rowBytes, t.HeadDim)
		return
	}
	for r := first; r < positions; r++ {
		t.keyColumn(p, panel[r-first:], r, kvHead)
	}
}

// keyColumn puts one position's key into its place of a panel.
func (t *attentionTask) keyColumn(p *panelKernels, panel []uint32, position, kvHead int) {
	key := t.k.Halves[(position*t.KVHeads+kvHead)*t.HeadDim:][:t.HeadDim]
	for j, v := range key {
		panel[j*p.rows] = math.Float32bits(quant.FromF16(v))
	}
}

// mixTile multiplies the queries' weights with the values of all positions.
func (t *attentionTask) mixTile(s *attentionScratch, kvHead, from, to, stride int) {
	p, positions := t.c.k.panel, t.Pos+to
	group := t.Heads / t.KVHeads
	a := &s.args
	// Columns come in whole steps: behind the last position, zeros meet zeros.
	a.panel, a.n = &s.panel[0], (positions+p.step-1)/p.step*p.step
	clear(s.panel[positions*p.rows : a.n*p.rows])
	a.xStride, a.dstStride = 4*stride, 4*t.Heads*t.HeadDim
	a.mask = 1<<p.rows - 1
	for d := 0; d < t.HeadDim; d += p.rows {
		v := t.v.Halves[kvHead*t.HeadDim+d:]
		for pos := range positions {
			p.widen(&s.panel[pos*p.rows], &v[pos*t.KVHeads*t.HeadDim], p.rows)
		}
		for h := range group {
			for i := from; i < to; {
				k := kernelFor(p.gemmFloat, to-i)
				a.x = unsafe.Pointer(&s.scores[(h*(to-from)+i-from)*stride])
				a.dst = &t.out[(i*t.Heads+kvHead*group+h)*t.HeadDim+d]
				k.f(a)
				i += k.vectors
			}
		}
	}
}
