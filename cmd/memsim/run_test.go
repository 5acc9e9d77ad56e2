package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// llamaCPP is what llama.cpp answers on a reference model.
type llamaCPP struct {
	Prompt        []int32      `json:"prompt_tokens"`
	Greedy        []int32      `json:"greedy_tokens"`
	Probabilities [][2]float64 `json:"next_token_probabilities"`
}

func readReference(t *testing.T, name string) llamaCPP {
	t.Helper()
	data, err := os.ReadFile(reference(t, name))
	if err != nil {
		t.Fatal(err)
	}
	var answer llamaCPP
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func idsText(ids []int32) string {
	var texts []string
	for _, id := range ids {
		texts = append(texts, strconv.Itoa(int(id)))
	}
	return strings.Join(texts, ",")
}

func TestRunForScripts(t *testing.T) {
	for name, tolerance := range map[string]float64{"tiny-f16": 2e-3, "tiny-q8": 1e-2} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{"tiny-f16": "tiny-f16.ref.json", "tiny-q8": "tiny-q8-steady.ref.json"}
			want := readReference(t, answers[name])
			r := decode[runReply](t, mustMemsim(t, "run", "--model", reference(t, name+".gguf"), "--prompt-ids", idsText(want.Prompt),
				"--tokens", strconv.Itoa(len(want.Greedy)), "--temperature", "0", "--logprobs", "all", "--format", "json"))
			if !slices.Equal(r.PromptIDs, want.Prompt) {
				t.Errorf("prompt_ids %v, want %v", r.PromptIDs, want.Prompt)
			}
			if name == "tiny-f16" && !slices.Equal(r.TokenIDs, want.Greedy) {
				t.Errorf("token_ids %v, want %v", r.TokenIDs, want.Greedy)
			}
			if r.PrefillRate <= 0 || r.DecodeRate <= 0 {
				t.Errorf("rates %g and %g", r.PrefillRate, r.DecodeRate)
			}
			checkProbabilities(t, r.Probabilities, want.Probabilities, tolerance)
		})
	}
}

func checkProbabilities(t *testing.T, got, want [][2]float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d probabilities, want %d", len(got), len(want))
	}
	expected := map[float64]float64{}
	for _, p := range want {
		expected[p[0]] = p[1]
	}
	for i, p := range got {
		if i > 0 && p[1] > got[i-1][1] {
			t.Errorf("probability %d, %g, is above the one before it", i, p[1])
		}
		if d := math.Abs(p[1] - expected[p[0]]); d > tolerance {
			t.Errorf("token %g has probability %g, llama.cpp says %g", p[0], p[1], expected[p[0]])
		}
	}
}

func TestRunPrintsText(t *testing.T) {
	model := reference(t, "tiny-f16.gguf")
	scripted := decode[runReply](t, mustMemsim(t, "run", "--model", model, "--prompt", "hi", "--tokens", "8", "--temperature", "0", "--format", "json"))
	shown := mustMemsim(t, "run", "--model", model, "--prompt", "hi", "--tokens", "8", "--temperature", "0")
	if shown.out != scripted.Text+"\n" {
		t.Errorf("shown %q, in JSON %q", shown.out, scripted.Text)
	}
	if len(scripted.Probabilities) != 0 {
		t.Error("probabilities that were not asked for")
	}
	if !strings.Contains(shown.err, "/s") {
		t.Errorf("stderr %q lacks the speed", shown.err)
	}
}

func TestSameSeedDrawsTheSameText(t *testing.T) {
	args := []string{"run", "--model", reference(t, "tiny-f16.gguf"), "--prompt-ids", "1,5,9", "--tokens", "12", "--seed", "3", "--format", "json"}
	a, b := decode[runReply](t, mustMemsim(t, args...)), decode[runReply](t, mustMemsim(t, args...))
	if !slices.Equal(a.TokenIDs, b.TokenIDs) {
		t.Errorf("%v and %v", a.TokenIDs, b.TokenIDs)
	}
}

func TestRunOfAPresetPrintsIDs(t *testing.T) {
	inFolder(t)
	smallShape(t)
	r := mustMemsim(t, "run", "--model", "small.yaml", "--prompt-ids", "1,2", "--tokens", "3", "--temperature", "0")
	if strings.Count(r.out, ",") != 2 || !strings.HasSuffix(r.out, "\n") {
		t.Errorf("%q, want three ids", r.out)
	}
}

func TestIDsBeyondTheVocabularyAreMistakes(t *testing.T) {
	inFolder(t)
	smallShape(t)
	wantMistake(t, memsim(t, "run", "--model", "small.yaml", "--prompt-ids", "256", "--format", "json"), "256", "255")
}

