package engine

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// One scale for a whole vector is coarser than one for each block of it.
func TestScalesPerTokenMoveTheDistributionFurther(t *testing.T) {
	shape := small()
	src := makeUp(shape, allOf(quant.Q8_0), 4)
	ids := RandomTokens(3, 12, shape.Vocab)
	score := func(scales kernels.Granularity) (logits [][]float32) {
		e := newEngine(t, src, Options{Activations: scales})
		defer e.Close()
		err := newSession(t, e, SessionOptions{}).Score(background, ids, func(_ int, l []float32) error {
			logits = append(logits, append([]float32(nil), l...))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return logits
	}
	again, block, token := score(kernels.PerBlock), score(kernels.PerBlock), score(kernels.PerToken)
	moved := 0.0
	for i := range block {
		moved += Divergence(block[i], token[i])
	}
	if moved <= 0 || math.IsNaN(moved) || !reflect.DeepEqual(again, block) {
		t.Errorf("moved by %g", moved)
	}
}

func TestScalesPerTokenMoveTheSameBytes(t *testing.T) {
	src := makeUp(small(), allOf(quant.Q8_0), 1)
	o := Options{ShapeOnly: true}
	block := record(t, src, o, 4, []int32{1, 2, 3, 4, 5}, []int32{6})
	o.Activations = kernels.PerToken
	if token := record(t, src, o, 4, []int32{1, 2, 3, 4, 5}, []int32{6}); !reflect.DeepEqual(token, block) {
		t.Error("the traces differ")
	}
}

func TestScalesPerTokenNeedQuantizedActivations(t *testing.T) {
	_, err := New(makeUp(small(), allOf(quant.F16), 1), Options{Activations: kernels.PerToken})
	if !fault.IsUser(err) || !strings.Contains(err.Error(), "q8_0") {
		t.Errorf("got %v", err)
	}
	types := allOf(quant.F16)
	types["output"], types["down"] = quant.F32, quant.Q4_0
	newEngine(t, makeUp(small(), types, 1), Options{Activations: kernels.PerToken}).Close()
}

// TestATraceTellsHowManyValuesABufferHolds: what reads a trace knows the bytes
// and the format of an encoded buffer, and no more.
func TestATraceTellsHowManyValuesABufferHolds(t *testing.T) {
	for _, e := range []kernels.Encoding{kernels.Float32, kernels.Float16, kernels.BFloat16, kernels.Int8, kernels.Int8Wide} {
		v := kernels.NewVectors(3, 256, e)
		if got := traces.Values(encodingName(e), int64(v.Bytes())); got != 3*256 {
			t.Errorf("encoding %d: %d bytes of %s count as %d values, want %d", e, v.Bytes(), encodingName(e), got, 3*256)
		}
	}
}
