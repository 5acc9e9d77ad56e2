package engine

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/engine/internal/memory"
	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

var background = context.Background()

// rounding is how far logits of the same computation may lie apart when sums
// were added in another order. A difference in the last bit of a float32 can
// become one in the last bit of a half-precision query, or a whole step of an
// int8 activation. A wrong position, row or block moves logits by whole units.
const rounding = 0.1

// closeTo holds logits to those of the same computation.
func closeTo(t tester, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if i := apart(got, want, tolerance); i >= 0 {
		fail(t, "%s: logit %d is %g, want %g", what, i, got[i], want[i])
	}
}

// apart returns the first logit that is not within tolerance of the wanted one,
// or -1.
func apart(got, want []float32, tolerance float64) int {
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= tolerance) {
			return i
		}
	}
	return -1
}

func fail(t tester, format string, args ...any) {
	t.Helper()
	t.(interface{ Fatalf(string, ...any) }).Fatalf(format, args...)
}

func prefill(t tester, s *Session, ids []int32) []float32 {
	t.Helper()
	logits, err := s.Prefill(background, ids)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(logits)
}

func decode(t tester, s *Session, id int32) []float32 {
	t.Helper()
	logits, err := s.Decode(background, id)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(logits)
}

// TestOneTokenAtATimeIsThePromptAtOnce covers prefill in one batch, in several
// batches of any size, and decode after prefill: all are the same computation.
func TestOneTokenAtATimeIsThePromptAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawShape(t)
		e := newEngine(t, makeUp(shape, allOf(quant.F32), rapid.Uint64().Draw(t, "seed")), Options{})
		defer e.Close()
		ids := drawTokens(t, shape, 2, 20)
		whole := prefill(t, newSession(t, e, SessionOptions{}), ids)

		chunked := newSession(t, e, SessionOptions{Batch: rapid.IntRange(1, len(ids)).Draw(t, "batch")})
		closeTo(t, "in batches", prefill(t, chunked, ids), whole, rounding)

		split := rapid.IntRange(1, len(ids)-1).Draw(t, "split")
		s := newSession(t, e, SessionOptions{})
		logits := prefill(t, s, ids[:split])
		for _, id := range ids[split:] {
			logits = decode(t, s, id)
		}
		closeTo(t, "one by one", logits, whole, rounding)

		s.Reset()
		closeTo(t, "after a reset", prefill(t, s, ids), whole, rounding)
	})
}

// TestKernelsComputeWhatTheirDefinitionsSay holds a whole model on the engine's
// kernels to the same model on kernels that compute by the book. Rounding to
// int8 is a step function: where a value lies on the border of a step, the last
// bit of a sum decides and the logits jump. So a result that is not close may
// still be that of a model whose norms differ in their last bits (backward
// stability); one that is not close to any of those is wrong.
func TestKernelsComputeWhatTheirDefinitionsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawShape(t)
		format := rapid.SampledFrom([]quant.Type{quant.F32, quant.Q8_0}).Draw(t, "format")
		scales := kernels.PerBlock
		if format == quant.Q8_0 && rapid.Bool().Draw(t, "per token") {
			scales = kernels.PerToken
		}
		src := makeUp(shape, allOf(format), rapid.Uint64().Draw(t, "seed"))
		ids := drawTokens(t, shape, 1, 4)
		byTheBook, marks := observed(t, src, len(ids), Options{Activations: scales})
		checkPass(t, byTheBook, marks, ids)
		e := newEngine(t, src, Options{Activations: scales})
		defer e.Close()
		got := prefill(t, newSession(t, e, SessionOptions{}), ids)
		want := byTheBook.program.logits.data
		for nudge := uint64(1); apart(got, want, rounding) >= 0; nudge++ {
			if nudge > 40 {
				closeTo(t, "logits", got, byTheBook.program.logits.data, rounding)
			}
			nudged, marks := observed(t, src.nudged(nudge), len(ids), Options{Activations: scales})
			checkPass(t, nudged, marks, ids)
			want = nudged.program.logits.data
		}
	})
}

func TestSharedBlocksComputeAsCopiesOfThemWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := drawShape(t)
		src := makeUp(shape, allOf(quant.F32), rapid.Uint64().Draw(t, "seed"))
		copied := copyBlocks(src)
		ids := drawTokens(t, shape, 1, 6)
		a, b := newEngine(t, src, Options{}), newEngine(t, copied, Options{})
		defer a.Close()
		defer b.Close()
		closeTo(t, "shared", prefill(t, newSession(t, a, SessionOptions{}), ids), prefill(t, newSession(t, b, SessionOptions{}), ids), 0)
	})
}

