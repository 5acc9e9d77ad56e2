package engine

import (
	"testing"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/traces"
)

// A trace says a storage format by its name alone: the simulator counts the values
// of an operand from its bytes.
func TestTracesKnowTheSizeOfEveryFormat(t *testing.T) {
	formats := append(quant.Groupwise(), quant.Types()...)
	for _, f := range append(formats, quant.Q2_K, quant.Q3_K, quant.IQ1_S, quant.IQ1_M, quant.IQ2_XXS, quant.IQ2_XS, quant.IQ2_S,
		quant.IQ3_XXS, quant.IQ3_S, quant.IQ4_NL, quant.IQ4_XS, quant.TQ1_0, quant.TQ2_0, quant.MXFP4, quant.NVFP4, quant.Q1_0, quant.Q2_0) {
		l, _ := f.Layout()
		const cols = 1 << 16
		if got := traces.Values(string(f), int64(f.RowBytes(cols)-l.Row)); got != cols {
			t.Errorf("%s: %d bytes hold %d values, want %d", f, f.RowBytes(cols), got, cols)
		}
	}
}
