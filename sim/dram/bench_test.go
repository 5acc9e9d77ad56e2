package dram

import (
	"math/rand"
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// partSpec builds the Spec of one channel of a shipped part.
func partSpec(t testing.TB, name, mapping string, r Refresh, p Policy) Spec {
	t.Helper()
	part, err := devices.LoadDRAMPart(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := PartSpec(part, mapping, r, p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// phoneSpec builds the Spec of a phone's memory: four channels of LPDDR5X-8533.
func phoneSpec(t testing.TB, r Refresh) Spec {
	t.Helper()
	part, err := devices.LoadDRAMPart("lpddr5x-8533")
	if err != nil {
		t.Fatal(err)
	}
	s, err := SpecOf(devices.DRAM{
		Part: part.Name, Spec: part, Mapping: "RoBaRaCoCh", PagePolicy: "open", Refresh: string(r),
		Channels: devices.Quantity[units.Count]{Value: 4}, Ranks: devices.Quantity[units.Count]{Value: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func reportRequests(b *testing.B, requests int64) {
	b.ReportMetric(float64(requests)/b.Elapsed().Seconds()/1e6, "Mrequests/s")
}

// BenchmarkStream is the fast path on one contiguous stream of 32-byte reads,
// each time from a memory that has seen nothing.
func BenchmarkStream(b *testing.B) {
	for _, r := range []Refresh{NoRefresh, AllBank, PerBank} {
		b.Run("refresh="+string(r), func(b *testing.B) {
			s := partSpec(b, "lpddr5-6400", "RoBaRaCoCh", r, Open)
			var requests int64
			for b.Loop() {
				t := New(s).Move(0, []Extent{{Bytes: 125e6}})
				requests += t.Counts.Requests()
			}
			reportRequests(b, requests)
		})
	}
}

// BenchmarkRandom is the command-level engine on random 32-byte reads.
func BenchmarkRandom(b *testing.B) {
	s := partSpec(b, "lpddr5-6400", "RoBaRaCoCh", AllBank, Open)
	rng := rand.New(rand.NewSource(1))
	extents := make([]Extent, 100_000)
	for i := range extents {
		extents[i] = Extent{Addr: uint64(rng.Int63n(1<<31)) &^ 31, Bytes: 32}
	}
	var requests int64
	for b.Loop() {
		requests += NewCommandLevel(s).Move(0, extents).Counts.Requests()
	}
	reportRequests(b, requests)
}

// BenchmarkToken is one decode step of a 125 MB model on a phone, in tiles of
// 128 KiB, one after the other with time for arithmetic between them, from a
// memory that has seen nothing.
func BenchmarkToken(b *testing.B) {
	for _, r := range []Refresh{AllBank, PerBank} {
		b.Run("refresh="+string(r), func(b *testing.B) {
			s := phoneSpec(b, r)
			var requests int64
			for b.Loop() {
				requests += moveToken(New(s))
			}
			reportRequests(b, requests)
		})
	}
}

func moveToken(m *Memory) (requests int64) {
	rng := rand.New(rand.NewSource(1))
	for addr := uint64(64); addr < 125e6; {
		n := 64 * uint64(1+rng.Intn(4096))
		t := m.Move(m.Now()+units.Picoseconds(rng.Intn(2_000_000)), []Extent{{Addr: addr, Bytes: units.Bytes(n)}})
		addr += n
		requests += t.Counts.Requests()
	}
	return requests
}
