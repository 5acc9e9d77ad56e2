package fast

import (
	"math/rand"
	"testing"

	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/units"
)

func reportRequests(b *testing.B, requests int64) {
	b.ReportMetric(float64(requests)/b.Elapsed().Seconds()/1e6, "Mrequests/s")
}

// BenchmarkStream is the fast path on one contiguous stream of 32-byte reads,
// each time from a memory that has seen nothing.
func BenchmarkStream(b *testing.B) {
	for _, r := range []dram.Refresh{dram.NoRefresh, dram.AllBank, dram.PerBank} {
		b.Run("refresh="+string(r), func(b *testing.B) {
			s := partSpec(b, "lpddr5-6400", "RoBaRaCoCh", r, dram.Open)
			var requests int64
			for b.Loop() {
				t := New(s).Move(0, []dram.Extent{{Bytes: 125e6}})
				requests += t.Counts.Requests()
			}
			reportRequests(b, requests)
		})
	}
}

// BenchmarkWaitingWrites is long reads behind writes that wait: one write and 64 MB of
// reads, and reads of 1 MB with as much written back between them as a cache evicts.
func BenchmarkWaitingWrites(b *testing.B) {
	writeBack := func() (list []dram.Extent) {
		for i := range uint64(64) {
			list = append(list, dram.Extent{Addr: 1<<30 + i*40960, Bytes: 64 * 9, Write: true}, dram.Extent{Addr: i << 20, Bytes: 1 << 20})
		}
		return list
	}
	for name, list := range map[string][]dram.Extent{
		"one":      {{Addr: 1 << 30, Bytes: 32, Write: true}, {Bytes: 64 << 20}},
		"evicted":  writeBack(),
		"page-ins": {{Addr: 1 << 30, Bytes: 64 << 20, Write: true}, {Addr: 1 << 30, Bytes: 64 << 20}},
	} {
		for level, make := range map[string]func(dram.Spec) memory{"fast": func(s dram.Spec) memory { return New(s) }, "command": func(s dram.Spec) memory { return dram.New(s) }} {
			b.Run(name+"/"+level, func(b *testing.B) {
				s := phoneSpec(b, dram.PerBank)
				var requests int64
				for b.Loop() {
					requests += make(s).Move(0, list).Counts.Requests()
				}
				reportRequests(b, requests)
			})
		}
	}
}

// BenchmarkRandom is the command-level engine on random 32-byte reads.
func BenchmarkRandom(b *testing.B) {
	s := partSpec(b, "lpddr5-6400", "RoBaRaCoCh", dram.AllBank, dram.Open)
	rng := rand.New(rand.NewSource(1))
	extents := make([]dram.Extent, 100_000)
	for i := range extents {
		extents[i] = dram.Extent{Addr: uint64(rng.Int63n(1<<31)) &^ 31, Bytes: 32}
	}
	var requests int64
	for b.Loop() {
		requests += dram.New(s).Move(0, extents).Counts.Requests()
	}
	reportRequests(b, requests)
}

// BenchmarkToken is the memory's part of decode steps of MobileLLM-125M in Q8_0
// on a phone of four channels: the weights of each operator in one transfer, and
// then arithmetic and dispatch for about as long again. "first" starts from a
// memory that has seen nothing, "next" is the steps after.
func BenchmarkToken(b *testing.B) {
	for _, r := range []dram.Refresh{dram.AllBank, dram.PerBank} {
		s := phoneSpec(b, r)
		b.Run("first/refresh="+string(r), func(b *testing.B) {
			var requests int64
			for b.Loop() {
				requests += moveToken(New(s))
			}
			reportRequests(b, requests)
		})
		b.Run("next/refresh="+string(r), func(b *testing.B) {
			m := New(s)
			moveToken(m)
			var requests int64
			for b.Loop() {
				requests += moveToken(m)
			}
			reportRequests(b, requests)
		})
	}
}

// moveToken moves the weights of one decode step.
func moveToken(m memory) (requests int64) {
	const dim, ffn, kv, vocabulary, layers = 576, 1536, 192, 32000, 30
	q8 := func(rows, cols int) units.Bytes { return units.Bytes(rows * cols / 32 * 34) }
	addr := uint64(0x1a2e40)
	move := func(n units.Bytes) {
		t := m.Move(m.Now()+2*units.Microsecond, []dram.Extent{{Addr: addr, Bytes: n}})
		m.Idle(t.Done + (t.Done-t.Start)*3/4)
		requests += t.Counts.Requests()
		addr += uint64(n)
	}
	for range layers {
		for _, n := range []units.Bytes{
			dim * 4, q8(dim, dim), q8(kv, dim), q8(kv, dim), q8(dim, dim), dim * 4, q8(ffn, dim), q8(ffn, dim), q8(dim, ffn),
		} {
			move(n)
		}
	}
	move(q8(vocabulary, dim))
	return requests
}
