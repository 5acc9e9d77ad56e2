package gguf

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
)

// small returns a header with a field of each kind and two tensors.
func small() *Header {
	texts := []string{"<s>", "", "▁the"}
	h := &Header{
		Fields: []Value{
			TextValue("general.architecture", "llama"),
			Uint32Value("llama.block_count", 2),
			Float32Value("llama.rope.freq_base", 10_000),
			BoolValue("tokenizer.ggml.add_bos_token", true),
			TextsValue("tokenizer.ggml.tokens", 3, 9, func(i int) string { return texts[i] }),
			FloatsValue("tokenizer.ggml.scores", 3, func(i int) float32 { return -float32(i) }),
			IntsValue("tokenizer.ggml.token_type", 3, func(i int) int32 { return int32(i) - 1 }),
		},
		Tensors: []Tensor{
			{Name: "norm", Type: quant.F32, Rows: 1, Cols: 3},
			{Name: "matrix", Type: quant.Q8_0, Rows: 2, Cols: 32},
		},
	}
	h.Place()
	return h
}

// dataOf returns bytes that differ between tensors.
func dataOf(t Tensor) ([]byte, error) {
	return bytes.Repeat([]byte{t.Name[0]}, int(t.Bytes)), nil
}

func write(t testing.TB, h *Header) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := h.Write(&b, dataOf); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	h := small()
	data := write(t, h)
	if int64(len(data)) != h.Place() {
		t.Errorf("the file has %d bytes, Place says %d", len(data), h.Place())
	}
	f, err := Parse("small.gguf", data)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := f.Text("general.architecture"); s != "llama" || err != nil {
		t.Errorf("architecture is %q, %v", s, err)
	}
	if n, err := f.Int("llama.block_count"); n != 2 || err != nil {
		t.Errorf("block_count is %d, %v", n, err)
	}
	if v, err := f.Float("llama.rope.freq_base"); v != 10_000 || err != nil {
		t.Errorf("freq_base is %g, %v", v, err)
	}
	if v, err := f.Bool("tokenizer.ggml.add_bos_token"); !v || err != nil {
		t.Errorf("add_bos_token is %v, %v", v, err)
	}
	if v, err := f.Texts("tokenizer.ggml.tokens"); len(v) != 3 || v[2] != "▁the" || err != nil {
		t.Errorf("tokens are %q, %v", v, err)
	}
	if v, err := f.Floats("tokenizer.ggml.scores"); len(v) != 3 || v[2] != -2 || err != nil {
		t.Errorf("scores are %v, %v", v, err)
	}
	if v, err := f.Ints("tokenizer.ggml.token_type"); len(v) != 3 || v[0] != -1 || err != nil {
		t.Errorf("token types are %v, %v", v, err)
	}
	for i, tensor := range f.Tensors {
		if tensor != h.Tensors[i] {
			t.Errorf("tensor %d is %+v, was %+v", i, tensor, h.Tensors[i])
		}
		if tensor.Offset%DefaultAlignment != 0 {
			t.Errorf("tensor %q begins at %d, unaligned", tensor.Name, tensor.Offset)
		}
		if want, _ := dataOf(tensor); !bytes.Equal(f.Data(tensor), want) {
			t.Errorf("tensor %q has other data", tensor.Name)
		}
	}
}

func TestFieldsCopyUnchanged(t *testing.T) {
	data := write(t, small())
	f, err := Parse("small.gguf", data)
	if err != nil {
		t.Fatal(err)
	}
	again := &Header{Tensors: small().Tensors}
	for _, field := range f.Fields {
		again.Fields = append(again.Fields, field.Value())
	}
	again.Place()
	if !bytes.Equal(write(t, again), data) {
		t.Error("a file made of the fields of another differs from it")
	}
}

