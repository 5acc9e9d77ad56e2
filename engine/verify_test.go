package engine

import (
	"context"
	"math"
	"testing"

	"github.com/memsim/memsim/engine/weights"
)

// TestVerifyingGivesTheLogitsOfDecoding holds a pass over several tokens to the
// same tokens one after another, and what is not kept leaves no trace.
func TestVerifyingGivesTheLogitsOfDecoding(t *testing.T) {
	ctx, prompt, ids := context.Background(), []int32{1, 91, 172, 253}, []int32{10, 20, 30, 40}
	for _, file := range []string{"testdata/tiny-f16.gguf", "testdata/architectures/gemma2.yaml", "testdata/architectures/granite.yaml"} {
		src, err := weights.Open(file, weights.Options{Seed: 11})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		e := newEngine(t, src, Options{Threads: 2})
		defer e.Close()
		one, all := newSession(t, e, SessionOptions{}), newSession(t, e, SessionOptions{Verify: len(ids)})
		prefill(t, one, prompt)
		prefill(t, all, prompt)
		if _, err := all.Verify(ctx, []int32{10, 7, 7, 7}, 1); err != nil { // a draft that is wrong
			t.Fatal(err)
		}
		if got, want := all.Position(), len(prompt)+1; got != want {
			t.Fatalf("%s: at position %d after one of four tokens is kept, not %d", file, got, want)
		}
		if _, err := one.Decode(ctx, 10); err != nil {
			t.Fatal(err)
		}
		logits, err := all.Verify(ctx, ids[1:], 3)
		if err != nil {
			t.Fatal(err)
		}
		vocab := src.Shape().Vocab
		for i, id := range ids[1:] {
			want, err := one.Decode(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			for j, v := range want {
				if d := math.Abs(float64(v - logits[i*vocab+j])); d > 1e-2 {
					t.Fatalf("%s: logit %d of token %d is %g, %g verified", file, j, i, v, logits[i*vocab+j])
				}
			}
		}
		if _, err := one.Verify(ctx, ids, 1); err == nil {
			t.Errorf("%s: a session that was not made for it verifies", file)
		}
	}
}
