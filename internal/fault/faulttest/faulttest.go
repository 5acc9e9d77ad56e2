// Package faulttest holds the promises that memsim makes about bad input, for
// tests of what reads it: a refusal is the user's mistake and names what is at
// fault, and no input takes memory that its size does not justify.
package faulttest

import (
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
)

// Refused checks that err is a user's mistake whose text holds each of names,
// and nothing that would show an internal of the program.
func Refused(t testing.TB, err error, names ...string) {
	t.Helper()
	if !fault.IsUser(err) {
		t.Fatalf("%v is not the user's mistake", err)
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) {
			t.Fatalf("%q does not name %q", err, name)
		}
	}
	for _, internal := range []string{"runtime error", "goroutine "} {
		if strings.Contains(err.Error(), internal) {
			t.Fatalf("%q shows an internal of the program", err)
		}
	}
}

// Bounded checks that f allocates at most base bytes, and factor bytes more for
// each of the input's. What is allocated and freed again counts too.
func Bounded(t testing.TB, base, factor, input int, f func()) {
	t.Helper()
	before := allocated()
	f()
	if took, limit := allocated()-before, uint64(base)+uint64(factor)*uint64(input); took > limit {
		t.Fatalf("an input of %d bytes took %d bytes of memory, more than %d", input, took, limit)
	}
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
