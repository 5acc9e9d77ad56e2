package weights

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights/gguf"
	"github.com/memsim/memsim/internal/fault"
)

// OpenGGUF maps a GGUF file, and where it is one of several parts of a model the
// others beside it. Its tensors are read in place, unless Options.Quant asks for
// another format than they have.
func OpenGGUF(path string, o Options) (Source, error) {
	var maps []*mapping
	unmap := func(err error) error {
		for _, m := range maps {
			err = errors.Join(err, m.unmap())
		}
		return err
	}
	open := func(path string) ([]byte, error) {
		m, err := mapFile(path)
		if err != nil {
			return nil, err
		}
		maps = append(maps, m)
		return m.data, nil
	}
	var s *source
	err := Guard(func() error {
		f, err := parseParts(path, open)
		if err != nil {
			return err
		}
		s, err = openParsed(path, f, o)
		return err
	})
	if err != nil {
		return nil, unmap(err)
	}
	for _, m := range maps {
		s.addCloser(m.close)
	}
	return s, nil
}

// parseParts parses a file, and the other parts of its model if there are any.
func parseParts(path string, open func(path string) ([]byte, error)) (*gguf.File, error) {
	parse := func(path string) (*gguf.File, error) {
		data, err := open(path)
		if err != nil {
			return nil, err
		}
		return gguf.Parse(path, data)
	}
	f, err := parse(path)
	if err != nil {
		return nil, err
	}
	n, err := f.Parts()
	if err != nil || n == 1 {
		return f, err
	}
	if n > maxParts {
		return nil, fault.Userf("%s: field %q: %d parts; the file is damaged", path, "split.count", n)
	}
	parts := make([]*gguf.File, n)
	for i := range parts {
		name, err := gguf.PartName(path, i, n)
		if err != nil {
			return nil, err
		}
		if name == path {
			parts[i] = f
			continue
		}
		if parts[i], err = parse(name); err != nil {
			return nil, err
		}
	}
	return gguf.Join(parts)
}

// maxParts is more than there are of any published model.
const maxParts = 1000

// openMapped returns the source of a GGUF file's bytes, which must stay valid
// until it is closed.
func openMapped(path string, data []byte, o Options) (*source, error) {
	f, err := parseParts(path, func(name string) ([]byte, error) {
		if name != path {
			return nil, fault.Userf("model %s: no such file", name)
		}
		return data, nil
	})
	if err != nil {
		return nil, err
	}
	return openParsed(path, f, o)
}

// openParsed returns the source of a parsed file.
func openParsed(path string, f *gguf.File, o Options) (*source, error) {
	stored, err := storedShape(f, o)
	if err != nil {
		return nil, fault.Userf("%s: %w", path, err)
	}
	if err := checkTensors(f, stored); stored.Table == nil && err != nil {
		return nil, fault.Userf("%s: %w", path, err)
	}
	shape, err := overrideStored(path, stored, o.Overrides)
	if err != nil {
		return nil, err
	}
	s := &source{
		shape:      shape,
		size:       f.Size(),
		vocabulary: func() (*Vocabulary, error) { return readVocabulary(f) },
		metadata:   ggufMetadata(f),
	}
	for _, t := range f.Tensors {
		if !uses(shape, t.Name) {
			continue
		}
		if !o.ShapeOnly && !t.Type.Decodes() {
			return nil, fault.Userf("%s: tensor %q: stored as %s, which the engine does not compute with (%s are); --shape-only shows what it moves, and llama-quantize makes a file in another format",
				path, t.Name, t.Type, typeNames(quant.Types()))
		}
		tensor := Tensor{Name: t.Name, Type: t.Type, Rows: t.Rows, Cols: t.Cols, Offset: t.Offset}
		if !o.ShapeOnly || o.Quant != "" {
			tensor.Data = f.Data(t)
		}
		s.tensors = append(s.tensors, tensor)
	}
	s.finish()
	s.quant = label(f, s.tensors)
	if o.Quant == "" || strings.EqualFold(o.Quant, s.quant) {
		s.forget(o.ShapeOnly)
		return s, nil
	}
	return requantize(s, o)
}

// storedShape returns the shape that a file describes: if only that is wanted, one
// that its tensors make where the architecture is not known.
func storedShape(f *gguf.File, o Options) (model.Shape, error) {
	if name, unknown := unknownArchitecture(f); unknown && o.ShapeOnly {
		return listedShape(f, name)
	}
	return ggufShape(f)
}

func typeNames(types []quant.Type) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

