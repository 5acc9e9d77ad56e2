package kernels

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/memsim/memsim/engine/quant"
)

// counter counts how often each part runs, and which workers ran any.
type counter struct {
	parts []atomic.Int32
}

func (c *counter) run(_, part int) { c.parts[part].Add(1) }

// Every part runs once, with fewer and more threads than processors, whether
// workers are awake or parked.
func TestPoolRunsEachPartOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		p := newPool(threads)
		for round := range 300 {
			c := &counter{parts: make([]atomic.Int32, 1+round%17)}
			p.run(c, len(c.parts))
			for i := range c.parts {
				if n := c.parts[i].Load(); n != 1 {
					t.Fatalf("%d threads, round %d: part %d ran %d times", threads, round, i, n)
				}
			}
			if round%100 == 99 {
				time.Sleep(2 * idleTime)
			}
		}
		p.close()
		p.close() // a second time does nothing
	}
}

// Close ends all goroutines, also those that never had work.
func TestCloseEndsWorkers(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		New(4).Close()
	}
	// A worker has said that it is done a moment before the scheduler has
	// forgotten it.
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestIdleWorkersPark(t *testing.T) {
	p := newPool(3)
	defer p.close()
	for deadline := time.Now().Add(10 * time.Second); p.parked.Load() < 2; {
		if time.Now().After(deadline) {
			t.Fatalf("%d of 2 workers have parked", p.parked.Load())
		}
		time.Sleep(time.Millisecond)
	}
}

// Results do not depend on the number of threads.
func TestThreadsGiveSameResult(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	m, _ := randomMatrix(r, quant.Q4_0, 300, 96)
	x := NewVectors(1, 96, Int8)
	x.Set(noise(r, 96))
	want := make([]float32, 300)
	withSet(t, active, 1).MatMul(want, m, x)
	for _, threads := range []int{2, 3, 7} {
		got := make([]float32, 300)
		withSet(t, active, threads).MatMul(got, m, x)
		if !slices.Equal(got, want) {
			t.Errorf("%d threads give another result than 1", threads)
		}
	}
}

// A decode step allocates nothing once it has run.
func TestNoAllocation(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	const dim, heads, headDim, context = 128, 4, 32, 20
	c := withSet(t, active, 2)
	table := NewRoPETable(RoPEConfig{HeadDim: headDim, Base: 10000})
	for _, typ := range []quant.Type{quant.F16, quant.Q8_0, quant.Q4_0} {
		m, _ := randomMatrix(r, typ, dim, dim)
		x, weight, out := noise(r, dim), noise(r, dim), make([]float32, dim)
		v := NewVectors(1, dim, Wants(typ))
		cache := NewCache(quant.F16, context*dim)
		pos := 0
		step := func() {
			c.Embed(x, m, []int32{5})
			c.RMSNorm(v, x, weight, 1e-5)
			c.MatMul(out, m, v)
			c.RoPE(out, 1, heads, headDim, pos, table)
			c.StoreKV(cache.Slice(pos*dim, (pos+1)*dim), out)
			c.Attention(v, out, cache, cache, AttentionShape{N: 1, Pos: pos, Heads: heads, KVHeads: heads, HeadDim: headDim})
			c.SwiGLU(v, out, x)
			c.AddBias(x, weight, 1)
			c.Add(x, out)
			pos = (pos + 1) % context
		}
		for range context {
			step()
		}
		if n := testing.AllocsPerRun(10, step); n > 0 {
			t.Errorf("%s: %g allocations a step", typ, n)
		}
	}
}

func TestReadBandwidth(t *testing.T) {
	if got := ReadBandwidth(2, 1<<20); got <= 0 {
		t.Errorf("%g GB/s", got)
	}
}

func TestFeatures(t *testing.T) {
	sets := Sets()
	if sets[0] != "portable" || !slices.Contains(sets, Features()) {
		t.Errorf("sets %v, in use %q", sets, Features())
	}
	if got := choose("portable").name; got != "portable" {
		t.Errorf("forced portable, got %q", got)
	}
	if got, best := choose("no such set").name, sets[len(sets)-1]; got != best {
		t.Errorf("an unknown name gives %q, want %q", got, best)
	}
	t.Setenv(setVariable, "no such set")
	if CheckEnvironment() == nil {
		t.Error("an unknown name in the environment is no error")
	}
}

// The assembly knows the fields of its arguments by their offsets.
func TestArgumentOffsets(t *testing.T) {
	var v matvecArgs
	var g gemmArgs
	for _, f := range []struct {
		name      string
		got, want uintptr
	}{
		{"matvecArgs.x", unsafe.Offsetof(v.x), 40},
		{"matvecArgs.halves", unsafe.Offsetof(v.halves), 64},
		{"matvecArgs.next", unsafe.Offsetof(v.next), 96},
		{"matvecArgs.last", unsafe.Offsetof(v.last), 104},
		{"matvecArgs.lastDst", unsafe.Offsetof(v.lastDst), 112},
		{"gemmArgs.x", unsafe.Offsetof(g.x), 40},
		{"gemmArgs.n", unsafe.Offsetof(g.n), 88},
		{"gemmArgs.mask", unsafe.Offsetof(g.mask), 96},
	} {
		if f.got != f.want {
			t.Errorf("%s is at %d, the assembly takes it from %d", f.name, f.got, f.want)
		}
	}
}
