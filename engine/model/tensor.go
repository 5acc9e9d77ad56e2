package model

import (
	"fmt"
	"iter"
)

// Role is the place of a tensor in the network, under the middle part of its
// usual GGUF name.
type Role string

// The tensors of a network.
const (
	TokenEmbd  Role = "token_embd"
	RoPEFreqs  Role = "rope_freqs"        // Llama 3's divisors, one for each pair
	RoPELong   Role = "rope_factors_long" // LongRoPE's
	RoPEShort  Role = "rope_factors_short"
	OutputNorm Role = "output_norm"
	Output     Role = "output"

	AttnNorm     Role = "attn_norm"
	AttnQ        Role = "attn_q"
	AttnK        Role = "attn_k"
	AttnV        Role = "attn_v"
	AttnQKV      Role = "attn_qkv" // rows of Q, then K, then V
	AttnQNorm    Role = "attn_q_norm"
	AttnKNorm    Role = "attn_k_norm"
	AttnSinks    Role = "attn_sinks"
	AttnOut      Role = "attn_output"
	PostAttnNorm Role = "post_attention_norm"

	ConvIn   Role = "shortconv.in_proj" // rows of B, then C, then x
	ConvTaps Role = "shortconv.conv"
	ConvOut  Role = "shortconv.out_proj"

	DeltaGate  Role = "attn_gate"
	DeltaBeta  Role = "ssm_beta"
	DeltaAlpha Role = "ssm_alpha"
	DeltaDecay Role = "ssm_a"
	DeltaStep  Role = "ssm_dt"
	DeltaConv  Role = "ssm_conv1d"
	DeltaNorm  Role = "ssm_norm"
	DeltaOut   Role = "ssm_out"

	FFNNorm     Role = "ffn_norm"
	FFNGate     Role = "ffn_gate"
	FFNUp       Role = "ffn_up" // FusedGateUp: rows of gate, then up
	FFNDown     Role = "ffn_down"
	PostFFNNorm Role = "post_ffw_norm"

	Router      Role = "ffn_gate_inp"
	ChoiceBias  Role = "exp_probs_b"
	ExpertGate  Role = "ffn_gate_exps"
	ExpertUp    Role = "ffn_up_exps"
	ExpertDown  Role = "ffn_down_exps"
	SharedGate  Role = "ffn_gate_shexp"
	SharedUp    Role = "ffn_up_shexp"
	SharedDown  Role = "ffn_down_shexp"
	ExpertScale Role = "ffn_down_exps.scale"
	PreNorm2    Role = "pre_ffw_norm_2" // Gemma 4: of the experts beside a dense network
	PostNorm1   Role = "post_ffw_norm_1"
	PostNorm2   Role = "post_ffw_norm_2"

	PerLayerEmbd  Role = "per_layer_token_embd"
	PerLayerModel Role = "per_layer_model_proj"
	PerLayerNorm  Role = "per_layer_proj_norm"
	PerLayerGate  Role = "inp_gate"
	PerLayerProj  Role = "proj"
	PerLayerPost  Role = "post_norm"
	LayerScale    Role = "layer_output_scale"
)

// Tensor is a weight that a shape calls for: a matrix of Rows output features of
// Cols input features each, or a vector, Rows 1. A tensor of experts has theirs
// one behind the other: Rows counts those of all.
type Tensor struct {
	Role    Role
	Block   int // stored block; -1 outside the blocks
	Bias    bool
	Rows    int
	Cols    int
	Experts int // matrices that it stacks; 0 is one that is not of experts

	arch   *Architecture
	listed string // its name, of a Table's
}

// Name returns the tensor's name in GGUF files.
func (t Tensor) Name() string {
	if t.listed != "" {
		return t.listed
	}
	role, kind := t.arch.gguf(t.Role), "weight"
	switch {
	case t.Role == ExpertScale: // has none
		return fmt.Sprintf("blk.%d.%s", t.Block, role)
	case t.Bias:
		kind = "bias"
	}
	if t.Block < 0 {
		return string(role) + "." + kind
	}
	return fmt.Sprintf("blk.%d.%s.%s", t.Block, role, kind)
}

