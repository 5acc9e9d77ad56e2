package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights/safetensors"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
)

// OpenFolder opens a Hugging Face folder: config.json, with the weights in
// model.safetensors or in the files that model.safetensors.index.json names.
// Known classes are those of model.Classes. Values are read of the families of
// Llama, Qwen 2 and Qwen 3; of others the shape, from config.json alone.
//
// Matrices are read in place in the float format that they have, or encoded
// anew if Options.Quant asks for it; norms and biases become f32. Addresses are
// those of a GGUF file with the same tensors and without a tokenizer. Q and K
// stay in Hugging Face's order, for RoPE over halves. For its shape only, a model
// needs no more than its config.json.
func OpenFolder(dir string, o Options) (Source, error) {
	config, err := readConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		return nil, err
	}
	files, err := openFolder(dir, o.ShapeOnly)
	if err != nil {
		return nil, err
	}
	var s *source
	err = Guard(func() error {
		s, err = files.source(config, o)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, files.close())
	}
	s.addCloser(files.close)
	return s, nil
}

// folder is the open safetensors files of a model.
type folder struct {
	path    string
	maps    []*mapping
	tensors map[string]stored
	bare    bool // there are no files: the config alone counts
}

// stored is a tensor and the file that it stands in.
type stored struct {
	safetensors.Tensor
	file string
}

func (f *folder) close() error {
	var err error
	for _, m := range f.maps {
		err = errors.Join(err, m.close())
	}
	f.maps = nil
	return err
}

// openFolder maps the safetensors files of a folder. For a shape, there need not
// be any, or not all of those that an index names.
func openFolder(dir string, shapeOnly bool) (*folder, error) {
	names, err := fileNames(dir)
	if shapeOnly && !allThere(dir, names) {
		return &folder{path: dir, bare: true}, nil
	}
	if err != nil {
		return nil, err
	}
	f := &folder{path: dir, tensors: map[string]stored{}}
	for _, name := range names {
		if err := f.add(filepath.Join(dir, name)); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f, nil
}

// allThere reports whether there are files of these names, one at least.
func allThere(dir string, names []string) bool {
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return len(names) > 0
}

// plainName returns a tensor's name without what some folders put in front, as
// those of models that see do, and with what others leave out.
func plainName(name string) string {
	for _, prefix := range []string{"model.language_model.", "language_model.model.", "language_model."} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			if rest == "lm_head.weight" {
				return rest
			}
			return "model." + rest
		}
	}
	for _, bare := range []string{"layers.", "embed_tokens.", "norm."} {
		if strings.HasPrefix(name, bare) {
			return "model." + name
		}
	}
	return name
}

func (f *folder) add(path string) error {
	m, err := mapFile(path)
	if err != nil {
		return err
	}
	f.maps = append(f.maps, m)
	var parsed *safetensors.File
	err = Guard(func() error {
		parsed, err = safetensors.Parse(path, m.data)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range parsed.Tensors {
		t.Name = plainName(t.Name)
		if other, twice := f.tensors[t.Name]; twice {
			return fault.Userf("%s: tensor %q: is also in %s; keep one of the two files", path, t.Name, filepath.Base(other.file))
		}
		f.tensors[t.Name] = stored{t, path}
	}
	return nil
}

// maxIndexBytes is far above any index of tensors.
const maxIndexBytes = 64 << 20

// fileNames returns the safetensors files of a folder, sorted.
func fileNames(dir string) ([]string, error) {
	const single, index = "model.safetensors", "model.safetensors.index.json"
	path := filepath.Join(dir, index)
	data, err := inputfile.Read(path, maxIndexBytes)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, single)); err != nil {
			return nil, fault.Userf("%s: has neither %s nor %s; fetch the model's weights into the folder (files of other kinds, such as pytorch_model.bin, are not read)", dir, single, index)
		}
		return []string{single}, nil
	}
	if err != nil {
		return nil, fault.Userf("model %s: cannot be read: %w", path, err)
	}
	return parseIndex(path, data)
}