// copyBlocks returns the model in which every executed layer has a copy of its
// block.
func copyBlocks(src *madeUp) *madeUp {
	c := makeUp(src.shape.Unshared(), allOf(quant.F32), 0)
	schedule := src.shape.Schedule()
	for i, t := range c.tensors {
		name := t.Name
		if layer := blockOf(name); layer >= 0 {
			_, part, _ := strings.Cut(strings.TrimPrefix(name, "blk."), ".")
			name = "blk." + string(rune('0'+schedule[layer])) + "." + part
		}
		from, _ := src.Tensor(name)
		c.tensors[i].Data = from.Data
	}
	return c
}

// TestRoPEStylesAgreeOnPermutedWeights is the difference between Hugging Face
// and GGUF files of Llama models: rows of Q and K in another order.
func TestRoPEStylesAgreeOnPermutedWeights(t *testing.T) {
	shape := small()
	halves := makeUp(shape, allOf(quant.F32), 3)
	interleaved := makeUp(shape, allOf(quant.F32), 3)
	interleaved.shape.RoPEStyle = "interleaved"
	for i, tensor := range interleaved.tensors {
		if strings.Contains(tensor.Name, "attn_q.") || strings.Contains(tensor.Name, "attn_k.") {
			interleaved.tensors[i].Data = interleave(tensor.Data, tensor.Rows, shape.HeadDim)
		}
	}
	ids := RandomTokens(1, 9, shape.Vocab)
	a, b := newEngine(t, halves, Options{}), newEngine(t, interleaved, Options{})
	defer a.Close()
	defer b.Close()
	closeTo(t, "interleaved", prefill(t, newSession(t, b, SessionOptions{}), ids), prefill(t, newSession(t, a, SessionOptions{}), ids), rounding)
}

// interleave moves row j of the first half of each head to row 2j and of the
// second half to row 2j+1.
func interleave(data []byte, rows, headDim int) []byte {
	out := make([]byte, len(data))
	size := len(data) / rows
	for r := range rows {
		head, j := r/headDim*headDim, r%headDim
		to := head + 2*(j%(headDim/2)) + j/(headDim/2)
		copy(out[to*size:(to+1)*size], data[r*size:(r+1)*size])
	}
	return out
}

func TestThreadsDoNotChangeTheResult(t *testing.T) {
	shape := small()
	src := makeUp(shape, allOf(quant.Q8_0), 5)
	ids := RandomTokens(2, 12, shape.Vocab)
	one, three := newEngine(t, src, Options{Threads: 1}), newEngine(t, src, Options{Threads: 3})
	defer one.Close()
	defer three.Close()
	closeTo(t, "three threads", prefill(t, newSession(t, three, SessionOptions{}), ids), prefill(t, newSession(t, one, SessionOptions{}), ids), 0)
}

func TestSessionsOfOneEngineTakeTurns(t *testing.T) {
	shape := small()
	e := newEngine(t, makeUp(shape, allOf(quant.Q8_0), 5), Options{Threads: 2})
	defer e.Close()
	ids := RandomTokens(2, 12, shape.Vocab)
	want := prefill(t, newSession(t, e, SessionOptions{}), ids)
	results := make(chan []float32)
	for range 4 {
		s := newSession(t, e, SessionOptions{Batch: 1})
		go func() {
			logits, _ := s.Prefill(background, ids)
			results <- slices.Clone(logits)
		}()
	}
	for range 4 {
		closeTo(t, "one of four", <-results, want, rounding)
	}
}

func TestInterruptionLeavesAUsableSession(t *testing.T) {
	shape := small()
	e := newEngine(t, makeUp(shape, allOf(quant.F32), 5), Options{})
	defer e.Close()
	trace := &traces.Trace{}
	s := newSession(t, e, SessionOptions{Sink: trace})
	ids := RandomTokens(2, 6, shape.Vocab)
	want := prefill(t, newSession(t, e, SessionOptions{}), ids)

	prefill(t, s, ids[:5])
	_, err := s.Decode(&countdown{Context: background, left: 7}, ids[5])
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "decode") {
		t.Fatalf("got %v", err)
	}
	if s.Position() != 5 {
		t.Fatalf("position %d after an interrupted step at 5", s.Position())
	}
	closeTo(t, "after the interruption", decode(t, s, ids[5]), want, rounding)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	for op, err := range trace.Ops() {
		if err != nil || op[0].Phase == traces.Decode && op[0].Token != 5 {
			t.Fatalf("operator %+v, error %v", op[0], err)
		}
	}
}

