package faulttest

import (
	"errors"
	"runtime"
	"testing"

	"github.com/memsim/memsim/internal/fault"
)

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(string, ...any) {
	r.failed = true
	runtime.Goexit()
}

// fails reports whether check fails.
func fails(check func(testing.TB)) bool {
	var r recorder
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(&r)
	}()
	<-done
	return r.failed
}

func TestRefusedWantsAUsersMistakeThatNamesTheFault(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{fault.Userf("a.gguf: header: too short"), false},
		{fault.Userf("header: too short"), true},
		{errors.New("a.gguf: header: too short"), true},
		{fault.Userf("a.gguf: runtime error: index out of range"), true},
		{nil, true},
	} {
		if got := fails(func(tb testing.TB) { Refused(tb, c.err, "a.gguf") }); got != c.want {
			t.Errorf("%v: the check fails: %v, want %v", c.err, got, c.want)
		}
	}
}

func TestBoundedCountsWhatIsAllocated(t *testing.T) {
	var sink []byte
	allocate := func(n int) func() { return func() { sink = make([]byte, n) } }
	if fails(func(tb testing.TB) { Bounded(tb, 1<<20, 2, 1<<20, allocate(2<<20)) }) {
		t.Error("2 MiB for an input of 1 MiB are within the bound")
	}
	if !fails(func(tb testing.TB) { Bounded(tb, 1<<20, 2, 1<<20, allocate(8<<20)) }) {
		t.Error("8 MiB for an input of 1 MiB are beyond the bound")
	}
	_ = sink
}
