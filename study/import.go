package study

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/engine/weights/gguf"
	"github.com/memsim/memsim/internal/interrupt"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/traces/graphs"
)

// ImportedModel returns the head of a GGUF file for the import of a trace, of any
// architecture.
func ImportedModel(ctx context.Context, path string) (*graphs.Model, error) {
	return interrupt.Return(ctx, func() (m *graphs.Model, err error) {
		err = weights.Table(path, func(f *gguf.File) error {
			m = importedModel(path, f)
			return nil
		})
		return m, err
	})
}

func importedModel(path string, f *gguf.File) *graphs.Model {
	m := &graphs.Model{Path: path, Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), Size: f.Size()}
	values := map[string]int64{}
	for _, t := range f.Tensors {
		m.Tensors = append(m.Tensors, graphs.Tensor{
			Name: t.Name, Type: string(t.Type), Cols: int64(t.Cols), Rows: int64(t.Rows), Offset: t.Offset, Bytes: t.Bytes,
		})
		m.Shape.Params += int64(t.Cols) * int64(t.Rows)
		if t.Dims > 1 {
			values[string(t.Type)] += int64(t.Cols) * int64(t.Rows)
		}
	}
	m.Quant = most(values)
	m.Shape.StoredParams = m.Shape.Params
	describe(&m.Shape, f)
	return m
}

// describe fills in what the fields say; what a file does not say, or says for
// each layer, stays 0, the figures of attention those of its widest layer.
func describe(s *traces.Shape, f *gguf.File) {
	s.Architecture, _ = f.Text("general.architecture")
	arch := s.Architecture + "."
	s.LayersStored, _ = f.Int(arch + "block_count")
	s.LayersExecuted = s.LayersStored
	s.Dim, _ = f.Int(arch + "embedding_length")
	s.FFN = widest(f, arch+"feed_forward_length")
	s.Heads = widest(f, arch+"attention.head_count")
	if s.KVHeads = widest(f, arch+"attention.head_count_kv"); s.KVHeads == 0 {
		s.KVHeads = s.Heads
	}
	if s.HeadDim, _ = f.Int(arch + "attention.key_length"); s.HeadDim == 0 && s.Heads > 0 {
		s.HeadDim = s.Dim / s.Heads
	}
	s.TiedEmbedding = true
	for _, t := range f.Tensors {
		switch t.Name {
		case "token_embd.weight":
			s.Vocab = t.Rows
		case "output.weight":
			s.TiedEmbedding = false
		}
	}
}

// widest returns an integer field, the largest if there is one for each layer.
func widest(f *gguf.File, key string) int {
	if n, err := f.Int(key); err == nil {
		return n
	}
	if list, err := f.Ints(key); err == nil && len(list) > 0 {
		return int(max(0, slices.Max(list)))
	}
	return 0
}

// most returns the format of most values, by name between equals.
func most(values map[string]int64) string {
	best := string(quant.F32)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] > values[best] {
			best = name
		}
	}
	return best
}
