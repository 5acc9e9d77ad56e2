package hostbench

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/fidelity/topology"
	"github.com/memsim/memsim/internal/interrupt"
)

// SurveyOptions say what of a machine is measured.
type SurveyOptions struct {
	Root      fs.FS // of the system's files; nil: its own
	Name      string
	Cores     string        // a list; "": Sets
	Budget    time.Duration // for the cores; each set is measured once at least
	Sustained time.Duration // for which all cores work; 0: not measured
	Folder    string        // for the file that storage is read from; "": storage is not read
	Step      func(doing string)
	Note      func(format string, args ...any)
}

// Survey is what was found of a machine.
type Survey struct {
	Machine   topology.Machine
	Clusters  []topology.Cluster
	Rates     []Rates
	Storage   []StorageRead
	Sustained []Moment
	Profile   []byte // YAML
}

// Steps returns how often Step is called for a number of sets.
func (o *SurveyOptions) Steps(sets int) int { return 1 + sets*surveyRounds + len(storageLoads) }

// surveyRounds are rounds over all sets, if the budget allows them.
const surveyRounds = 3

// ownTree is the file system of this machine.
func ownTree() fs.FS { return os.DirFS("/") }

// SurveySets returns the sets that a survey measures.
func SurveySets(o SurveyOptions) (topology.Machine, []Set, error) {
	root := o.Root
	if root == nil {
		root = ownTree()
	}
	m := topology.Read(root, runtime.NumCPU())
	usable := allowed()
	if o.Cores == "" {
		return m, Sets(m, usable), nil
	}
	set, err := Chosen(o.Cores, m, usable)
	return m, []Set{set}, err
}

// MeasureHost measures the machine: each set of cores in rounds, storage, and what
// is left of the speed after a while of work. It returns ctx's error as soon as ctx
// is done.
func MeasureHost(ctx context.Context, o SurveyOptions) (Survey, error) {
	m, sets, err := SurveySets(o)
	if err != nil {
		return Survey{}, err
	}
	s := Survey{Machine: m, Clusters: m.Clusters()}
	o.Step("weights")
	shared, err := interrupt.Return(ctx, func() (*operands, error) { return hostOperands(m) })
	if err != nil {
		return Survey{}, err
	}
	if s.Rates, err = measureSets(ctx, shared, sets, o); err != nil {
		return Survey{}, err
	}
	if o.Folder != "" {
		if s.Storage, err = measureStorage(ctx, o.Folder, o.Step); err != nil {
			if ctx.Err() != nil {
				return Survey{}, err
			}
			o.Note("storage was not measured: %v", err)
		}
	}
	if o.Sustained > 0 {
		if s.Sustained, err = sustained(ctx, shared, m, o); err != nil {
			return Survey{}, err
		}
	}
	shared.close()
	s.Profile, err = s.profile(o.Name)
	return s, err
}

// measureSets measures all sets in turns.
func measureSets(ctx context.Context, shared *operands, sets []Set, o SurveyOptions) ([]Rates, error) {
	found := map[int]Rates{}
	begin := time.Now()
	for round := range surveyRounds {
		if round > 0 && time.Since(begin)*time.Duration(round+1)/time.Duration(round) > o.Budget {
			break
		}
		for i, set := range sets {
			o.Step(fmt.Sprintf("cores %s, round %d", CoreList(set.Cores), round+1))
			r, err := measureSet(ctx, shared, set, found[i], o)
			if err != nil {
				return nil, err
			}
			if round == 0 && len(r.Pinned) > 0 {
				o.Note("%d threads bound to cores %s", r.Threads, CoreList(r.Pinned))
			}
			found[i] = r
		}
	}
	var rates []Rates
	for i := range sets {
		rates = append(rates, found[i])
	}
	// The quickest first: it is the profile's default.
	slices.SortStableFunc(rates, func(a, b Rates) int { return cmp.Compare(b.far(quant.Q8_0), a.far(quant.Q8_0)) })
	return rates, nil
}

// far returns the weights a second beyond all caches.
func (r *Rates) far(t quant.Type) float64 {
	for _, f := range r.Far {
		if f.Type == t {
			return f.Weights
		}
	}
	return 0
}

