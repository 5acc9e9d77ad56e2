package weights

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/internal/fault"
)

// Open returns the weights that ref names: a preset's name, a GGUF file, a
// Hugging Face folder (config.json and safetensors), or a shape file (.yaml,
// .yml). Presets and shape files have synthetic weights.
//
// What does not exist, is damaged, is not understood, or does not fit the
// options is the user's error.
func Open(ref string, o Options) (Source, error) {
	if o.Quant != "" {
		if _, err := ParseScheme(o.Quant); err != nil {
			return nil, err
		}
	}
	switch strings.ToLower(filepath.Ext(ref)) {
	case ".gguf":
		return OpenGGUF(ref, o)
	case ".yaml", ".yml":
		shape, err := model.LoadShape(ref)
		if err != nil {
			return nil, err
		}
		return Synthetic(shape, o)
	case ".safetensors":
		return nil, fault.Userf("%s: a safetensors file has no shape; give the folder that holds it and config.json", ref)
	}
	info, err := os.Stat(ref)
	switch {
	case err == nil && info.IsDir():
		return OpenFolder(ref, o)
	case err == nil && !isPreset(ref):
		return OpenGGUF(ref, o)
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !isPreset(ref):
		return nil, fault.Userf("model %s: cannot be read: %w", ref, err)
	case strings.ContainsRune(ref, filepath.Separator):
		return nil, fault.Userf("model %s: no such file or folder; give a preset's name, a .gguf file, a Hugging Face folder or a shape file (.yaml)", ref)
	}
	shape, err := model.Preset(ref)
	if err != nil {
		return nil, fault.Userf("%w; or give a .gguf file, a Hugging Face folder or a shape file (.yaml)", err)
	}
	return Synthetic(shape, o)
}

func isPreset(name string) bool {
	_, err := model.Preset(name)
	return err == nil
}