func TestCompareSaysHowFarAFormatMoves(t *testing.T) {
	inFolder(t)
	smallShape(t)
	compare := func(quant string, more ...string) compareReply {
		return decode[compareReply](t, mustMemsim(t, append([]string{"run", "--model", "small.yaml", "--quant", quant, "--compare", "f32",
			"--prompt-ids", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "--format", "json"}, more...)...))
	}
	same, near, far := compare("f32"), compare("q8_0"), compare("q4_0")
	if same.KLDivergence > 1e-9 || same.Top1Agreement != 1 || same.Perplexity != same.ReferencePPL {
		t.Errorf("f32 against itself: %+v", same)
	}
	if near.KLDivergence <= 0 || far.KLDivergence <= near.KLDivergence {
		t.Errorf("q8_0 moves by %g, q4_0 by %g; fewer bits move further", near.KLDivergence, far.KLDivergence)
	}
	w8a8 := compare("q8_0", "--activations", "per-token")
	if w8a8.KLDivergence <= near.KLDivergence || w8a8.Activations != "per-token" || w8a8.ReferencePPL != near.ReferencePPL {
		t.Errorf("scales per token: %+v; per block: %+v", w8a8, near)
	}
	if block := compare("q8_0", "--activations", "per-block"); block != near {
		t.Errorf("scales per block are the default: %+v and %+v", block, near)
	}
	wantMistake(t, memsim(t, "run", "--model", "small.yaml", "--quant", "f16", "--activations", "per-token", "--compare", "f32", "--prompt-ids", "1,2"), "q8_0")
	wantMistake(t, memsim(t, "run", "--model", "small.yaml", "--activations", "per-row", "--prompt-ids", "1,2"), "per-row", "per-token")
	wantMistake(t, memsim(t, "run", "--model", "small.yaml", "--compare", "f32", "--prompt-ids", "1"), "two or more")
	wantMistake(t, memsim(t, "run", "--model", "small.yaml", "--compare", "f99", "--prompt-ids", "1,2"), "f99", "f32")
}

func TestBench(t *testing.T) {
	inFolder(t)
	smallShape(t)
	rows := decode[[]benchRow](t, mustMemsim(t, "bench", "--model", "small.yaml", "--pp", "8", "--tg", "4", "--threads", "1,2", "--repetitions", "2", "--format", "json"))
	if len(rows) != 4 {
		t.Fatalf("%d rows, want two tests at two numbers of threads", len(rows))
	}
	for i, want := range []string{"pp8", "tg4", "pp8", "tg4"} {
		r := rows[i]
		if r.Test != want || r.Threads != 1+i/2 || r.TokensPerS <= 0 || r.StdDev < 0 || r.WeightBytesPerToken <= 0 || r.ReadGBps <= 0 || r.MachineReadGBps <= 0 {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	if rows[0].WeightBytesPerToken >= rows[1].WeightBytesPerToken {
		t.Errorf("a prompt of 8 reads %g bytes of weights a token, decode %g; a batch shares them", rows[0].WeightBytesPerToken, rows[1].WeightBytesPerToken)
	}
	if r := mustMemsim(t, "bench", "--model", "small.yaml", "--quant", "q8_0", "--activations", "per-token", "--pp", "2", "--tg", "0", "--repetitions", "1"); !strings.Contains(r.out, "q8_0, activations per-token") {
		t.Errorf("bench does not say how activations are scaled:\n%s", r.out)
	}
	if r := mustMemsim(t, "bench", "--model", "small.yaml", "--pp", "0", "--tg", "2", "--repetitions", "2"); !strings.Contains(r.out, "±") || strings.Contains(r.out, "pp") {
		t.Errorf("table:\n%s", r.out)
	}
}

func TestAnErrorBeforeTheFirstTokenPrintsNothing(t *testing.T) {
	inFolder(t)
	smallShape(t)
	wantMistake(t, memsim(t, "run", "--model", "small.yaml", "--prompt-ids", "9999", "--tokens", "2"), "token id 9999")
	wantMistake(t, memsim(t, "--energy", "foo", "--device", "iphone13"), `"foo" is not known; known are device, paper`)
}

// Token ids need no tokenizer: one that cannot be used is said and left aside.
func TestRunByIDsWithATokenizerThatCannotBeUsed(t *testing.T) {
	original, err := os.ReadFile(reference(t, "tiny-f16.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	family := []byte("tokenizer.ggml.model\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00")
	at := bytes.Index(original, family)
	if at < 0 {
		t.Fatal("the reference names no tokenizer of five letters")
	}
	copy(original[at+len(family):], "bread")
	path := filepath.Join(t.TempDir(), "strange.gguf")
	if err := os.WriteFile(path, original, 0o600); err != nil {
		t.Fatal(err)
	}
	r := memsim(t, "run", "--model", path, "--prompt-ids", "1,5,9", "--tokens", "3", "--temperature", "0", "--format", "json")
	if r.code != 0 || len(decode[runReply](t, r).TokenIDs) != 3 {
		t.Errorf("code %d: %s", r.code, r.err)
	}
	if r := memsim(t, "run", "--model", path, "--prompt", "x"); r.code != 2 || !strings.Contains(r.err, "--prompt-ids") {
		t.Errorf("text without a tokenizer: code %d: %s", r.code, r.err)
	}
}
