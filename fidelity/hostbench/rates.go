package hostbench

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights"
)

// Formats are the weight formats that are measured.
var Formats = []quant.Type{quant.F16, quant.Q8_0, quant.Q4_0}

// Rates are what microbenchmarks find with one number of threads.
type Rates struct {
	Threads  int
	Cores    string                 // what they are pinned to, as in the runtime's name; "" if to none
	Pinned   []int                  // numbers of those cores; nil: none
	Reads    []Read                 // by working-set size, rising
	Far      []Far                  // of formats, from beyond all caches
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

// operands are the weights that microbenchmarks of all numbers of threads read.
type operands struct {
	sources []weights.Source // of Formats, in their order
	far     []byte           // more than any cache holds
}

// newOperands makes the weights, and room for more than llc bytes of them.
func newOperands(llc, memory int64) (*operands, error) {
	o := &operands{far: make([]byte, farBytes(llc, memory))}
	for _, scheme := range schemes {
		source, err := weights.Open(base, weights.Options{Overrides: streamed, Quant: scheme})
		if err != nil {
			o.close()
			return nil, err
		}
		o.sources = append(o.sources, source)
	}
	return o, nil
}

func (o *operands) close() {
	for _, s := range o.sources {
		s.Close()
	}
}

// bench holds the operands of the microbenchmarks between rounds.
type bench struct {
	compute *kernels.Compute
	*operands
	streams map[quant.Type]*stream
	cached  *stream
	memory  []byte // that reading is measured on
	norm    time.Duration
	h       *kernels.Vectors
	values  []float32
	rates   Rates

	near, beyond map[quant.Type]repeats // of a product from the caches, and from beyond them
}

// streamed is a model whose feed-forward matrices are streamed: beyond the
// private caches of today's cores, and of about the size of the models that are
// predicted.
var streamed = model.Overrides{Layers: 18, Dim: cols, FFN: rows, Heads: 6, KVHeads: 6, Vocab: 256}

// Rows and columns of the matrices, those of a model of middling width, and the
// rows of the parts of them that are multiplied as matrices of their own. Times of
// both sizes lie on a line: its slope is the rate, and where it meets no rows at
// all a product's fixed cost.
const rows, cols, partRows = 1536, 384, 96

// newBench measures with a number of threads on operands, which it does not own.
// Weights lie in memory as those of the engine do.
func newBench(o *operands, threads int) *bench {
	b := &bench{
		compute: kernels.New(threads), operands: o, streams: map[quant.Type]*stream{},
		h: kernels.NewVectors(1, 64, kernels.Float32), values: make([]float32, 64),
		rates: Rates{Threads: threads, Weights: map[quant.Type]float64{}},
		near:  map[quant.Type]repeats{}, beyond: map[quant.Type]repeats{},
	}
	for i, t := range Formats {
		b.streams[t] = newStream(o.sources[i], "ffn_gate", "ffn_up")
		if t == quant.F16 { // the largest
			b.memory = b.streams[t].memory()
		}
	}
	b.cached = &stream{whole: []kernels.Matrix{{Type: quant.F32, Rows: 128, Cols: cols, Data: make([]byte, 128*cols*4)}}}
	b.cached.prepare()
	return b
}

func (b *bench) close() { b.compute.Close() }

// round measures once more all but products of the models' formats, and keeps
// the better figures.
func (b *bench) round() {
	reads := make([]Read, len(workingSets))
	for i, n := range workingSets {
		n = min(n, len(b.memory))
		reads[i] = Read{n, kernels.ReadRate(b.rates.Threads, b.memory[:n])}
		if b.rates.Reads != nil {
			reads[i].GBps = max(reads[i].GBps, b.rates.Reads[i].GBps)
		}
	}
	b.rates.Reads = reads
	b.cached.measure(b.compute)
	b.rates.Cached = perSecond(b.cached.whole[0], b.cached.times[0])
	if d := quickest(func() { b.compute.RMSNorm(b.h, b.values, b.values, 1e-5) }); b.norm == 0 || d < b.norm {
		b.norm = d
	}
}

// products measures products with weights of a format once more.
func (b *bench) products(t quant.Type) {
	s := b.streams[t]
	b.near[t] = append(b.near[t], s.measure(b.compute).Seconds())
	b.rates.Weights[t], _ = s.line()
	b.rates.Dispatch = b.dispatch()
}

// dispatch is what an operator takes beside its work, in the mix of a decoder's
// layer: of fifteen operators seven are products.
func (b *bench) dispatch() time.Duration {
	var sum time.Duration
	var n time.Duration
	for _, s := range b.streams {
		if s.times[0] > 0 {
			_, fixed := s.line()
			sum += max(b.norm, fixed)
			n++
		}
	}
	return (7*sum/n + 8*b.norm) / 15
}

// stream is a set of matrices that are multiplied with a vector in turn: whole,
// and in parts.
type stream struct {
	whole, parts []kernels.Matrix
	x            *kernels.Vectors
	dst          []float32
	times        [2]time.Duration // of the quickest product of each kind, on the average of a stretch
}

// newStream returns the stream of matrices of some roles of a model.
func newStream(source weights.Source, roles ...string) *stream {
	s := &stream{}
	for _, t := range source.Tensors() {
		if !slices.ContainsFunc(roles, func(role string) bool { return strings.HasSuffix(t.Name, "."+role+".weight") }) {
			continue
		}
		s.whole = append(s.whole, kernels.Matrix{Type: t.Type, Rows: t.Rows, Cols: t.Cols, Data: t.Data})
		size := partRows * t.Type.RowBytes(t.Cols)
		for i := range t.Rows / partRows {
			s.parts = append(s.parts, kernels.Matrix{Type: t.Type, Rows: partRows, Cols: t.Cols, Data: t.Data[i*size : (i+1)*size]})
		}
	}
	s.prepare()
	return s
}

func (s *stream) prepare() {
	m := s.whole[0]
	s.x, s.dst = kernels.NewVectors(1, m.Cols, kernels.Wants(m.Type)), make([]float32, m.Rows)
	random := rand.New(rand.NewPCG(1, 2))
	row := make([]float32, m.Cols)
	for i := range row {
		row[i] = float32(random.NormFloat64()) / 16
	}
	s.x.Set(row)
}

// memory returns the bytes from the first matrix to the last, all of one model.
func (s *stream) memory() []byte {
	first, last := s.whole[0].Data, s.whole[len(s.whole)-1].Data
	from, to := uintptr(unsafe.Pointer(&first[0])), uintptr(unsafe.Pointer(&last[0]))+uintptr(len(last))
	return unsafe.Slice(&first[0], to-from)
}

// measure times products of both kinds once more, and returns the time of a whole
// one.
func (s *stream) measure(c *kernels.Compute) (whole time.Duration) {
	for i, list := range [][]kernels.Matrix{s.whole, s.parts} {
		if len(list) == 0 {
			continue
		}
		t := s.quickest(c, list)
		if s.times[i] == 0 || t < s.times[i] {
			s.times[i] = t
		}
		if i == 0 {
			whole = t
		}
	}
	return whole
}

// quickest returns the time of a product, in the quickest of many rounds through
// all matrices: a round takes about as long as a token of the models, and so is as
// likely to be disturbed.
func (s *stream) quickest(c *kernels.Compute, list []kernels.Matrix) time.Duration {
	const enough = 30 * time.Millisecond
	repeats := max(1, 8/len(list))
	best := time.Hour
	for start := time.Now(); time.Since(start) < enough; {
		begin := time.Now()
		for range repeats {
			for _, m := range list {
				c.MatMul(s.dst[:m.Rows], m, s.x)
			}
		}
		best = min(best, time.Since(begin))
	}
	return best / time.Duration(repeats*len(list))
}

// line returns the weights a second beside a product's fixed cost, and that cost.
func (s *stream) line() (rate float64, fixed time.Duration) {
	whole, part := s.times[0], s.times[1]
	slope := float64(whole-part) / float64(rows-partRows) // ns a row
	if slope <= 0 {
		return perSecond(s.whole[0], whole), 0
	}
	return cols / slope * 1e9, max(0, part-time.Duration(partRows*slope))
}

// perSecond returns the weights a second of a product that takes t.
func perSecond(m kernels.Matrix, t time.Duration) float64 {
	return float64(m.Rows*m.Cols) / t.Seconds()
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