// parseIndex returns the files that an index names, sorted.
func parseIndex(path string, data []byte) ([]string, error) {
	var document struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, fault.Userf("%s: %w; fetch it again", path, err)
	}
	var names []string
	for tensor, name := range document.WeightMap {
		if name != filepath.Base(name) || filepath.Ext(name) != ".safetensors" {
			return nil, fault.Userf("%s: weight_map: %q of tensor %q is not the plain name of a .safetensors file; the file is damaged", path, name, tensor)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, fault.Userf("%s: weight_map: missing or empty; fetch it again", path)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// source returns the model that a config describes from the folder's tensors.
func (f *folder) source(c *config, o Options) (*source, error) {
	c.shapeOnly = o.ShapeOnly
	full, err := c.shape(f)
	if err != nil {
		return nil, fault.Userf("%s: %w", c.path, err)
	}
	if !o.ShapeOnly && !loads[full.Architecture] {
		return nil, fault.Userf("%s: the values of %s models are read from GGUF files alone; convert it with llama.cpp's convert_hf_to_gguf.py, or see what it moves with --shape-only", f.path, full.Architecture)
	}
	if !f.bare {
		if err := f.check(full); err != nil {
			return nil, err
		}
	}
	shape, err := overrideStored(f.path, full, o.Overrides)
	if err != nil {
		return nil, err
	}
	s := &source{
		shape:      shape,
		vocabulary: f.vocabulary,
		metadata:   metadata{title: full.Name},
	}
	scheme, err := f.scheme(shape, o.Quant, c.stored())
	if err != nil {
		return nil, err
	}
	s.quant = scheme.Name
	s.tensors, s.size = s.metadata.placed(shape, scheme)
	s.finish()
	if o.ShapeOnly {
		return s, nil
	}
	if err := checkEncodes(shape.Name, scheme, s.tensors); err != nil {
		return nil, err
	}
	return s, f.load(s)
}

// scheme returns the scheme asked for, or the one that keeps the matrices as
// they are: the format that most of their bytes have, or that the config states.
func (f *folder) scheme(shape model.Shape, name string, stated quant.Type) (Scheme, error) {
	if name != "" {
		return ParseScheme(name)
	}
	if f.bare {
		return ParseScheme(string(stated))
	}
	var tensors []Tensor
	for _, t := range slots(shape) {
		if !t.Computed() {
			tensors = append(tensors, Tensor{Type: dtypes[f.tensors[t.HuggingFace()].DType], Rows: t.Rows, Cols: t.Cols})
		}
	}
	return ParseScheme(string(mostBytes(tensors)))
}

// dtypes are the types of values that weights are read from.
var dtypes = map[string]quant.Type{"F32": quant.F32, "F16": quant.F16, "BF16": quant.BF16}

// check holds the folder's tensors against the shape: each that it needs is
// there in the right form, and no other is.
func (f *folder) check(s model.Shape) error {
	used := map[string]bool{}
	for want := range s.Tensors() {
		if want.Computed() {
			continue
		}
		name := want.HuggingFace()
		used[name] = true
		t, ok := f.tensors[name]
		if !ok {
			return f.missing(name)
		}
		if _, ok := dtypes[t.DType]; !ok {
			return fault.Userf("%s: tensor %q: %s values are not supported; F32, F16 and BF16 are", t.file, name, t.DType)
		}
		shape := []int{want.Rows, want.Cols}
		if want.Vector() {
			shape = shape[1:]
		}
		if !slices.Equal(t.Shape, shape) {
			return fault.Userf("%s: tensor %q: shape %v, but config.json asks for %v; the files do not belong together", t.file, name, t.Shape, shape)
		}
	}
	names := make([]string, 0, len(f.tensors))
	for name := range f.tensors {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !used[name] && !redundant(name, s) {
			return fault.Userf("%s: tensor %q: not part of a %s model as this engine runs it, so its results would be wrong without it",
				f.tensors[name].file, name, s.Architecture)
		}
	}
	return nil
}

// missing says why a tensor is not there: it has another name, or it was left out.
func (f *folder) missing(name string) error {
	own := strings.TrimPrefix(name, "model.")
	for _, other := range slices.Sorted(maps.Keys(f.tensors)) {
		if strings.HasSuffix(other, "."+own) || other == own {
			return fault.Userf("%s: the files name tensor %q %q, which is not read; rename it, or convert the model to GGUF with llama.cpp's convert_hf_to_gguf.py", f.path, name, other)
		}
	}
	return fault.Userf("%s: tensor %q: missing; fetch all of the model's safetensors files", f.path, name)
}

// redundant reports whether a tensor repeats what is known without it: the
// rotary frequencies that old files store, and a tied output matrix.
func redundant(name string, s model.Shape) bool {
	return strings.HasSuffix(name, ".rotary_emb.inv_freq") || s.Tied && name == "lm_head.weight"
}

// load gives the tensors of s their bytes: in place where the file has them in
// the same format at an address fit for its values, converted otherwise.
func (f *folder) load(s *source) error {
	kinds := slots(s.shape)
	from := make(map[string]stored, len(kinds))
	for i := range s.tensors {
		t := &s.tensors[i]
		if kinds[i].Computed() {
			continue
		}
		source := f.tensors[kinds[i].HuggingFace()]
		width, _ := t.Type.Layout()
		if dtypes[source.DType] == t.Type && source.Offset%int64(width.Bytes) == 0 {
			t.Data = source.Data
			continue
		}
		from[t.Name] = source
	}
	return s.fill(func(t Tensor, row, rows int, dst []byte) {
		source, ok := from[t.Name]
		if !ok {
			encodeDivisors(dst, kinds[s.index[t.Name]].Role, s.shape)
			return
		}
		read := dtypes[source.DType]
		convert(dst, t.Type, source.Data[row*read.RowBytes(t.Cols):], read, rows, t.Cols)
	})
}

// vocabulary names the folder if it holds a tokenizer.
func (f *folder) vocabulary() (*Vocabulary, error) {
	for _, name := range []string{"tokenizer.json", "tokenizer.model"} {
		_, err := os.Stat(filepath.Join(f.path, name))
		if err == nil {
			return &Vocabulary{Folder: f.path}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("tokenizer: %w", err)
		}
	}
	return nil, nil
}
