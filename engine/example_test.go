package engine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/traces"
)

// A model file generates text; here, its token ids.
func ExampleSession_Generate() {
	src, err := weights.Open("testdata/tiny-f16.gguf", weights.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	e, err := engine.New(src, engine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	s, err := e.NewSession(engine.SessionOptions{})
	if err != nil {
		log.Fatal(err)
	}
	prompt := []int32{1, 172, 91, 10, 179, 98, 17, 186, 105, 24, 193, 112, 31, 200, 119, 38}
	ids, err := s.Generate(context.Background(), engine.Generation{Prompt: prompt, Tokens: 8})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ids)
	// Output: [263 207 299 299 405 394 7 264]
}

// Layer sharing doubles the layers that run but not the model: a shape-only run
// counts what a token moves without any weights.
func ExampleEngine_shapeOnly() {
	for _, name := range []string{"mobilellm-125m", "mobilellm-ls-125m"} {
		src, err := weights.Open(name, weights.Options{Quant: "q8_0", ShapeOnly: true})
		if err != nil {
			log.Fatal(err)
		}
		e, err := engine.New(src, engine.Options{ShapeOnly: true})
		if err != nil {
			log.Fatal(err)
		}
		trace := &traces.Trace{}
		s, err := e.NewSession(engine.SessionOptions{Sink: trace})
		if err != nil {
			log.Fatal(err)
		}
		if err := s.Replay(context.Background(), []int32{1, 2, 3}, []int32{4}); err != nil {
			log.Fatal(err)
		}
		if err := s.Flush(); err != nil {
			log.Fatal(err)
		}
		var stored, moved int64
		for _, e := range trace.Events {
			switch {
			case e.Phase == traces.Load:
				stored += e.Bytes
			case e.Phase == traces.Decode && e.Kind == traces.Weight:
				moved += e.Bytes
			}
		}
		fmt.Printf("%s: %.0f MB stored, %.0f MB read for a token\n", name, float64(stored)/1e6, float64(moved)/1e6)
	}
	// Output:
	// mobilellm-125m: 133 MB stored, 133 MB read for a token
	// mobilellm-ls-125m: 133 MB stored, 245 MB read for a token
}
