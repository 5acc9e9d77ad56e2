package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/weights/gguf"
	"github.com/memsim/memsim/engine/weights/safetensors"
	"github.com/parquet-go/parquet-go"
)

// cutEverywhere runs the program on a file that is cut at each of the given
// bytes, one before and one after, and wants a user's mistake each time, unless
// what is left is a whole file too.
func cutEverywhere(t *testing.T, path string, boundaries []int, mayBeWhole bool, jobs ...[]string) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cuts []int
	for _, b := range boundaries {
		cuts = append(cuts, b-1, b, b+1)
	}
	slices.Sort(cuts)
	for _, n := range slices.Compact(cuts) {
		if n < 0 || n >= len(whole) {
			continue
		}
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range jobs {
			r := memsim(t, args...)
			switch {
			case mayBeWhole && r.code == exitDone:
			case r.code != exitMistake || !strings.Contains(r.err, path) || strings.Contains(r.err, "runtime error"):
				t.Errorf("%s cut at byte %d of %d, %v: exit code %d: %s", path, n, len(whole), args, r.code, r.err)
			}
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range jobs {
		mustMemsim(t, args...)
	}
}

func TestAGGUFFileThatIsCutIsAMistake(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "models", "make", "small.yaml", "--out", "m.gguf")
	data, err := os.ReadFile("m.gguf")
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse("m.gguf", data)
	if err != nil {
		t.Fatal(err)
	}
	boundaries := []int{0, 4, 8, 16, 24, len(data) - 1} // magic, version, counts
	for _, tensor := range f.Tensors {
		boundaries = append(boundaries, int(tensor.Offset), int(tensor.Offset)+len(f.Data(tensor)))
		boundaries = append(boundaries, bytes.Index(data, []byte(tensor.Name)), bytes.Index(data, []byte(tensor.Name))+len(tensor.Name))
	}
	for _, key := range []string{"general.architecture", "llama.block_count", "tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type"} {
		at := bytes.Index(data, []byte(key))
		boundaries = append(boundaries, at-8, at, at+len(key), at+len(key)+4, at+len(key)+12)
	}
	cutEverywhere(t, "m.gguf", boundaries, false,
		[]string{"models", "show", "m.gguf"}, []string{"run", "--model", "m.gguf", "--prompt-ids", "1", "--tokens", "1"})
}

func TestAFolderWhoseFilesAreCutIsAMistake(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "models", "make", "small.yaml", "--quant", "f16", "--out", "m")
	data, err := os.ReadFile("m/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Parse("m", data)
	if err != nil {
		t.Fatal(err)
	}
	boundaries := []int{0, 8, 8 + int(binary.LittleEndian.Uint64(data)), len(data) - 1}
	for _, tensor := range f.Tensors {
		boundaries = append(boundaries, int(tensor.Offset), int(tensor.Offset)+len(tensor.Data), bytes.Index(data, []byte(`"`+tensor.Name)))
	}
	show := []string{"models", "show", "m"}
	cutEverywhere(t, "m/model.safetensors", boundaries, false, show)
	config, err := os.ReadFile("m/config.json")
	if err != nil {
		t.Fatal(err)
	}
	closed := bytes.LastIndexByte(config, '}') // what follows is white space
	cutEverywhere(t, "m/config.json", until(linesOf(config), closed), false, show)
}

func until(boundaries []int, end int) []int {
	return slices.DeleteFunc(boundaries, func(b int) bool { return b >= end })
}

// linesOf returns where the lines of a text end.
func linesOf(text []byte) []int {
	ends := []int{0}
	for i, c := range text {
		if c == '\n' {
			ends = append(ends, i)
		}
	}
	return ends
}

func TestATraceThatIsCutIsAMistake(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "trace", "--model", "small.yaml", "--tokens", "2", "--out", "t.parquet")
	data, err := os.ReadFile("t.parquet")
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	footer := len(data) - 8 - int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	boundaries := []int{0, 4, footer, len(data) - 8, len(data) - 4, len(data) - 1}
	for _, group := range f.Metadata().RowGroups {
		for _, c := range group.Columns {
			boundaries = append(boundaries, int(c.MetaData.DataPageOffset), int(c.MetaData.DictionaryPageOffset))
		}
	}
	cutEverywhere(t, "t.parquet", boundaries, false,
		[]string{"inspect", "t.parquet"}, []string{"replay", "t.parquet", "--device", "iphone13"}, []string{"export", "t.parquet", "--to", "csv", "-o", "t.csv"})
}

// YAML that breaks off between two lines may be whole.
func TestAFileOfSettingsThatIsCutIsAMistakeOrWhole(t *testing.T) {
	inFolder(t)
	phone := shippedPhone(t)
	writeText(t, "phone.yaml", phone)
	var some []int // each line would take long
	for i, end := range linesOf([]byte(phone)) {
		if i%9 == 0 {
			some = append(some, end)
		}
	}
	cutEverywhere(t, "phone.yaml", some, true, []string{"devices", "check", "./phone.yaml"})
	for _, c := range []struct{ name, text string }{
		{"small.yaml", ""},
		{"memsim.yaml", "seed: 4\nthreads: 1\nformat: json\n"},
	} {
		text := c.text
		if text == "" {
			smallShape(t)
			data, err := os.ReadFile(c.name)
			if err != nil {
				t.Fatal(err)
			}
			text = string(data)
		}
		writeText(t, c.name, text)
		cutEverywhere(t, c.name, linesOf([]byte(text)), true, []string{"models", "show", "small.yaml"})
	}
}

func shippedPhone(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("%s/../../devices/phones/pixel8pro.yaml", testdata))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
