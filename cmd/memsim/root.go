package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// defaultOut is where the main job writes its files.
const defaultOut = "memsim-out"

// job is the main job: models through the engine, their traces through the
// simulator.
type job struct {
	deviceFlags
	shapeFlags
	kvFlags
	routeFlags
	draftFlags
	models    []string
	lengths   study.Lengths
	shapeOnly bool
	timeline  bool
	out       string
}

func (a *app) rootCommand() *cobra.Command {
	var j job
	root := &cobra.Command{
		Use:   "memsim --device DEVICE",
		Short: "What does a token of this model cost on this phone?",
		Long: `memsim runs language models with a real engine, writes down every byte that
moves, and replays that on a simulated phone.

Without a command it does the main job: mobilellm-125m, mobilellm-ls-125m (the
same with each block run twice) and the same 60 layers unshared, or every
--model given, are run and replayed on --device. A table of what a token costs
goes to stdout; a report, the traces and a pprof profile go to --out, in place of
an earlier run's files; other files are kept.`,
		Example: `  memsim --device pixel8pro
  memsim --device iphone15 --unit gpu --model my.gguf --format json
  memsim --device iphone13 --model mobilellm-350m --quant q4_0 --set dram.channels=2`,
		Version:       versionLine(),
		Args:          noArguments,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if isCompletion(cmd) {
				return nil
			}
			if err := a.applySettings(cmd); err != nil {
				return err
			}
			return a.checkCommon()
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runJob(cmd.Context(), &j) },
	}
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("memsim {{.Version}}\n")
	a.addCommon(root)
	f := root.Flags()
	f.StringArrayVarP(&j.models, "model", "m", nil, "`model` to run, the first is what the others are measured against (repeatable)")
	completeWithFiles(root, "model", model.Presets()...)
	j.deviceFlags.add(root, "")
	j.addSamples(root)
	j.shapeFlags.add(root)
	j.routeFlags.add(root)
	j.draftFlags.add(root)
	f.IntVar(&j.lengths.Prompt, "prompt-tokens", 16, "length of the prompt in tokens")
	f.IntVar(&j.lengths.Tokens, "tokens", 16, "tokens to decode")
	f.IntVar(&j.lengths.Context, "context", 0, "`positions` that the KV cache holds before the prompt")
	j.kvFlags.add(root)
	f.BoolVar(&j.shapeOnly, "shape-only", false, "record what would move without computing it: fast, and for models larger than this machine")
	f.BoolVar(&j.timeline, "timeline", false, "also write a timeline of each model for ui.perfetto.dev")
	f.StringVarP(&j.out, "out", "o", defaultOut, "`folder` for the report, the traces and the profile")
	completeWithFolder(root, "out")
	completeNothingElse(root)
	root.AddCommand(
		a.runCommand(), a.benchCommand(), a.modelsCommand(),
		a.traceCommand(), a.importCommand(), a.inspectCommand(), a.exportCommand(),
		a.replayCommand(), a.sweepCommand(), a.probeCommand(), a.serveCommand(),
		a.devicesCommand(), a.hostCommand(), a.validateCommand(), a.calibrateCommand(),
		a.versionCommand(), a.manCommand(),
	)
	return root
}

// recordings returns what the main job runs: the models asked for, or the three
// of the paper's question, is depth worth its bytes when layers share them.
func (j *job) recordings(a *app) ([]study.Recording, error) {
	var list []study.Recording
	add := func(m study.Model) {
		m.KV = j.format()
		r := a.recording(m, j.lengths)
		r.ShapeOnly = j.shapeOnly
		list = append(list, r)
	}
	for _, ref := range j.models {
		add(j.named(ref))
	}
	if len(list) > 0 {
		return list, nil
	}
	deep, err := unshared(j.named(baseModel))
	if err != nil {
		return nil, err
	}
	add(j.named(baseModel))
	add(j.named(sharingModel))
	add(deep)
	return list, nil
}

// The models of the main job.
const (
	baseModel    = "mobilellm-125m"
	sharingModel = "mobilellm-ls-125m"
)

// unshared makes m, which is baseModel, as deep as sharingModel runs, without
// sharing.
func unshared(m study.Model) (study.Model, error) {
	shape, err := model.Preset(sharingModel)
	if err != nil {
		return m, err
	}
	if shape, err = shape.With(m.Overrides); err != nil {
		return m, err
	}
	m.Overrides.Layers = shape.Executed()
	m.Overrides.Repeat = 0
	if m.Overrides.Sharing != "" {
		m.Overrides.Sharing = model.NoSharing
	}
	return m, nil
}

func (a *app) runJob(ctx context.Context, j *job) error {
	if err := j.lengths.Validate(); err != nil {
		return err
	}
	c, err := a.newReplays(&j.deviceFlags)
	if err != nil {
		return err
	}
	if c.folder, err = newOutputFolder(j.out); err != nil {
		return err
	}
	defer c.folder.Discard()
	defer c.close()
	c.timeline = j.timeline
	recordings, err := j.recordings(a)
	if err != nil {
		return err
	}
	if _, err := j.draft(study.Model{}); err != nil {
		return err
	}
	for i := range recordings {
		if err := j.routeFlags.into(&recordings[i]); err != nil {
			return err
		}
	}
	bar := a.newProgress(len(recordings) * (j.lengths.Tokens + 3))
	defer bar.done()
	for i := range recordings {
		if err := c.record(ctx, &recordings[i], bar); err != nil {
			return err
		}
	}
	c.recording = &recordings[0]
	c.speculate = func(ctx context.Context, runs []study.Run) error { return j.speculate(ctx, recordings, runs) }
	bar.begin("replaying")
	if err := c.replayAll(ctx, func() { bar.step("replaying") }); err != nil {
		return err
	}
	bar.done()
	return c.finish(ctx, j.options(a))
}

// record runs one model and adds its trace to those to be replayed. The number in
// the trace's name keeps two runs of one model apart.
func (c *replays) record(ctx context.Context, r *study.Recording, bar *progress) error {
	name := r.Model.String()
	bar.begin(name + ": weights")
	path := c.folder.File(fmt.Sprintf("%d-%s.parquet", len(c.entries)+1, fileName(filepath.Base(name))))
	r.Step = func(doing string) { bar.step(name + ": " + doing) }
	if err := r.WriteFile(ctx, path); err != nil {
		return err
	}
	trace, err := traces.Open(path)
	if err != nil {
		return err
	}
	c.captured = true
	return c.add(path, trace)
}

// jobOptions are the options of the main job as they were used.
type jobOptions struct {
	Models       []string `json:"models"`
	Quant        string   `json:"quant"`
	Overrides    string   `json:"overrides"`
	PromptTokens int      `json:"prompt_tokens"`
	Tokens       int      `json:"tokens"`
	ShapeOnly    bool     `json:"shape_only"`
	Seed         uint64   `json:"seed"`
	Set          []string `json:"set"`
}

func (j *job) options(a *app) jobOptions {
	return jobOptions{j.models, j.quant, j.named("").Overrides.String(), j.lengths.Prompt, j.lengths.Tokens, j.shapeOnly, a.common.seed, j.Sets}
}
