package graphs

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/memsim/memsim/traces"
)

// outside is the layer and the block of operators outside the blocks.
const outside = -1

// roles are the names that our engine has for operators whose weight GGUF names
// otherwise; an operator of any other weight is called as its weight.
var roles = map[string]string{
	"token_embd":           "embed",
	"post_attention_norm":  "attn_post_norm",
	"post_ffw_norm":        "ffn_post_norm",
	"post_ffw_norm_1":      "ffn_post_norm_1",
	"post_ffw_norm_2":      "ffn_post_norm_2",
	"pre_ffw_norm_2":       "ffn_norm_2",
	"ffn_gate_inp":         "ffn_router",
	"ffn_gate_shexp":       "ffn_shared_gate",
	"ffn_up_shexp":         "ffn_shared_up",
	"ffn_down_shexp":       "ffn_shared_down",
	"shortconv.in_proj":    "conv_in",
	"shortconv.out_proj":   "conv_out",
	"shortconv.conv":       "short_conv",
	"inp_gate":             "per_layer_gate",
	"proj":                 "per_layer_out",
	"post_norm":            "per_layer_post_norm",
	"per_layer_token_embd": "per_layer_embed",
	"per_layer_model_proj": "per_layer_proj",
	"per_layer_proj_norm":  "per_layer_norm",
	"layer_output_scale":   "layer_scale",
	"token_embd_norm":      "output_norm", // LFM2 names its last norm so
}

// plain are operators without weights that our engine has too.
var plain = map[string]string{
	"SWIGLU_OAI":     "clamped_glu",
	"FLASH_ATTN_EXT": "attention",
	"FLASH_ATTN":     "attention",
	"CPY":            "copy",
	"CONT":           "copy",
	"DUP":            "copy",
}

// opName returns what an operator is called in a trace: as in ours where there is
// one like it, and in lower case as the engine calls it where not.
func opName(n *Node, sources []*value, result *value) string {
	if n.Name != "" {
		return n.Name
	}
	if role, weight := weightRole(sources); weight != nil {
		switch {
		case n.Op == "MUL_MAT" && role == "token_embd":
			return "output" // tied to the embedding
		case n.Op == "ADD_ID" || n.Op == "ADD" && strings.HasSuffix(weight.Name, ".bias"):
			return ours(role) + "_bias"
		case n.Op != "ROPE" && n.Op != "SOFT_MAX" && n.Op != "FLASH_ATTN_EXT":
			return ours(role)
		}
	}
	switch cached := len(sources) > 0 && sources[0].kind == traces.KV; {
	case result.kind == traces.KV && (n.Op == "SET_ROWS" || n.Op == "CPY"):
		return "kv_store"
	case n.Op == "MUL_MAT" && cached && strings.HasPrefix(sources[0].tensor, "cache_k"):
		return "attn_kq"
	case n.Op == "MUL_MAT" && cached && strings.HasPrefix(sources[0].tensor, "cache_v"):
		return "attn_kqv"
	case n.Op == "SOFT_MAX" && strings.HasPrefix(n.Result.Name, "kq"):
		return "attn_soft_max"
	}
	if name, ok := plain[n.Op]; ok {
		return name
	}
	return strings.ToLower(n.Op)
}

func ours(role string) string {
	if name, ok := roles[role]; ok {
		return name
	}
	return role
}

// weightRole returns the weight among an operator's operands, and what it is in
// its block.
func weightRole(sources []*value) (string, *Tensor) {
	for _, s := range sources {
		if s.weight == nil {
			continue
		}
		role := strings.TrimSuffix(strings.TrimSuffix(s.weight.Name, ".weight"), ".bias")
		if rest, ok := strings.CutPrefix(role, "blk."); ok {
			_, role, _ = strings.Cut(rest, ".")
		}
		return role, s.weight
	}
	return "", nil
}

// blockOf returns the stored block that a tensor's name belongs to, or outside.
func blockOf(name string) int32 {
	rest, inBlock := strings.CutPrefix(name, "blk.")
	number, _, _ := strings.Cut(rest, ".")
	if block, err := strconv.ParseInt(number, 10, 32); inBlock && err == nil && block >= 0 {
		return int32(block)
	}
	return outside
}

var (
	layerSuffix  = regexp.MustCompile(`-(\d+)(?: \([^)]*\))*$`)
	cacheSuffix  = regexp.MustCompile(`^cache_\w*?_l(\d+)`)
	outsideNames = regexp.MustCompile(`^(result_|inp_|embd$|model\.embed)`)
)

// unknown is the layer of an operator that does not say it.
const unknown = -2

// layerOf returns the layer that an operator belongs to as far as its operands and
// its result say.
func layerOf(n *Node, layers int) int32 {
	within := func(text string) int32 {
		if layer, err := strconv.ParseInt(text, 10, 32); err == nil && int(layer) < layers {
			return int32(layer)
		}
		return unknown
	}
	if n.Layer != nil {
		return *n.Layer
	}
	for _, s := range n.Sources {
		if block := blockOf(s.Name); block != outside && int(block) < layers {
			return block
		}
	}
	if m := layerSuffix.FindStringSubmatch(n.Result.Name); m != nil {
		if layer := within(m[1]); layer != unknown {
			return layer
		}
	}
	if m := cacheSuffix.FindStringSubmatch(n.Result.Name); m != nil {
		return within(m[1])
	}
	if outsideNames.MatchString(n.Result.Name) {
		return outside
	}
	for _, s := range n.Sources {
		if n.Op != "ROPE" && strings.HasSuffix(s.Name, ".weight") {
			return outside
		}
	}
	return unknown
}

// layersOf returns the layer of each operator of a pass: its own, or where it says
// none the one of the next that does.
func layersOf(nodes []Node, layers int) []int32 {
	out := make([]int32, len(nodes))
	next := int32(outside)
	for i := len(nodes) - 1; i >= 0; i-- {
		if own := layerOf(&nodes[i], layers); own != unknown {
			next = own
		}
		out[i] = next
	}
	return out
}
