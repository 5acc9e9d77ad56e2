package engine

import (
	"context"
	"testing"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// The answers are llama.cpp's with a KV cache of that format for keys and values,
// which it turns by a Hadamard matrix, and flash attention, which it needs for it.
func TestKVCacheInBlocksAgreesWithLlamaCpp(t *testing.T) {
	for _, format := range []quant.Type{quant.Q8_0, quant.Q4_0} {
		want := readReference(t, "testdata/wide-q4_k_m-kv-"+string(format)+".ref.json")
		src, err := weights.Open("testdata/wide-q4_k_m.gguf", weights.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		e := newEngine(t, src, Options{Threads: 2, KV: format})
		defer e.Close()
		s := newSession(t, e, SessionOptions{})
		logits := prefill(t, s, want.Prompt)
		if d := largestDifference(logits, want.Probabilities); d > 2e-2 {
			t.Errorf("%s: next-token probabilities differ by up to %g", format, d)
		} else {
			t.Logf("%s: next-token probabilities differ by up to %.2g", format, d)
		}
	}
}

// Each position adds a row of its format's size to what attention reads.
func TestBytesOfAKVCacheFollowItsFormat(t *testing.T) {
	for format, row := range map[quant.Type]int64{"": 2 * 128, quant.F32: 4 * 128, quant.F16: 2 * 128, quant.Q8_0: 4 * 34, quant.Q4_0: 4 * 18} {
		src, err := weights.Open("testdata/wide-q4_k_m.gguf", weights.Options{ShapeOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		trace := &traces.Trace{}
		const held, prompt, tokens = 40, 3, 2
		trace.Head, err = Record(context.Background(), src, trace, Recording{
			Options: Options{ShapeOnly: true, KV: format}, Held: held, Prompt: prompt, Tokens: tokens,
		})
		if err != nil {
			t.Fatal(err)
		}
		var read, last int64
		for _, event := range trace.Events {
			if event.Kind == traces.KV && event.Phase == traces.Decode && event.Access == traces.Read {
				read += event.Bytes
				last = int64(event.Token)
				if dtype := string(format); dtype != "" && event.DType != dtype {
					t.Errorf("%s: a trace calls it %s", format, event.DType)
				}
			}
		}
		if want := 2 * row * (held + prompt + 1 + held + prompt + 2); read != want || last != held+prompt+1 {
			t.Errorf("%q: two tokens up to position %d read %d bytes of cache, want %d", format, last, read, want)
		}
		if arena := trace.Head.Arenas[1].Bytes; arena != 2*row*(held+prompt+tokens) {
			t.Errorf("%q: the cache has %d bytes", format, arena)
		}
	}
}

// Positions that are held are computed where anything is, and then no part of the
// trace.
func TestHeldPositionsAreNotRecorded(t *testing.T) {
	events := map[bool]int{}
	for _, shapeOnly := range []bool{true, false} {
		src, err := weights.Open("testdata/tiny-f16.gguf", weights.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		trace := &traces.Trace{}
		head, err := Record(context.Background(), src, trace, Recording{Options: Options{ShapeOnly: shapeOnly}, Held: 9, Prompt: 2, Tokens: 2, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		if head.PromptTokens != 2 || head.Tokens != 2 {
			t.Errorf("a trace of %d and %d tokens, want 2 and 2", head.PromptTokens, head.Tokens)
		}
		events[shapeOnly] = len(trace.Events)
	}
	if events[true] != events[false] {
		t.Errorf("%d events without arithmetic, %d with", events[true], events[false])
	}
}

func TestRefusesKVFormatsThatDoNotFit(t *testing.T) {
	src, err := weights.Open("testdata/tiny-f16.gguf", weights.Options{}) // heads of 16 values
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for _, format := range []quant.Type{quant.Q8_0, quant.Q4_K, "none"} {
		if e, err := New(src, Options{KV: format}); !fault.IsUser(err) {
			t.Errorf("%s: %v", format, err)
			if err == nil {
				e.Close()
			}
		}
	}
}
