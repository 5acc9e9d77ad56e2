package weights

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights/gguf"
)

// unknownArchitecture returns the name of a file's architecture if it has no
// description.
func unknownArchitecture(f *gguf.File) (string, bool) {
	name, err := f.Text("general.architecture")
	if err != nil {
		return "", false
	}
	_, known := model.ArchitectureOf(name)
	return name, !known
}

// listedShape returns the decoder that the tensors of a file of an unknown
// architecture make, with caches by the keys that llama.cpp reads for all.
func listedShape(f *gguf.File, architecture string) (model.Shape, error) {
	r := &shapeReader{reader: reader{file: f}, arch: architecture + "."}
	s := model.Shape{
		Name:         strings.TrimSuffix(filepath.Base(f.Name), filepath.Ext(f.Name)),
		Architecture: architecture,
		Layers:       r.int(r.arch + "block_count"),
		Dim:          r.int(r.arch + "embedding_length"),
		Context:      r.intOr(r.arch+"context_length", 0),
		Table:        &model.Table{},
		Tied:         true,
	}
	if causal := r.flag(r.arch + "attention.causal"); causal != nil && !*causal {
		r.fail("field %q: false: attention to later tokens is not supported; the model is an encoder", r.arch+"attention.causal")
	}
	if ffn := r.perLayer("feed_forward_length", 1, 0); len(ffn) > 0 {
		s.FFN = ffn[0]
	}
	if r.err == nil && (s.Layers < 1 || s.Layers > len(f.Tensors)) {
		r.fail("field %q: %d blocks, in a file of %d tensors", r.arch+"block_count", s.Layers, len(f.Tensors))
	}
	if r.err != nil {
		return s, r.err
	}
	r.listedExperts(&s)
	r.listedTensors(&s)
	r.listedHeads(&s)
	if r.err != nil {
		return s, r.err
	}
	s = s.Resolved()
	if faults := s.Faults(); len(faults) > 0 {
		return s, fmt.Errorf("metadata makes no model: %s", inFile(faults, func(field string) string { return ggufKey(r.arch, field) }))
	}
	return s, nil
}

// listedExperts reads how many experts a layer has, and a token takes.
func (r *shapeReader) listedExperts(s *model.Shape) {
	if count := r.intOr(r.arch+"expert_count", 0); count > 0 {
		s.Experts = &model.Experts{Count: count, Used: r.int(r.arch + "expert_used_count"), FFN: r.intOr(r.arch+"expert_feed_forward_length", 0)}
	}
}

// listedTensors sorts the file's tensors into blocks.
func (r *shapeReader) listedTensors(s *model.Shape) {
	table := s.Table
	table.Blocks = make([][]model.Tensor, s.Layers)
	for _, t := range r.file.Tensors {
		block, within := blockNumber(t.Name)
		if within && block >= s.Layers {
			r.fail("tensor %q: beyond the %d blocks of %q; the file is damaged", t.Name, s.Layers, r.arch+"block_count")
			return
		}
		experts := 0
		if e := s.Experts; e != nil && t.Stack == e.Count {
			experts = t.Stack
		}
		listed := model.Listed(t.Name, block, t.Rows, t.Cols, experts)
		if within {
			table.Blocks[block] = append(table.Blocks[block], listed)
			continue
		}
		table.Outer = append(table.Outer, listed)
		switch t.Name {
		case "token_embd.weight":
			s.Vocab = t.Rows
			if t.Cols != s.Dim {
				r.fail("tensor %q: %d columns, but %q is %d; the file is damaged", t.Name, t.Cols, r.arch+"embedding_length", s.Dim)
			}
		case "output.weight":
			s.Tied = false
		}
	}
	if s.Vocab == 0 {
		r.fail("tensor %q: missing; the file holds no whole model", "token_embd.weight")
	}
	for block, tensors := range table.Blocks {
		if len(tensors) == 0 {
			r.fail("tensors %q: missing; the file holds no whole model", fmt.Sprintf("blk.%d.*", block))
			return
		}
	}
}

// blockNumber returns the block that a tensor's name puts it in.
func blockNumber(name string) (block int, within bool) {
	rest, within := strings.CutPrefix(name, "blk.")
	number, _, dotted := strings.Cut(rest, ".")
	block, err := strconv.Atoi(number)
	if !within || !dotted || err != nil || block < 0 {
		return -1, false
	}
	return block, true
}

// listedHeads reads the heads of each layer as llama.cpp sizes the caches by: KV
// heads of key_length and value_length values, the width of a head's share of the
// embedding where those are absent. Models whose keys are latents (key_length_mla)
// cache keys alone.
func (r *shapeReader) listedHeads(s *model.Shape) {
	queries := r.perLayer("attention.head_count", s.Layers, 0)
	kv := r.perLayer("attention.head_count_kv", s.Layers, -1)
	if r.err != nil {
		return
	}
	width := 0
	if queries[0] > 0 {
		width = s.Dim / queries[0]
	}
	keys := r.intOr(r.arch+"attention.key_length", width)
	values := r.intOr(r.arch+"attention.value_length", width)
	if r.file.Has(r.arch + "attention.key_length_mla") {
		values = 0
	}
	windows := r.listedWindows(s)
	s.Table.Idle = r.intOr(r.arch+"nextn_predict_layers", 0)
	if s.Table.Idle < 0 || s.Table.Idle >= s.Layers {
		r.fail("field %q: %d of %d blocks", r.arch+"nextn_predict_layers", s.Table.Idle, s.Layers)
	}
	if keys < 0 || values < 0 {
		r.fail("field %q: a negative length", r.arch+"attention.key_length")
	}
	for layer := range s.Layers {
		h := model.Heads{Heads: queries[layer], KVHeads: kv[layer], KeyDim: keys, ValueDim: values}
		if h.KVHeads < 0 {
			h.KVHeads = h.Heads
		}
		if windows != nil && windows[layer] {
			h.Window = s.Window
		}
		s.Table.Heads = append(s.Table.Heads, h)
		if s.Heads == 0 && h.KVHeads > 0 && h.Heads > 0 {
			s.Heads, s.KVHeads, s.HeadDim = h.Heads, h.KVHeads, keys
		}
	}
}

// perLayer reads a number of each layer, or one for all of them.
func (r *shapeReader) perLayer(key string, layers, otherwise int) []int {
	list := make([]int, layers)
	values, err := r.file.Ints(r.arch + key)
	if err != nil {
		n := otherwise
		if r.file.Has(r.arch + key) {
			if n = r.int(r.arch + key); n < 0 {
				r.fail("field %q: %d is negative", r.arch+key, n)
			}
		}
		for i := range list {
			list[i] = n
		}
		return list
	}
	if len(values) < layers {
		r.fail("field %q: %d values for %d blocks", r.arch+key, len(values), layers)
		return list
	}
	for i := range list {
		if list[i] = int(values[i]); list[i] < 0 {
			r.fail("field %q: layer %d has %d", r.arch+key, i, list[i])
		}
	}
	return list
}

// listedWindows reads which layers hold a window alone, where the file says so of
// each.
func (r *shapeReader) listedWindows(s *model.Shape) []bool {
	window, pattern := r.arch+"attention.sliding_window", r.arch+"attention.sliding_window_pattern"
	windows, err := r.file.Flags(pattern)
	if err != nil || len(windows) < s.Layers || !r.file.Has(window) {
		return nil
	}
	s.Window = r.int(window)
	return windows
}
