package residency

import (
	"fmt"
	"strings"

	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// A format is a weight format and its bits for each parameter: of GGUF's block
// formats those of a block, of q4_k_m what llama-quantize's mixture comes to.
type format struct {
	name string
	bits float64
}

// formats are those to try instead of a larger one, the largest first.
var formats = []format{{"q8_0", 8.5}, {"q6_k", 6.5625}, {"q4_k_m", 4.85}, {"q4_0", 4.5}}

// fewestPositions is a context worth proposing: a short question and its answer.
const fewestPositions = 256

// Instead proposes what would not be killed in the place of a footprint that is:
// a smaller format of the same model, a shorter context, and the largest model
// that the limit allows in the smallest of the formats.
func (l Limits) Instead(f Footprint, h traces.Header) string {
	var ways []string
	if w := l.smallerFormat(f, h); w != "" {
		ways = append(ways, w)
	}
	if w := l.shorterContext(f, h); w != "" {
		ways = append(ways, w)
	}
	smallest := formats[len(formats)-1]
	if room := l.Kill - l.Own; room > 0 {
		params := float64(room) * 0.9 * 8 / smallest.bits // a tenth is left to KV cache and activations
		ways = append(ways, fmt.Sprintf("a model of up to %.2g B parameters in %s", params/1e9, smallest.name))
	}
	return strings.Join(ways, "; ")
}

func (l Limits) smallerFormat(f Footprint, h traces.Header) string {
	for _, format := range formats {
		bytes := units.Bytes(float64(h.Shape.StoredParams) * format.bits / 8)
		if bytes <= 0 || bytes >= f.Pinned {
			continue // no smaller than what it has
		}
		other := f
		other.Pinned = bytes
		if verdict, _ := l.Judge(other); verdict != Killed {
			return fmt.Sprintf("--quant %s (%.2f GB in all)", format.name, float64(other.Total())/1e9)
		}
	}
	return ""
}

func (l Limits) shorterContext(f Footprint, h traces.Header) string {
	positions := int64(h.PromptTokens + h.Tokens)
	room := l.Kill - (f.Unmovable() - f.KV)
	if positions == 0 || f.KV == 0 || room <= 0 {
		return ""
	}
	if n := int64(float64(room) / float64(f.KV) * float64(positions)); n >= fewestPositions && n < positions {
		return fmt.Sprintf("a context of %d positions", n)
	}
	return ""
}
