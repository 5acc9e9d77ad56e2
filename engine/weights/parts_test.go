package weights

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/engine/weights/gguf"
	"github.com/memsim/memsim/internal/fault"
)

// split writes a model as llama-gguf-split does: the fields in the first part, the
// tensors in the others.
func split(t *testing.T, dir string, s Source, parts int) []string {
	t.Helper()
	whole := s.(*source)
	var paths []string
	tensors := s.Tensors()
	for i := range parts {
		part := []gguf.Value{}
		if i == 0 {
			part = whole.metadata.fields(s.Shape(), 0)
		}
		part = append(part, gguf.Uint32Value("split.no", i), gguf.Uint32Value("split.count", parts), gguf.Uint32Value("split.tensors.count", len(tensors)))
		h := gguf.Header{Fields: part}
		for j, tensor := range tensors {
			if i > 0 && j%(parts-1) == i-1 {
				h.Tensors = append(h.Tensors, gguf.Tensor{Name: tensor.Name, Type: tensor.Type, Rows: tensor.Rows, Cols: tensor.Cols})
			}
		}
		h.Place()
		var out bytes.Buffer
		if err := h.Write(&out, func(tensor gguf.Tensor) ([]byte, error) {
			own, _ := s.Tensor(tensor.Name)
			return own.Data, nil
		}); err != nil {
			t.Fatal(err)
		}
		name := must(gguf.PartName(filepath.Join(dir, "m-00001-of-00003.gguf"), i, parts))(t)
		if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, name)
	}
	return paths
}

func TestASplitModelIsReadInPlaceFromAnyOfItsParts(t *testing.T) {
	dir := t.TempDir()
	whole := synthetic(t, tiny(), Options{Quant: "f16"})
	paths := split(t, dir, whole, 3)
	for _, path := range paths {
		s := must(Open(path, Options{}))(t)
		var sum, size int64
		for _, tensor := range s.Tensors() {
			want, _ := whole.Tensor(tensor.Name)
			if !bytes.Equal(tensor.Data, want.Data) {
				t.Errorf("%s: %s differs", filepath.Base(path), tensor.Name)
			}
			sum += tensor.Bytes()
			if end := int64(tensor.Offset) + tensor.Bytes(); end > s.Size() {
				t.Errorf("%s ends at %d of %d", tensor.Name, end, s.Size())
			}
		}
		for _, part := range paths {
			info := must(os.Stat(part))(t)
			size += info.Size()
		}
		if len(s.Tensors()) != len(whole.Tensors()) || sum > size || s.Size() < size {
			t.Errorf("%d tensors of %d bytes in %d bytes of files", len(s.Tensors()), sum, size)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := os.Remove(paths[2]); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(paths[0], Options{}); !fault.IsUser(err) || !strings.Contains(err.Error(), "00003-of-00003") {
		t.Errorf("without its last part: %v", err)
	}
	odd := filepath.Join(dir, "odd.gguf")
	if err := os.Rename(paths[0], odd); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(odd, Options{}); !fault.IsUser(err) || !strings.Contains(err.Error(), "one of 3 parts") {
		t.Errorf("under another name: %v", err)
	}
}

func TestTheShapeOfAFolderNeedsItsConfigAlone(t *testing.T) {
	dir := writeFolder(t, tiny(), "bf16")
	full := must(Open(dir, Options{ShapeOnly: true}))(t)
	defer full.Close()
	if err := os.Remove(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	bare := must(Open(dir, Options{ShapeOnly: true}))(t)
	defer bare.Close()
	if len(bare.Tensors()) != len(full.Tensors()) {
		t.Errorf("%d tensors, with files %d", len(bare.Tensors()), len(full.Tensors()))
	}
	if got := must(Open(dir, Options{ShapeOnly: true, Quant: "q4_k_m"}))(t).Quant(); got != "q4_k_m" {
		t.Errorf("as q4_k_m it is %s", got)
	}
	if _, err := Open(dir, Options{}); !fault.IsUser(err) {
		t.Errorf("with values: %v", err)
	}
}

func TestNamesOfTensorsInFoldersOfModelsThatSee(t *testing.T) {
	for name, want := range map[string]string{
		"model.layers.0.mlp.up_proj.weight":                "model.layers.0.mlp.up_proj.weight",
		"layers.0.mlp.up_proj.weight":                      "model.layers.0.mlp.up_proj.weight",
		"norm.weight":                                      "model.norm.weight",
		"language_model.model.embed_tokens.weight":         "model.embed_tokens.weight",
		"language_model.lm_head.weight":                    "lm_head.weight",
		"model.language_model.layers.1.mlp.up_proj.weight": "model.layers.1.mlp.up_proj.weight",
		"lm_head.weight":                                   "lm_head.weight",
	} {
		if got := plainName(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
