package hostbench

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/fidelity/topology"
	"github.com/memsim/memsim/fidelity/validation"
	"github.com/memsim/memsim/internal/interrupt"
)

// Shapes are the models of the loop, from deep and thin to shallow and wide, and
// one that shares its layers; each has some 20 million parameters. They change
// mobilellm-125m.
var Shapes = []model.Overrides{
	{Layers: 40, Dim: 256, FFN: 512, Heads: 4, KVHeads: 4, Vocab: 8192},
	{Layers: 20, Dim: 320, FFN: 960, Heads: 5, KVHeads: 5, Vocab: 8192},
	{Layers: 12, Dim: 384, FFN: 1024, Heads: 6, KVHeads: 6, Vocab: 8192},
	{Layers: 6, Dim: 512, FFN: 1536, Heads: 8, KVHeads: 8, Vocab: 8192},
	{Layers: 3, Dim: 768, FFN: 2048, Heads: 12, KVHeads: 12, Vocab: 8192},
	{Layers: 6, Dim: 512, FFN: 1536, Heads: 8, KVHeads: 8, Vocab: 8192, Sharing: model.Immediate, Repeat: 2},
}

// Large are models that no cache of a phone holds, as people run them: the preset
// itself, and each of its layers run twice in a row.
var Large = []model.Overrides{{}, {Sharing: model.Immediate, Repeat: 2}}

// AllShapes are Shapes and Large.
func AllShapes() []model.Overrides { return slices.Concat(Shapes, Large) }

// base is the preset that Shapes change.
const base = "mobilellm-125m"

// schemes are the weight formats of Formats, in their order, output matrix and
// all.
var schemes = []string{"f16", "q8_0", "q4_0/q4_0"}

// Options say how much is measured.
type Options struct {
	Shapes  []model.Overrides // nil: AllShapes
	Teams   []Team
	Against string // path of the profile that predicts; "": one of what is measured now
	Rounds  int    // of microbenchmarks and models in turn
	Tokens  int    // decoded a round and model
	Prompt  int
	Seed    uint64
	Step    func(doing string) // called before each thing that takes a while; may be nil
}

// Loop is what one run of it found.
type Loop struct {
	Rates    []Rates
	Profile  []byte // YAML
	Outcomes []validation.Outcome
	// Ordered says of how many pairs of shapes (of one format and number of
	// threads, and measurably apart) the prediction has the order right.
	Ordered, Pairs int
}

// Run measures the machine, and predicts and runs every shape in every format
// with every number of threads.
func Run(ctx context.Context, o Options) (Loop, error) {
	if o.Shapes == nil {
		o.Shapes = AllShapes()
	}
	if o.Step == nil {
		o.Step = func(string) {}
	}
	var l Loop
	shared, err := hostOperands(topology.Read(os.DirFS("/"), runtime.NumCPU()))
	if err != nil {
		return l, err
	}
	defer shared.close()
	var opened sources
	defer opened.close()
	benches, cases, err := prepare(ctx, shared, &opened, o)
	defer func() {
		for _, b := range benches {
			b.close()
		}
		for _, c := range cases {
			c.close()
		}
	}()
	if err != nil {
		return l, err
	}
	for round := range o.Rounds {
		for _, b := range benches {
			if err := ctx.Err(); err != nil {
				return l, err
			}
			o.Step(fmt.Sprintf("round %d: microbenchmarks, %d threads", round+1, b.rates.Threads))
			b.round()
			if err := b.fars(ctx); err != nil {
				return l, err
			}
		}
		for _, c := range cases {
			o.Step(fmt.Sprintf("round %d: %s", round+1, c.point))
			if err := c.round(ctx, o); err != nil {
				return l, err
			}
		}
	}
	for _, b := range benches {
		l.Rates = append(l.Rates, b.rates)
	}
	if o.Against != "" {
		l.Profile, err = os.ReadFile(o.Against)
	} else {
		l.Profile, err = Profile(l.Rates)
	}
	if err != nil {
		return l, err
	}
	if l.Outcomes, err = predictAll(ctx, l.Profile, cases); err != nil {
		return l, err
	}
	for i := range l.Outcomes {
		l.Outcomes[i].UncertaintyPct = 100 * cases[i].uncertainty()
	}
	l.Ordered, l.Pairs = order(l.Outcomes)
	return l, nil
}

// run is one model with one number of threads.
type run struct {
	point   validation.Point
	bench   *bench
	team    Team
	format  quant.Type
	source  weights.Source
	engine  *engine.Engine
	session *engine.Session
	tokens  []float64 // ms of every token
	rounds  repeats   // ms of the quickest token of each round
}

func (c *run) close() {
	if c.engine != nil {
		c.engine.Close()
	}
}

// sources are the models that are open, one for all numbers of threads.
type sources struct {
	all map[string]weights.Source
}

