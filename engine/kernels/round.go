package kernels

import (
	"math"

	"github.com/memsim/memsim/engine/quant"
)

// round rounds values to the precision that encoding e keeps. It is what ggml
// does to the activations of products with half-precision weights; leaving it
// out moves next-token probabilities by whole thousandths.
func (e Encoding) round(values []float32, k *kernelSet) {
	switch e {
	case Float16:
		k.scaleRound(values, 1)
	case BFloat16:
		for i, v := range values {
			values[i] = quant.FromBF16(quant.ToBF16(v))
		}
	}
}

// toHalf rounds f to the nearest half-precision number, ties to even. Halves
// from 2^-14 to 65504 have ten bits behind the leading one, so that there it is
// enough to round away the low thirteen.
func toHalf(f float32) float32 {
	const smallest, overflow = 0x38800000, 0x477ff000 // 2^-14, 65520
	bits := math.Float32bits(f)
	if bits&^(1<<31)-smallest >= overflow-smallest {
		return quant.FromF16(quant.ToF16(f))
	}
	return math.Float32frombits((bits + 0xfff + bits>>13&1) &^ 0x1fff)
}
