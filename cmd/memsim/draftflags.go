package main

import (
	"context"
	"math"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/study"
)

// draftFlags say which model drafts tokens for another to verify.
type draftFlags struct {
	model      string
	tokens     int
	acceptance float64
	cmd        *cobra.Command
}

func (d *draftFlags) add(cmd *cobra.Command) {
	d.cmd = cmd
	f := cmd.Flags()
	f.StringVar(&d.model, "draft", "", "`model` that drafts tokens for the others to verify: as --model takes them, or mtp for a further block of each model's own (multi-token prediction)")
	f.IntVar(&d.tokens, "draft-tokens", 3, "tokens drafted in a step, with --draft")
	f.Float64Var(&d.acceptance, "acceptance", math.NaN(), "`share` of drafted tokens that are accepted, 0 to 1 (without it the engine measures it, if both models have weights of their own)")
	f.Lookup("acceptance").DefValue = ""
	completeWithFiles(cmd, "draft", append(model.Presets(), study.OwnBlock)...)
}

// draft returns what drafts for a model, nil if nothing does.
func (d *draftFlags) draft(of study.Model) (*study.Draft, error) {
	if d.model == "" {
		if f := d.cmd.Flags(); f.Changed("draft-tokens") || f.Changed("acceptance") {
			return nil, fault.Userf("--draft-tokens and --acceptance say how a draft is used; name its model with --draft")
		}
		return nil, nil
	}
	draft := study.Draft{Model: study.Model{Ref: d.model, KV: of.KV}, Tokens: d.tokens, Acceptance: d.acceptance}
	return &draft, draft.Validate()
}

// speculate adds to each run what drafting makes of it.
func (d *draftFlags) speculate(ctx context.Context, recordings []study.Recording, runs []study.Run) error {
	for i, r := range recordings {
		draft, err := d.draft(r.Model)
		if draft == nil || err != nil {
			return err
		}
		if err := study.Speculate(ctx, r, *draft, &runs[i]); err != nil {
			return err
		}
	}
	return nil
}
