package traces

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

func TestAFileReadsAsItWasWritten(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		want := &Trace{Head: Header{Schema: SchemaVersion, Model: rapid.String().Draw(rt, "model"), Seed: rapid.Uint64().Draw(rt, "seed")}}
		want.Events = drawEvents(rt)
		path := filepath.Join(dir, "t.parquet")
		write(t, path, want)
		got := read(t, path)
		if !reflect.DeepEqual(got.Head, want.Head) {
			rt.Fatalf("header is %+v, want %+v", got.Head, want.Head)
		}
		if len(got.Events) != len(want.Events) {
			rt.Fatalf("%d events, want %d", len(got.Events), len(want.Events))
		}
		for i := range got.Events {
			if got.Events[i] != want.Events[i] {
				rt.Fatalf("event %d is %+v, want %+v", i, got.Events[i], want.Events[i])
			}
		}
	})
}

func TestTheSameTraceGivesTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		path := filepath.Join(dir, fmt.Sprint(i))
		write(t, path, sample(5000))
		var err error
		if files[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if string(files[0]) != string(files[1]) {
		t.Error("two files of one trace differ")
	}
}

func TestOpsGroupTheOperandsOfAnOperator(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.parquet")
	want := sample(10_000) // operators straddle the reader's batches
	write(t, path, want)
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	count := 0
	for op, err := range f.Ops() {
		if err != nil {
			t.Fatal(err)
		}
		if len(op) != 3 || op[0].Seq != int64(count) || op[2].Seq != int64(count) {
			t.Fatalf("operator %d has %d operands: %+v", count, len(op), op)
		}
		count++
	}
	if count != 10_000 {
		t.Errorf("%d operators, want 10000", count)
	}
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.parquet")
	write(t, good, sample(10))
	bytes, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	other := func(name string, opts ...parquet.WriterOption) string {
		path := filepath.Join(dir, name)
		if err := parquet.WriteFile(path, []record{recordOf(&sample(1).Events[0])}, opts...); err != nil {
			t.Fatal(err)
		}
		return path
	}
	narrow := filepath.Join(dir, "narrow.parquet")
	if err := parquet.WriteFile(narrow, []struct {
		Seq int64 `parquet:"seq"`
	}{{1}}, parquet.KeyValueMetadata("memsim", `{"schema":1}`)); err != nil {
		t.Fatal(err)
	}
	save := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "absent.parquet"), "no such file"},
		{dir, "is a folder"},
		{save("text", []byte("hello")), "not a readable Parquet file"},
		{save("empty", nil), "not a readable Parquet file"},
		{save("cut", bytes[:len(bytes)/2]), "not a readable Parquet file"},
		{other("bare"), "not a memsim trace"},
		{other("odd", parquet.KeyValueMetadata("memsim", "[]")), "not a trace header"},
		{other("unversioned", parquet.KeyValueMetadata("memsim", "{}")), "no schema version"},
		{other("newer", parquet.KeyValueMetadata("memsim", `{"schema":3,"shape":7}`)), "trace schema 3, this memsim reads schema 1 to 2; capture the trace again"},
		{narrow, "columns missing: [phase token op"},
	} {
		_, err := Open(c.path)
		if err == nil || !fault.IsUser(err) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Base(c.path)) {
			t.Errorf("%s: error is %v, want a user's mistake with %q", c.path, err, c.want)
		}
	}
}

func TestAFileThatIsWrittenToWhileItIsReadIsAnError(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"shortened": func(path string) error { return os.Truncate(path, 1000) },
		"touched":   func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)) },
	} {
		path := filepath.Join(t.TempDir(), "t.parquet")
		write(t, path, sample(20_000))
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		seen := false
		for _, err := range f.Ops() {
			if err != nil {
				seen = true
				if fault.IsUser(err) || !strings.Contains(err.Error(), path+" was written to while it was read") {
					t.Errorf("%s: error is %v", name, err)
				}
			} else if change != nil {
				if err := change(path); err != nil {
					t.Fatal(err)
				}
				change = nil
			}
		}
		if !seen {
			t.Errorf("a file that was %s is read as if nothing were", name)
		}
	}
}

// Damage inside the pages is found while reading; it must come out as an error
// whatever the Parquet library does with it.
func TestDamageInsideAFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.parquet")
	write(t, good, sample(300))
	bytes, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "bad.parquet")
	for at := 4; at < len(bytes); at += 7 {
		damaged := append([]byte(nil), bytes...)
		damaged[at] ^= 0xff
		if err := os.WriteFile(path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err == nil {
			_, err = ReadAll(f)
			f.Close()
		}
		if err != nil && !fault.IsUser(err) {
			t.Errorf("byte %d damaged: %v is not a user's mistake", at, err)
		}
	}
}

func TestReadingRefusesEventsThatBreakTheSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.parquet")
	trace := sample(4)
	trace.Events[5].Kind = "wieght"
	write(t, path, trace)
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = ReadAll(f)
	if want := `row 5: kind "wieght" is not weight, kv or activation`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %q", err, want)
	}
}

func TestValidateBoundsAnEvent(t *testing.T) {
	good := sample(1).Events[0]
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Event){
		"phase":                    func(e *Event) { e.Phase = "warmup" },
		"access":                   func(e *Event) { e.Access = "" },
		"seq":                      func(e *Event) { e.Seq = -1 },
		"op is empty":              func(e *Event) { e.Op = "" },
		"tensor is empty":          func(e *Event) { e.Tensor = "" },
		"bytes -1":                 func(e *Event) { e.Bytes = -1 },
		"more than an operand":     func(e *Event) { e.Bytes = MaxBytes + 1 },
		"beyond the address":       func(e *Event) { e.Addr = MaxAddr },
		"beyond the address space": func(e *Event) { e.Addr = 1<<64 - 1 },
		"macs -1":                  func(e *Event) { e.MACs = -1 },
		"more than an operator":    func(e *Event) { e.MACs = MaxMACs + 1 },
		"host_ns":                  func(e *Event) { e.HostNS = -1 },
		"layer":                    func(e *Event) { e.Layer = -2 },
	} {
		e := good
		change(&e)
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func TestOpenRefusesAHeaderThatNoRunCanHave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.parquet")
	for want, change := range map[string]func(*Header){
		"negative": func(h *Header) { h.Tokens = -1 },
		"head_dim is missing": func(h *Header) {
			h.Shape = Shape{LayersExecuted: 1, LayersStored: 1, Dim: 64, Heads: 4, KVHeads: 2, Vocab: 9}
		},
		"4 heads cannot share": func(h *Header) {
			h.Shape = Shape{LayersExecuted: 1, LayersStored: 1, Dim: 64, Heads: 4, KVHeads: 3, HeadDim: 16, Vocab: 9}
		},
		"dim -64 is negative":  func(h *Header) { h.Shape = Shape{Dim: -64} },
		"host_decode_ns -1":    func(h *Header) { h.HostDecodeNS = -1 },
		`kind "?"`:             func(h *Header) { h.Arenas = []Arena{{Name: "a", Kind: "?"}} },
		"-5 bytes from 0":      func(h *Header) { h.Arenas = []Arena{{Name: "a", Kind: KV, Bytes: -5}} },
		"within the address":   func(h *Header) { h.Arenas = []Arena{{Name: "a", Kind: KV, Bytes: 1 << 62}} },
		"from 184467440737095": func(h *Header) { h.Arenas = []Arena{{Name: "a", Kind: KV, Addr: 1<<64 - 1, Bytes: 1}} },
	} {
		trace := sample(1)
		change(&trace.Head)
		write(t, path, trace)
		if _, err := Open(path); !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want a user's mistake with %q", err, want)
		}
	}
}

// foreign is a row as another program may write it.
type foreign struct {
	HostNS int64  `parquet:"host_ns"`
	MACs   int64  `parquet:"macs"`
	DType  string `parquet:"dtype,optional"`
	Bytes  int32  `parquet:"bytes"`
	Addr   int64  `parquet:"addr"`
	Access string `parquet:"access"`
	Kind   string `parquet:"kind"`
	Tensor string `parquet:"tensor"`
	Block  int64  `parquet:"block"`
	Layer  int64  `parquet:"layer"`
	Op     string `parquet:"op"`
	Token  int64  `parquet:"token"`
	Phase  string `parquet:"phase"`
	Seq    int32  `parquet:"seq"`
	Extra  string `parquet:"extra"`
}

// A header's text has a checksum, so that no bit of it turns unseen; pages have theirs.
func TestNoBitOfAHeaderTurnsUnseen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.parquet")
	trace := sample(3)
	trace.Head.Shape = Shape{LayersExecuted: 2, LayersStored: 2, Dim: 64, Heads: 4, KVHeads: 2, HeadDim: 16, Vocab: 100}
	write(t, path, trace)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin := bytes.LastIndex(whole, []byte(`{"schema"`))
	end := begin + bytes.Index(whole[begin:], []byte("}}")) // of the shape
	for at := begin; at < end; at++ {
		damaged := slices.Clone(whole)
		damaged[at] ^= 2
		if _, err := parse("t.parquet", bytes.NewReader(damaged), int64(len(damaged))); !fault.IsUser(err) {
			t.Fatalf("byte %d, %q for %q: %v", at-begin, damaged[at], whole[at], err)
		}
	}
}

