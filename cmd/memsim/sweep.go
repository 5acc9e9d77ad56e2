package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/designspace/results"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/sweep"
	"github.com/memsim/memsim/study"
)

// defaultSweepOut is where a sweep writes its files.
const defaultSweepOut = "memsim-sweep"

// sweeping is the sweep command.
type sweeping struct {
	deviceFlags
	spec   designspace.Spec
	axes   map[string]*string // values of each axis of the model as typed, by flag
	more   []string           // further axes, as name=values
	out    string
	resume bool
	shard  string
	submit submitting
}

func (a *app) sweepCommand() *cobra.Command {
	s := sweeping{axes: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "sweep [SPEC.yaml] --device DEVICE --layers 8:60:4 ...",
		Short: "Explore shapes of a model on a device",
		Long: `Answer for every combination of the axes given: what would a token of that model
cost on the device? An axis takes a list (8,16,32) or a range (8:60:4). With
--params the number of parameters is held by solving for the axis --solve. Any
number of the device's profile is an axis too: --axis dram.channels=2,4, and so
are whole devices, units and runtimes. All of it can stand in a YAML file; flags
override what the file says.

Weights are not made: only what would move is recorded and replayed. The rows
go to sweep.csv and sweep.parquet in --out, and sweep.html shows what they say.
Combinations that cannot be are counted and named there. --where keeps the rows
that meet a condition, --pareto finds those that no other beats.

Rows are kept in --out as they come: a sweep that was interrupted goes on with
--resume. --shard I/N does the Ith of N parts, on any machine that sees --out;
memsim sweep merge joins them. --slurm submits the parts as a job array.

Spaces too large for that are searched: --best FIGURE looks for the point with
the least of it, among those that meet --where. --sensitivity FIGURE says which
uncertain number of the device moves that figure, at the point that has the least
of it.`,
		Example: `  memsim sweep --device pixel8pro --layers 4:62:2 --params 125M --solve dim
  memsim sweep --device iphone13 --layers 12,30,60 --sharing none,immediate --pareto latency_ms_per_token,params
  memsim sweep --device pixel8pro --layers 30 --sharing none,immediate --axis sram.slc.capacity="4 MiB,8 MiB,16 MiB"
  memsim sweep --device pixel8pro --layers 4:80 --dim 256:2048:32 --ffn-ratio 2,3,4 --best latency_ms_per_token --where "stored_params > 120e6"
  memsim sweep space.yaml --where "latency_ms_per_token < 20 && fits_dram_budget" --slurm --time 1:00:00`,
		Args: oneSpec,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.complete(a, cmd.Flags(), args); err != nil {
				return err
			}
			return a.sweep(cmd.Context(), &s)
		},
		ValidArgsFunction: oneFile("yaml", "yml"),
	}
	s.deviceFlags.add(cmd, "")
	s.addFlags(cmd)
	cmd.AddCommand(a.sweepStatusCommand(), a.sweepMergeCommand())
	return cmd
}

// oneSpec wants at most one argument.
func oneSpec(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fault.Userf("%s takes one file, but got %s; see %s --help", cmd.CommandPath(), list(args), cmd.CommandPath())
	}
	return nil
}

func (s *sweeping) addFlags(cmd *cobra.Command) {
	f, spec := cmd.Flags(), &s.spec
	f.StringVarP(&spec.Model, "model", "m", "mobilellm-125m", "`model` whose shape is varied: a preset, a .gguf file, a Hugging Face folder or a shape file")
	for _, axis := range designspace.ModelAxes {
		s.axes[axis] = f.String(axis, "", "axis: `values` of "+strings.ReplaceAll(axis, "-", " ")+", a list or a range")
	}
	f.StringArrayVar(&s.more, "axis", nil, "further `axis` as name=values: device, unit, runtime, or a field of the profile such as dram.channels=2,4 (repeatable)")
	f.StringVar(&spec.Params, "params", "", "hold this `number` of stored parameters, such as 125M")
	f.StringVar(&spec.Solve, "solve", "", "`axis` that is solved for to meet --params: layers, dim or ffn")
	f.IntVar(&spec.PromptTokens, "prompt-tokens", 16, "length of the prompt in tokens")
	f.IntVar(&spec.Tokens, "tokens", 8, "tokens to decode")
	f.StringVar(&spec.Where, "where", "", "`condition` over the keys of a result that rows must meet, such as \"latency_ms_per_token < 20\"")
	f.StringVar(&spec.Pareto, "pareto", "", "`figures` to trade, such as latency_ms_per_token,energy_mj_per_token; +figure for the more the better, -figure for the less")
	f.StringVar(&spec.Best, "best", "", "search for the point with the least of this `figure` instead of walking the whole space")
	f.IntVar(&spec.Evaluations, "evaluations", 500, "with --best: `points` to evaluate at most")
	f.StringVar(&spec.Sensitivity, "sensitivity", "", "`figure` of which to say what number of the device moves it")
	f.StringVarP(&s.out, "out", "o", defaultSweepOut, "`folder` for the rows")
	f.BoolVar(&s.resume, "resume", false, "go on with the rows that are in --out")
	f.StringVar(&s.shard, "shard", "", "do one `part` only, as I/N; /N takes I from SLURM_ARRAY_TASK_ID")
	s.submit.addFlags(f, &spec.Slurm)
	completeWithFiles(cmd, "model", model.Presets()...)
	complete(cmd, "sharing", listOf(model.Sharings()...))
	complete(cmd, "quant", listOf(weights.Schemes()...))
	complete(cmd, "axis", completeAxis)
	completeWith(cmd, "solve", "layers", "dim", "ffn")
	complete(cmd, "where", completeCondition)
	complete(cmd, "pareto", completeGoals)
	complete(cmd, "best", completeFigure)
	complete(cmd, "sensitivity", completeFigure)
	completeWithFolder(cmd, "out")
}