// countdown is a context that is canceled after it was asked a few times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	c.left--
	if c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestRequestsThatDoNotFitAreTheUsersMistake(t *testing.T) {
	shape := small()
	e := newEngine(t, makeUp(shape, allOf(quant.F32), 5), Options{})
	defer e.Close()
	s := newSession(t, e, SessionOptions{Context: 8})
	prompt := RandomTokens(1, 6, shape.Vocab)
	_, empty := s.Prefill(background, nil)
	_, long := s.Prefill(background, RandomTokens(1, 9, shape.Vocab))
	_, strange := s.Prefill(background, []int32{1, 80})
	_, negative := s.Decode(background, -1)
	_, more := s.Generate(background, Generation{Prompt: prompt, Tokens: 4})
	_, wide := e.NewSession(SessionOptions{Context: 65})
	_, batch := e.NewSession(SessionOptions{Batch: -1})
	for want, err := range map[string]error{
		"the prompt is empty":                 empty,
		"do not fit the context of 8":         long,
		"token id 80":                         strange,
		"token id -1":                         negative,
		"need 9 positions, the context has 8": more,
		"made for 1 to 64":                    wide,
		"batch of -1":                         batch,
	} {
		if !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if s.Position() != 0 {
		t.Errorf("refused requests moved the session to %d", s.Position())
	}
	if ids, err := s.Generate(background, Generation{Prompt: prompt, Tokens: 3}); err != nil || len(ids) != 3 {
		t.Errorf("a request that just fits: %v, %v", ids, err)
	}
}

func TestACacheThatNoMemoryHoldsIsTheUsersMistake(t *testing.T) {
	shape := model.Shape{Layers: 9, Sharing: model.Repeat, Repeat: 64, Dim: 32, FFN: 32, Heads: 1024, HeadDim: 32, Vocab: 8, Context: 1 << 24, Tied: true}
	e := newEngine(t, makeUp(shape, nil, 1).withoutData(), Options{ShapeOnly: true})
	if _, err := e.NewSession(SessionOptions{Context: 1 << 24}); !fault.IsUser(err) || !strings.Contains(err.Error(), "KV cache") {
		t.Errorf("got %v", err)
	}
}

func TestAClosedEngineSaysSo(t *testing.T) {
	e := newEngine(t, makeUp(small(), nil, 1), Options{Threads: 2})
	s := newSession(t, e, SessionOptions{})
	for range 2 {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Decode(background, 1); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v", err)
	}
}

func TestAModelThatDoesNotFitItsShapeIsRefused(t *testing.T) {
	broken := func(change func(m *madeUp)) error {
		m := makeUp(small(), allOf(quant.F32), 1)
		change(m)
		_, err := New(m, Options{})
		return err
	}
	for want, err := range map[string]error{
		"tensor output_norm.weight is missing":     broken(func(m *madeUp) { m.tensors = m.tensors[:len(m.tensors)-1] }),
		"has 80 rows of 64, the shape asks for 81": broken(func(m *madeUp) { m.shape.Vocab = 81 }),
		"has 20000 bytes":                          broken(func(m *madeUp) { m.tensors[0].Data = m.tensors[0].Data[:20000] }),
		"and 1":                                    broken(func(m *madeUp) { m.shape.Dim, m.shape.HeadDim = 96, 24 }),
		"norms and biases must be f32":             broken(func(m *madeUp) { m.tensors[1].Type, m.tensors[1].Data = quant.F16, m.tensors[1].Data[:128] }),
		`cannot compute architecture "unheard-of"`: broken(func(m *madeUp) { m.shape.Architecture = "unheard-of" }),
		"kv_heads":                                 broken(func(m *madeUp) { m.shape.KVHeads = 3 }),
	} {
		if !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := New(makeUp(small(), allOf(quant.F32), 1).withoutData(), Options{}); err == nil || fault.IsUser(err) {
		t.Errorf("weights without data: %v", err)
	}
}

// TestASessionThatDoesNotFitInMemoryIsRefused: Go ends a program that asks the
// system for more than there is.
func TestASessionThatDoesNotFitInMemoryIsRefused(t *testing.T) {
	const context = 120_000 // of 8 MiB each, almost 1 TiB
	if free, ok := memory.Free(); !ok || free > context<<23 {
		t.Skip("this system has as much memory, or does not say how much")
	}
	shape := model.Shape{Layers: 1, Sharing: model.Repeat, Repeat: 64, Dim: 32, FFN: 32, Heads: 1024, HeadDim: 32, Vocab: 8, Context: 1 << 24, Tied: true}
	src := makeUp(shape, allOf(quant.F16), 1)
	full := newEngine(t, src, Options{})
	defer full.Close()
	if _, err := full.NewSession(SessionOptions{Context: context}); !fault.IsUser(err) || !strings.Contains(err.Error(), "GB are free; give a smaller context") {
		t.Errorf("computed: %v", err)
	}
	newSession(t, full, SessionOptions{Context: 16})
	newSession(t, newEngine(t, src, Options{ShapeOnly: true}), SessionOptions{Context: context})
}
