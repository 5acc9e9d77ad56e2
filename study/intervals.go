package study

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/fidelity/posterior"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// Interval fills the results of runs on one machine with the central 90 % of each
// predicted figure, and of its ratio to the first run's, over draws of all that is
// uncertain, and of what one measurement scatters by. Each run must have its Movement. Without draws the results stay as they
// are. The draws are the same for all runs, and for all machines of one seed.
func Interval(m *sim.Machine, runs []Run, draws *posterior.Draws) error {
	if draws == nil || draws.N() == 0 || len(runs) == 0 {
		return nil
	}
	s := sampling{machine: m, draws: draws}
	if err := s.vary(runs); err != nil {
		return err
	}
	samples := make([][]sim.Result, len(runs))
	for i := range runs {
		if runs[i].Movement == nil {
			continue
		}
		var err error
		if samples[i], err = s.results(&runs[i]); err != nil {
			return err
		}
		ratios := i > 0 && samples[0] != nil
		s.fill(&runs[i].Result, samples[i], samples[0], ratios)
		if runs[i].Result.MainUncertainty, err = s.main(&runs[i]); err != nil {
			return err
		}
		for k := range samples[i] {
			if ratios && samples[i][k].LatencyMS > samples[0][k].LatencyMS {
				runs[i].Longer += 1 / float64(len(samples[i]))
			}
		}
	}
	return nil
}

// sampling times movements on machines that differ in what is uncertain.
type sampling struct {
	machine *sim.Machine
	draws   *posterior.Draws
	names   []devices.Multiplier // of the machine's numbers
	moves   [][]float64          // by multiplier and draw: deviation of the logarithm
	varied  []*sim.Machine       // by draw
}

// vary sets the machine up for each draw.
func (s *sampling) vary(runs []Run) error {
	d := s.machine.Device()
	u, r := s.machine.Unit(), s.machine.Runtime()
	var formats []string
	for i := range runs {
		if runs[i].Movement != nil {
			formats = append(formats, runs[i].Movement.Formats()...)
		}
	}
	slices.Sort(formats)
	s.names = append(d.Multipliers(u, r, slices.Compact(formats)), d.Remaining(s.machine.Uses)...)
	s.moves = make([][]float64, len(s.names))
	for j, m := range s.names {
		s.moves[j] = s.draws.Deviations(m)
	}
	logs := make([]float64, len(s.names))
	for k := range s.draws.N() {
		for j := range logs {
			logs[j] = s.moves[j][k]
		}
		varied, err := s.machine.Varied(d.Scaled(s.names, logs))
		if err != nil {
			return err
		}
		s.varied = append(s.varied, varied)
	}
	return nil
}

// results are those of a run for each draw.
func (s *sampling) results(run *Run) ([]sim.Result, error) {
	u, r := s.machine.Unit(), s.machine.Runtime()
	shape := sim.ShapeOf(run.Head)
	times := map[traces.Phase][]float64{}
	for _, phase := range []traces.Phase{traces.Prefill, traces.Decode} {
		sum := make([]float64, s.draws.N())
		for _, m := range append(devices.OfModel(u, r, shape, string(phase)), s.machine.Device().Run(u, string(phase))) {
			for k, x := range s.draws.Deviations(m) {
				sum[k] += x
			}
		}
		times[phase] = sum
	}
	out := make([]sim.Result, s.draws.N())
	for k, machine := range s.varied {
		r, err := machine.TimeOf(run.Movement, math.Exp(times[traces.Prefill][k]), math.Exp(times[traces.Decode][k]))
		if err != nil {
			return nil, err
		}
		out[k] = r
	}
	return out, nil
}