// HuggingFace returns the tensor's name in a Hugging Face file, "" if it has
// none of its own there.
func (t Tensor) HuggingFace() string {
	name := t.arch.huggingFace(t.Role)
	switch {
	case name == "":
		return ""
	case t.Bias:
		name += ".bias"
	case t.Role != AttnSinks && t.Role != DeltaDecay && t.Role != DeltaStep && t.Role != LayerScale:
		name += ".weight"
	}
	if t.Block < 0 {
		return name
	}
	return fmt.Sprintf("model.layers.%d.%s", t.Block, name)
}

// Vector reports whether the tensor has one dimension: a norm, a bias, a number
// for each head or pair.
func (t Tensor) Vector() bool {
	if t.listed != "" {
		return t.Rows == 1
	}
	switch t.Role {
	case RoPEFreqs, RoPELong, RoPEShort, AttnSinks, DeltaDecay, ExpertScale, LayerScale:
		return true
	}
	return t.norm() || t.Bias && t.Experts == 0
}

// Float32 reports whether all formats keep the tensor as f32: vectors, routers,
// and the taps of convolutions.
func (t Tensor) Float32() bool {
	if t.listed != "" {
		return t.Rows == 1
	}
	switch t.Role {
	case Router, ConvTaps, DeltaConv:
		return true
	}
	return t.Bias || t.Vector()
}

// norm reports whether the tensor is the weights of a norm, whatever its length.
func (t Tensor) norm() bool {
	switch t.Role {
	case AttnNorm, AttnQNorm, AttnKNorm, PostAttnNorm, FFNNorm, PostFFNNorm, OutputNorm, DeltaNorm,
		PreNorm2, PostNorm1, PostNorm2, PerLayerNorm, PerLayerPost:
		return true
	}
	return false
}

// Computed reports whether the tensor follows from the shape: GGUF stores the
// divisors of some scalings of rotary embedding as tensors.
func (t Tensor) Computed() bool {
	if t.listed != "" {
		return false
	}
	switch t.Role {
	case RoPEFreqs, RoPELong, RoPEShort:
		return true
	}
	return false
}

// Rotated reports whether the order of the tensor's rows, or of a vector's
// values, is that of the values that rotary embedding turns.
func (t Tensor) Rotated() bool {
	switch t.Role {
	case AttnQ, AttnK, AttnQNorm, AttnKNorm:
		return true
	}
	return false
}

// Values returns how many numbers the tensor holds.
func (t Tensor) Values() int64 { return int64(t.Rows) * int64(t.Cols) }

// Tensors yields the weights of a resolved shape in the order in which a token
// needs them. A file may claim any number of layers: who checks it stops at the
// first tensor that is not there.
func (s Shape) Tensors() iter.Seq[Tensor] {
	return func(yield func(Tensor) bool) {
		for _, t := range s.firstTensors() {
			if !yield(t) {
				return
			}
		}
		for block := range s.Layers {
			for _, t := range s.BlockTensors(block) {
				if !yield(t) {
					return
				}
			}
		}
		for _, t := range s.lastTensors() {
			if !yield(t) {
				return
			}
		}
	}
}

// firstTensors are those in front of the blocks.
func (s *Shape) firstTensors() []Tensor {
	if s.Table != nil {
		return s.Table.Outer
	}
	b := tensors{arch: architectureOf(s.Architecture), block: -1}
	b.matrix(TokenEmbd, s.Vocab, s.Dim)
	if s.PerLayerDim > 0 {
		b.matrix(PerLayerEmbd, s.Vocab, s.PerLayerDim*s.Layers)
		b.matrix(PerLayerModel, s.PerLayerDim*s.Layers, s.Dim)
		b.vector(PerLayerNorm, s.PerLayerDim)
	}
	if r := s.RoPEScaling; r != nil {
		switch r.Type {
		case "llama3", "divisors":
			b.vector(RoPEFreqs, s.turned()/2)
		case "longrope":
			b.vector(RoPELong, s.turned()/2)
			b.vector(RoPEShort, s.turned()/2)
		}
	}
	return b.list
}

