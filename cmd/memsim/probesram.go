package main

import (
	"context"
	"fmt"
	"iter"
	"math/bits"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/sram"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// curveGroups are what miss curves can be told apart by.
var curveGroups = []string{"kind", "layer", "tensor"}

// curveKey is what bytes are counted under.
type curveKey struct {
	phase traces.Phase
	group string
}

func (a *app) probeSRAMCommand() *cobra.Command {
	var by, phase string
	var line int
	cmd := &cobra.Command{
		Use:   "sram TRACE",
		Short: "Show what an on-chip memory of any capacity would miss of a trace",
		Long: `Show what a fully associative LRU memory of any capacity would miss of a trace:
one pass gives the curve for all capacities. Bytes are per decode step, or those
of the whole prompt.`,
		Args: oneArgument("a trace file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if line < 1 || bits.OnesCount(uint(line)) != 1 || line > 1<<20 {
				return fault.Userf("--line %d is no power of two up to 1048576", line)
			}
			return a.probeSRAM(cmd.Context(), args[0], by, traces.Phase(phase), units.Bytes(line))
		},
		ValidArgsFunction: oneFile("parquet"),
	}
	addChoice(cmd, &by, "by", "kind", "`group`: kind, layer or tensor", curveGroups...)
	addChoice(cmd, &phase, "phase", string(traces.Decode), "`phase`: prefill or decode", string(traces.Prefill), string(traces.Decode))
	cmd.Flags().IntVar(&line, "line", 64, "`bytes` of a line")
	return cmd
}

// curveReply is a miss curve.
type curveReply struct {
	Group          string       `json:"group"`
	RequestedBytes float64      `json:"requested_bytes"` // per decode step, or of the prompt
	ColdBytes      float64      `json:"cold_bytes"`      // first uses
	Points         []curvePoint `json:"points"`
}

type curvePoint struct {
	CapacityBytes int64   `json:"capacity_bytes"`
	MissedBytes   float64 `json:"missed_bytes"`
	HitRate       float64 `json:"hit_rate"`
}

// sramReply is what the probe sram command prints.
type sramReply struct {
	Model     string       `json:"model"`
	Phase     traces.Phase `json:"phase"`
	LineBytes int64        `json:"line_bytes"`
	Steps     int          `json:"steps"`
	Curves    []curveReply `json:"curves"`
}

func (a *app) probeSRAM(ctx context.Context, path, by string, phase traces.Phase, line units.Bytes) error {
	f, err := traces.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var failure error
	distances := sram.MissCurve(line, usesOf(ctx, f, by, &failure))
	if failure != nil {
		return failure
	}
	steps := 1
	if phase == traces.Decode {
		steps = max(1, f.Header().Tokens)
	}
	reply := sramReply{Model: f.Header().Model, Phase: phase, LineBytes: int64(line), Steps: steps, Curves: []curveReply{}}
	all := distances.Curve(func(k curveKey) bool { return k.phase == phase })
	capacities := capacitiesOf(all)
	reply.Curves = append(reply.Curves, sample("all", all, capacities, steps))
	for _, key := range distances.Keys() {
		if key.phase == phase {
			c := distances.Curve(func(k curveKey) bool { return k == key })
			reply.Curves = append(reply.Curves, sample(key.group, c, capacities, steps))
		}
	}
	return a.print(reply, curveGrid(&reply, by))
}

// usesOf yields the accesses of a trace; loading is not one of them.
func usesOf(ctx context.Context, src traces.Source, by string, failure *error) iter.Seq[sram.Use[curveKey]] {
	return func(yield func(sram.Use[curveKey]) bool) {
		for op, err := range src.Ops() {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				*failure = err
				return
			}
			for i := range op {
				e := &op[i]
				if e.Phase != traces.Load && !yield(sram.Use[curveKey]{Key: curveKey{e.Phase, groupOf(e, by)}, Addr: e.Addr, Bytes: units.Bytes(e.Bytes)}) {
					return
				}
			}
		}
	}
}

func groupOf(e *traces.Event, by string) string {
	switch by {
	case "layer":
		return fmt.Sprintf("layer %d", e.Layer)
	case "tensor":
		return e.Tensor
	}
	return string(e.Kind)
}

// capacitiesOf returns powers of two from 64 KiB to the first that hits all but
// first uses.
func capacitiesOf(c sram.Curve) []units.Bytes {
	capacities := []units.Bytes{64 * units.KiB}
	for {
		last := capacities[len(capacities)-1]
		if c.Misses(last) == c.Cold || last > 1<<40 {
			return capacities
		}
		capacities = append(capacities, 2*last)
	}
}

func sample(group string, c sram.Curve, capacities []units.Bytes, steps int) curveReply {
	per := func(b units.Bytes) float64 { return float64(b) / float64(steps) }
	reply := curveReply{Group: group, RequestedBytes: per(c.Requested), ColdBytes: per(c.Cold)}
	for _, capacity := range capacities {
		reply.Points = append(reply.Points, curvePoint{int64(capacity), per(c.Misses(capacity)), c.HitRate(capacity)})
	}
	return reply
}

// curveGrid has a row for each capacity and a column for each group, or, for the
// many groups of layers and tensors, the other way round.
func curveGrid(r *sramReply, by string) grid {
	g := grid{title: fmt.Sprintf("%s, %s: MB missed of a step, by capacity", r.Model, r.Phase)}
	megabytes := func(b float64) string { return fixed(b/1e6, 3) }
	if by != "kind" {
		g.columns = columns(by, "requested>")
		for _, p := range r.Curves[0].Points {
			g.columns = append(g.columns, column{humanize.IBytes(uint64(p.CapacityBytes)), true})
		}
		for _, c := range r.Curves {
			cells := []string{c.Group, megabytes(c.RequestedBytes)}
			for _, p := range c.Points {
				cells = append(cells, megabytes(p.MissedBytes))
			}
			g.add(cells...)
		}
		return g
	}
	g.columns = columns("capacity>", "hit rate>")
	for _, c := range r.Curves {
		g.columns = append(g.columns, column{c.Group, true})
	}
	for i, p := range r.Curves[0].Points {
		cells := []string{humanize.IBytes(uint64(p.CapacityBytes)), fixed(100*p.HitRate, 1) + "%"}
		for _, c := range r.Curves {
			cells = append(cells, megabytes(c.Points[i].MissedBytes))
		}
		g.add(cells...)
	}
	return g
}