// fill writes the intervals of one result, and of its ratios to the first.
func (s *sampling) fill(r *sim.Result, samples, first []sim.Result, ratios bool) {
	r.Interval90 = map[string][2]float64{}
	if ratios {
		r.RatioInterval90 = map[string][2]float64{}
	}
	values, shares := make([]float64, len(samples)), make([]float64, len(samples))
	for _, f := range profiles.Figures {
		for k := range samples {
			values[k] = f.Value(&samples[k])
			if ratios {
				shares[k] = values[k] / f.Value(&first[k])
			}
		}
		if span := central(values); span[0] < span[1] {
			r.Interval90[f.Key] = span
		}
		if span := central(shares); ratios && f.Relative && span[0] < span[1] {
			r.RatioInterval90[f.Key] = span
		}
	}
}

// central is the interval between the 5th and the 95th percentile. A figure that
// does not apply, such as a ratio to nothing, has none.
func central(values []float64) [2]float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	if math.IsNaN(sorted[0]) || math.IsInf(sorted[0], 0) || math.IsInf(sorted[len(sorted)-1], 0) {
		return [2]float64{}
	}
	return [2]float64{stat.Quantile(0.05, stat.LinInterp, sorted, nil), stat.Quantile(0.95, stat.LinInterp, sorted, nil)}
}

// main names the number that makes most of the width of the decode latency, or of the
// prompt's time where nothing is decoded: the one that alone, moved by its standard
// deviation to both sides, moves the time most. Its share is of the variance that all
// of them make so, the model's own factors among them.
func (s *sampling) main(run *Run) (*sim.MainUncertainty, error) {
	phase := traces.Decode
	if s.machine.PhaseMS(run.Movement, phase) == 0 {
		phase = traces.Prefill
	}
	total, best, most := 0.0, -1, 0.0
	d, u := s.machine.Device(), s.machine.Unit()
	for _, m := range append(devices.OfModel(u, s.machine.Runtime(), sim.ShapeOf(run.Head), string(phase)), d.Run(u, string(phase))) {
		total += stat.Variance(s.draws.Deviations(m), nil)
	}
	for j := range s.names {
		moved, err := s.moved(run, phase, j)
		if err != nil {
			return nil, err
		}
		total += moved * moved
		if moved*moved > most {
			best, most = j, moved*moved
		}
	}
	if best < 0 || total == 0 {
		return nil, nil
	}
	m := s.names[best]
	return &sim.MainUncertainty{Field: m.Field(), Share: most / total, Kind: s.kind(m)}, nil
}

// moved is half of how far the logarithm of a phase's time goes when the j-th number
// goes from one standard deviation below to one above.
func (s *sampling) moved(run *Run, phase traces.Phase, j int) (float64, error) {
	sigma := math.Sqrt(stat.Variance(s.moves[j], nil))
	if sigma == 0 {
		return 0, nil
	}
	var ends [2]float64
	logs := make([]float64, len(s.names))
	for k, way := range []float64{-sigma, sigma} {
		logs[j] = way
		varied, err := s.machine.Varied(s.machine.Device().Scaled(s.names, logs))
		if err != nil {
			return 0, err
		}
		ends[k] = math.Log(max(varied.PhaseMS(run.Movement, phase), 1e-12))
	}
	return (ends[1] - ends[0]) / 2, nil
}

// kind says where the knowledge of a multiplier comes from: calibrated on this very
// device, derived from measurements of others, or estimated.
func (s *sampling) kind(m devices.Multiplier) string {
	switch {
	case s.draws.Knows(m) && (m.Scope == "phone" || s.measured()):
		return "calibrated"
	case s.draws.Knows(m):
		return "derived"
	}
	return "estimated"
}

// measured reports whether the device itself was measured with this runtime.
func (s *sampling) measured() bool {
	d, r := s.machine.Device(), s.machine.Runtime()
	return slices.ContainsFunc(s.names, func(m devices.Multiplier) bool { return m.Own(d.Name) && s.draws.Knows(m) && r.Name != "" })
}

// DefaultSamples is the number of draws unless the user says: enough for the 5th and
// the 95th percentile of stratified draws.
const DefaultSamples = 64

// MostSamples is a bound on draws: more tell nothing that fewer do not.
const MostSamples = 4096
