package explorer

import (
	"time"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/internal/fault"
)

// Limits of a setting: far above any model for a phone, and low enough that a
// request cannot use up the machine. A run of the largest still takes a while;
// it ends with its request.
const (
	maxLayers   = 512
	maxDim      = 16384
	maxFFN      = 65536
	maxHeads    = 256
	maxVocab    = 262144
	maxParams   = 10e9  // stored
	maxPasses   = 16384 // executed layers times forward passes: what is recorded grows with it
	maxPrompt   = 8192
	maxTokens   = 64
	maxSRAMMiB  = 1024
	maxSets     = 16
	maxSetBytes = 200
)

// Limits of a server.
const (
	maxQueryBytes  = 8192
	maxHeaderBytes = 16 << 10
	maxWaiting     = 16 // runs that wait for their turn
	runTimeout     = time.Minute
	keptProfiles   = 8  // pprof's UIs that are kept between its pages
	keptAnswers    = 12 // settings whose sums are kept, for when the other side changes
)

// checkSize refuses a shape or a run that is larger than the limits.
func checkSize(s model.Shape, tokens int) error {
	passes := s.Executed() * (tokens + 1)
	switch {
	case s.Executed() > maxLayers:
		return fault.Userf("%s runs %d layers; the explorer takes up to %d", s.Name, s.Executed(), maxLayers)
	case s.Dim > maxDim || s.FFN > maxFFN || s.Heads > maxHeads || s.Vocab > maxVocab:
		return fault.Userf("%s is too wide: the explorer takes dim up to %d, ffn %d, heads %d, vocab %d", s.Name, maxDim, maxFFN, maxHeads, maxVocab)
	case s.StoredParams() > maxParams:
		return fault.Userf("%s has %.1f billion parameters; the explorer takes up to %.0f billion", s.Name, float64(s.StoredParams())/1e9, maxParams/1e9)
	case passes > maxPasses:
		return fault.Userf("%d layers over %d tokens are too many to follow; ask for fewer tokens (--tokens of the other commands has no limit)", s.Executed(), tokens)
	}
	return nil
}