// complete joins the spec file with the flags, which have the last word.
func (s *sweeping) complete(a *app, flags *pflag.FlagSet, args []string) error {
	typed := s.spec
	s.spec.Seed, s.spec.Energy = a.common.seed, s.Energy
	if len(args) == 1 {
		if _, err := designspace.LoadSpec(args[0], &s.spec); err != nil {
			return err
		}
	}
	for name, restore := range map[string]func(){
		"model":         func() { s.spec.Model = typed.Model },
		"params":        func() { s.spec.Params = typed.Params },
		"solve":         func() { s.spec.Solve = typed.Solve },
		"prompt-tokens": func() { s.spec.PromptTokens = typed.PromptTokens },
		"tokens":        func() { s.spec.Tokens = typed.Tokens },
		"where":         func() { s.spec.Where = typed.Where },
		"pareto":        func() { s.spec.Pareto = typed.Pareto },
		"best":          func() { s.spec.Best = typed.Best },
		"evaluations":   func() { s.spec.Evaluations = typed.Evaluations },
		"sensitivity":   func() { s.spec.Sensitivity = typed.Sensitivity },
		"device":        func() { s.spec.Device = s.Device },
		"unit":          func() { s.spec.Unit = s.Unit },
		"runtime":       func() { s.spec.Runtime = s.Runtime },
		"energy":        func() { s.spec.Energy = s.Energy },
		"sustained":     func() { s.spec.Warm = s.Warm },
		"set":           func() { s.spec.Sets = s.Sets },
		"seed":          func() { s.spec.Seed = a.common.seed },
		"chunk":         func() { s.spec.Slurm.Chunk = typed.Slurm.Chunk },
		"partition":     func() { s.spec.Slurm.Partition = typed.Slurm.Partition },
		"time":          func() { s.spec.Slurm.Time = typed.Slurm.Time },
		"memory":        func() { s.spec.Slurm.Memory = typed.Slurm.Memory },
		"cpus":          func() { s.spec.Slurm.CPUs = typed.Slurm.CPUs },
		"sbatch":        func() { s.spec.Slurm.Options = typed.Slurm.Options },
	} {
		if flags.Changed(name) {
			restore()
		}
	}
	return s.addAxes()
}

// addAxes adds the axes of flags to those of the file, in the place of those of
// their names.
func (s *sweeping) addAxes() error {
	add := func(name, values string) error {
		axis, err := sweep.ParseAxis(name, values)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(s.spec.Axes, func(a sweep.Axis) bool { return a.Name == name }); i >= 0 {
			s.spec.Axes[i] = axis
			return nil
		}
		s.spec.Axes = append(s.spec.Axes, axis)
		return nil
	}
	for _, name := range designspace.ModelAxes {
		if *s.axes[name] == "" {
			continue
		}
		if err := add(name, *s.axes[name]); err != nil {
			return err
		}
	}
	for _, text := range s.more {
		name, values, ok := strings.Cut(text, "=")
		if !ok {
			return fault.Userf("--axis %s is not of the form name=values; write for example --axis dram.channels=2,4", text)
		}
		if err := add(strings.TrimSpace(name), values); err != nil {
			return err
		}
	}
	if len(s.spec.Axes) == 0 {
		return fault.Userf("give at least one axis: --%s, or --axis", strings.Join(designspace.ModelAxes, ", --"))
	}
	return nil
}

// exploration is a sweep whose spec is known to be sound.
type exploration struct {
	app      *app
	spec     designspace.Spec
	space    sweep.Space
	asked    designspace.Questions
	explorer *designspace.Explorer
	about    results.Description
	out      string
	start    time.Time
	best     *sweep.Row // of a search, nil of none
}

// explore checks the spec and sets up the evaluation of points.
func (a *app) explore(ctx context.Context, spec designspace.Spec, out string) (*exploration, error) {
	space, err := spec.Space()
	if err != nil {
		return nil, err
	}
	e := &exploration{app: a, spec: spec, space: space, out: out, start: time.Now()}
	if e.asked, err = spec.Questions(); err != nil {
		return nil, err
	}
	if e.asked.Best == nil {
		if err := space.Walkable(); err != nil {
			return nil, err
		}
	}
	src, err := study.Open(ctx, spec.Model, weights.Options{ShapeOnly: true, Seed: spec.Seed, Quant: spec.Quant})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	if e.explorer, err = spec.Explorer(src.Shape(), src.Quant()); err != nil {
		return nil, err
	}
	settings, err := spec.Settings(e.explorer)
	if err != nil {
		return nil, err
	}
	e.about = results.Description{Memsim: version, Points: space.Size(), Shards: 1, Spec: settings}
	return e, nil
}

