// Package designspace answers, for one point of a design space, what a token
// of that model costs on that machine: it shapes the model, records what its
// forward pass moves without computing it, and replays that.
//
//	point ──Shape──▶ model.Shape ──shape-only engine──▶ trace ─┐
//	      ──Machines.For──▶ sim.Machine ───────────────────────┴─Replay──▶ sim.Result
//
// A Spec is a design space as a person writes it, in a file or as flags. Package
// results keeps rows while a sweep runs, package slurm runs a sweep as a job
// array.
//
// It is where engine and sim meet, which know nothing of each other; what a
// grid is and how it is walked is the business of package sim/sweep.
//
// # Caveats
//
// Weights are never made, so that nothing here depends on their values. A point
// is as exact as a run of the same model on the real engine: the events are the
// same.
package designspace

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// ModelAxes are the axes that shape a model and its use, by the names of their
// flags. The context is the length of the prompt.
var ModelAxes = []string{"layers", "dim", "ffn", "ffn-ratio", "heads", "kv-heads", "vocab", "sharing", "repeat", "quant", "context"}

// Explorer evaluates points. Its fields do not change once it is used, which
// may be from many goroutines.
type Explorer struct {
	Machines     *Machines
	Base         model.Shape // what a point does not say
	Quant        string      // weight format where no axis gives one
	PromptTokens int         // at least 1
	Tokens       int         // decode steps, at least 1
	Seed         uint64
	// Params, if above zero, is the number of stored parameters that every point
	// is given by solving for the axis Solve ("layers", "dim" or "ffn").
	Params int64
	Solve  string
}

// Validate reports, as a user's mistake, what no point could be evaluated with.
func (x *Explorer) Validate(axes []sweep.Axis) error {
	switch {
	case x.PromptTokens < 1:
		return fault.Userf("--prompt-tokens %d: a prompt has at least one token", x.PromptTokens)
	case x.Tokens < 1:
		return fault.Userf("--tokens %d: decode at least one token", x.Tokens)
	case x.Params < 0:
		return fault.Userf("--params %d is negative", x.Params)
	case x.Params > 0 && x.Solve == "":
		return fault.Userf("--params needs --solve: name the axis (layers, dim or ffn) that is free to meet it")
	case x.Params == 0 && x.Solve != "":
		return fault.Userf("--solve %s needs --params: the number of parameters to meet", x.Solve)
	}
	names := map[string]bool{}
	for _, a := range axes {
		names[a.Name] = true
		if !known(a.Name) {
			return fault.Userf("axis %q is not known; the axes are %s, %s, and every path of a number that memsim devices show lists",
				a.Name, strings.Join(ModelAxes, ", "), strings.Join(MachineAxes, ", "))
		}
	}
	for _, a := range axes {
		if err := checkValues(a); err != nil {
			return err
		}
	}
	for _, pair := range [][2]string{{"ffn", "ffn-ratio"}} {
		if names[pair[0]] && names[pair[1]] {
			return fault.Userf("--%s and --%s say the same; drop one of them", pair[0], pair[1])
		}
	}
	if x.Solve != "" && (names[x.Solve] || x.Solve == "ffn" && names["ffn-ratio"]) {
		return fault.Userf("--%s is an axis, and --solve %s wants it free; drop one of them", x.Solve, x.Solve)
	}
	return x.Machines.check(axes)
}

