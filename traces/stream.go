package traces

import "iter"

// Sink receives the events of a run in order. Emit may keep no reference to
// events after it returns: the caller reuses the slice. Implementations are a
// file Writer and an in-memory Trace.
type Sink interface {
	Emit(events []Event) error
}

// Source is a trace that can be read from its start, as often as wanted.
type Source interface {
	Header() Header
	// Ops yields the operators in order. An Op and its events are valid until
	// the next one is asked for. After an error nothing more follows.
	Ops() iter.Seq2[Op, error]
}

// Op is one operator execution: all its operands, never empty.
type Op []Event

// MACs returns the operator's multiply-accumulates.
func (o Op) MACs() int64 { return o[0].MACs }

// Trace is a trace in memory: a Sink while it is filled, then a Source.
type Trace struct {
	Head   Header
	Events []Event
}

// Emit appends the events.
func (t *Trace) Emit(events []Event) error {
	t.Events = append(t.Events, events...)
	return nil
}

// Header returns the trace's header.
func (t *Trace) Header() Header { return t.Head }

// Ops yields the operators in order.
func (t *Trace) Ops() iter.Seq2[Op, error] {
	return func(yield func(Op, error) bool) {
		for start := 0; start < len(t.Events); {
			end := start + 1
			for end < len(t.Events) && t.Events[end].Seq == t.Events[start].Seq {
				end++
			}
			if !yield(Op(t.Events[start:end]), nil) {
				return
			}
			start = end
		}
	}
}
