package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/interrupt"
	"github.com/memsim/memsim/study"
	"github.com/memsim/memsim/traces"
)

// benching is the bench command.
type benching struct {
	shapeFlags
	activationFlags
	models      []string
	pp, tg      int
	threads     []int
	repetitions int
}

func (a *app) benchCommand() *cobra.Command {
	var b benching
	cmd := &cobra.Command{
		Use:   "bench --model MODEL",
		Short: "Measure the engine's prefill and decode speed on this machine",
		Long: `Measure the engine's speed on this machine: ppN processes a prompt of N tokens,
tgN generates N tokens. Beside the speed stands the bandwidth at which weights
were read, and what this machine can read at most, measured in the same run.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.bench(cmd.Context(), &b) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&b.models, "model", "m", nil, "`model` to measure (repeatable)")
	completeWithFiles(cmd, "model", model.Presets()...)
	b.shapeFlags.add(cmd)
	b.activationFlags.add(cmd)
	f.IntVar(&b.pp, "pp", 128, "tokens of prompt (0: do not measure)")
	f.IntVar(&b.tg, "tg", 64, "tokens to generate (0: do not measure)")
	f.IntSliceVar(&b.threads, "threads", nil, "`list` of numbers of threads, as 1,2 (default: one per core)")
	f.IntVarP(&b.repetitions, "repetitions", "r", 5, "measurements of each test")
	return cmd
}

// benchRow is one test.
type benchRow struct {
	Model               string  `json:"model"`
	Quant               string  `json:"quant"`
	Activations         string  `json:"activations,omitempty"` // per-token, if they are scaled so
	Threads             int     `json:"threads"`
	Test                string  `json:"test"` // pp128, tg64
	TokensPerS          float64 `json:"tokens_per_s"`
	StdDev              float64 `json:"stddev"`
	WeightBytesPerToken float64 `json:"weight_bytes_per_token"` // read by the kernels
	ReadGBps            float64 `json:"read_gbps"`              // at which they were read
	MachineReadGBps     float64 `json:"machine_read_gbps"`      // that as many threads can read at most
}

func (b *benching) check() error {
	switch {
	case len(b.models) == 0:
		return needModel("")
	case b.pp < 0 || b.tg < 0 || b.pp+b.tg == 0:
		return fault.Userf("--pp %d --tg %d: give a number of tokens for one of them at least", b.pp, b.tg)
	case b.repetitions < 1:
		return fault.Userf("--repetitions %d: measure at least once", b.repetitions)
	}
	for _, n := range b.threads {
		if n < 1 || n > maxThreads {
			return fault.Userf("--threads %d: give numbers from 1 to %d, as 1,2", n, maxThreads)
		}
	}
	return nil
}

func (a *app) bench(ctx context.Context, b *benching) error {
	if err := b.check(); err != nil {
		return err
	}
	if len(b.threads) == 0 {
		b.threads = []int{runtime.GOMAXPROCS(0)}
	}
	tests := 0
	for _, n := range []int{b.pp, b.tg} {
		if n > 0 {
			tests++
		}
	}
	bar := a.newProgress(len(b.models) * len(b.threads) * tests * b.repetitions)
	defer bar.done()
	rows := []benchRow{}
	for _, ref := range b.models {
		measured, err := a.benchModel(ctx, b, ref, bar)
		if err != nil {
			return err
		}
		rows = append(rows, measured...)
	}
	bar.done()
	return a.print(rows, benchGrid(rows))
}

func (a *app) benchModel(ctx context.Context, b *benching, ref string, bar *progress) (rows []benchRow, err error) {
	bar.begin(ref + ": weights")
	src, err := study.Open(ctx, ref, b.options(a))
	if err != nil {
		return nil, err
	}
	defer closeInto(&err, src)
	reads, err := b.countReads(ctx, src)
	if err != nil {
		return nil, err
	}
	for _, threads := range b.threads {
		machine, err := interrupt.Return(ctx, func() (float64, error) {
			return kernels.ReadBandwidth(threads, int(min(src.Size(), maxProbe))), nil
		})
		if err != nil {
			return nil, err
		}
		for _, t := range []benchTest{{"pp", b.pp, reads.prefill}, {"tg", b.tg, reads.decode}} {
			if t.n == 0 {
				continue
			}
			row, err := b.measure(ctx, src, threads, t, a.common.seed, bar)
			if err != nil {
				return nil, err
			}
			row.MachineReadGBps = machine
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// maxProbe bounds the memory that the machine's bandwidth is measured on; more
// than a cache holds gives the same figure.
const maxProbe = 512 << 20

// benchTest is n tokens in prefill or in decode, which together read so many
// bytes of weights.
type benchTest struct {
	kind  string
	n     int
	reads int64
}

// measure repeats one test, after a repetition that does not count.
func (b *benching) measure(ctx context.Context, src weights.Source, threads int, t benchTest, seed uint64, bar *progress) (benchRow, error) {
	e, err := engine.New(src, engine.Options{Threads: threads, Activations: b.granularity()})
	if err != nil {
		return benchRow{}, err
	}
	defer e.Close()
	s, err := e.NewSession(engine.SessionOptions{Context: t.n})
	if err != nil {
		return benchRow{}, err
	}
	name := t.kind + strconv.Itoa(t.n)
	bar.begin(fmt.Sprintf("%s: %s, %d threads", src.Name(), name, threads))
	ids := engine.RandomTokens(seed, t.n, e.Shape().Vocab)
	rates := make([]float64, 0, b.repetitions)
	for i := range b.repetitions + 1 {
		s.Reset()
		took, err := t.once(ctx, s, ids)
		if err != nil {
			return benchRow{}, err
		}
		if i > 0 {
			rates = append(rates, float64(t.n)/took.Seconds())
			bar.step(fmt.Sprintf("%s: %s, %d threads", src.Name(), name, threads))
		}
	}
	mean, deviation := meanAndDeviation(rates)
	perToken := float64(t.reads) / float64(t.n)
	return benchRow{
		Model: src.Name(), Quant: src.Quant(), Activations: b.reported(), Threads: threads, Test: name,
		TokensPerS: mean, StdDev: deviation, WeightBytesPerToken: perToken, ReadGBps: perToken * mean / 1e9,
	}, nil
}

func (t benchTest) once(ctx context.Context, s *engine.Session, ids []int32) (time.Duration, error) {
	start := time.Now()
	if t.kind == "pp" {
		_, err := s.Prefill(ctx, ids)
		return time.Since(start), err
	}
	for _, id := range ids {
		if _, err := s.Decode(ctx, id); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// meanAndDeviation returns the mean and the sample standard deviation.
func meanAndDeviation(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	if len(values) < 2 {
		return mean, 0
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values)-1)
	}
	return mean, math.Sqrt(deviation)
}

// weightReads sums the bytes of weights that kernels read, by phase: a sink of
// events.
type weightReads struct{ prefill, decode int64 }

func (w *weightReads) Emit(events []traces.Event) error {
	for i := range events {
		e := &events[i]
		switch {
		case e.Kind != traces.Weight:
		case e.Phase == traces.Prefill:
			w.prefill += e.Bytes
		case e.Phase == traces.Decode:
			w.decode += e.Bytes
		}
	}
	return nil
}

// countReads counts what the tests will read, from shape-only runs of them.
func (b *benching) countReads(ctx context.Context, src weights.Source) (*weightReads, error) {
	e, err := engine.New(src, engine.Options{ShapeOnly: true})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	sum := new(weightReads)
	s, err := e.NewSession(engine.SessionOptions{Context: max(b.pp, b.tg), Sink: sum})
	if err != nil {
		return nil, err
	}
	for _, t := range []benchTest{{kind: "pp", n: b.pp}, {kind: "tg", n: b.tg}} {
		s.Reset()
		if t.n == 0 {
			continue
		}
		if _, err := t.once(ctx, s, make([]int32, t.n)); err != nil {
			return nil, err
		}
	}
	return sum, s.Flush()
}

func benchGrid(rows []benchRow) grid {
	g := grid{columns: columns("model", "quant", "threads>", "test", "t/s>", "weights/token>", "read GB/s>", "machine GB/s>", "share>")}
	for _, r := range rows {
		g.add(r.Model, quantText(r.Quant, r.Activations), strconv.Itoa(r.Threads), r.Test, fixed(r.TokensPerS, 2)+" ± "+fixed(r.StdDev, 2),
			humanize.IBytes(uint64(r.WeightBytesPerToken)), fixed(r.ReadGBps, 1), fixed(r.MachineReadGBps, 1), fixed(100*r.ReadGBps/r.MachineReadGBps, 0)+"%")
	}
	return g
}
