package fit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/sim"
)

// Case is a measured row with all that a prediction of it needs: the machine that
// the profile's own numbers make, what the model moved on it, and what a fit may
// scale.
type Case struct {
	Row      corpus.Row
	Family   string // of the model's architecture
	Ceiling  string // why no device of these specifications can have done what was measured; "" if it can
	machine  *sim.Machine
	movement *sim.Movement
	scale    []devices.Multiplier // of the machine's numbers
	own      []devices.Multiplier // of the predicted time: the architecture's
}

// Multipliers lists what the case's prediction depends on: first what scales the
// machine's numbers, then what scales the time.
func (c *Case) Multipliers() []devices.Multiplier {
	return append(slices.Clone(c.scale), c.own...)
}

// Machine lists the multipliers that scale the machine's numbers.
func (c *Case) Machine() []devices.Multiplier { return c.scale }

// Runtime is the name of the case's runtime.
func (c *Case) Runtime() string { return c.machine.Runtime().Name }

// MachineRow is the case as a row of a fit of machines' numbers alone, which index
// numbers by ID: what else its time is scaled by stays at the posterior's estimate, and
// its spread adds to the error of the row.
func (c *Case) MachineRow(p *posterior.Posterior, index map[string]int) Row {
	var own []float64
	slopes := make([]float64, len(c.own))
	for k, m := range c.own {
		own = append(own, p.Estimate(m.ID()))
		slopes[k] = 1
	}
	sigma := c.sigma()
	r := Row{
		LogMeasured:  math.Log(c.Row.Seconds()),
		Sigma:        math.Sqrt(sigma*sigma + p.Variance(c.own, slopes)),
		LogPredicted: func(theta []float64) (float64, error) { return c.LogSeconds(append(slices.Clone(theta), own...)) },
	}
	for _, m := range c.scale {
		r.Touches = append(r.Touches, index[m.ID()])
	}
	return r
}

// At predicts the row with all parameters of its fit.
func (r *Row) At(theta []float64) (float64, error) { return r.LogPredicted(touched(r.Touches, theta)) }

// LogSeconds is the logarithm of the predicted time, of a token or of the prompt,
// with the logarithm of each multiplier.
func (c *Case) LogSeconds(logs []float64) (float64, error) {
	d := c.machine.Device().Scaled(c.scale, logs)
	varied, err := c.machine.Varied(d)
	if err != nil {
		return 0, err
	}
	ms := varied.PhaseMS(c.movement, c.Row.Phase())
	if ms <= 0 {
		return 0, fmt.Errorf("%s: a prediction of %g ms", c.Row, ms)
	}
	log := math.Log(ms / 1e3)
	for _, x := range logs[len(c.scale):] {
		log += x
	}
	return log, nil
}

// Space numbers the multipliers of many cases: those of one ID are one parameter.
type Space struct {
	IDs   []string
	Sigma []float64
	index map[string]int
}

// SpaceOf returns the parameters of cases, in the order of their IDs.
func SpaceOf(cases []Case) *Space {
	sigma := map[string]float64{}
	for i := range cases {
		for _, m := range cases[i].Multipliers() {
			sigma[m.ID()] = max(sigma[m.ID()], m.Sigma)
		}
	}
	s := &Space{index: map[string]int{}}
	for id := range sigma {
		s.IDs = append(s.IDs, id)
	}
	slices.SortFunc(s.IDs, cmp.Compare[string])
	for j, id := range s.IDs {
		s.Sigma = append(s.Sigma, sigma[id])
		s.index[id] = j
	}
	return s
}

// Touches returns the parameters of a case, in the order of its multipliers.
func (s *Space) Touches(c *Case) []int {
	var out []int
	for _, m := range c.Multipliers() {
		out = append(out, s.index[m.ID()])
	}
	return out
}

// Rows makes the rows of a fit of cases.
func (s *Space) Rows(cases []Case) []Row {
	rows := make([]Row, len(cases))
	for i := range cases {
		c := &cases[i]
		rows[i] = Row{
			LogMeasured: math.Log(c.Row.Seconds()), Sigma: c.sigma(), Touches: s.Touches(c), LogPredicted: c.LogSeconds,
		}
	}
	return rows
}

// Setting is what cases are made with. The zero value takes shipped profiles as they
// are.
type Setting struct {
	Workers  int               // at a time; at least one
	Profiles map[string]string // by phone, names or paths of profiles in the place of the shipped ones
	Sets     []string          // overrides of every profile, as "path=value"
	Step     func()            // called after each case; may be nil, else safe for concurrent use
}

// Cases predicts what can be predicted of rows: it records what each moves, some at
// a time. A row that cannot be predicted gets its reason.
func Cases(ctx context.Context, rows []corpus.Row, s Setting) ([]Case, error) {
	usual, err := usualMonths()
	if err != nil {
		return nil, err
	}
	b := builder{usual: usual, Setting: s}
	cases := make([]*Case, len(rows))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, s.Workers))
	for i := range rows {
		if rows[i].Exclude != nil {
			continue
		}
		g.Go(func() error {
			c, err := b.build(ctx, rows[i])
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				rows[i].Exclude = &corpus.Exclusion{Kind: "unpredicted", Reason: err.Error()}
				return nil
			}
			cases[i] = c
			if s.Step != nil {
				s.Step()
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []Case
	for _, c := range cases {
		if c != nil {
			out = append(out, *c)
		}
	}
	return out, nil
}
