package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/study"
)

// shapeFlags are the overrides of a model's shape and weight format.
type shapeFlags struct {
	overrides model.Overrides
	sharing   string
	quant     string
}

func (s *shapeFlags) add(cmd *cobra.Command) {
	f, o := cmd.Flags(), &s.overrides
	f.Var(positive{&o.Layers}, "layers", "override the number of stored layers")
	f.Var(positive{&o.Dim}, "dim", "override the width")
	f.Var(positive{&o.FFN}, "ffn", "override the feed-forward width")
	f.Var(positive{&o.Heads}, "heads", "override the number of attention heads")
	f.Var(positive{&o.KVHeads}, "kv-heads", "override the number of key-value heads")
	f.Var(positive{&o.Vocab}, "vocab", "override the vocabulary's size")
	f.Var(positive{&o.Repeat}, "repeat", "how often each stored block runs, with --sharing")
	addChoice(cmd, &s.sharing, "sharing", "", "`order` of layer sharing: none, immediate, repeat or reverse", model.Sharings()...)
	f.StringVar(&s.quant, "quant", "", "weight `format`: "+list(weights.Schemes())+", or one of another runtime, as w4_g32 or w8a8 (stored weights keep theirs; synthetic ones are "+weights.DefaultQuant+")")
	completeWith(cmd, "quant", append(weights.Schemes(), weights.RuntimeSchemes()...)...)
}

// named returns the model ref with the overrides.
func (s *shapeFlags) named(ref string) study.Model {
	o := s.overrides
	o.Sharing = model.Sharing(s.sharing)
	return study.Model{Ref: ref, Overrides: o, Quant: s.quant}
}

// options returns how to open a model with the overrides.
func (s *shapeFlags) options(a *app) weights.Options {
	o := s.overrides
	o.Sharing = model.Sharing(s.sharing)
	return weights.Options{Overrides: o, Quant: s.quant, Seed: a.common.seed}
}

// modelFlags name one model.
type modelFlags struct {
	shapeFlags
	model string
}

func (m *modelFlags) add(cmd *cobra.Command, fallback string) {
	cmd.Flags().StringVarP(&m.model, "model", "m", fallback, "`model`: a preset, a .gguf file, a Hugging Face folder or a shape file (.yaml)")
	completeWithFiles(cmd, "model", model.Presets()...)
	m.shapeFlags.add(cmd)
}

// needModel refuses a command line without a model.
func needModel(ref string) error {
	if ref == "" {
		return fault.Userf("name the model with --model: a preset (see memsim models), a .gguf file, a Hugging Face folder or a shape file")
	}
	return nil
}

// closeInto closes what a command has open, and makes a failure of that the
// command's, if it has none of its own: a model file that was written to while it
// was in use is found out only then.
func closeInto(err *error, c io.Closer) {
	if closeErr := c.Close(); *err == nil {
		*err = closeErr
	}
}
