package traces

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/memsim/memsim/fault/faulttest"
)

// FuzzOpen looks for files that panic, that take memory beyond their size, or
// that yield an event which breaks the schema.
func FuzzOpen(f *testing.F) {
	for _, n := range []int{0, 1, 40} {
		path := filepath.Join(f.TempDir(), "t.parquet")
		write(f, path, sample(n))
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 64<<20, 1<<12, len(data), func() { readSome(t, data) })
	})
}

// readSome reads the first operators of a trace: a small file may well hold
// billions of equal rows.
func readSome(t *testing.T, data []byte) {
	file, err := parse("t.parquet", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		faulttest.Refused(t, err, "t.parquet")
		return
	}
	ops, seq := 0, int64(-1)
	for op, err := range file.Ops() {
		if err != nil {
			faulttest.Refused(t, err, "t.parquet")
			return
		}
		for i := range op {
			if err := op[i].Validate(); err != nil || op[i].Seq != op[0].Seq || op[i].Seq < seq {
				t.Fatalf("operator %d yields %+v behind seq %d (%v)", ops, op[i], seq, err)
			}
		}
		seq = op[0].Seq
		if ops++; ops == 2000 {
			return
		}
	}
}
