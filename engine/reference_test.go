package engine

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
)

// reference is what llama.cpp answered for a model of testdata.
type reference struct {
	Prompt        []int32      `json:"prompt_tokens"`
	Greedy        []int32      `json:"greedy_tokens"`
	Probabilities [][2]float64 `json:"next_token_probabilities"`
}

func TestSameResultsAsLlamaCpp(t *testing.T) {
	// Tolerances of a probability. In such small models one activation that
	// rounds the other way, because a sum was added in another order, moves
	// probabilities by some thousandths; most agree to 1e-6.
	const half, eight, fewer = 2e-3, 1e-2, 2e-2
	for name, tolerance := range map[string]float64{
		"tiny-f16": half, "untied-f16": half, "linear-bf16": half, "tiny-q8": eight,
		"qwen2-q4_0": fewer, "qwen3-q5_1": fewer, "scaled-q4_1": fewer,
		"deep-q5_0": fewer, "wide-q4_k_m": fewer, "wide-q5_k_m": fewer, "mixed-low": fewer,
	} {
		t.Run(name, func(t *testing.T) {
			want := readReference(t, "testdata/"+referenceOf(name)+".ref.json")
			src, err := weights.Open("testdata/"+name+".gguf", weights.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			sameAsReference(t, src, want, tolerance, tolerance > half)
		})
	}
}

// TestArchitecturesGiveLlamaCppsResults holds each architecture, and the
// scalings of rotary embedding, to llama.cpp: synthetic weights of a tiny shape,
// made anew from its seed, and the answers to the file that they make.
func TestArchitecturesGiveLlamaCppsResults(t *testing.T) {
	files, err := filepath.Glob("testdata/architectures/*.yaml")
	if err != nil || len(files) < 18 {
		t.Fatalf("%d shapes: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			seed := uint64(11)
			if name == "gemma3" {
				seed = 6 // another seed makes it all too sure of its next token
			}
			src, err := weights.Open(file, weights.Options{Quant: "f16", Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			sameAsReference(t, src, readReference(t, strings.TrimSuffix(file, ".yaml")+".ref.json"), 2e-3, false)
		})
	}
}

// sameAsReference holds a model to llama.cpp's probabilities and greedy tokens.
func sameAsReference(t *testing.T, src weights.Source, want reference, tolerance float64, ties bool) {
	t.Helper()
	e := newEngine(t, src, Options{Threads: 2})
	defer e.Close()
	s := newSession(t, e, SessionOptions{})
	logits, err := s.Prefill(context.Background(), want.Prompt)
	if err != nil {
		t.Fatal(err)
	}
	if d := largestDifference(logits, want.Probabilities); d > tolerance {
		t.Errorf("next-token probabilities differ by up to %g", d)
	} else {
		t.Logf("next-token probabilities differ by up to %.2g", d)
	}
	for i, id := range want.Greedy {
		p := Probabilities(logits)
		// Quantized, llama.cpp's own code paths part at near ties.
		if gap := p[0].Probability - p[1].Probability; ties && gap < tolerance {
			t.Logf("near tie (%.2g) after %d equal tokens", gap, i)
			return
		}
		if got := Greedy(logits); got != id {
			t.Fatalf("greedy token %d is %d, llama.cpp chose %d", i, got, id)
		}
		if logits, err = s.Decode(context.Background(), id); err != nil {
			t.Fatal(err)
		}
	}
}

// referenceOf names the answers that a model is held to. The first prompt of
// tiny-q8 has a key that lies 3e-7 from the border between two halves: sums of
// float32 in another order than llama.cpp's store its neighbour, which moves a
// probability by 0.059. The kernel sets that sum integers agree to 5e-7 there; the
// others are held to a prompt that no order of summation upsets.
func referenceOf(name string) string {
	if set := kernels.Features(); name == "tiny-q8" && set != "portable" && set != "vnni" {
		return "tiny-q8-steady"
	}
	return name
}

func readReference(t *testing.T, path string) reference {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func largestDifference(logits []float32, want [][2]float64) float64 {
	got := Probabilities(logits)
	slices.SortFunc(got, func(a, b TokenProbability) int { return int(a.ID - b.ID) })
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(got[int(w[0])].Probability-w[1]))
	}
	return largest
}

// TestHuggingFaceFormGivesTheSameResults writes the reference model as a
// Hugging Face folder, in which Q and K have another order of rows, and back.
func TestHuggingFaceFormGivesTheSameResults(t *testing.T) {
	want := readReference(t, "testdata/tiny-f16.ref.json")
	folder := t.TempDir()
	file := filepath.Join(t.TempDir(), "again.gguf")
	convert(t, "testdata/tiny-f16.gguf", func(src weights.Source) error { return weights.WriteSafetensors(folder, src) })
	convert(t, folder, func(src weights.Source) error { return weights.WriteGGUF(file, src) })
	for path, style := range map[string]model.RoPEStyle{folder: model.Halves, file: model.Interleaved} {
		src, err := weights.Open(path, weights.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		if got := src.Shape().RoPEStyle; got != style {
			t.Errorf("%s has its heads in %s", path, got)
		}
		e := newEngine(t, src, Options{})
		defer e.Close()
		logits := prefill(t, newSession(t, e, SessionOptions{}), want.Prompt)
		if d := largestDifference(logits, want.Probabilities); d > 2e-3 {
			t.Errorf("%s: next-token probabilities differ by up to %g", path, d)
		}
	}
}

func convert(t *testing.T, from string, write func(weights.Source) error) {
	t.Helper()
	src, err := weights.Open(from, weights.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := write(src); err != nil {
		t.Fatal(err)
	}
}
