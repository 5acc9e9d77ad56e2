package traces

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/memsim/memsim/internal/fault/faulttest"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/lz4"
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

// Damage in few places is what a disk or a transfer does, and what a fuzzer that
// knows nothing of checksums and offsets seldom gets to.
func TestNoDamageTakesMemoryBeyondTheFilesSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.parquet")
	write(t, path, sample(40))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		data := bytes.Clone(good)
		for range 1 + random.IntN(3) {
			at := random.IntN(len(data))
			switch random.IntN(3) {
			case 0:
				data[at] = byte(random.Uint32())
			case 1:
				data[at] ^= 1 << random.IntN(8)
			case 2: // a number as large as can be
				copy(data[at:], "\xff\xff\xff\xff\x07"[random.IntN(5):])
			}
		}
		faulttest.Bounded(t, 64<<20, 1<<12, len(data), func() { readSome(t, data) })
	}
}

// LZ4 states no size, and the library doubles its memory until it suffices,
// which for a damaged page is never.
func TestLZ4IsRefused(t *testing.T) {
	var file bytes.Buffer
	w := parquet.NewGenericWriter[record](&file, parquet.Compression(&lz4.Codec{}), parquet.KeyValueMetadata(metadataKey, `{"schema":1}`))
	if _, err := w.Write([]record{recordOf(&sample(1).Events[0])}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := parse("t.parquet", bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	_, err = ReadAll(f)
	faulttest.Refused(t, err, "t.parquet", "LZ4_RAW", "write the trace with zstd")
}