func TestOperandsLieInTheArenasOfTheirKind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.parquet")
	for _, c := range []struct {
		kv    Arena
		wants bool
	}{
		{Arena{Name: "kv", Kind: KV, Addr: 1000, Bytes: 64}, true},
		{Arena{Name: "kv", Kind: KV, Addr: 1001, Bytes: 64}, false},
		{Arena{Name: "kv", Kind: KV, Addr: 999, Bytes: 64}, false},
		{Arena{Name: "kv", Kind: KV, Addr: 200, Bytes: 64}, false},
		{Arena{Name: "weights", Kind: Weight, Addr: 0, Bytes: 10}, true}, // of KV nothing is said
	} {
		write(t, path, &Trace{
			Head:   Header{Arenas: []Arena{c.kv}},
			Events: []Event{{Phase: Decode, Op: "attention", Tensor: "cache.0.k", Kind: KV, Access: Read, Addr: 1000, Bytes: 64, DType: "f16", Expert: -1}},
		})
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ReadAll(f)
		f.Close()
		if c.wants && err != nil || !c.wants && (!fault.IsUser(err) || !strings.Contains(err.Error(), "row 0: cache.0.k: 64 bytes at 1000 lie in no arena of kind kv")) {
			t.Errorf("%+v: %v", c.kv, err)
		}
	}
}

func TestATraceIsNotReadFromStandardInput(t *testing.T) {
	if _, err := Open("-"); !fault.IsUser(err) || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("error %v", err)
	}
}

// Other writers choose other physical types and encodings.
func TestATraceOfAnotherProgramIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.parquet")
	header, _ := json.Marshal(Header{Schema: SchemaVersion, Model: "other"})
	rows := []foreign{{1, 2, "f16", 3, 4, "read", "weight", "w", 5, 6, "matmul", 7, "decode", 8, "x"}}
	if err := parquet.WriteFile(path, rows, parquet.KeyValueMetadata("memsim", string(header))); err != nil {
		t.Fatal(err)
	}
	got := read(t, path)
	want := Event{8, Decode, 7, "matmul", 6, 5, "w", Weight, Read, 4, 3, "f16", 2, 1, -1}
	if len(got.Events) != 1 || got.Events[0] != want {
		t.Errorf("events are %+v, want %+v", got.Events, want)
	}
}

// A number that an event has no room for is refused and not cut short.
func TestAPositionBeyond32BitsIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.parquet")
	row := foreign{1, 2, "f16", 3, 4, "read", "weight", "w", 5, 6, "matmul", 1<<32 + 5, "decode", 8, "x"}
	if err := parquet.WriteFile(path, []foreign{row}, parquet.KeyValueMetadata("memsim", `{"schema":1}`)); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = ReadAll(f)
	if want := "t.parquet: damaged trace: column token: holds 4294967301"; !fault.IsUser(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want a user's mistake with %q", err, want)
	}
}

// A reader holds an operator in memory, so that a file whose seq stands still
// must not pass for one long operator.
func TestAnOperatorHasABoundedNumberOfOperands(t *testing.T) {
	event := sample(1).Events[0]
	for n, want := range map[int]string{MaxOperands: "", MaxOperands + 1: "operator 0 has more than 65536 operands"} {
		path := filepath.Join(t.TempDir(), "t.parquet")
		write(t, path, &Trace{Events: slices.Repeat([]Event{event}, n)})
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		_, err = ReadAll(f)
		if want == "" && err != nil || want != "" && (!fault.IsUser(err) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d operands: %v, want %q", n, err, want)
		}
	}
}

// The quantized formats of a trace are those that weights are stored in.
func TestValuesOfAFormat(t *testing.T) {
	for _, format := range quant.Types() {
		if got := Values(string(format), int64(format.RowBytes(1024))); got != 1024 {
			t.Errorf("1024 values of %s count as %d", format, got)
		}
	}
	for dtype, want := range map[string]int64{"i32": 10, "int8": 32, "u8": 40} { // 32 int8 values with a scale and a sum; one a byte if unknown
		if got := Values(dtype, 40); got != want {
			t.Errorf("40 bytes of %s are %d values, want %d", dtype, got, want)
		}
	}
}

