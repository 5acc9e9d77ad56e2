package hostbench

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/quant"
)

// Formats are the weight formats that are measured.
var Formats = []quant.Type{quant.F16, quant.Q8_0, quant.Q4_0}

// Rates are what microbenchmarks find with one number of threads.
type Rates struct {
	Threads  int
	Reads    []Read                 // by working-set size, rising
	Weights  map[quant.Type]float64 // that a matrix-vector product goes through a second, from beyond the private caches
	Cached   float64                // the same for float32 weights within them
	Dispatch time.Duration          // of an operator, beside its work
}

// Read is the bandwidth of reading a working set over and over.
type Read struct {
	Bytes int
	GBps  float64
}

// workingSets are the sizes at which reading is measured.
var workingSets = []int{256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20}

// bench holds the operands of the microbenchmarks between rounds.
type bench struct {
	compute *kernels.Compute
	streams map[quant.Type]*stream
	cached  *stream
	tiny    *tiny
	rates   Rates
}

// streamBytes is the size of the weights that products stream: beyond the
// private caches of today's cores, and about that of the models.
const streamBytes = 24 << 20

func newBench(threads int) *bench {
	b := &bench{compute: kernels.New(threads), streams: map[quant.Type]*stream{}, rates: Rates{Threads: threads, Weights: map[quant.Type]float64{}}}
	for _, t := range Formats {
		b.streams[t] = newStream(t, streamBytes)
	}
	b.cached = newStream(quant.F32, 256<<10)
	b.tiny = newTiny()
	return b
}

func (b *bench) close() { b.compute.Close() }

// round measures once more all but products of the models' formats, and keeps
// the better figures.
func (b *bench) round() {
	reads := make([]Read, len(workingSets))
	for i, n := range workingSets {
		reads[i] = Read{n, kernels.ReadBandwidth(b.rates.Threads, n)}
		if b.rates.Reads != nil {
			reads[i].GBps = max(reads[i].GBps, b.rates.Reads[i].GBps)
		}
	}
	b.rates.Reads = reads
	b.rates.Cached = max(b.rates.Cached, b.cached.rate(b.compute))
	if d := b.tiny.cost(b.compute); b.rates.Dispatch == 0 || d < b.rates.Dispatch {
		b.rates.Dispatch = d
	}
}

// products measures products with weights of a format once more.
func (b *bench) products(t quant.Type) {
	b.rates.Weights[t] = max(b.rates.Weights[t], b.streams[t].rate(b.compute))
}

// Rows and columns of the matrices: those of a model of middling width.
const rows, cols = 1024, 512

// stream is a set of matrices that are multiplied with a vector in turn.
type stream struct {
	matrices []kernels.Matrix
	x        *kernels.Vectors
	dst      []float32
	next     int
}

func newStream(t quant.Type, bytes int) *stream {
	random := rand.New(rand.NewPCG(1, 2))
	row := make([]float32, cols)
	for i := range row {
		row[i] = float32(random.NormFloat64()) / 16
	}
	size := t.RowBytes(cols)
	encoded := make([]byte, size)
	t.Encode(encoded, row)
	s := &stream{x: kernels.NewVectors(1, cols, kernels.Wants(t)), dst: make([]float32, rows)}
	for n := max(1, bytes/(rows*size)); n > 0; n-- {
		n := min(rows, max(1, bytes/size))
		s.matrices = append(s.matrices, kernels.Matrix{Type: t, Rows: n, Cols: cols, Data: slices.Repeat(encoded, n)})
	}
	s.x.Set(row)
	return s
}

// rate is the number of weights a second, of the quickest of many stretches of
// products.
func (s *stream) rate(c *kernels.Compute) float64 {
	const stretch, enough = 4, 20 * time.Millisecond
	per := s.matrices[0].Rows * cols * stretch
	best := time.Hour
	for start := time.Now(); time.Since(start) < enough; {
		begin := time.Now()
		for range stretch {
			m := s.matrices[s.next%len(s.matrices)]
			s.next++
			c.MatMul(s.dst[:m.Rows], m, s.x)
		}
		best = min(best, time.Since(begin))
	}
	return float64(per) / best.Seconds()
}

// tiny are the operators whose fixed cost is measured: products of two sizes,
// which threads share, and a norm, which is one thread's.
type tiny struct {
	half, whole kernels.Matrix
	x           *kernels.Vectors
	dst         []float32
	h           *kernels.Vectors
	values      []float32
}

// tinySize is the rows and columns of the larger product: small, and large
// enough to be divided among threads.
const tinySize = 512

func newTiny() *tiny {
	t := quant.Q8_0
	matrix := func(rows int) kernels.Matrix {
		return kernels.Matrix{Type: t, Rows: rows, Cols: tinySize, Data: make([]byte, rows*t.RowBytes(tinySize))}
	}
	return &tiny{
		half: matrix(tinySize / 2), whole: matrix(tinySize),
		x: kernels.NewVectors(1, tinySize, kernels.Wants(t)), dst: make([]float32, tinySize),
		h: kernels.NewVectors(1, 64, kernels.Float32), values: make([]float32, 64),
	}
}

// cost is what an operator takes beside its work, in the mix of a decoder's
// layer: of fifteen operators seven are products. A product's share is where
// the line through the times of two sizes meets no rows at all.
func (t *tiny) cost(c *kernels.Compute) time.Duration {
	half := quickest(func() { c.MatMul(t.dst[:t.half.Rows], t.half, t.x) })
	whole := quickest(func() { c.MatMul(t.dst, t.whole, t.x) })
	norm := quickest(func() { c.RMSNorm(t.h, t.values, t.values, 1e-5) })
	return (7*max(norm, 2*half-whole) + 8*norm) / 15
}

// quickest is the time of f in the quickest of many short stretches.
func quickest(f func()) time.Duration {
	const stretch, repeats = 8, 300
	best := time.Hour
	for range repeats {
		begin := time.Now()
		for range stretch {
			f()
		}
		best = min(best, time.Since(begin))
	}
	return best / stretch
}
