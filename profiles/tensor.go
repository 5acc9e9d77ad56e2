package profiles

import (
	"regexp"
	"strings"
)

// blockNumber is the part of a tensor's name that says which block it belongs to.
var blockNumber = regexp.MustCompile(`^(?:model\.)?(?:blk|cache|layers)\.\d+\.`)

// TensorRole is the name of a tensor without the number of its block, which all
// blocks have in common: "ffn_down.weight" of blk.3.ffn_down.weight, "cache.k" of
// cache.3.k.
func TensorRole(tensor string) string {
	number := blockNumber.FindString(tensor)
	role := tensor[len(number):]
	if strings.HasPrefix(number, "cache.") {
		return "cache." + role
	}
	return role
}
