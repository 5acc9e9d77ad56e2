package tracetest

import (
	"path/filepath"
	"testing"

	"github.com/memsim/memsim/traces"
)

func TestALongTraceKeepsTheSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.parquet")
	if err := Write(path, Decoding{Steps: 5}); err != nil {
		t.Fatal(err)
	}
	f, err := traces.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := traces.Summarize(f)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(5 * EventsPerStep); s.Events != want || len(s.Phases) != 1 || s.Phases[0].Steps != 5 {
		t.Errorf("%d events and phases %+v, want %d and 5 steps of decode", s.Events, s.Phases, want)
	}
}
