package kernels

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/memsim/memsim/engine/quant"
)

// shapes of decoders of 125M and 350M parameters, rows × columns.
var benchShapes = [][2]int{{576, 576}, {1536, 576}, {576, 1536}, {32000, 576}, {2560, 960}, {960, 2560}}

// benchBytes is how much weight a benchmark walks over: more than caches hold.
var benchBytes = flag.Int("bench-bytes", 256<<20, "weights that MatVec benchmarks walk over")

// benchMatrices returns a walk of different matrices of a shape.
func benchMatrices(t quant.Type, rows, cols, bytes int) []Matrix {
	size := rows * t.RowBytes(cols)
	one, _ := randomMatrix(rand.New(rand.NewPCG(1, 1)), t, min(rows, 64), cols)
	count := max(1, bytes/size)
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

func BenchmarkMatVec(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range formats {
		t := formats[i].typ
		for _, s := range benchShapes {
			rows, cols := s[0], s[1]
			if t.RowBytes(cols) == 0 {
				cols = (cols + 255) &^ 255
			}
			b.Run(fmt.Sprintf("%s/%dx%d", t, rows, cols), func(b *testing.B) {
				ms := benchMatrices(t, rows, cols, *benchBytes)
				c := withSet(b, active, 0)
				x := NewVectors(1, cols, Wants(t))
				x.Set(noise(r, cols))
				dst := make([]float32, rows)
				b.SetBytes(int64(len(ms[0].Data)))
				k := 0
				for b.Loop() {
					c.MatMul(dst, ms[k%len(ms)], x)
					k++
				}
			})
		}
	}
}
