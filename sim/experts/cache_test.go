package experts

import (
	"compress/gzip"
	"math"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// recorded is what Qwen3-30B-A3B chose on a phone; testdata says where it is from.
func recorded(t testing.TB) *Routes {
	t.Helper()
	f, err := os.Open("testdata/qwen3-30b-a3b.route.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ReadRoutes("recorded", in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run asks a cache for all that the routes need: the prompt at once, layer by
// layer, then position by position. It returns what decode asked for.
func run(t testing.TB, r *Routes, capacity units.Bytes, p Policy) (all, decode Counts) {
	t.Helper()
	c, err := NewCache(capacity, p)
	if err != nil {
		t.Fatal(err)
	}
	for layer := range r.Layers {
		c.Use(int32(layer), r.Batch(0, r.Prompt, layer), r.Bytes[layer])
	}
	before := c.Counts
	for pos := r.Prompt; pos < r.Positions(); pos++ {
		for layer := range r.Layers {
			c.Use(int32(layer), r.At(pos, layer), r.Bytes[layer])
		}
	}
	return c.Counts, c.Counts.Minus(before)
}

// Hit rates and bytes by size and policy are those that BigMoeOnEdge reports for
// the same routes (docs/bench-data, July 2026): in percent of decode, and in MiB
// read by prompt and decode. Its cache of 4,000 MiB ran on the phone; the others
// are its own replay.
func TestHitRatesOfRecordedRoutes(t *testing.T) {
	r := recorded(t)
	for _, want := range []struct {
		mib    units.Bytes
		policy Policy
		hits   float64
		read   float64
	}{
		{250, LRU, 0, 107715.0}, {500, LRU, 0, 107715.0}, {750, LRU, 0, 107715.0},
		{1000, LRU, 37.679, 70208.5}, {1500, LRU, 47.040, 60863.3}, {2000, LRU, 56.548, 51252.3},
		{2500, LRU, 65.107, 42586.7}, {3000, LRU, 70.614, 37007.0}, {4000, LRU, 80.287, 27213.7},
		{6000, LRU, 92.133, 15247.9}, {8000, LRU, 95.966, 11360.3},
		{250, LFU, 17.106, 90880.1}, {500, LFU, 26.636, 81355.1}, {750, LFU, 34.144, 73847.8},
		{1000, LFU, 40.188, 67757.7}, {1500, LFU, 50.279, 57533.9}, {2000, LFU, 58.621, 49100.7},
		{2500, LFU, 65.473, 42146.4}, {3000, LFU, 71.265, 36280.8}, {4000, LFU, 80.794, 26664.2},
		{6000, LFU, 92.022, 15360.2}, {8000, LFU, 95.969, 11357.8},
	} {
		all, decode := run(t, r, want.mib*units.MiB, want.policy)
		hits, read := 100*decode.HitRate(), float64(all.Read)/float64(units.MiB)
		within := map[Policy]float64{LRU: 0.02, LFU: 0.7}[want.policy] // ties of LFU are broken otherwise
		if math.Abs(hits-want.hits) > within || math.Abs(read/want.read-1) > 0.01 {
			t.Errorf("%s of %d MiB: %.3f %% hits, %.1f MiB read; reported %.3f %%, %.1f MiB", want.policy, want.mib, hits, read, want.hits, want.read)
		}
	}
}

// An LRU cache smaller than one token's experts never hits; the size at which it
// begins to is that of one token.
func TestTheCliffIsAtOneTokensExperts(t *testing.T) {
	r := recorded(t)
	var token units.Bytes
	for _, n := range r.Bytes {
		token += n * units.Bytes(r.Used)
	}
	if _, decode := run(t, r, token*95/100, LRU); decode.HitRate() > 0.005 {
		t.Errorf("%.1f %% hits in a cache of 95 %% of a token's experts", 100*decode.HitRate())
	}
	if _, decode := run(t, r, token*115/100, LRU); decode.HitRate() < 0.3 {
		t.Errorf("%.1f %% hits in a cache of 115 %% of a token's experts", 100*decode.HitRate())
	}
}

// listed is a cache as a list, the next victim first.
type listed struct {
	capacity, used units.Bytes
	policy         Policy
	count, last    map[Key]int64
	held           map[Key]units.Bytes
	clock          int64
}

func (c *listed) use(layer int32, chosen []int32, bytes units.Bytes) (missing []int32) {
	for _, e := range chosen {
		k := Key{layer, e}
		c.count[k]++
		if _, ok := c.held[k]; ok {
			c.clock++
			c.last[k] = c.clock
		} else {
			missing = append(missing, e)
		}
	}
	for _, e := range missing {
		if bytes > c.capacity || c.policy == Pinned && c.used+bytes > c.capacity {
			continue
		}
		for c.used+bytes > c.capacity {
			var victim *Key
			for k := range c.held {
				if victim == nil || c.before(k, *victim) {
					victim = &k
				}
			}
			c.used -= c.held[*victim]
			delete(c.held, *victim)
		}
		k := Key{layer, e}
		c.clock++
		c.held[k], c.last[k] = bytes, c.clock
		c.used += bytes
	}
	return missing
}

func (c *listed) before(a, b Key) bool {
	if c.policy == LFU && c.count[a] != c.count[b] {
		return c.count[a] < c.count[b]
	}
	return c.last[a] < c.last[b]
}

func TestACacheAnswersAsAListDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := units.Bytes(rapid.Int64Range(0, 60).Draw(t, "capacity"))
		policy := rapid.SampledFrom([]Policy{LRU, LFU, Pinned}).Draw(t, "policy")
		c, err := NewCache(capacity, policy)
		if err != nil {
			t.Fatal(err)
		}
		ref := &listed{capacity: capacity, policy: policy, count: map[Key]int64{}, last: map[Key]int64{}, held: map[Key]units.Bytes{}}
		for range rapid.IntRange(1, 60).Draw(t, "uses") {
			layer := rapid.Int32Range(0, 2).Draw(t, "layer")
			chosen := rapid.SliceOfNDistinct(rapid.Int32Range(0, 6), 1, 4, func(e int32) int32 { return e }).Draw(t, "chosen")
			bytes := units.Bytes(4 + 3*layer)
			got, want := c.Use(layer, chosen, bytes), ref.use(layer, chosen, bytes)
			if !slices.Equal(got, want) || c.Resident() != ref.used {
				t.Fatalf("layer %d chose %v: missing %v, as a list %v; %d bytes held, as a list %d", layer, chosen, got, want, c.Resident(), ref.used)
			}
		}
	})
}

func TestMistakesInCaches(t *testing.T) {
	if _, err := NewCache(-1, LRU); !fault.IsUser(err) {
		t.Error(err)
	}
	if _, err := NewCache(1, "mru"); !fault.IsUser(err) {
		t.Error(err)
	}
}

func BenchmarkUse(b *testing.B) {
	r := recorded(b)
	for b.Loop() {
		run(b, r, 2000*units.MiB, LRU)
	}
}
