package kernels

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/memsim/memsim/engine/quant"
)

// benchShapes are matrices of decoders of 125M and 350M parameters, rows ×
// columns.
var benchShapes = [][2]int{{576, 576}, {1536, 576}, {576, 1536}, {32000, 576}, {2560, 960}, {960, 2560}}

var benchBytes = flag.Int("bench-bytes", 256<<20, "bytes of weights that matrix benchmarks walk over")

// benchMatrices returns different matrices of a shape, to walk over.
func benchMatrices(t quant.Type, rows, cols int) []Matrix {
	size := rows * t.RowBytes(cols)
	one, _ := randomMatrix(rand.New(rand.NewPCG(1, 1)), t, min(rows, 64), cols)
	count := max(1, *benchBytes/size)
	all := make([]byte, 0, count*size)
	for len(all) < count*size {
		all = append(all, one.Data[:min(len(one.Data), count*size-len(all))]...)
	}
	ms := make([]Matrix, count)
	for i := range ms {
		ms[i] = Matrix{Type: t, Rows: rows, Cols: cols, Data: all[i*size : (i+1)*size]}
	}
	return ms
}

// benchMatMul measures products with n vectors. Besides the mean it reports the
// best rate of ten calls in a row, which other load on the machine disturbs
// less.
func benchMatMul(b *testing.B, t quant.Type, rows, cols, n int, unit string, work float64) {
	r := rand.New(rand.NewPCG(1, 1))
	ms := benchMatrices(t, rows, cols)
	c := New(0)
	defer c.Close()
	x := NewVectors(n, cols, Wants(t))
	x.Set(noise(r, n*cols))
	dst := make([]float32, n*rows)
	b.SetBytes(int64(len(ms[0].Data)))
	b.ResetTimer()
	best, k := time.Hour, 0
	for b.Loop() {
		start := time.Now()
		for range 10 {
			c.MatMul(dst, ms[k%len(ms)], x)
			k++
		}
		best = min(best, time.Since(start)/10)
	}
	b.ReportMetric(work/best.Seconds(), "best-"+unit)
}

func eachBenchShape(b *testing.B, run func(b *testing.B, t quant.Type, rows, cols int)) {
	for i := range formats {
		t := formats[i].typ
		for _, s := range benchShapes {
			rows, cols := s[0], s[1]
			if t.RowBytes(cols) == 0 {
				cols = (cols + 255) &^ 255
			}
			b.Run(fmt.Sprintf("%s/%dx%d", t, rows, cols), func(b *testing.B) { run(b, t, rows, cols) })
		}
	}
}

// Decode: gigabytes of weights a second, to compare with ReadBandwidth.
func BenchmarkMatVec(b *testing.B) {
	eachBenchShape(b, func(b *testing.B, t quant.Type, rows, cols int) {
		benchMatMul(b, t, rows, cols, 1, "GB/s", float64(rows*t.RowBytes(cols))/1e9)
	})
}

// Prefill: billions of multiply-accumulates a second.
func BenchmarkMatMul128(b *testing.B) {
	eachBenchShape(b, func(b *testing.B, t quant.Type, rows, cols int) {
		benchMatMul(b, t, rows, cols, 128, "GMAC/s", float64(rows*cols*128)/1e9)
	})
}

type nothing struct{}

func (nothing) run(int, int) {}

// The cost of a parallel region.
func BenchmarkPool(b *testing.B) {
	p := newPool(2)
	defer p.close()
	best := time.Hour
	for b.Loop() {
		start := time.Now()
		for range 100 {
			p.run(nothing{}, 8)
		}
		best = min(best, time.Since(start)/100)
	}
	b.ReportMetric(float64(best.Nanoseconds()), "best-ns")
}
