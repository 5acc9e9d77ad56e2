package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/traces"
)

// The groupings of an inspection.
var groupings = []string{"op", "layer", "tensor"}

// phases are those of a trace.
var phases = []string{string(traces.Load), string(traces.Prefill), string(traces.Decode)}

func (a *app) inspectCommand() *cobra.Command {
	var by, phase string
	var top int
	cmd := &cobra.Command{
		Use:   "inspect TRACE",
		Short: "Show a trace's header and its totals by operator, layer and tensor",
		Args:  oneArgument("a trace file"),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := traces.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			s, err := traces.Summarize(f)
			if err != nil {
				return err
			}
			return a.print(inspectReply(s), inspectGrids(s, traces.Phase(phase), by, top, a.format())...)
		},
		ValidArgsFunction: oneFile("parquet"),
	}
	addChoice(cmd, &by, "by", "op", "`grouping` of the table: op, layer or tensor", groupings...)
	addChoice(cmd, &phase, "phase", string(traces.Decode), "`phase` of the table: load, prefill or decode", phases...)
	cmd.Flags().IntVar(&top, "top", 20, "`rows` of the table at most (0: all)")
	return cmd
}

// totalsReply are totals under the names that trace columns have.
type totalsReply struct {
	Ops             int64 `json:"ops"`
	WeightBytes     int64 `json:"weight_bytes"`
	KVBytes         int64 `json:"kv_bytes"`
	ActivationBytes int64 `json:"activation_bytes"`
	ReadBytes       int64 `json:"read_bytes"`
	WrittenBytes    int64 `json:"written_bytes"`
	MACs            int64 `json:"macs"`
	HostNS          int64 `json:"host_ns"`
}

type groupReply struct {
	Name  string `json:"name,omitempty"`
	Layer *int32 `json:"layer,omitempty"`
	Block *int32 `json:"block,omitempty"`
	totalsReply
}

type phaseReply struct {
	Phase    traces.Phase `json:"phase"`
	Steps    int          `json:"steps"`
	Total    totalsReply  `json:"total"`
	ByOp     []groupReply `json:"by_op"`
	ByLayer  []groupReply `json:"by_layer"`
	ByTensor []groupReply `json:"by_tensor"`
}

type summaryReply struct {
	Header traces.Header `json:"header"`
	Events int64         `json:"events"`
	Phases []phaseReply  `json:"phases"`
}

func inspectReply(s traces.Summary) summaryReply {
	reply := summaryReply{Header: s.Header, Events: s.Events, Phases: []phaseReply{}}
	for i := range s.Phases {
		p := &s.Phases[i]
		reply.Phases = append(reply.Phases, phaseReply{
			p.Phase, p.Steps, totalsReply(p.Total), groupReplies(p.ByOp, false), groupReplies(p.ByLayer, true), groupReplies(p.ByTensor, false),
		})
	}
	return reply
}

func groupReplies(groups []traces.Group, layers bool) []groupReply {
	replies := make([]groupReply, len(groups))
	for i := range groups {
		replies[i] = groupReply{Name: groups[i].Name, totalsReply: totalsReply(groups[i].Totals)}
		if layers {
			replies[i].Layer, replies[i].Block = &groups[i].Layer, &groups[i].Block
		}
	}
	return replies
}

// inspectGrids is the inspection as tables: the run, its phases, and one phase
// in one grouping; CSV holds the last alone.
func inspectGrids(s traces.Summary, phase traces.Phase, by string, top int, format string) []grid {
	phases := grid{columns: columns(append([]string{"phase", "steps>"}, perStep...)...)}
	detail := grid{title: string(phase) + " by " + by, columns: groupColumns(by, format)}
	for i := range s.Phases {
		p := &s.Phases[i]
		phases.add(append([]string{string(p.Phase), strconv.Itoa(p.Steps)}, stepCells(p.Total, p.Steps)...)...)
		if p.Phase == phase {
			detail.title += ", per " + stepName(phase)
			detail.addGroups(p, by, top, format)
		}
	}
	phases.foot = []string{"All but steps is of one step: a decoded token, or a pass over the prompt."}
	if format == "csv" {
		return []grid{detail}
	}
	return []grid{headerGrid(s), phases, detail}
}