// measureSet measures once more on some cores, beside what earlier rounds found.
func measureSet(ctx context.Context, shared *operands, set Set, before Rates, o SurveyOptions) (Rates, error) {
	undo, err := pin(set.Cores)
	if err != nil {
		if before.Reads == nil {
			o.Note("cores %s: threads are not bound to them: %v", CoreList(set.Cores), err)
		}
		undo = func() {}
	}
	defer undo()
	return interrupt.Return(ctx, func() (Rates, error) {
		b := newBench(shared, len(set.Cores))
		defer b.close()
		b.resume(before)
		b.rates.Cores = set.Name
		if err == nil {
			b.rates.Pinned = set.Cores
		}
		b.round()
		for _, t := range Formats {
			if ctx.Err() != nil {
				return b.rates, ctx.Err()
			}
			b.products(t)
		}
		err := b.fars(ctx)
		b.keep(before)
		return b.rates, err
	})
}

// resume takes over the rates that earlier rounds found.
func (b *bench) resume(before Rates) {
	if before.Reads == nil {
		return
	}
	b.rates.Reads, b.rates.Far = slices.Clone(before.Reads), slices.Clone(before.Far)
}

// keep keeps the better figures of products and operators.
func (b *bench) keep(before Rates) {
	if before.Reads == nil {
		return
	}
	for t, w := range before.Weights {
		b.rates.Weights[t] = max(b.rates.Weights[t], w)
	}
	b.rates.Cached = max(b.rates.Cached, before.Cached)
	b.rates.Dispatch = min(b.rates.Dispatch, before.Dispatch)
}

// Moment is how fast all cores were at some time of steady work.
type Moment struct {
	Seconds float64
	Weights float64 // a second, of Q8_0 from beyond all caches
	Celsius float64 // of the hottest sensor; 0 if none can be read
	Sensor  string
	Hz      int64 // of the slowest core's clock; 0 if none can be read
}

// sustained lets all cores work, and notes every few seconds how fast they are.
func sustained(ctx context.Context, shared *operands, m topology.Machine, o SurveyOptions) ([]Moment, error) {
	root := o.Root
	if root == nil {
		root = ownTree()
	}
	threads := len(m.Online())
	b := newBench(shared, threads)
	defer b.close()
	list := b.spread(b.streams[quant.Q8_0])
	every := max(o.Sustained/24, time.Second)
	var moments []Moment
	for begin := time.Now(); time.Since(begin) < o.Sustained; {
		o.Step(fmt.Sprintf("steady work, %.0f s", time.Since(begin).Seconds()))
		start, n := time.Now(), 0
		for time.Since(start) < every {
			for _, w := range list {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				b.compute.MatMul(b.streams[quant.Q8_0].dst[:w.Rows], w, b.streams[quant.Q8_0].x)
				n += w.Rows * w.Cols
			}
		}
		at := Moment{Seconds: time.Since(begin).Seconds(), Weights: float64(n) / time.Since(start).Seconds()}
		for _, z := range topology.Temperatures(root) {
			if z.Celsius > at.Celsius {
				at.Celsius, at.Sensor = z.Celsius, z.Name
			}
		}
		for _, hz := range m.Clocks(root) {
			if at.Hz == 0 || hz < at.Hz {
				at.Hz = hz
			}
		}
		moments = append(moments, at)
	}
	return moments, nil
}

// profile writes the machine as a device profile.
func (s *Survey) profile(name string) ([]byte, error) {
	h := hostOf(s.Machine)
	h.Name = cmp.Or(name, "host")
	for _, c := range s.Clusters {
		h.Notes = append(h.Notes, fmt.Sprintf("%s: cores %s, %s", c.Name, CoreList(c.Cores), c.Title))
	}
	for _, r := range s.Storage {
		h.Notes = append(h.Notes, fmt.Sprintf("storage: %s: %.0f MB/s", r.Load(), r.MBps))
	}
	if n := len(s.Sustained); n > 0 {
		h.Notes = append(h.Notes, fmt.Sprintf("after %.0f s of steady work %.0f %% of the first speed is left", s.Sustained[n-1].Seconds, 100*s.Left()))
	}
	for i := range h.Notes {
		h.Notes[i] = strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, h.Notes[i])
	}
	return h.profile(s.Rates)
}

// Left is the share of the first speed that is left at the end of steady work.
func (s *Survey) Left() float64 {
	if len(s.Sustained) == 0 {
		return 1
	}
	return s.Sustained[len(s.Sustained)-1].Weights / s.Sustained[0].Weights
}
