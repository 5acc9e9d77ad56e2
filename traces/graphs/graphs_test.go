package graphs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/traces/graphs"
)

// step is a graph of one layer for one token, as llama-eval-callback prints it.
const step = `main: some message
common_debug_cb_eval:          embd = (f32)   GET_ROWS(token_embd.weight{4, 6, 1, 1}, inp_tokens{1, 1, 1, 1}}) = {4, 1, 1, 1}
    [
        [      0.0380,      -0.0930,   ...
common_debug_cb_eval:        norm-0 = (f32)   RMS_NORM(embd{4, 1, 1, 1}, }) = {4, 1, 1, 1}
common_debug_cb_eval:   attn_norm-0 = (f32)        MUL(norm-0{4, 1, 1, 1}, blk.0.attn_norm.weight{4, 1, 1, 1}}) = {4, 1, 1, 1}
common_debug_cb_eval:        Qcur-0 = (f32)    MUL_MAT(blk.0.attn_q.weight{4, 8, 1, 1}, attn_norm-0{4, 1, 1, 1}}) = {8, 1, 1, 1}
common_debug_cb_eval: Qcur-0 (view) = (f32)       VIEW(Qcur-0{8, 1, 1, 1}, }) = {8, 1, 1, 1}
common_debug_cb_eval: cache_k_l0 (view) = (f16) SET_ROWS(Qcur-0 (view){8, 1, 1, 1}, attn_inp_k_idxs{1, 1, 1, 1}}) = {8, 32, 1, 1}
common_debug_cb_eval:   result_norm = (f32)        MUL(norm-0{4, 1, 1, 1}, output_norm.weight{4, 1, 1, 1}}) = {4, 1, 1, 1}
common_debug_cb_eval: result_output = (f32)    MUL_MAT(token_embd.weight{4, 6, 1, 1}, result_norm{4, 1, 1, 1}}) = {6, 1, 1, 1}
`

// tiny is the model of step.
func tiny() *graphs.Model {
	return &graphs.Model{Path: "tiny.gguf", Name: "tiny", Quant: "f16", Size: 4096, Shape: traces.Shape{LayersStored: 1, LayersExecuted: 1}, Tensors: []graphs.Tensor{
		{Name: "token_embd.weight", Type: "f16", Cols: 4, Rows: 6, Offset: 1024, Bytes: 48},
		{Name: "blk.0.attn_norm.weight", Type: "f32", Cols: 4, Rows: 1, Offset: 1088, Bytes: 16},
		{Name: "blk.0.attn_q.weight", Type: "f16", Cols: 4, Rows: 8, Offset: 1120, Bytes: 64},
		{Name: "output_norm.weight", Type: "f32", Cols: 4, Rows: 1, Offset: 1184, Bytes: 16},
	}}
}