// checkValues refuses values that no point could be evaluated with, whatever the
// other axes are.
func checkValues(a sweep.Axis) error {
	for _, v := range a.Values {
		var err error
		switch a.Name {
		case "layers", "dim", "ffn", "heads", "kv-heads", "vocab", "repeat", "context":
			_, err = count(a.Name, v)
		case "ffn-ratio":
			_, err = ratio(v)
		case "quant":
			_, err = weights.ParseScheme(v)
		case "sharing":
			if !slices.Contains(model.Sharings(), v) {
				err = fault.Userf("--sharing %s is not known; it is one of %s", v, strings.Join(model.Sharings(), ", "))
			}
		case "device":
			_, err = study.Hardware{Device: v}.Load()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// topLevel are the fields of a profile whose paths have no dot.
var topLevel = []string{"battery", "system_power"}

func known(axis string) bool {
	return slices.Contains(ModelAxes, axis) || slices.Contains(MachineAxes, axis) || slices.Contains(topLevel, axis) || strings.Contains(axis, ".")
}

// Evaluate answers for one point. A shape or a machine that cannot be is a
// user's mistake.
func (x *Explorer) Evaluate(ctx context.Context, p sweep.Point) (sim.Result, error) {
	shape, quant, err := x.Shape(p)
	if err != nil {
		return sim.Result{}, err
	}
	machine, err := x.Machines.For(p)
	if err != nil {
		return sim.Result{}, err
	}
	prompt, err := x.prompt(p)
	if err != nil {
		return sim.Result{}, err
	}
	trace := buffers.Get().(*traces.Trace)
	defer buffers.Put(trace)
	if err := x.record(ctx, trace, shape, quant, prompt); err != nil {
		return sim.Result{}, err
	}
	return machine.Replay(ctx, trace, nil)
}

// buffers are traces whose memory serves one point after another.
var buffers = sync.Pool{New: func() any { return &traces.Trace{} }}

// prompt is the length of the prompt at a point.
func (x *Explorer) prompt(p sweep.Point) (int, error) {
	text, ok := p.Value("context")
	if !ok {
		return x.PromptTokens, nil
	}
	return count("context", text)
}

// count reads a whole number above zero.
func count(axis, text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.Userf("--%s %s is not a whole number above zero", axis, text)
	}
	return n, nil
}

// Shape returns the model of a point and its weight format.
func (x *Explorer) Shape(p sweep.Point) (shape model.Shape, quant string, err error) {
	o, err := overrides(p)
	if err != nil {
		return model.Shape{}, "", err
	}
	if ffn, err := x.ffn(p, o.Dim); err != nil {
		return model.Shape{}, "", err
	} else if ffn > 0 {
		o.FFN = ffn
	}
	if shape, err = x.Base.With(o); err != nil {
		return model.Shape{}, "", err
	}
	if x.Params > 0 {
		if shape, err = shape.Solve(x.Solve, x.Params); err != nil {
			return model.Shape{}, "", err
		}
	}
	if q, ok := p.Value("quant"); ok {
		return shape, q, nil
	}
	return shape, x.Quant, nil
}

// ffnMultiple is what feed-forward widths are rounded to: the group of values
// that block formats quantize together.
const ffnMultiple = 32

// ffn returns the feed-forward width that the point says in widths of the model,
// 0 if it says none.
func (x *Explorer) ffn(p sweep.Point, dim int) (int, error) {
	text, ok := p.Value("ffn-ratio")
	if !ok {
		return 0, nil
	}
	times, err := ratio(text)
	if err != nil {
		return 0, err
	}
	if dim == 0 {
		dim = x.Base.Resolved().Dim
	}
	return max(ffnMultiple, int(math.Round(times*float64(dim)/ffnMultiple))*ffnMultiple), nil
}

// ratio reads a feed-forward width in widths of the model.
func ratio(text string) (float64, error) {
	r, err := strconv.ParseFloat(text, 64)
	if err != nil || !(r > 0 && r <= 1000) {
		return 0, fault.Userf("--ffn-ratio %s is not a ratio above zero, such as 2.67", text)
	}
	return r, nil
}

// overrides reads the axes of a point that change a shape.
func overrides(p sweep.Point) (model.Overrides, error) {
	var o model.Overrides
	if v, ok := p.Value("sharing"); ok {
		o.Sharing = model.Sharing(v)
	}
	for _, axis := range []struct {
		name  string
		field *int
	}{
		{"layers", &o.Layers}, {"dim", &o.Dim}, {"ffn", &o.FFN}, {"heads", &o.Heads},
		{"kv-heads", &o.KVHeads}, {"vocab", &o.Vocab}, {"repeat", &o.Repeat},
	} {
		text, ok := p.Value(axis.name)
		if !ok {
			continue
		}
		n, err := count(axis.name, text)
		if err != nil {
			return o, err
		}
		*axis.field = n
	}
	if o.Sharing == model.NoSharing && o.Repeat > 1 {
		return o, fault.Userf("sharing none runs each block once, repeat %d wants more", o.Repeat)
	}
	return o, nil
}

// record runs the shape's forward pass without arithmetic and returns what it
// moves.
func (x *Explorer) record(ctx context.Context, trace *traces.Trace, shape model.Shape, quant string, prompt int) error {
	src, err := weights.Synthetic(shape, weights.Options{Quant: quant, Seed: x.Seed, ShapeOnly: true})
	if err != nil {
		return err
	}
	defer src.Close()
	return study.RecordShape(ctx, trace, src, study.Lengths{Prompt: prompt, Tokens: x.Tokens}, x.Seed)
}