// ignored are tensors that follow from the metadata.
var ignored = map[string]bool{"rope_freqs.weight": true, "rope_factors_long.weight": true, "rope_factors_short.weight": true}

// checkTensors holds the table of tensors against the shape: each tensor that
// the shape needs is there with its extents, and no other is.
func checkTensors(f *gguf.File, s model.Shape) error {
	tensors := make(map[string]gguf.Tensor, len(f.Tensors))
	for _, t := range f.Tensors {
		tensors[t.Name] = t
	}
	for want := range s.Tensors() {
		name := want.Name()
		t, ok := tensors[name]
		if !ok {
			return fmt.Errorf("tensor %q: missing; the file holds no whole model", name)
		}
		if t.Rows != want.Rows || t.Cols != want.Cols {
			return fmt.Errorf("tensor %q: %d × %d, but the metadata asks for %d × %d; the file is damaged", name, t.Rows, t.Cols, want.Rows, want.Cols)
		}
		if want.Float32() && t.Type != quant.F32 {
			return fmt.Errorf("tensor %q: stored as %s; norms and biases must be f32, as llama.cpp writes them", name, t.Type)
		}
		delete(tensors, name)
	}
	for _, t := range f.Tensors {
		if _, left := tensors[t.Name]; left && !ignored[t.Name] {
			return fmt.Errorf("tensor %q: not part of a %s model as this engine runs it, so its results would be wrong without it", t.Name, s.Architecture)
		}
	}
	return nil
}

// overrideStored applies overrides to the shape of stored weights: they may run
// in another order, and the last blocks may be left out.
func overrideStored(path string, stored model.Shape, o model.Overrides) (model.Shape, error) {
	for _, fixed := range []struct {
		name        string
		asked, have int
	}{
		{"dim", o.Dim, stored.Dim}, {"ffn", o.FFN, stored.FFN}, {"heads", o.Heads, stored.Heads},
		{"kv-heads", o.KVHeads, stored.KVHeads}, {"vocab", o.Vocab, stored.Vocab},
	} {
		if fixed.asked != 0 && fixed.asked != fixed.have {
			return model.Shape{}, fault.Userf("%s: %s %d does not fit its tensors, which have %d; stored weights take only --sharing, --repeat and fewer --layers",
				path, fixed.name, fixed.asked, fixed.have)
		}
	}
	if o.Layers > stored.Layers {
		return model.Shape{}, fault.Userf("%s: %d layers asked for, but it stores %d blocks; give at most that many, and --repeat to run them more than once",
			path, o.Layers, stored.Layers)
	}
	return stored.With(model.Overrides{Layers: o.Layers, Sharing: o.Sharing, Repeat: o.Repeat})
}

// uses reports whether a model of the shape has a tensor of that name, which is
// known to be one of a deeper model.
func uses(s model.Shape, name string) bool {
	var block int
	if n, _ := fmt.Sscanf(name, "blk.%d.", &block); n == 1 {
		return block < s.Layers
	}
	return true
}

// label names the format of a file: the scheme that it states if its tensors
// bear that out, or else the type of most bytes of its matrices.
func label(f *gguf.File, tensors []Tensor) string {
	most := mostBytes(tensors)
	n, err := f.Int("general.file_type")
	if err != nil {
		return string(most)
	}
	if s, ok := schemeOf(n); ok && (s.Base == most || s.explains(tensors)) {
		return s.Name
	}
	return string(most)
}

// mostBytes returns the format of most bytes of matrices.
func mostBytes(tensors []Tensor) quant.Type {
	bytes := map[quant.Type]int64{}
	most := quant.F32
	for _, t := range tensors {
		if t.Rows == 1 {
			continue
		}
		bytes[t.Type] += t.Bytes()
		if bytes[t.Type] > bytes[most] {
			most = t.Type
		}
	}
	return most
}

// ggufMetadata keeps what WriteGGUF passes on: the name, and all of the
// tokenizer, including what this program does not interpret.
func ggufMetadata(f *gguf.File) metadata {
	title, err := f.Text("general.name")
	if err != nil {
		title = strings.TrimSuffix(filepath.Base(f.Name), filepath.Ext(f.Name))
	}
	m := metadata{title: title}
	for _, field := range f.Fields {
		if strings.HasPrefix(field.Key, "tokenizer.") {
			m.tokenizer = append(m.tokenizer, field.Value())
		}
	}
	return m
}

// inFile says what is wrong with a shape that was read from a file, on one line
// and with the file's own name of each field.
func inFile(faults []model.Fault, key func(field string) string) string {
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = key(f.Field) + ": " + f.Reason
	}
	return strings.Join(texts, "; ")
}
