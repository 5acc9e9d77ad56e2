package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
)

func small() []Tensor {
	return []Tensor{
		{Name: "b", DType: "BF16", Shape: []int{2, 3}},
		{Name: "a", DType: "F32", Shape: []int{3}},
		{Name: "scalar", DType: "F16", Shape: []int{}},
		{Name: "empty", DType: "I64", Shape: []int{0, 4}},
	}
}

func dataOf(t Tensor) ([]byte, error) {
	return bytes.Repeat([]byte{t.Name[0]}, int(t.size())), nil
}

func write(t testing.TB, tensors []Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, tensors, map[string]string{"format": "pt"}, dataOf); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	data := write(t, small())
	f, err := Parse("small.safetensors", data)
	if err != nil {
		t.Fatal(err)
	}
	if f.Metadata["format"] != "pt" {
		t.Errorf("metadata is %v", f.Metadata)
	}
	for i, want := range small() {
		got := f.Tensors[i]
		if got.Name != want.Name || got.DType != want.DType || fmt.Sprint(got.Shape) != fmt.Sprint(want.Shape) {
			t.Errorf("tensor %d is %s %s %v, was %s %s %v", i, got.Name, got.DType, got.Shape, want.Name, want.DType, want.Shape)
		}
		if b, _ := dataOf(want); !bytes.Equal(got.Data, b) || !bytes.Equal(data[got.Offset:][:len(b)], b) {
			t.Errorf("tensor %q has other data", got.Name)
		}
	}
	if first := f.Tensors[0].Offset; first%8 != 0 {
		t.Errorf("the data begins at %d, unaligned", first)
	}
}

// file returns a file with a header as given and n bytes of data.
func file(header string, n int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), make([]byte, n)...)
}

// refused checks that data is refused as the user's mistake, in one line that
// names the file and what is wrong, without taking memory for what it claims.
func refused(t *testing.T, data []byte, want string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Parse("bad.safetensors", data)
	runtime.ReadMemStats(&after)
	switch {
	case err == nil:
		t.Errorf("accepted; want an error with %q", want)
	case !fault.IsUser(err):
		t.Errorf("%v: is not the user's error", err)
	case !strings.HasPrefix(err.Error(), "bad.safetensors: ") || strings.Contains(err.Error(), "\n"):
		t.Errorf("%q does not name the file in one line", err)
	case !strings.Contains(err.Error(), want):
		t.Errorf("error %q does not say %q", err, want)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
		t.Errorf("%q took %d bytes of memory", want, taken)
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	data := write(t, small())
	for n := range data {
		refused(t, data[:n], "")
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	const one = `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"a header of 2^64-1 bytes":   {bytes.Repeat([]byte{0xff}, 64), "header length"},
		"a header of 99 MB":          {append(binary.LittleEndian.AppendUint64(nil, 99_000_000), one...), "header: 99000000 bytes long"},
		"no JSON":                    {file("PK\x03\x04", 8), "header: not a JSON object"},
		"a JSON array":               {file("[]", 0), "header: not a JSON object"},
		"JSON that breaks off":       {file(one[:30], 8), `tensor "a"`},
		"two JSON objects":           {file(one+one, 8), "more than one JSON object"},
		"a tensor that is a number":  {file(`{"a":1}`, 0), `tensor "a"`},
		"metadata that is a number":  {file(`{"__metadata__":1}`, 0), "__metadata__"},
		"the same tensor twice":      {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), "occurs twice"},
		"an unknown dtype":           {file(strings.Replace(one, "F32", "F33", 1), 8), `dtype "F33" is unknown`},
		"a negative extent":          {file(strings.Replace(one, "[2]", "[-2]", 1), 8), `tensor "a"`},
		"an extent of 2^64":          {file(strings.Replace(one, "[2]", "[18446744073709551616]", 1), 8), `tensor "a"`},
		"extents that overflow":      {file(strings.Replace(one, "[2]", "[4294967296,4294967296]", 1), 8), "overflows a size"},
		"nine dimensions":            {file(strings.Replace(one, "[2]", "[1,1,1,1,1,1,1,1,2]", 1), 8), "9 dimensions"},
		"no offsets":                 {file(`{"a":{"dtype":"F32","shape":[2]}}`, 8), "data_offsets has 0 numbers"},
		"three offsets":              {file(strings.Replace(one, "[0,8]", "[0,8,8]", 1), 8), "data_offsets has 3 numbers"},
		"offsets the wrong way":      {file(strings.Replace(one, "[0,8]", "[8,0]", 1), 8), "lie outside"},
		"offsets past the end":       {file(one, 7), "lie outside the file's 7 bytes"},
		"a range of another size":    {file(strings.Replace(one, "[2]", "[1]", 1), 8), "span 8 bytes"},
		"bytes that nobody owns":     {file(one, 9), "1 bytes follow the last tensor"},
		"a hole":                     {file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}`, 4), `tensor "b": begins at data byte 3`},
		"tensors that overlap":       {file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), "within the tensor before it"},
		"brackets without an end":    {file(`{"a":`+strings.Repeat("[", 20_000), 0), `tensor "a"`},
		"offsets beyond every file":  {file(strings.Replace(one, "[0,8]", "[18446744073709551600,18446744073709551608]", 1), 8), "lie outside"},
		"an offset that is a string": {file(strings.Replace(one, "[0,8]", `["0",8]`, 1), 8), `tensor "a"`},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.data, c.want) })
	}
}

func TestTooManyTensorsAreRefused(t *testing.T) {
	var header strings.Builder
	header.WriteByte('{')
	for i := range maxTensors + 1 {
		if i > 0 {
			header.WriteByte(',')
		}
		fmt.Fprintf(&header, `"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, i)
	}
	header.WriteByte('}')
	if _, err := Parse("many.safetensors", file(header.String(), 0)); err == nil || !strings.Contains(err.Error(), "more than 65536 tensors") {
		t.Errorf("error is %v", err)
	}
}

func TestDataOfTheWrongSizeIsNotWritten(t *testing.T) {
	err := Write(&bytes.Buffer{}, small(), nil, func(Tensor) ([]byte, error) { return []byte{1}, nil })
	if err == nil || !strings.Contains(err.Error(), `tensor "b": has 1 bytes of data, its shape needs 12`) {
		t.Errorf("error is %v", err)
	}
}

// FuzzParse looks for input that panics, or that is accepted with data that
// does not fit its tensors.
func FuzzParse(f *testing.F) {
	f.Add(write(f, small()))
	f.Add(file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var parsed *File
		var err error
		faulttest.Bounded(t, 1<<20, 1<<9, len(data), func() { parsed, err = Parse("fuzz.safetensors", data) })
		if err != nil {
			if !fault.IsUser(err) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q is not one line for the user", err)
			}
			return
		}
		for _, tensor := range parsed.Tensors {
			if uint64(len(tensor.Data)) != tensor.size() {
				t.Fatalf("tensor %q has %d bytes, not %d", tensor.Name, len(tensor.Data), tensor.size())
			}
		}
	})
}
