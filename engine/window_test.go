package engine

import (
	"testing"

	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/traces"
)

// Gemma 3 1B has four layers that see all positions and 22 that see 512: at 2,048
// of them it reads 19.9 MB of keys and values a token, where all layers would read
// 54.5.
func TestWindowedLayersReadTheirWindow(t *testing.T) {
	src, err := weights.Open("gemma3-1b", weights.Options{ShapeOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	trace := &traces.Trace{}
	s := newSession(t, newEngine(t, src, Options{ShapeOnly: true}), SessionOptions{Sink: trace})
	if err := s.Hold(2047); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Decode(background, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	var read int64
	for _, e := range trace.Events {
		if e.Kind == traces.KV && e.Access == traces.Read {
			read += e.Bytes
		}
	}
	const row = 2 * 2 * 256 // keys and values of one head of 256 in f16
	if want := int64(row * (4*2048 + 22*512)); read != want {
		t.Errorf("a token reads %d bytes of keys and values, want %d", read, want)
	}
}

// Routes of a stated skew are the same however they are asked for, and differ
// within a token.
func TestSkewedRoutesAreATokensOwn(t *testing.T) {
	r := SkewedRoutes{Experts: 16, Seed: 3, Skew: 1}
	all := make([]int32, 4*10)
	r.Choose(all, 4, 2, 5)
	counts := map[int32]int{}
	for token := range 10 {
		one := make([]int32, 4)
		r.Choose(one, 4, 2, 5+token)
		seen := map[int32]bool{}
		for i, id := range one {
			if id != all[token*4+i] || id < 0 || id >= 16 || seen[id] {
				t.Fatalf("token %d has %v of %v", token, one, all)
			}
			seen[id] = true
			counts[id]++
		}
	}
	if len(counts) < 5 {
		t.Errorf("ten tokens chose among %d experts", len(counts))
	}
}
