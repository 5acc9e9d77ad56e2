package model

import (
	"fmt"
	"slices"
	"strings"
)

// Table is a decoder whose architecture has no description, by the weights that its
// file lists: what they are called, how large they are, and what its metadata says
// of the caches. It tells what a token reads and which products it takes, and
// nothing of the arithmetic between them.
type Table struct {
	Outer  []Tensor   // outside the blocks, in the file's order
	Blocks [][]Tensor // of each stored block, in the file's order
	Heads  []Heads    // of each stored block
	Idle   int        // so many last blocks run for no token, as those that predict further ones
}

// Heads are the attention heads of one layer. KVHeads 0 is a layer without
// attention; ValueDim 0 one that caches keys alone.
type Heads struct {
	Heads, KVHeads, KeyDim, ValueDim int
	Window                           int // positions that a query sees; 0 is all
}

// Listed returns the tensor of that name in a file's table: rows of cols values,
// those of all its matrices if it stacks experts. Block is -1 outside the blocks.
func Listed(name string, block, rows, cols, experts int) Tensor {
	role := strings.TrimPrefix(name, fmt.Sprintf("blk.%d.", block))
	role, bias := strings.CutSuffix(role, ".bias")
	return Tensor{Role: Role(strings.TrimSuffix(role, ".weight")), Block: block, Bias: bias, Rows: rows, Cols: cols, Experts: experts, listed: name}
}

// IsListed reports whether the tensor is one of a Table, and not of a description.
func (t Tensor) IsListed() bool { return t.listed != "" }

// layer describes a stored block.
func (t *Table) layer(block int) Layer {
	l := Layer{Mixer: NoMixer, KVFrom: block}
	if block >= len(t.Blocks)-t.Idle {
		return l
	}
	if h := t.Heads[block]; h.KVHeads > 0 && attends(t.Blocks[block]) {
		l.Mixer, l.Heads, l.KVHeads, l.HeadDim, l.ValueDim, l.Window = Attention, h.Heads, h.KVHeads, h.KeyDim, h.ValueDim, h.Window
	}
	l.Experts = slices.ContainsFunc(t.Blocks[block], func(t Tensor) bool { return t.Experts > 0 })
	return l
}

// Runs reports whether a token runs the stored block.
func (t *Table) Runs(block int) bool { return block < len(t.Blocks)-t.Idle }

// attends reports whether a block has matrices for keys. One for queries, keys and
// values stands beside a state space's tensors in layers that do not attend.
func attends(block []Tensor) bool {
	fused, states := false, false
	for _, t := range block {
		role := string(t.Role)
		switch {
		case role == "attn_qkv":
			fused = true
		case strings.HasPrefix(role, "ssm_"):
			states = true
		case strings.HasPrefix(role, "attn_k"), role == "attn_q":
			return true
		}
	}
	return fused && !states
}

// tableFaults lists what is wrong with a shape that is known by its table.
func (s Shape) tableFaults() []Fault {
	var c checker
	c.within("layers", s.Layers, 1, min(maxLayers, len(s.Table.Blocks)))
	c.within("dim", s.Dim, 1, maxWidth)
	c.within("vocab", s.Vocab, 1, maxVocab)
	c.within("repeat", s.Repeat, 1, maxRepeat)
	c.within("context", s.Context, 1, maxContext)
	c.checkSharing(s)
	for block, h := range s.Table.Heads {
		if max(h.Heads, h.KVHeads, h.KeyDim, h.ValueDim) > maxWidth || max(h.Heads, h.KVHeads)*max(h.KeyDim, h.ValueDim) > maxWidth {
			c.add("heads", "layer %d has %d heads and %d KV heads of %d and %d values, more than a layer can have", block, h.Heads, h.KVHeads, h.KeyDim, h.ValueDim)
			break
		}
	}
	c.within("sliding_window", s.Window, 0, maxContext)
	if e := s.Experts; e != nil && (e.Used < 1 || e.Used > e.Count || e.Count > 1<<14) {
		c.add("experts", "used %d is not within 1 to the %d experts", e.Used, e.Count)
	}
	if params := s.StoredParams(); len(c) == 0 && float64(params)*float64(s.Repeat) > maxParams {
		c.add("layers", "the shape has more than %g parameters", float64(maxParams))
	}
	return c
}