func write(t *testing.T, g *graphs.Graph, m *graphs.Model) *traces.Trace {
	t.Helper()
	trace := &traces.Trace{}
	var err error
	if trace.Head, _, err = graphs.Write(context.Background(), g, m, trace, graphs.Options{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	return trace
}

func TestALogBecomesTheOperatorsThatItNames(t *testing.T) {
	g, err := graphs.ReadLog("step.log", strings.NewReader(step))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for op, err := range write(t, g, tiny()).Ops() {
		if err != nil {
			t.Fatal(err)
		}
		if op[0].Phase == traces.Load {
			continue
		}
		line := fmt.Sprintf("%s layer %d macs %d:", op[0].Op, op[0].Layer, op.MACs())
		for _, e := range op {
			line += fmt.Sprintf(" %s %s %d %s", e.Access, e.Tensor, e.Bytes, e.DType)
		}
		got = append(got, line)
	}
	want := []string{
		"embed layer -1 macs 0: read token_embd.weight 8 f16 read inp_tokens 4 i32 write embd 16 f32",
		"rms_norm layer 0 macs 0: read embd 16 f32 write norm-0 16 f32",
		"attn_norm layer 0 macs 0: read norm-0 16 f32 read blk.0.attn_norm.weight 16 f32 write attn_norm-0 16 f32",
		"attn_q layer 0 macs 32: read blk.0.attn_q.weight 64 f16 read attn_norm-0 16 f32 write Qcur-0 32 f32",
		"kv_store layer 0 macs 0: read Qcur-0 32 f32 read attn_inp_k_idxs 8 i64 write cache_k_l0 16 f16",
		"output_norm layer -1 macs 0: read norm-0 16 f32 read output_norm.weight 16 f32 write result_norm 16 f32",
		"output layer -1 macs 24: read token_embd.weight 48 f16 read result_norm 16 f32 write result_output 24 f32",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestWeightsLieAtTheirOffsetsAndAllElseBehindThem(t *testing.T) {
	g, err := graphs.ReadLog("step.log", strings.NewReader(step))
	if err != nil {
		t.Fatal(err)
	}
	trace := write(t, g, tiny())
	within := map[traces.Kind]traces.Arena{}
	for _, a := range trace.Head.Arenas {
		within[a.Kind] = a
	}
	for _, e := range trace.Events {
		if a := within[e.Kind]; e.Addr < a.Addr || e.Addr+uint64(e.Bytes) > a.Addr+uint64(a.Bytes) {
			t.Errorf("%s: [%d, %d) is not in arena %+v", e.Tensor, e.Addr, e.Addr+uint64(e.Bytes), a)
		}
		if e.Tensor == "blk.0.attn_q.weight" && e.Addr != 1120 {
			t.Errorf("attn_q at %d", e.Addr)
		}
	}
}

func TestLogsThatCannotBeAreRefusedWithTheirLine(t *testing.T) {
	lines := strings.SplitAfter(step, "\n")
	for name, test := range map[string]struct{ log, says string }{
		"nothing":           {"", "no operator in 0 lines"},
		"another program's": {"hello\nworld\n", "no operator in 2 lines"},
		"cut between lines": {strings.Join(lines[:9], ""), "x.log:9: the log ends after cache_k_l0 (view) = SET_ROWS without result_output"},
		"cut in a line":     {strings.Join(lines[:7], "") + "common_debug_cb_eval:    Qcur-0 = (f32)    MUL_MA", "x.log:8: "},
		"one after another": {strings.Join(lines[:9], "") + step, "the one before did not come to result_output"},
		"a large shape":     {strings.Replace(step, "{8, 32, 1, 1}", "{99999999, 99999999, 1, 1}", 1), "x.log:9: "},
		"a long number":     {strings.Replace(step, "{8, 32, 1, 1}", "{99999999999999999999, 1, 1, 1}", 1), "x.log:9: "},
		"a long line":       {strings.Repeat("x", 2<<20), "x.log:1: "},
	} {
		_, err := graphs.ReadLog("x.log", strings.NewReader(test.log))
		if !fault.IsUser(err) || !strings.Contains(fmt.Sprint(err), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWeightOfAnotherShapeIsRefused(t *testing.T) {
	g, err := graphs.ReadLog("step.log", strings.NewReader(step))
	if err != nil {
		t.Fatal(err)
	}
	m := tiny()
	m.Tensors[2].Rows = 16
	_, _, err = graphs.Write(context.Background(), g, m, &traces.Trace{}, graphs.Options{})
	if !fault.IsUser(err) || !strings.Contains(err.Error(), "step.log:7: blk.0.attn_q.weight has shape [4 8 1 1], and in tiny.gguf 4 × 16") {
		t.Error(err)
	}
}

// TestPlacesInUseNeverOverlap holds the addresses of activations to what lives at
// the same time: chains of operators in which each reads two earlier results.
func TestPlacesInUseNeverOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(2, 40).Draw(t, "operators")
		var log strings.Builder
		sizes := []int{8}
		log.WriteString("v0 = (f32) GET_ROWS(table{8, 9, 1, 1}, inp_tokens{1, 1, 1, 1}) = {8, 1, 1, 1}\n")
		last := map[string]int{}
		for i := 1; i <= count; i++ {
			a, b := rapid.IntRange(0, i-1).Draw(t, "a"), rapid.IntRange(0, i-1).Draw(t, "b")
			size := rapid.SampledFrom([]int{8, 40, 1000}).Draw(t, "size")
			name := fmt.Sprintf("v%d", i)
			if i == count {
				name = "result_output"
			}
			sizes = append(sizes, size)
			op := rapid.SampledFrom([]string{"ADD", "CONCAT"}).Draw(t, "op")
			fmt.Fprintf(&log, "%s = (f32) %s(v%d{%d, 1, 1, 1}, v%d{%d, 1, 1, 1}) = {%d, 1, 1, 1}\n", name, op, a, sizes[a], b, sizes[b], size)
			last[fmt.Sprintf("v%d", a)], last[fmt.Sprintf("v%d", b)] = i, i
		}
		g, err := graphs.ReadLog("chain", strings.NewReader(log.String()))
		if err != nil {
			t.Fatal(err)
		}
		trace := &traces.Trace{}
		if _, _, err := graphs.Write(context.Background(), g, &graphs.Model{}, trace, graphs.Options{}); err != nil {
			t.Fatal(err)
		}
		held := map[string]traces.Event{}
		for _, e := range trace.Events {
			for name, other := range held {
				if last[name] < int(e.Seq) {
					delete(held, name)
				} else if e.Access == traces.Write && last[name] > int(e.Seq) && e.Addr < other.Addr+uint64(other.Bytes) && other.Addr < e.Addr+uint64(e.Bytes) {
					t.Fatalf("operator %d writes over %s, which operator %d reads", e.Seq, name, last[name])
				}
			}
			if e.Access == traces.Write {
				held[e.Tensor] = e
			}
		}
	})
}

func FuzzReadLog(f *testing.F) {
	f.Add([]byte(step))
	f.Add([]byte("number of input tokens = 2\n 5\n 6\n" + step))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 64<<20, 1<<12, len(data), func() {
			g, err := graphs.ReadLog("x.log", strings.NewReader(string(data)))
			if err == nil {
				_, _, err = graphs.Write(context.Background(), g, tiny(), &traces.Trace{}, graphs.Options{})
			}
			if err != nil {
				faulttest.Refused(t, err, "x.log")
			}
		})
	})
}

func TestAPassOfTooManyTokensIsRefused(t *testing.T) {
	g, err := graphs.ReadLog("step.log", strings.NewReader(strings.Replace(step, "inp_tokens{1,", "inp_tokens{1000000000,", 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = graphs.Write(context.Background(), g, tiny(), &traces.Trace{}, graphs.Options{})
	if !fault.IsUser(err) || !strings.Contains(err.Error(), "step.log:2: a pass of 1000000000 tokens") {
		t.Error(err)
	}
}
