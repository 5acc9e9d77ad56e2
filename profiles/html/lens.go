package html

import (
	"github.com/memsim/memsim/profiles/totals"
	"github.com/memsim/memsim/traces"
)

// lens is a part of a run, and what its sums are divided by.
type lens struct {
	model *Model
	phase traces.Phase
	over  float64
	per   string // what over counts
}

// focus looks at the decode steps, a token each; in a run without any at the
// prompt, by token.
func (m *Model) focus() lens {
	if n := m.sums.Steps(traces.Decode); n > 0 {
		return lens{m, traces.Decode, float64(n), "token"}
	}
	return lens{m, traces.Prefill, float64(max(1, m.header.PromptTokens)), "token"}
}

// prompt looks at the whole prompt; ok is false where focus does already, or
// where none was run.
func (m *Model) prompt() (l lens, ok bool) {
	return lens{m, traces.Prefill, 1, "prompt"}, m.sums.Steps(traces.Decode) > 0 && m.sums.Steps(traces.Prefill) > 0
}

// ops are the operators in sight, as sums that are still to be divided.
func (l lens) ops(yield func(*totals.Op) bool) {
	for _, op := range l.model.sums.Ops() {
		if op.Phase == l.phase && !yield(op) {
			return
		}
	}
}

// operands are the operands in sight, as sums that are still to be divided.
func (l lens) operands(yield func(*totals.Operand) bool) {
	for _, o := range l.model.sums.Operands() {
		if o.Phase == l.phase && !yield(o) {
			return
		}
	}
}