// turned returns how many values of a head of a layer that sees all are turned.
func (s *Shape) turned() int {
	switch {
	case s.RoPEDim > 0:
		return s.RoPEDim
	case s.GlobalHeadDim > 0:
		return s.GlobalHeadDim
	}
	return s.HeadDim
}

// lastTensors are those behind the blocks.
func (s *Shape) lastTensors() []Tensor {
	if s.Table != nil {
		return nil
	}
	b := tensors{arch: architectureOf(s.Architecture), block: -1}
	b.vector(OutputNorm, s.Dim)
	if !s.Tied {
		b.matrix(Output, s.Vocab, s.Dim)
	}
	b.biasIf(s.LogitBias, Output, s.Vocab)
	return b.list
}

// BlockTensors lists the weights of one stored block of a resolved shape.
func (s *Shape) BlockTensors(block int) []Tensor {
	if s.Table != nil {
		return s.Table.Blocks[block]
	}
	b := tensors{arch: architectureOf(s.Architecture), block: block, list: make([]Tensor, 0, 16)}
	l := s.Layer(block)
	before, behind := s.Norms != NormsBehind, s.Norms == NormsBehind || s.Norms == NormsAround
	b.vectorIf(before, AttnNorm, s.Dim)
	switch l.Mixer {
	case ShortConv:
		b.matrix(ConvIn, 3*s.Dim, s.Dim)
		b.matrix(ConvTaps, s.Dim, s.ConvLength)
		b.matrix(ConvOut, s.Dim, s.Dim)
	case GatedNet:
		b.deltaNet(s.Dim, s.Delta)
	default:
		b.attention(s, l, block)
	}
	b.vectorIf(behind, PostAttnNorm, s.Dim)
	b.vectorIf(before, FFNNorm, s.Dim)
	b.feedForward(s, l)
	b.vectorIf(behind, PostFFNNorm, s.Dim)
	if s.PerLayerDim > 0 {
		b.matrix(PerLayerGate, s.PerLayerDim, s.Dim)
		b.matrix(PerLayerProj, s.Dim, s.PerLayerDim)
		b.vector(PerLayerPost, s.Dim)
	}
	b.vectorIf(s.LayerScale, LayerScale, 1)
	return b.list
}

// tensors collects those of a block.
type tensors struct {
	arch  *Architecture
	block int
	list  []Tensor
}

func (b *tensors) matrix(role Role, rows, cols int) {
	b.list = append(b.list, Tensor{Role: role, Block: b.block, Rows: rows, Cols: cols, arch: b.arch})
}

func (b *tensors) experts(role Role, experts, rows, cols int) {
	b.list = append(b.list, Tensor{Role: role, Block: b.block, Rows: experts * rows, Cols: cols, Experts: experts, arch: b.arch})
}

func (b *tensors) vector(role Role, n int) { b.matrix(role, 1, n) }

func (b *tensors) vectorIf(present bool, role Role, n int) {
	if present {
		b.vector(role, n)
	}
}

func (b *tensors) biasIf(present bool, role Role, n int) {
	if present {
		b.list = append(b.list, Tensor{Role: role, Block: b.block, Bias: true, Rows: 1, Cols: n, arch: b.arch})
	}
}

