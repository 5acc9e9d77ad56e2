package model

import "slices"

// Layer is what one stored block computes: a mixer between positions, and a
// feed-forward network. It is comparable.
type Layer struct {
	Mixer                   Mixer
	Heads, KVHeads, HeadDim int
	ValueDim                int  // of a head's values in the cache; 0 is none
	Window                  int  // positions that a query sees; 0 is all
	Rotates                 bool // queries and keys are turned by their position
	LocalRoPE               bool // by RoPELocal
	KeyIsValue              bool // K serves as V
	KVFrom                  int  // the layer whose KV cache it reads; its own number unless shared
	FFN                     int  // width of the dense network; 0 is none
	Experts                 bool
}

// Layer describes a stored block of a resolved shape.
func (s *Shape) Layer(block int) Layer {
	if s.Table != nil {
		return s.Table.layer(block)
	}
	l := Layer{
		Mixer: s.mixerOf(block), Heads: s.Heads, KVHeads: s.KVHeads, HeadDim: s.HeadDim,
		Rotates: !lastOf(s.NoRoPEEvery, block), KVFrom: block, FFN: s.FFN,
	}
	if s.windowed(block) {
		l.Window, l.LocalRoPE = s.Window, s.RoPELocal != 0
	} else {
		replace(&l.HeadDim, s.GlobalHeadDim)
		replace(&l.KVHeads, s.GlobalKVHeads)
		l.KeyIsValue = s.GlobalKeyIsV
	}
	l.ValueDim = l.HeadDim
	if own := s.Layers - s.SharedKVLayers; s.SharedKVLayers > 0 && block >= own {
		l.KVFrom = s.lastOwnCache(own, l.Window > 0)
		replace(&l.FFN, s.SharedKVFFN)
	}
	if e := s.Experts; e != nil && block >= e.DenseLayers {
		l.Experts = true
		if !e.Parallel {
			l.FFN = e.SharedFFN
		}
	}
	return l
}

// Recurrent reports whether some layer keeps a state that each token changes, and
// not rows for each position.
func (s *Shape) Recurrent() bool { return s.Mixer != "" && s.Mixer != Attention }

// QDim returns the width of the layer's queries.
func (l Layer) QDim() int { return l.Heads * l.HeadDim }

// KVDim returns the width of the layer's keys, and of its values where they are as
// long.
func (l Layer) KVDim() int { return l.KVHeads * l.HeadDim }

// VDim returns the width of the layer's values.
func (l Layer) VDim() int { return l.KVHeads * l.ValueDim }

func (s *Shape) mixerOf(block int) Mixer {
	switch {
	case s.Mixer == "" || s.Mixer == Attention:
		return Attention
	case s.AttentionLayers != nil:
		if slices.Contains(s.AttentionLayers, block) {
			return Attention
		}
	case lastOf(s.AttentionEvery, block):
		return Attention
	}
	return s.Mixer
}

// windowed reports whether a block attends to a window only.
func (s *Shape) windowed(block int) bool {
	switch {
	case s.Window == 0:
		return false
	case s.GlobalLayers != nil:
		return !slices.Contains(s.GlobalLayers, block)
	}
	return !lastOf(s.GlobalEvery, block)
}

// lastOf reports whether a block is the last of each period; 0 is no period.
func lastOf(period, block int) bool { return period > 0 && block%period == period-1 }

// lastOwnCache returns the last layer below own that is windowed, or that is
// not.
func (s *Shape) lastOwnCache(own int, windowed bool) int {
	for block := own - 1; block > 0; block-- {
		if s.windowed(block) == windowed {
			return block
		}
	}
	return 0
}