func TestSummarizeSumsByPhaseOperatorLayerAndTensor(t *testing.T) {
	s, err := Summarize(sample(20))
	if err != nil {
		t.Fatal(err)
	}
	if s.Events != 60 || len(s.Phases) != 1 {
		t.Fatalf("%d events in %d phases", s.Events, len(s.Phases))
	}
	p := s.Phases[0]
	if p.Steps != 2 || p.Total.Ops != 20 || p.Total.MACs != 20*100 || p.Total.HostNS != 20*7 {
		t.Errorf("totals are %+v in %d steps", p.Total, p.Steps)
	}
	if len(p.ByLayer) != 10 || p.ByLayer[3].Layer != 3 || p.ByLayer[3].Block != 1 || p.ByLayer[3].Ops != 2 {
		t.Errorf("layers are %+v", p.ByLayer)
	}
	if p.ByTensor[0].Name != "blk.0.w" || p.ByTensor[0].WeightBytes != 4*1000 {
		t.Errorf("the largest tensor is %+v", p.ByTensor[0])
	}
	if first, last := p.ByTensor[0].Bytes(), p.ByTensor[len(p.ByTensor)-1]; first != 4000 || last.Name != "y" || last.Bytes() != 200 {
		t.Errorf("tensors go from %d bytes to %+v", first, last)
	}
	if op := p.ByOp[0]; op.Layer != -1 || op.Block != -1 {
		t.Errorf("an operator of all layers has a layer: %+v", op)
	}
	var bytes int64
	for _, g := range p.ByOp {
		bytes += g.Bytes()
	}
	if bytes != p.Total.Bytes() {
		t.Errorf("operators sum to %d bytes, the phase to %d", bytes, p.Total.Bytes())
	}
}

func BenchmarkReadFile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "t.parquet")
	write(b, path, sample(100_000))
	b.ResetTimer()
	events := 0
	for range b.N {
		f, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		for op, err := range f.Ops() {
			if err != nil {
				b.Fatal(err)
			}
			events += len(op)
		}
		f.Close()
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

// sample returns ops operators of three operands over ten layers, each block
// run twice, ten operators a token.
func sample(ops int) *Trace {
	t := &Trace{Head: Header{Schema: SchemaVersion, Model: "sample"}}
	for i := range ops {
		layer := int32(i % 10)
		base := Event{Seq: int64(i), Phase: Decode, Token: int32(i / 10), Op: "matmul", Layer: layer, Block: layer / 2, DType: "f16"}
		w, x, y := base, base, base
		w.Tensor, w.Kind, w.Access, w.Addr, w.Bytes, w.MACs, w.HostNS = fmt.Sprintf("blk.%d.w", layer/2), Weight, Read, uint64(layer/2)*1000, 1000, 100, 7
		x.Tensor, x.Kind, x.Access, x.Addr, x.Bytes = "x", Activation, Read, 1<<20, 20
		y.Tensor, y.Kind, y.Access, y.Addr, y.Bytes = "y", Activation, Write, 2<<20, 10
		t.Events = append(t.Events, w, x, y)
	}
	return t
}

func drawEvents(rt *rapid.T) []Event {
	n := rapid.IntRange(0, 50).Draw(rt, "n")
	events := make([]Event, n)
	seq := int64(0)
	for i := range events {
		seq += rapid.Int64Range(0, 2).Draw(rt, "step")
		events[i] = Event{
			Seq:    seq,
			Phase:  rapid.SampledFrom([]Phase{Load, Prefill, Decode}).Draw(rt, "phase"),
			Token:  rapid.Int32Min(-1).Draw(rt, "token"),
			Op:     rapid.StringN(1, 8, -1).Draw(rt, "op"),
			Layer:  rapid.Int32Min(-1).Draw(rt, "layer"),
			Block:  rapid.Int32Min(-1).Draw(rt, "block"),
			Tensor: rapid.StringN(1, 8, -1).Draw(rt, "tensor"),
			Kind:   rapid.SampledFrom([]Kind{Weight, KV, Activation}).Draw(rt, "kind"),
			Access: rapid.SampledFrom([]Access{Read, Write}).Draw(rt, "access"),
			Addr:   rapid.Uint64Max(MaxAddr-MaxBytes).Draw(rt, "addr"),
			Bytes:  rapid.Int64Range(0, MaxBytes).Draw(rt, "bytes"),
			DType:  rapid.StringN(0, 4, -1).Draw(rt, "dtype"),
			MACs:   rapid.Int64Range(0, MaxMACs).Draw(rt, "macs"),
			HostNS: rapid.Int64Min(0).Draw(rt, "host"),
			Expert: rapid.Int32Min(-1).Draw(rt, "expert"),
		}
	}
	return events
}

func write(t testing.TB, path string, trace *Trace) {
	t.Helper()
	w, err := Create(path, trace.Head)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.Emit(trace.Events); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) *Trace {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	trace, err := ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}