func TestAFieldOfAnotherKindIsAnError(t *testing.T) {
	f, err := Parse("small.gguf", write(t, small()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		get  func() error
		want string
	}{
		{func() error { _, err := f.Int("general.architecture"); return err }, `field "general.architecture": a string, not an integer`},
		{func() error { _, err := f.Float("llama.block_count"); return err }, `field "llama.block_count": a uint32, not a float`},
		{func() error { _, err := f.Bool("llama.block_count"); return err }, `a uint32, not a bool`},
		{func() error { _, err := f.Text("llama.block_count"); return err }, `a uint32, not a string`},
		{func() error { _, err := f.Texts("tokenizer.ggml.scores"); return err }, `an array of float32, not of string`},
		{func() error { _, err := f.Ints("general.architecture"); return err }, `a string, not an array`},
		{func() error { _, err := f.Uniform("tokenizer.ggml.token_type"); return err }, `layer 1 has 0, layer 0 has -1`},
		{func() error { _, err := f.Int("nosuch"); return err }, `field "nosuch": missing`},
	} {
		if err := c.get(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %q", err, c.want)
		}
	}
}

// refused checks that data is refused as the user's mistake, in one line that
// names the file and what is wrong, without taking memory for what it claims.
func refused(t *testing.T, data []byte, want string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Parse("bad.gguf", data)
	runtime.ReadMemStats(&after)
	switch {
	case err == nil:
		t.Errorf("accepted; want an error with %q", want)
	case !fault.IsUser(err):
		t.Errorf("%v: is not the user's error", err)
	case !strings.HasPrefix(err.Error(), "bad.gguf: ") || strings.Contains(err.Error(), "\n"):
		t.Errorf("%q does not name the file in one line", err)
	case !strings.Contains(err.Error(), want):
		t.Errorf("error %q does not say %q", err, want)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
		t.Errorf("%q took %d bytes of memory", want, taken)
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	h := small()
	data := write(t, h)
	last := h.Tensors[len(h.Tensors)-1]
	end := int(last.Offset) + int(last.Bytes) // what follows is padding
	for n := range end {
		refused(t, data[:n], "")
	}
	if _, err := Parse("whole.gguf", data[:end]); err != nil {
		t.Errorf("a file without the last padding: %v", err)
	}
}

// edit returns the small file with bytes overwritten at the end of a marker's
// first occurrence.
func edit(t *testing.T, marker string, skip int, put []byte) []byte {
	t.Helper()
	data := write(t, small())
	at := bytes.Index(data, []byte(marker))
	if at < 0 {
		t.Fatalf("no %q in the file", marker)
	}
	copy(data[at+len(marker)+skip:], put)
	return data
}

func u32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
func u64(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

func TestHostileFilesAreRefused(t *testing.T) {
	const counts = "GGUF\x03\x00\x00\x00"
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":                     {nil, "not a GGUF file"},
		"another format":            {[]byte("PK\x03\x04 and so on"), "not a GGUF file"},
		"version 1":                 {edit(t, "GGUF", 0, u32(1)), "version: 1 is not 2 or 3"},
		"big-endian":                {edit(t, "GGUF", 0, u32(3<<24)), "big-endian"},
		"a million tensors":         {edit(t, counts, 0, u64(1_000_000)), "tensor count: 1000000 is above"},
		"more tensors than bytes":   {edit(t, counts, 0, u64(60_000)), "tensor count: 60000 do not fit"},
		"2^64-1 tensors":            {edit(t, counts, 0, u64(1<<64-1)), "tensor count"},
		"a million fields":          {edit(t, counts, 8, u64(1_000_000)), "field count: 1000000 is above"},
		"more fields than bytes":    {edit(t, counts, 8, u64(65_000)), "field count: 65000 do not fit"},
		"one field too many":        {edit(t, counts, 8, u64(8)), ""},
		"one field too few":         {edit(t, counts, 8, u64(6)), ""},
		"key of 2^63 bytes":         {edit(t, counts, 16, u64(1<<63)), "key of field 0"},
		"key of 60000 bytes":        {edit(t, counts, 16, u64(60_000)), "key of field 0"},
		"key of no bytes":           {edit(t, counts, 16, u64(0)), "empty"},
		"value of unknown kind":     {edit(t, "llama.block_count", 0, u32(77)), `field "llama.block_count": unknown type 77`},
		"text of 2^64-1 bytes":      {edit(t, "general.architecture", 4, u64(1<<64-1)), `field "general.architecture"`},
		"array of arrays":           {edit(t, "tokenizer.ggml.tokens", 4, u32(9)), "an array of arrays"},
		"array of unknown kind":     {edit(t, "tokenizer.ggml.tokens", 4, u32(13)), "elements of unknown type 13"},
		"array of 2^62 texts":       {edit(t, "tokenizer.ggml.tokens", 8, u64(1<<62)), `field "tokenizer.ggml.tokens"`},
		"array of 2^31 floats":      {edit(t, "tokenizer.ggml.scores", 8, u64(1<<31-1)), `field "tokenizer.ggml.scores"`},
		"element of 2^40 bytes":     {edit(t, "tokenizer.ggml.tokens", 16, u64(1<<40)), `field "tokenizer.ggml.tokens"`},
		"no dimensions":             {edit(t, "norm", 0, u32(0)), "0 dimensions"},
		"five dimensions":           {edit(t, "norm", 0, u32(5)), "5 dimensions"},
		"extent of zero":            {edit(t, "norm", 4, u64(0)), `tensor "norm": extents`},
		"extents that overflow":     {edit(t, "matrix", 4, append(u64(1<<40), u64(1<<40)...)), `tensor "matrix": extents`},
		"extent of 2^64-1":          {edit(t, "norm", 4, u64(1<<64-1)), `tensor "norm": extents`},
		"size that overflows":       {edit(t, "norm", 4, u64(1<<62)), `tensor "norm": extents`},
		"columns not in blocks":     {edit(t, "matrix", 4, u64(31)), "no whole number of q8_0 blocks"},
		"more data than there is":   {edit(t, "norm", 4, u64(1<<40)), `tensor "norm": its 4398046511104 bytes`},
		"a removed format":          {edit(t, "norm", 12, u32(32)), "stored as q4_0_4_8, which is old and removed"},
		"a format of the future":    {edit(t, "norm", 12, u32(77)), "stored as unknown type 77"},
		"an unknown format":         {edit(t, "norm", 12, u32(999)), "stored as unknown type 999"},
		"offset that overflows":     {edit(t, "norm", 16, u64(1<<64-32)), `tensor "norm": its 12 bytes`},
		"offset past the end":       {edit(t, "norm", 16, u64(1<<20)), "end past the file's"},
		"offset unaligned":          {edit(t, "norm", 16, u64(4)), "not a multiple of the alignment"},
		"tensors that overlap":      {edit(t, "norm", 16, u64(32)), "within tensor"},
		"a name of no bytes":        {edit(t, "tokenizer.ggml.token_type", 28, u64(0)), "name of tensor 0: empty"},
		"a name longer than ggml's": {edit(t, "tokenizer.ggml.token_type", 28, u64(65)), "name of tensor 0: 65 bytes long"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.data, c.want) })
	}
}

