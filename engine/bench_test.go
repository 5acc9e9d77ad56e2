package engine

import (
	"runtime"
	"testing"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/traces"
)

// openPreset opens a preset with synthetic weights, or none.
func openPreset(b *testing.B, name, quant string, shapeOnly bool) weights.Source {
	b.Helper()
	src, err := weights.Open(name, weights.Options{Quant: quant, Seed: 1, ShapeOnly: shapeOnly})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { src.Close() })
	return src
}

// BenchmarkShapeOnlyStep is a decode step of a shape-only run with its events.
func BenchmarkShapeOnlyStep(b *testing.B) {
	e := newEngine(b, openPreset(b, "mobilellm-125m", "q8_0", true), Options{ShapeOnly: true})
	s := newSession(b, e, SessionOptions{Sink: discard{}})
	b.ReportAllocs()
	for b.Loop() {
		if s.Position() == s.Context() {
			s.Reset()
		}
		if _, err := s.Decode(background, 3); err != nil {
			b.Fatal(err)
		}
		if err := s.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkShapeOnlyModel is all that a sweep needs of the engine for a model:
// opening it, a prompt, some tokens, their events.
func BenchmarkShapeOnlyModel(b *testing.B) {
	prompt := RandomTokens(1, 64, 32000)
	for b.Loop() {
		src, err := weights.Open("mobilellm-125m", weights.Options{Overrides: model.Overrides{Layers: 40}, ShapeOnly: true})
		if err != nil {
			b.Fatal(err)
		}
		e := newEngine(b, src, Options{ShapeOnly: true})
		s := newSession(b, e, SessionOptions{Sink: discard{}})
		if err := s.Replay(background, prompt, prompt[:4]); err != nil {
			b.Fatal(err)
		}
		if err := s.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecode is a decode step of a real run, with and without a recorder;
// events are made every hundred tokens, off the clock.
func BenchmarkDecode(b *testing.B) {
	for _, sink := range []traces.Sink{nil, discard{}} {
		name := "plain"
		if sink != nil {
			name = "recorded"
		}
		b.Run(name, func(b *testing.B) {
			e := newEngine(b, openPreset(b, "mobilellm-125m", "q8_0", false), Options{Threads: runtime.GOMAXPROCS(0)})
			defer e.Close()
			s := newSession(b, e, SessionOptions{Context: 512, Sink: sink})
			for b.Loop() {
				if s.Position() == 100 {
					b.StopTimer()
					if err := s.Flush(); err != nil {
						b.Fatal(err)
					}
					s.Reset()
					b.StartTimer()
				}
				if _, err := s.Decode(background, 3); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
