package kernels_test

import (
	"fmt"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/quant"
)

// A product of a matrix of eight-bit weights, the form of a model file, with
// one activation vector.
func ExampleCompute_MatMul() {
	c := kernels.New(2)
	defer c.Close()

	weights := make([]float32, 4*32)
	for row := range 4 {
		for col := range 32 {
			weights[row*32+col] = float32(row)
		}
	}
	m := kernels.Matrix{Type: quant.Q8_0, Rows: 4, Cols: 32, Data: make([]byte, 4*quant.Q8_0.RowBytes(32))}
	m.Type.Encode(m.Data, weights)

	x := kernels.NewVectors(1, 32, kernels.Wants(m.Type))
	ones := make([]float32, 32)
	for i := range ones {
		ones[i] = 1
	}
	x.Set(ones)

	y := make([]float32, 4)
	c.MatMul(y, m, x)
	fmt.Printf("%.1f\n", y)
	// Output: [0.0 32.0 64.0 96.0]
}

func ExampleFeatures() {
	// The best set that the processor can run, or what MEMSIM_KERNELS names.
	fmt.Println(kernels.Sets()[0], kernels.Features() != "")
	// Output: portable true
}