func TestDuplicatesAreRefused(t *testing.T) {
	h := small()
	h.Fields = append(h.Fields, h.Fields[0])
	h.Place()
	refused(t, write(t, h), `field "general.architecture": occurs twice`)

	h = small()
	h.Tensors[1].Name = h.Tensors[0].Name
	h.Place()
	refused(t, write(t, h), `tensor "norm": occurs twice`)
}

func TestAlignmentOfTheFile(t *testing.T) {
	for alignment, want := range map[int]string{0: "not a power of two", 4: "not a power of two", 24: "not a power of two", 1 << 30: "not a power of two", 8: "", 32: ""} {
		h := small()
		h.Fields = append(h.Fields, Uint32Value("general.alignment", alignment))
		h.Place()
		data := write(t, h)
		if want != "" {
			refused(t, data, want)
			continue
		}
		if f, err := Parse("aligned.gguf", data); err != nil || f.Alignment != alignment {
			t.Errorf("alignment %d: %v", alignment, err)
		}
	}
}

// FuzzParse looks for input that panics, or that is accepted with tensors whose
// data is not there.
func FuzzParse(f *testing.F) {
	data := write(f, small())
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("GGUF\x02\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 1<<20, 1<<9, len(data), func() { parseAll(t, data) })
	})
}

func parseAll(t *testing.T, data []byte) {
	file, err := Parse("fuzz.gguf", data)
	if err != nil {
		if !fault.IsUser(err) || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%q is not one line for the user", err)
		}
		return
	}
	for _, tensor := range file.Tensors {
		if int64(len(file.Data(tensor))) != tensor.Bytes {
			t.Fatalf("tensor %q has %d bytes, not %d", tensor.Name, len(file.Data(tensor)), tensor.Bytes)
		}
	}
	for _, field := range file.Fields {
		readAs(file, field)
	}
}

// readAs reads a field as everything that it may be.
func readAs(f *File, field Field) {
	f.Uniform(field.Key)
	f.Float(field.Key)
	f.Bool(field.Key)
	f.Text(field.Key)
	f.Texts(field.Key)
	f.Floats(field.Key)
	f.Ints(field.Key)
}
