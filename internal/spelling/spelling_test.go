package spelling

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"kv_store", "attn_q", "attn_k", "attn_q_bias", "mobilellm-125m", "mobilellm-350m", "lru", "tree-plru", "RCD", "RC"}
	for word, want := range map[string][]string{
		"kv_stor":                           {"kv_store"},
		"KV_Stroe":                          {"kv_store"},
		"atn_q":                             {"attn_q"},
		"attn":                              {"attn_k", "attn_q", "attn_q_bias"},
		"125m":                              {"mobilellm-125m"},
		"mobilellm-152m":                    {"mobilellm-125m", "mobilellm-350m"},
		"plru":                              {"lru", "tree-plru"},
		"RCX":                               {"RC", "RCD"},
		"RCD":                               {"RCD"},
		"q":                                 nil, // one letter is in too many names
		"random":                            nil,
		"":                                  nil,
		strings.Repeat("attn_q", 1_000_000): nil,
	} {
		if got := Nearest(word, names, 3); !slices.Equal(got, want) {
			t.Errorf("%.20q: %q, want %q", word, got, want)
		}
	}
	if got := Nearest("attn", names, 2); len(got) != 2 {
		t.Errorf("asked for two, got %q", got)
	}
	if names[0] != "kv_store" {
		t.Error("the caller's names were reordered")
	}
}
