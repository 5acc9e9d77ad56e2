package weights_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
)

// What would a model of this shape take, and where would its tensors lie? A
// shape-only source knows, without a byte of weights.
func ExampleOpen() {
	src, err := weights.Open("mobilellm-125m", weights.Options{
		Quant:     "q4_k_m",
		Overrides: model.Overrides{Layers: 60},
		ShapeOnly: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	fmt.Printf("%s as %s: %.1f MB\n", src.Name(), src.Quant(), float64(src.Size())/1e6)
	for _, name := range []string{"token_embd.weight", "blk.59.ffn_down.weight"} {
		t, _ := src.Tensor(name)
		fmt.Printf("%s: %d × %d %s\n", t.Name, t.Rows, t.Cols, t.Type)
	}
	// Output:
	// mobilellm-125m+layers=60 as q4_k_m: 168.3 MB
	// token_embd.weight: 32000 × 576 q8_0
	// blk.59.ffn_down.weight: 576 × 1536 q6_k
}

// A GGUF file of seeded noise that has exactly a model's shape, for llama.cpp
// or any other program that reads the format.
func ExampleWriteGGUF() {
	src, err := weights.Open("mobilellm-125m", weights.Options{Quant: "q8_0", Overrides: model.Overrides{Layers: 2}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	dir, err := os.MkdirTemp("", "memsim")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.gguf")
	if err := weights.WriteGGUF(path, src); err != nil {
		log.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the file's size is the source's:", info.Size() == src.Size())
	// Output:
	// the file's size is the source's: true
}
