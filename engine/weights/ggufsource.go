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

// OpenGGUF maps a GGUF file. Its tensors are read in place, unless
// Options.Quant asks for another format than they have.
func OpenGGUF(path string, o Options) (Source, error) {
	m, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	var s *source
	err = Guard(func() error {
		s, err = openMapped(path, m.data, o)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, m.unmap())
	}
	s.addCloser(m.close)
	return s, nil
}

// openMapped returns the source of a GGUF file's bytes, which must stay valid
// until it is closed.
func openMapped(path string, data []byte, o Options) (*source, error) {
	f, err := gguf.Parse(path, data)
	if err != nil {
		return nil, err
	}
	stored, err := ggufShape(f)
	if err != nil {
		return nil, fault.Userf("%s: %w", path, err)
	}
	if err := checkTensors(f, stored); err != nil {
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

// architectures are the values of general.architecture that are understood,
// with what sets them apart.
var architectures = map[string]model.RoPEStyle{
	"llama": model.Interleaved,
	"qwen2": model.Halves,
	"qwen3": model.Halves,
}

// ggufShape reads the shape from a file's metadata and its table of tensors.
func ggufShape(f *gguf.File) (model.Shape, error) {
	architecture, err := ggufArchitecture(f)
	if err != nil {
		return model.Shape{}, err
	}
	tensors := make(map[string]gguf.Tensor, len(f.Tensors))
	for _, t := range f.Tensors {
		tensors[t.Name] = t
	}
	embedding, ok := tensors["token_embd.weight"]
	if !ok {
		return model.Shape{}, fmt.Errorf("tensor %q: missing; the file holds no whole model", "token_embd.weight")
	}
	_, untied := tensors["output.weight"]
	_, biased := tensors["blk.0.attn_q.bias"]
	_, normed := tensors["blk.0.attn_q_norm.weight"]
	r, arch := reader{file: f}, architecture+"."
	s := model.Shape{
		Name:         strings.TrimSuffix(filepath.Base(f.Name), filepath.Ext(f.Name)),
		Architecture: architecture,
		Layers:       r.int(arch + "block_count"),
		Sharing:      model.Sharing(r.text(sharingField, string(model.NoSharing))),
		Repeat:       r.intOr(repeatField, 1),
		Dim:          r.int(arch + "embedding_length"),
		FFN:          r.int(arch + "feed_forward_length"),
		Heads:        r.int(arch + "attention.head_count"),
		KVHeads:      r.intOr(arch+"attention.head_count_kv", 0),
		HeadDim:      r.intOr(arch+"attention.key_length", 0),
		Vocab:        embedding.Rows,
		Tied:         !untied,
		NormEps:      shortest(required(&r, arch+"attention.layer_norm_rms_epsilon", f.Float)),
		RoPEBase:     r.floatOr(arch+"rope.freq_base", 10_000),
		RoPEStyle:    architectures[architecture],
		Context:      r.intOr(arch+"context_length", 0),
		QKVBias:      biased,
		QKNorm:       normed,
	}
	if r.err != nil {
		return s, r.err
	}
	s = s.Resolved()
	if faults := s.Faults(); len(faults) > 0 {
		return s, fmt.Errorf("metadata makes no model: %s", inFile(faults, func(field string) string { return ggufKey(arch, field) }))
	}
	if err := checkVariant(f, arch, s); err != nil {
		return s, err
	}
	if s.RoPEScaling, err = ggufScaling(f, arch, s); err != nil {
		return s, err
	}
	return s, nil
}

// ggufArchitecture returns the architecture of a file that holds a whole model
// of a known one.
func ggufArchitecture(f *gguf.File) (string, error) {
	r := reader{file: f}
	parts, name := r.intOr("split.count", 1), required(&r, "general.architecture", f.Text)
	_, known := architectures[name]
	switch {
	case r.err != nil:
		return "", r.err
	case parts > 1:
		return "", fmt.Errorf("field %q: the file is one of %d parts of a model; join them with llama-gguf-split --merge", "split.count", parts)
	case !known:
		return "", fmt.Errorf("field %q: %.40q is not supported; llama, qwen2 and qwen3 are", "general.architecture", name)
	}
	return name, nil
}

// ggufKeys are the keys of a shape's fields behind the architecture's name.
var ggufKeys = map[string]string{
	"layers":    "block_count",
	"dim":       "embedding_length",
	"ffn":       "feed_forward_length",
	"heads":     "attention.head_count",
	"kv_heads":  "attention.head_count_kv",
	"head_dim":  "attention.key_length",
	"norm_eps":  "attention.layer_norm_rms_epsilon",
	"rope_base": "rope.freq_base",
	"context":   "context_length",
}

// ggufKey returns the key of a shape's field, the field's name if it has none.
func ggufKey(arch, field string) string {
	switch field {
	case "sharing":
		return sharingField
	case "repeat":
		return repeatField
	}
	if key, ok := ggufKeys[field]; ok {
		return arch + key
	}
	return field
}

// checkVariant refuses models that carry the architecture's name and differ
// from it in a way that this engine does not compute.
func checkVariant(f *gguf.File, arch string, s model.Shape) error {
	r := reader{file: f}
	for _, must := range []struct {
		key  string
		want int
		why  string
	}{
		{"expert_count", 0, "mixtures of experts are not supported"},
		{"rope.dimension_count", s.HeadDim, "rotary embedding over a part of each head is not supported"},
		{"attention.value_length", s.HeadDim, "values of another length than keys are not supported"},
	} {
		if got := r.intOr(arch+must.key, must.want); r.err == nil && got != must.want {
			return fmt.Errorf("field %q: %d, not %d: %s", arch+must.key, got, must.want, must.why)
		}
	}
	return r.err
}

// ignored are tensors that follow from the metadata.
var ignored = map[string]bool{"rope_freqs.weight": true}

// checkTensors holds the table of tensors against the shape: each tensor that
// the shape needs is there with its extents, and no other is.
func checkTensors(f *gguf.File, s model.Shape) error {
	tensors := make(map[string]gguf.Tensor, len(f.Tensors))
	for _, t := range f.Tensors {
		tensors[t.Name] = t
	}
	for want := range eachSlot(s) {
		name := want.name()
		t, ok := tensors[name]
		if !ok {
			return fmt.Errorf("tensor %q: missing; the file holds no whole model", name)
		}
		if t.Rows != want.rows || t.Cols != want.cols {
			return fmt.Errorf("tensor %q: %d × %d, but the metadata asks for %d × %d; the file is damaged", name, t.Rows, t.Cols, want.rows, want.cols)
		}
		if want.vector() && t.Type != quant.F32 {
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
