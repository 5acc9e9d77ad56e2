package compute

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

func ratio(x float64) devices.Quantity[units.Ratio] {
	return devices.Quantity[units.Ratio]{Value: units.Ratio(x)}
}

func rateOf(dtype string, gmacs, pj float64) devices.Rate {
	return devices.Rate{
		DType:  dtype,
		Peak:   devices.Quantity[units.OpsPerSecond]{Value: units.OpsPerSecond(gmacs * 1e9)},
		Energy: devices.Quantity[units.Picojoules]{Value: units.Picojoules(pj)},
	}
}

var (
	cpu = devices.Unit{Name: "cpu", Rates: []devices.Rate{rateOf("f32", 100, 4), rateOf("int8", 400, 0.5)}}
	run = devices.Runtime{
		Name: "run", Unit: "cpu", MatVecShare: ratio(0.25), ComputeShare: ratio(0.5),
		Arithmetic: []devices.Arithmetic{
			{DType: "f32", Compute: "f32", Dequant: ratio(0)},
			{DType: "q4_0", Compute: "int8", Dequant: ratio(0.5)},
		},
	}
)

func mustModel(t testing.TB) *Model {
	t.Helper()
	m, err := Of(cpu, run)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// One token reaches matvec_share of the peak, very many reach compute_share.
func TestShareOfPeak(t *testing.T) {
	m := mustModel(t)
	one := m.Time(Work{DType: "f32", MACs: 1e9, WeightValues: 1e9, Tokens: 1})
	if want := 40 * units.Millisecond; one != want {
		t.Errorf("a matrix-vector product takes %d ps, at 25 %% of 100 GMAC/s it is %d", one, want)
	}
	many := m.Time(Work{DType: "f32", MACs: 1e15, WeightValues: 1e9, Tokens: 1e6})
	if want := 1e15 / (100e9 * 0.5); math.Abs(many.Seconds()/want-1) > 1e-5 {
		t.Errorf("a product with a million tokens takes %g s, at 50 %% of 100 GMAC/s it is %g", many.Seconds(), want)
	}
}

func TestDequantizationIsPaidOncePerWeight(t *testing.T) {
	m := mustModel(t)
	const weights = 1 << 20
	for _, tokens := range []int64{1, 8, 128} {
		w := Work{DType: "q4_0", MACs: weights * tokens, WeightValues: weights, Tokens: tokens}
		bare := w
		bare.WeightValues = 0
		if got, want := m.Energy(w)-m.Energy(bare), units.FromPicojoules(0.5*0.5*weights); got != want {
			t.Errorf("%d tokens: unpacking costs %d fJ, half an operation of 0.5 pJ a weight is %d", tokens, got, want)
		}
	}
	if got, want := m.Time(Work{DType: "q4_0", WeightValues: weights}), units.Picoseconds(5*weights); got != want {
		t.Errorf("unpacking takes %d ps, half an operation a weight at 25 %% of 400 GMAC/s is %d", got, want)
	}
}

// What is summed at the end of an inner product takes as long as 16 values of it.
func TestShortInnerProductsTakeLonger(t *testing.T) {
	m := mustModel(t)
	long := Work{DType: "f32", MACs: 1e9, Tokens: 1}
	for cols, times := range map[int64]units.Picoseconds{16: 2, 4: 5} {
		short := long
		short.Cols = cols
		if got, want := m.Time(short), times*m.Time(long); got != want {
			t.Errorf("%d columns: %d ps, want %d", cols, got, want)
		}
	}
}

func TestTimeIsMonotone(t *testing.T) {
	m := mustModel(t)
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.Int64Range(1, 1<<30).Draw(t, "weights")
		tokens := rapid.Int64Range(1, 1000).Draw(t, "tokens")
		dtype := rapid.SampledFrom([]string{"f32", "q4_0", "unknown"}).Draw(t, "dtype")
		cols := rapid.Int64Range(0, 8192).Draw(t, "cols")
		work := func(n int64) Work {
			return Work{Op: "ffn_up", DType: dtype, MACs: weights * n, WeightValues: weights, Tokens: n, Cols: cols}
		}
		less, more := m.Time(work(tokens)), m.Time(work(tokens+1))
		if more < less {
			t.Fatalf("%d tokens take %d ps, one more only %d", tokens, less, more)
		}
		if float64(more)/float64(tokens+1) > float64(less)/float64(tokens)+1 {
			t.Fatalf("a token of %d takes longer than one of %d", tokens+1, tokens)
		}
		if atPeak := float64(weights*tokens) / 400e9 * 1e12; float64(less) < atPeak {
			t.Fatalf("%d ps, below %g at the peak rate", less, atPeak)
		}
	})
}

func TestElementWiseWork(t *testing.T) {
	m := mustModel(t)
	tests := map[string]float64{"attn_norm": 6, "output_norm": 6, "rope": 2, "swiglu": 16, "add": 1, "attn_q_bias": 1, "sort": 4}
	for op, cost := range tests {
		w := Work{Op: op, Elements: 1000}
		if got, want := m.Energy(w), units.FromPicojoules(cost*1000*4); got != want {
			t.Errorf("%s: %d fJ, want %d", op, got, want)
		}
		if got, want := m.Time(w), units.Picoseconds(cost*1000*40); got != want { // 25 % of 100 GMAC/s
			t.Errorf("%s: %d ps, want %d", op, got, want)
		}
	}
	if got := m.Time(Work{}); got != 0 {
		t.Errorf("no work takes %d ps", got)
	}
}

func TestMistakesInProfiles(t *testing.T) {
	gpu := run
	gpu.Unit = "gpu"
	half := run
	half.Arithmetic = []devices.Arithmetic{{DType: "f16", Compute: "f16"}}
	idle := run
	idle.MatVecShare = ratio(0)
	tests := []struct {
		unit    devices.Unit
		runtime devices.Runtime
		says    string
	}{
		{cpu, gpu, "runs on unit gpu"},
		{cpu, half, "has no rate"},
		{cpu, idle, "must be above zero"},
		{devices.Unit{Name: "cpu", Rates: []devices.Rate{rateOf("f32", 0, 0)}}, run, "must be above zero"},
		{devices.Unit{Name: "cpu"}, devices.Runtime{Unit: "cpu", MatVecShare: ratio(1), ComputeShare: ratio(1)}, "is empty"},
	}
	for _, test := range tests {
		if _, err := Of(test.unit, test.runtime); !fault.IsUser(err) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v, want a user's mistake that says %q", err, test.says)
		}
	}
}

func TestSupports(t *testing.T) {
	m := mustModel(t)
	if err := m.Supports("q4_0"); err != nil {
		t.Error(err)
	}
	if err := m.Supports("q6_k"); !fault.IsUser(err) || !strings.Contains(err.Error(), "it has f32, q4_0") {
		t.Error(err)
	}
}

func ExampleModel() {
	m, err := Of(cpu, run)
	if err != nil {
		fmt.Println(err)
		return
	}
	weights := int64(1536 * 576)
	for _, tokens := range []int64{1, 128} {
		w := Work{Op: "ffn_up", DType: "q4_0", MACs: weights * tokens, WeightValues: weights, Tokens: tokens, Cols: 576}
		fmt.Printf("%3d tokens: %.1f us, %.2f uJ\n", tokens, m.Time(w).Nanoseconds()/1e3, m.Energy(w).Millijoules()*1e3)
	}
	// Output:
	//   1 tokens: 13.5 us, 0.66 uJ
	// 128 tokens: 590.9 us, 56.84 uJ
}