func headerGrid(s traces.Summary) grid {
	h := s.Header
	g := grid{title: h.Model, columns: columns("", "value")}
	g.add("weights", h.Quant+yesNo(h.Synthetic, ", synthetic (seed "+strconv.FormatUint(h.Seed, 10)+")", "")+", "+profiles.Number(float64(h.ModelBytes)/1e6)+" MB")
	g.add("layers", strconv.Itoa(h.Shape.LayersExecuted)+" executed, "+strconv.Itoa(h.Shape.LayersStored)+" stored, sharing "+h.Sharing)
	g.add("run", strconv.Itoa(h.PromptTokens)+" prompt tokens, "+strconv.Itoa(h.Tokens)+" decode steps"+yesNo(h.ShapeOnly, ", shape only", ", "+strconv.Itoa(h.Threads)+" threads"))
	g.add("events", count(s.Events))
	g.add("written by", h.Generator+", schema "+strconv.Itoa(h.Schema))
	return g
}

// stepName is what a phase's figures are of.
func stepName(phase traces.Phase) string {
	switch phase {
	case traces.Decode:
		return "token"
	case traces.Prefill:
		return "pass over the prompt"
	}
	return "load"
}

// perStep are the columns of a table for people, sums those of CSV, which holds the
// phase's sums as they are.
var (
	perStep = []string{"operators>", "weights MB>", "KV MB>", "activations MB>", "M MACs>", "host ms>"}
	sums    = []string{"operators>", "weights>", "KV cache>", "activations>", "read>", "written>", "MACs>", "host ms>"}
)

func groupColumns(by, format string) []column {
	names := []string{by}
	if by == "layer" {
		names = []string{"layer>", "block>"}
	}
	if format == "csv" {
		return columns(append(names, sums...)...)
	}
	return columns(append(append(names, "share>"), perStep...)...)
}

func (g *grid) addGroups(p *traces.PhaseSummary, by string, top int, format string) {
	groups := map[string][]traces.Group{"op": p.ByOp, "layer": p.ByLayer, "tensor": p.ByTensor}[by]
	for i := range groups {
		if top > 0 && i == top {
			g.foot = []string{strconv.Itoa(len(groups)-top) + " more; --top 0 shows all"}
			break
		}
		of := groups[i].Totals
		if format == "csv" {
			g.add(append(groupNames(&groups[i], by, ""), totalCells(of)...)...)
			continue
		}
		names := append(groupNames(&groups[i], by, "in/out"), share(of.Bytes(), p.Total.Bytes()))
		g.add(append(names, stepCells(of, p.Steps)...)...)
	}
	if format != "csv" {
		g.foot = append(g.foot, "Share: of the bytes that the operators of the phase read and write.")
	}
}

// groupNames are the cells that name a group; what is outside the layers is outside,
// unless that is empty.
func groupNames(g *traces.Group, by, outside string) []string {
	if by != "layer" {
		return []string{g.Name}
	}
	if g.Layer < 0 && outside != "" {
		return []string{outside, ""}
	}
	return []string{strconv.Itoa(int(g.Layer)), strconv.Itoa(int(g.Block))}
}

// share is a part in percent of a whole.
func share(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return fixed(100*float64(part)/float64(whole), 1) + " %"
}

// stepCells are totals of one of so many steps.
func stepCells(t traces.Totals, steps int) []string {
	n := float64(max(1, steps))
	per := func(v int64, scale float64) string { return profiles.Number(float64(v) / scale / n) }
	return []string{
		per(t.Ops, 1), per(t.WeightBytes, 1e6), per(t.KVBytes, 1e6), per(t.ActivationBytes, 1e6), per(t.MACs, 1e6),
		fixed(float64(t.HostNS)/1e6/n, 3),
	}
}

func totalCells(t traces.Totals) []string {
	return []string{
		count(t.Ops), count(t.WeightBytes), count(t.KVBytes), count(t.ActivationBytes), count(t.ReadBytes), count(t.WrittenBytes), count(t.MACs),
		fixed(float64(t.HostNS)/1e6, 3),
	}
}