func (s *sources) open(ctx context.Context, shape model.Overrides, scheme string, seed uint64) (weights.Source, error) {
	key := shape.String() + " " + scheme
	if src, ok := s.all[key]; ok {
		return src, nil
	}
	src, err := interrupt.Return(ctx, func() (weights.Source, error) {
		return weights.Open(base, weights.Options{Overrides: shape, Quant: scheme, Seed: seed})
	})
	if err != nil {
		return nil, err
	}
	if s.all == nil {
		s.all = map[string]weights.Source{}
	}
	s.all[key] = src
	return src, nil
}

func (s *sources) close() {
	for _, src := range s.all {
		src.Close()
	}
}

// prepare makes the microbenchmarks and opens the models.
func prepare(ctx context.Context, shared *operands, opened *sources, o Options) (benches []*bench, cases []*run, err error) {
	for _, team := range o.Teams {
		b := newBench(shared, team.Threads)
		benches = append(benches, b)
		for i, scheme := range schemes {
			for _, shape := range o.Shapes {
				c := &run{bench: b, team: team, format: Formats[i], point: validation.Point{
					Device: "host", Runtime: team.Runtime, Unit: "cpu", Model: base, Overrides: shape.String(), Quant: scheme,
					Context: o.Prompt, Metric: validation.MSPerToken, Source: "measured by the engine on this machine",
				}}
				cases = append(cases, c)
				if c.source, err = opened.open(ctx, shape, scheme, o.Seed); err != nil {
					return benches, cases, err
				}
				if err := c.open(team.Threads, o); err != nil {
					return benches, cases, err
				}
			}
		}
	}
	return benches, cases, nil
}

func (c *run) open(threads int, o Options) (err error) {
	if c.engine, err = engine.New(c.source, engine.Options{Threads: threads}); err != nil {
		return err
	}
	c.session, err = c.engine.NewSession(engine.SessionOptions{Context: o.Prompt + o.Tokens + 1})
	return err
}

// round measures products of the format, and decodes some tokens after a prompt
// right after, so that both meet the machine in the same mood. The first token,
// which finds the caches as others left them, does not count.
func (c *run) round(ctx context.Context, o Options) error {
	if c.team.Cores != nil {
		undo, err := pin(c.team.Cores)
		if err != nil {
			return fmt.Errorf("%s: cores %s: %w", c.team.Runtime, CoreList(c.team.Cores), err)
		}
		defer undo()
	}
	c.bench.products(c.format)
	c.session.Reset()
	ids := engine.RandomTokens(o.Seed, o.Prompt+o.Tokens+1, c.engine.Shape().Vocab)
	if _, err := c.session.Prefill(ctx, ids[:o.Prompt]); err != nil {
		return err
	}
	for i, id := range ids[o.Prompt:] {
		begin := time.Now()
		if _, err := c.session.Decode(ctx, id); err != nil {
			return err
		}
		if i > 0 {
			c.tokens = append(c.tokens, time.Since(begin).Seconds()*1e3)
		}
	}
	if first := len(c.rounds) * (len(ids) - o.Prompt - 1); first < len(c.tokens) {
		c.rounds = append(c.rounds, slices.Min(c.tokens[first:]))
	}
	return nil
}

// uncertainty is the relative standard error of comparing the run with its
// prediction: how far apart the rounds lie of the run itself and of the products
// that the prediction rests on, and what the memory's bandwidth and overlap do not
// explain.
func (c *run) uncertainty() float64 {
	_, _, misfit := c.bench.rates.memory()
	return math.Hypot(math.Hypot(c.rounds.spread(), c.bench.near[c.format].spread()), math.Hypot(c.bench.beyond[c.format].spread(), misfit))
}

// repeats are the times that the same thing took in rounds.
type repeats []float64

// spread is how much longer the median took than the quickest, relative to that; 0
// of a single round.
func (r repeats) spread() float64 {
	if len(r) < 2 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r))
	return sorted[len(sorted)/2]/sorted[0] - 1
}

// quickest is the time of the quickest token, as microbenchmarks count their
// quickest stretch.
func (c *run) quickest() float64 { return slices.Min(c.tokens) }

// predictAll predicts every run from the profile alone.
func predictAll(ctx context.Context, profile []byte, cases []*run) ([]validation.Outcome, error) {
	folder, err := os.MkdirTemp("", "memsim-host-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "host.yaml")
	if err := os.WriteFile(path, profile, 0o600); err != nil {
		return nil, err
	}
	points := make([]validation.Point, len(cases))
	for i, c := range cases {
		c.point.Value = c.quickest()
		points[i] = c.point
	}
	x := validation.Predictor{Profiles: map[string]string{"host": path}}
	return x.Run(ctx, points, nil)
}

// apart is by how much two times must differ to have an order.
const apart = 0.05

// order counts the pairs of shapes whose order is predicted.
func order(outcomes []validation.Outcome) (right, pairs int) {
	for i, a := range outcomes {
		for _, b := range outcomes[:i] {
			if a.Runtime != b.Runtime || a.Quant != b.Quant || math.Abs(a.Measured/b.Measured-1) < apart {
				continue
			}
			pairs++
			if (a.Predicted < b.Predicted) == (a.Measured < b.Measured) {
				right++
			}
		}
	}
	return right, pairs
}
