package quant_test

import (
	"fmt"

	"github.com/memsim/memsim/engine/quant"
)

// A block of 32 values is a scale in half precision and 32 codes: what a format
// saves, and what it loses.
func Example() {
	values := make([]float32, 32)
	for i := range values {
		values[i] = float32(i-16) / 16 // -1 to 15/16
	}
	for _, t := range []quant.Type{quant.Q8_0, quant.Q4_0} {
		stored := make([]byte, t.RowBytes(len(values)))
		t.Encode(stored, values)
		back := make([]float32, len(values))
		t.Decode(back, stored)
		fmt.Printf("%s: %d bytes, %.1f bits a value; %.4f is read as %.4f\n", t, len(stored), 8*float64(len(stored))/float64(len(values)), values[3], back[3])
	}
	// Output:
	// q8_0: 34 bytes, 8.5 bits a value; -0.8125 is read as -0.8110
	// q4_0: 18 bytes, 4.5 bits a value; -0.8125 is read as -0.7500
}
