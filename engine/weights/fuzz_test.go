package weights

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault/faulttest"
)

// FuzzParseConfig looks for config.json files that panic, or that make a model
// of tensors which its folder does not hold.
func FuzzParseConfig(f *testing.F) {
	dir := writeFolder(f, tiny(), "bf16")
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		f.Fatal(err)
	}
	files, err := openFolder(dir, false)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { files.close() })
	f.Add(data)
	f.Add([]byte(`{"architectures":["MobileLLMForCausalLM"],"layer_sharing":true,"share_embedding":true}`))
	f.Add([]byte(`{"architectures":["Qwen3ForCausalLM"],"rope_parameters":{"rope_type":"llama3","factor":8}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 4<<20, 1<<10, len(data), func() {
			c, err := parseConfig("config.json", data)
			if err != nil {
				faulttest.Refused(t, err, "config.json")
				return
			}
			s, err := files.source(c, Options{ShapeOnly: true})
			if err != nil {
				faulttest.Refused(t, err)
				return
			}
			if len(s.Tensors()) != len(slots(s.Shape())) {
				t.Fatalf("%d tensors of a model of %d", len(s.Tensors()), len(slots(s.Shape())))
			}
		})
	})
}

// FuzzParseIndex looks for indexes that name files outside of their folder.
func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../model.safetensors"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 1<<20, 1<<8, len(data), func() {
			names, err := parseIndex("i.json", data)
			if err != nil {
				faulttest.Refused(t, err, "i.json")
				return
			}
			for _, name := range names {
				if !filepath.IsLocal(name) || strings.ContainsAny(name, `/`) {
					t.Fatalf("%q is not in the folder", name)
				}
			}
		})
	})
}
