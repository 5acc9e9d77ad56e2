package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/fault"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/sweeps"
	"github.com/memsim/memsim/sim/sweep"
)

// The files of a sweep's output folder.
const (
	sweepCSV     = "sweep.csv"
	sweepParquet = "sweep.parquet"
)

// sweeping is the sweep command.
type sweeping struct {
	deviceFlags
	model  string
	axes   map[string]*string // values of each axis as typed, by flag
	params string
	solve  string
	prompt int
	tokens int
	out    string
}

func (a *app) sweepCommand() *cobra.Command {
	s := sweeping{axes: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "sweep --device DEVICE --layers 8:60:4 ...",
		Short: "Explore shapes of a model on a device",
		Long: `Answer for every combination of the axes given: what would a token of that model
cost on the device? An axis takes a list (8,16,32) or a range (8:60:4). With
--params the number of parameters is held by solving for the axis --solve.

Weights are not made: only what would move is recorded and replayed. The rows
go to sweep.csv and sweep.parquet in --out; combinations that cannot be are
counted and named there.`,
		Example: `  memsim sweep --device pixel8pro --layers 4:62:2 --params 125M --solve dim
  memsim sweep --device iphone13 --layers 12,30,60 --sharing none,immediate --quant f16,q8_0`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.sweep(cmd.Context(), &s) },
	}
	s.deviceFlags.add(cmd, "")
	f := cmd.Flags()
	f.StringVarP(&s.model, "model", "m", "mobilellm-125m", "`model` whose shape is varied: a preset, a .gguf file, a Hugging Face folder or a shape file")
	for _, axis := range designspace.ModelAxes {
		s.axes[axis] = f.String(axis, "", "axis: `values` of "+strings.ReplaceAll(axis, "-", " ")+", a list or a range")
	}
	f.StringVar(&s.params, "params", "", "hold this `number` of stored parameters, such as 125M")
	f.StringVar(&s.solve, "solve", "", "`axis` that is solved for to meet --params: layers, dim or ffn")
	f.IntVar(&s.prompt, "prompt-tokens", 16, "length of the prompt in tokens")
	f.IntVar(&s.tokens, "tokens", 8, "tokens to decode")
	f.StringVarP(&s.out, "out", "o", "memsim-sweep", "`folder` for the rows")
	completeWithFiles(cmd, "model", model.Presets()...)
	completeWith(cmd, "solve", "layers", "dim", "ffn")
	return cmd
}

// space returns the grid of the axes that were given.
func (s *sweeping) space() (sweep.Space, error) {
	var axes []sweep.Axis
	for _, name := range designspace.ModelAxes {
		if *s.axes[name] == "" {
			continue
		}
		axis, err := sweep.ParseAxis(name, *s.axes[name])
		if err != nil {
			return sweep.Space{}, err
		}
		axes = append(axes, axis)
	}
	if len(axes) == 0 {
		return sweep.Space{}, fault.Userf("give at least one axis: --%s", strings.Join(designspace.ModelAxes, ", --"))
	}
	grid, err := sweep.NewSpace(axes)
	if err != nil {
		return sweep.Space{}, err
	}
	return grid, grid.Walkable()
}

// explorer sets up the evaluation of points.
func (a *app) explorer(ctx context.Context, s *sweeping) (*designspace.Explorer, error) {
	machine, err := s.machine()
	if err != nil {
		return nil, err
	}
	params, err := parseParams(s.params)
	if err != nil {
		return nil, err
	}
	src, err := openModel(ctx, s.model, weights.Options{ShapeOnly: true, Seed: a.common.seed})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return &designspace.Explorer{
		Machine: machine, Base: src.Shape(), Quant: src.Quant(),
		PromptTokens: s.prompt, Tokens: s.tokens, Seed: a.common.seed,
		Params: params, Solve: s.solve,
	}, nil
}

// parseParams reads a number of parameters such as 125M, 1.5B or 124600000.
func parseParams(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	scale, digits := 1.0, text
	for suffix, factor := range map[string]float64{"K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9} {
		if rest, ok := strings.CutSuffix(strings.ToUpper(text), suffix); ok {
			scale, digits = factor, rest
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(n*scale >= 1 && n*scale <= 1e15) {
		return 0, fault.Userf("--params %s is not a number of parameters; write 125M, 1.5B or 124600000", text)
	}
	return int64(n * scale), nil
}

// sweepReply is what the sweep command prints.
type sweepReply struct {
	Memsim  string   `json:"memsim"`
	Device  string   `json:"device"`
	Unit    string   `json:"unit"`
	Points  int      `json:"points"`
	Invalid int      `json:"invalid_points"`
	Seconds float64  `json:"seconds"`
	Files   []string `json:"files"`
}

func (a *app) sweep(ctx context.Context, s *sweeping) error {
	space, err := s.space()
	if err != nil {
		return err
	}
	x, err := a.explorer(ctx, s)
	if err != nil {
		return err
	}
	if err := x.Validate(space.Axes()); err != nil {
		return err
	}
	folder, err := newOutputFolder(s.out)
	if err != nil {
		return err
	}
	defer folder.Discard()
	start := time.Now()
	invalid, err := a.sweepRows(ctx, space, x, folder)
	if err != nil {
		return err
	}
	if err := folder.Commit(); err != nil {
		return err
	}
	reply := sweepReply{
		Memsim: version, Device: x.Machine.Device().Name, Unit: x.Machine.Unit().Name,
		Points: space.Size(), Invalid: invalid, Seconds: time.Since(start).Seconds(),
		Files: []string{filepath.Join(s.out, sweepCSV), filepath.Join(s.out, sweepParquet)},
	}
	g := grid{columns: columns("device", "unit", "points>", "invalid points>", "seconds>", "files")}
	g.add(reply.Device, reply.Unit, fmt.Sprint(reply.Points), fmt.Sprint(reply.Invalid), profiles.Number(reply.Seconds), list(reply.Files))
	return a.print(reply, g)
}

// rowSink takes the rows of a sweep.
type rowSink interface {
	Add(*sweep.Row) error
	Close() error
}

// sweepRows evaluates the space into the folder's files and returns how many
// points are invalid.
func (a *app) sweepRows(ctx context.Context, space sweep.Space, x *designspace.Explorer, folder *outputFolder) (invalid int, err error) {
	text, err := os.Create(folder.File(sweepCSV))
	if err != nil {
		return 0, err
	}
	defer text.Close()
	binary, err := os.Create(folder.File(sweepParquet))
	if err != nil {
		return 0, err
	}
	defer binary.Close()
	csv, err := sweeps.NewCSV(text, sweeps.Layout{Axes: space.Axes()})
	if err != nil {
		return 0, err
	}
	sinks := []rowSink{csv, sweeps.NewParquet(binary, sweeps.Layout{Axes: space.Axes()})}

	bar := a.newProgress(space.Size())
	defer bar.done()
	err = sweep.Run(ctx, space, space.All(), a.workers(), x.Evaluate, func(r sweep.Row) error {
		if r.Invalid != nil {
			invalid++
			a.detail("point %d (%s) is invalid: %v", r.Index, r.Point, r.Invalid)
		}
		bar.step(r.Point.String())
		for _, sink := range sinks {
			if err := sink.Add(&r); err != nil {
				return err
			}
		}
		return nil
	})
	for _, sink := range sinks {
		err = errors.Join(err, sink.Close())
	}
	return invalid, errors.Join(err, text.Close(), binary.Close())
}

// workers is how many points are evaluated at a time.
func (a *app) workers() int {
	if a.common.threads > 0 {
		return a.common.threads
	}
	return runtime.GOMAXPROCS(0)
}