func (a *app) sweep(ctx context.Context, s *sweeping) error {
	shard, shards, err := parseShard(s.shard, a.getenv)
	if err != nil {
		return err
	}
	if s.spec.Best != "" && (shard >= 0 || s.submit.slurm) {
		return fault.Userf("--best searches step by step, on one machine; drop it, or --shard and --slurm")
	}
	e, err := a.explore(ctx, s.spec, s.out)
	if err != nil {
		return err
	}
	if s.submit.slurm {
		return e.submit(ctx, s)
	}
	e.about.Shards = shards
	company := results.Alone
	if shard >= 0 {
		company = results.Beside
	}
	folder, err := results.Start(s.out, e.about, s.mode(shard), company)
	if err != nil {
		return err
	}
	defer folder.Close()
	if s.resume && folder.Fresh() {
		a.note("%s holds no rows to go on with; the sweep begins anew", s.out)
	}
	if err := e.evaluate(ctx, folder, shard); err != nil {
		return err
	}
	if shard >= 0 {
		return e.finishShard(folder, shard)
	}
	return e.finish(ctx, folder)
}

// mode is how a run takes up what is in its folder: a shard joins others.
func (s *sweeping) mode(shard int) results.Mode {
	switch {
	case s.resume:
		return results.Resume
	case shard >= 0:
		return results.Join
	}
	return results.New
}

// evaluate answers the points of a shard that have no rows yet, of all shards if
// shard is negative. If none could be answered and the folder was not there
// before, it is taken away again.
func (e *exploration) evaluate(ctx context.Context, folder *results.Folder, shard int) error {
	answer := e.rows
	if e.asked.Best != nil {
		answer = e.search
	}
	kept, err := answer(ctx, folder, shard)
	if err == nil {
		return nil
	}
	switch {
	case kept > 0 || !folder.Fresh():
		e.app.note("the rows of all points that were done are kept; --resume goes on from there")
	case shard < 0:
		folder.Abandon()
	}
	return err
}

func (e *exploration) rows(ctx context.Context, folder *results.Folder, shard int) (kept int, err error) {
	done, err := folder.Done()
	if err != nil {
		return 0, err
	}
	missing := done.Missing(shard, folder.About().Shards)
	steps := 0
	for range missing {
		steps++
	}
	if steps == 0 {
		return 0, nil
	}
	w, err := folder.Writer(max(0, shard))
	if err != nil {
		return 0, err
	}
	bar := e.app.newSweepProgress(steps)
	defer bar.done()
	err = sweep.Run(ctx, e.space, missing, e.app.workers(), e.explorer.Evaluate, func(r sweep.Row) error {
		if r.Invalid != nil {
			e.app.detail("point %d (%s) is invalid: %v", r.Index, r.Point, r.Invalid)
		}
		if err := w.Append(&r); err != nil {
			return err
		}
		kept++
		bar.step(r.Point.String())
		return nil
	})
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return kept, err
}

// search looks for the best point. The rows that a search before it left are
// used again.
func (e *exploration) search(ctx context.Context, folder *results.Folder, _ int) (kept int, err error) {
	known := map[int]sweep.Row{}
	for r, err := range folder.Rows(e.space) {
		if err != nil {
			return 0, err
		}
		known[r.Index] = r
	}
	w, err := folder.Writer(0)
	if err != nil {
		return 0, err
	}
	bar := e.app.newSweepProgress(min(e.spec.Evaluations, e.space.Size()))
	defer bar.done()
	s := sweep.Search{
		Space: e.space, Figure: e.asked.Best, Where: e.asked.Where, Evaluations: e.spec.Evaluations, Seed: e.spec.Seed,
		Workers: e.app.workers(), Evaluate: e.explorer.Evaluate, Known: known,
		Visit: func(r sweep.Row) error {
			kept++
			bar.step(r.Point.String())
			return w.Append(&r)
		},
	}
	best, ok, err := s.Run(ctx)
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	if ok {
		e.best = &best
	}
	return kept, err
}

// workers is how many points are evaluated at a time.
func (a *app) workers() int {
	if a.common.threads > 0 {
		return a.common.threads
	}
	return runtime.GOMAXPROCS(0)
}

func (e *exploration) at(name string) string { return filepath.Join(e.out, name) }

// machine names the devices, the units and the runtimes of the points.
func (e *exploration) machine() (device, unit, runtime string) {
	devices, units, runtimes := e.explorer.Machines.AllNames(e.spec.Axes)
	return strings.Join(devices, ","), strings.Join(units, ","), strings.Join(runtimes, ",")
}

// title says what the points are of, in the heading of a page.
func (e *exploration) title() string {
	device, unit, runtime := e.machine()
	return fmt.Sprintf("%s, %s, %s", device, unit, runtime)
}