func (b *tensors) attention(s *Shape, l Layer, block int) {
	q, kv := l.QDim(), l.KVDim()
	own := l.KVFrom == block // computes keys and values of its own
	rows := q
	if s.OutputGate {
		rows *= 2
	}
	if s.FusedQKV {
		b.matrix(AttnQKV, q+2*kv, s.Dim)
		b.biasIf(s.QKVBias, AttnQKV, q+2*kv)
	} else {
		b.matrix(AttnQ, rows, s.Dim)
		if own {
			b.matrix(AttnK, kv, s.Dim)
		}
		if own && !l.KeyIsValue {
			b.matrix(AttnV, kv, s.Dim)
		}
		b.biasIf(s.QKVBias, AttnQ, rows)
		b.biasIf(s.QKVBias && own, AttnK, kv)
		b.biasIf(s.QKVBias && own && !l.KeyIsValue, AttnV, kv)
	}
	qNorm, kNorm := l.HeadDim, l.HeadDim
	if s.QKNormWhole {
		qNorm, kNorm = q, kv
	}
	b.vectorIf(s.QKNorm || s.QKNormWhole, AttnQNorm, qNorm)
	b.vectorIf((s.QKNorm || s.QKNormWhole) && own, AttnKNorm, kNorm)
	b.vectorIf(s.Sinks, AttnSinks, l.Heads)
	b.matrix(AttnOut, s.Dim, q)
	b.biasIf(s.OutputBias, AttnOut, s.Dim)
}

func (b *tensors) deltaNet(dim int, d *DeltaNet) {
	keys, values := d.KeyHeads*d.KeyDim, d.ValueHeads*d.ValueDim
	b.matrix(AttnQKV, 2*keys+values, dim)
	b.matrix(DeltaGate, values, dim)
	b.matrix(DeltaBeta, d.ValueHeads, dim)
	b.matrix(DeltaAlpha, d.ValueHeads, dim)
	b.vector(DeltaDecay, d.ValueHeads)
	b.biasIf(true, DeltaStep, d.ValueHeads)
	b.matrix(DeltaConv, 2*keys+values, d.Conv)
	b.vector(DeltaNorm, d.ValueDim)
	b.matrix(DeltaOut, dim, values)
}

func (b *tensors) feedForward(s *Shape, l Layer) {
	e := s.Experts
	if !l.Experts {
		b.network(FFNGate, FFNUp, FFNDown, s, l.FFN)
		return
	}
	if e.Parallel {
		b.network(FFNGate, FFNUp, FFNDown, s, l.FFN)
		b.vector(PostNorm1, s.Dim)
		b.vector(PreNorm2, s.Dim)
		b.vector(PostNorm2, s.Dim)
		b.vector(ExpertScale, e.Count)
	}
	b.matrix(Router, e.Count, s.Dim)
	b.biasIf(e.Biases, Router, e.Count)
	b.biasIf(e.ChoiceBias, ChoiceBias, e.Count)
	b.experts(ExpertGate, e.Count, e.FFN, s.Dim)
	b.expertBias(e, ExpertGate, e.FFN)
	b.experts(ExpertUp, e.Count, e.FFN, s.Dim)
	b.expertBias(e, ExpertUp, e.FFN)
	b.experts(ExpertDown, e.Count, s.Dim, e.FFN)
	b.expertBias(e, ExpertDown, s.Dim)
	if e.SharedFFN > 0 {
		b.network(SharedGate, SharedUp, SharedDown, s, e.SharedFFN)
	}
}

func (b *tensors) expertBias(e *Experts, role Role, n int) {
	if e.Biases {
		b.list = append(b.list, Tensor{Role: role, Block: b.block, Bias: true, Rows: e.Count, Cols: n, Experts: e.Count, arch: b.arch})
	}
}

// network adds the matrices of a gated feed-forward network.
func (b *tensors) network(gate, up, down Role, s *Shape, ffn int) {
	biased := s.FFNBias && gate == FFNGate
	if s.FusedGateUp {
		b.matrix(up, 2*ffn, s.Dim)
	} else {
		b.matrix(gate, ffn, s.Dim)
		b.biasIf(biased, gate, ffn)
		b.matrix(up, ffn, s.Dim)
		b.biasIf(biased, up, ffn)
	}
	b.matrix(down, s.Dim, ffn)
	b.biasIf(biased, down, s.Dim)
}
