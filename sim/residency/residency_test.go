package residency

import (
	"fmt"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
	"pgregory.net/rapid"
)

const gb units.Bytes = 1e9

func header(weights, kv, activations units.Bytes) traces.Header {
	return traces.Header{Arenas: []traces.Arena{
		{Name: "weights", Kind: traces.Weight, Bytes: int64(weights)},
		{Name: "kv", Kind: traces.KV, Bytes: int64(kv)},
		{Name: "activations", Kind: traces.Activation, Bytes: int64(activations)},
	}}
}

// One byte over a limit is over it, and one byte less is not.
func TestTheVerdictChangesAtEachLimit(t *testing.T) {
	l := Limits{Kill: 6 * gb, Mapped: 5 * gb, Free: 4 * gb, Own: gb}
	for _, test := range []struct {
		weights units.Bytes
		pinned  bool
		want    Verdict
		room    units.Bytes
	}{
		{2 * gb, false, Fits, 2 * gb},
		{2*gb + 1, false, Squeezes, 2*gb + 1},
		{3 * gb, false, Squeezes, 3 * gb},
		{3*gb + 1, false, Pages, 3 * gb},
		{90 * gb, false, Pages, 3 * gb},
		{2 * gb, true, Fits, 0},
		{4 * gb, true, Squeezes, 0},
		{4*gb + 1, true, Killed, 0},
	} {
		f := Of(header(test.weights, gb/2, gb/2), test.pinned, l.Own)
		if got, room := l.Judge(f); got != test.want || room != test.room {
			t.Errorf("%d bytes of weights, pinned %v: %s with room for %d, want %s with %d", test.weights, test.pinned, got, room, test.want, test.room)
		}
	}
}

// A cache of keys and values cannot be dropped: one that is too long for its
// context kills an app whose weights are mapped.
func TestALongContextKills(t *testing.T) {
	l := Limits{Kill: 2 * gb, Mapped: 2 * gb, Free: gb}
	if got, _ := l.Judge(Of(header(gb/10, 2*gb, 1), false, 0)); got != Killed {
		t.Errorf("%s, want killed", got)
	}
}

// The parts sum to the whole, and a larger footprint is never judged better.
func TestMoreMemoryIsNeverJudgedBetter(t *testing.T) {
	order := map[Verdict]int{Fits: 0, Squeezes: 1, Pages: 2, Killed: 3}
	rapid.Check(t, func(t *rapid.T) {
		bytes := func(name string) units.Bytes { return units.Bytes(rapid.Int64Range(0, 9e9).Draw(t, name)) }
		free := bytes("free")
		l := Limits{Free: free, Mapped: free + bytes("mapped"), Own: bytes("own")}
		l.Kill = l.Mapped + bytes("kill")
		h := header(bytes("weights"), bytes("kv"), bytes("activations"))
		pinned := rapid.Bool().Draw(t, "pinned")
		f := Of(h, pinned, l.Own)
		if sum := f.Mapped + f.Pinned + f.KV + f.Activations + f.Runtime; sum != f.Total() {
			t.Fatalf("parts sum to %d, total %d", sum, f.Total())
		}
		before, _ := l.Judge(f)
		h.Arenas[rapid.IntRange(0, 2).Draw(t, "part")].Bytes += int64(bytes("more"))
		if after, _ := l.Judge(Of(h, pinned, l.Own)); order[after] < order[before] {
			t.Fatalf("%s with less, %s with more", before, after)
		}
	})
}

// What is proposed instead of a killed run fits.
func TestWhatWouldFitInstead(t *testing.T) {
	l := Limits{Kill: 4 * gb, Mapped: 4 * gb, Free: 2 * gb, Own: gb / 4}
	h := header(14*gb, gb/10, 0)
	h.Shape.StoredParams = 7e9
	if got, want := l.Instead(Of(h, true, l.Own), h), "a model of up to 6 B parameters in q4_0"; got != want {
		t.Errorf("a 7B of which no format fits: %q, want %q", got, want)
	}
	h = header(6*gb, gb/10, 0)
	h.Shape.StoredParams = 3e9
	if got, want := l.Instead(Of(h, true, l.Own), h), "--quant q8_0 (3.54 GB in all); a model of up to 6 B parameters in q4_0"; got != want {
		t.Errorf("a 3B in 16 bits: %q, want %q", got, want)
	}
	h = header(gb, 9*gb, 0)
	h.PromptTokens, h.Tokens = 8000, 1000
	if got, want := l.Instead(Of(h, true, l.Own), h), "a context of 2750 positions; a model of up to 6 B parameters in q4_0"; got != want {
		t.Errorf("a long context: %q, want %q", got, want)
	}
}

// Every shipped device says what it leaves an app, and less than it has.
func TestShippedDevicesStateTheirLimits(t *testing.T) {
	for _, name := range devices.Names() {
		d, err := devices.Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := LimitsOf(d)
		if d.AppMemory == nil {
			t.Errorf("%s states no app_memory", name)
			continue
		}
		if !(0 < l.Own && l.Own < l.Free && l.Free <= l.Mapped && l.Mapped <= d.DRAM.Capacity.Value && l.Kill <= d.DRAM.Capacity.Value) {
			t.Errorf("%s: limits %+v of %d bytes of DRAM", name, l, d.DRAM.Capacity.Value)
		}
	}
}

// A 7B in 16 bits is killed on a phone of 4 GB whose runtime copies weights; a
// 125M fits.
func ExampleLimits_Judge() {
	d, err := devices.Load("iphone13", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	l := LimitsOf(d)
	for _, weights := range []units.Bytes{249e6, 13.5e9} {
		verdict, _ := l.Judge(Of(header(weights, 40e6, 1e6), true, l.Own))
		fmt.Printf("%5.2f GB: %s\n", float64(weights)/1e9, verdict)
	}
	// Output:
	//  0.25 GB: fits
	// 13.50 GB: killed
}
