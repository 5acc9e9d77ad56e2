package study

import (
	"context"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
)

// Question asks what a token of models costs on machines.
type Question struct {
	Models   []Model // the first is what the others are measured against
	Machines []Hardware
	Lengths
	Seed uint64 // of synthetic weights, prompt and tokens
	// Compute runs the model's arithmetic, which changes no prediction but adds the
	// engine's own speed on this host to the results.
	Compute bool
}

// Validate reports, as the user's mistake, a question that has no answer.
func (q Question) Validate() error {
	switch {
	case len(q.Models) == 0:
		return fault.Userf("name a model: a preset, a .gguf file, a Hugging Face folder or a shape file")
	case len(q.Machines) == 0:
		_, err := Hardware{}.Load()
		return err
	}
	return q.Lengths.Validate()
}

// Ask returns, for each machine, the results of the models with the notes that a
// reader needs. Names and values that cannot be are the user's mistake.
func Ask(ctx context.Context, q Question) ([]profiles.Comparison, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	machines := make([]*sim.Machine, len(q.Machines))
	for i, h := range q.Machines {
		var err error
		if machines[i], err = h.Machine(); err != nil {
			return nil, err
		}
	}
	runs := make([][]Run, len(machines))
	for _, m := range q.Models {
		r := Recording{Model: m, Lengths: q.Lengths, Seed: q.Seed, ShapeOnly: !q.Compute, Generator: "memsim"}
		trace, err := r.Trace(ctx)
		if err != nil {
			return nil, err
		}
		for i, machine := range machines {
			run, err := Replay(ctx, machine, trace)
			if err != nil {
				return nil, err
			}
			runs[i] = append(runs[i], run)
		}
	}
	answers := make([]profiles.Comparison, len(machines))
	for i := range answers {
		answers[i] = Compare(machines[i], runs[i]...)
	}
	return answers, nil
}
