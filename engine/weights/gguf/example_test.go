package gguf_test

import (
	"fmt"
	"os"

	"github.com/memsim/memsim/engine/weights/gguf"
)

// A view of a file: metadata by key, tensors where they lie.
func Example() {
	data, err := os.ReadFile("../../testdata/tiny-q8.gguf")
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := gguf.Parse("tiny-q8.gguf", data)
	if err != nil {
		fmt.Println(err)
		return
	}
	layers, err := f.Int("llama.block_count")
	fmt.Println(layers, "layers,", len(f.Tensors), "tensors", err)
	t := f.Tensors[0]
	fmt.Println(t.Name, t.Type, t.Rows, "×", t.Cols, "in", len(f.Data(t)), "bytes")
	// Output:
	// 4 layers, 38 tensors <nil>
	// token_embd.weight q8_0 512 × 64 in 34816 bytes
}
