package main

import (
	"strconv"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

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
	phases := grid{columns: columns("phase", "steps>", "operators>", "weights>", "KV cache>", "activations>", "read>", "written>", "MACs>", "host ms>")}
	detail := grid{title: string(phase) + " by " + by, columns: groupColumns(by)}
	for i := range s.Phases {
		p := &s.Phases[i]
		phases.add(append([]string{string(p.Phase), strconv.Itoa(p.Steps)}, totalCells(p.Total)...)...)
		if p.Phase == phase {
			detail.addGroups(p, by, top)
		}
	}
	if format == "csv" {
		return []grid{detail}
	}
	return []grid{headerGrid(s), phases, detail}
}

func headerGrid(s traces.Summary) grid {
	h := s.Header
	g := grid{title: h.Model, columns: columns("", "value")}
	g.add("weights", h.Quant+yesNo(h.Synthetic, ", synthetic (seed "+strconv.FormatUint(h.Seed, 10)+")", "")+", "+humanize.IBytes(uint64(h.ModelBytes)))
	g.add("layers", strconv.Itoa(h.Shape.LayersExecuted)+" executed, "+strconv.Itoa(h.Shape.LayersStored)+" stored, sharing "+h.Sharing)
	g.add("run", strconv.Itoa(h.PromptTokens)+" prompt tokens, "+strconv.Itoa(h.Tokens)+" decode steps"+yesNo(h.ShapeOnly, ", shape only", ", "+strconv.Itoa(h.Threads)+" threads"))
	g.add("events", count(s.Events))
	g.add("written by", h.Generator+", schema "+strconv.Itoa(h.Schema))
	return g
}

func groupColumns(by string) []column {
	names := []string{by}
	if by == "layer" {
		names = []string{"layer>", "block>"}
	}
	return columns(append(names, "operators>", "weights>", "KV cache>", "activations>", "read>", "written>", "MACs>", "host ms>")...)
}

func (g *grid) addGroups(p *traces.PhaseSummary, by string, top int) {
	groups := map[string][]traces.Group{"op": p.ByOp, "layer": p.ByLayer, "tensor": p.ByTensor}[by]
	for i := range groups {
		if top > 0 && i == top {
			g.foot = []string{strconv.Itoa(len(groups)-top) + " more; --top 0 shows all"}
			return
		}
		names := []string{groups[i].Name}
		if by == "layer" {
			names = []string{strconv.Itoa(int(groups[i].Layer)), strconv.Itoa(int(groups[i].Block))}
		}
		g.add(append(names, totalCells(groups[i].Totals)...)...)
	}
}

func totalCells(t traces.Totals) []string {
	return []string{
		count(t.Ops), count(t.WeightBytes), count(t.KVBytes), count(t.ActivationBytes), count(t.ReadBytes), count(t.WrittenBytes), count(t.MACs),
		fixed(float64(t.HostNS)/1e6, 3),
	}
}
