package graphs

import (
	"context"
	"math/rand/v2"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// arenaAlign keeps arenas far apart, as mapped memory lies.
const arenaAlign = 1 << 30

// Options say what a graph does not.
type Options struct {
	Generator string // program and version, for the header
	Seed      uint64 // of experts, and of token ids that the log does not name
}

// Notes are what had to be assumed.
type Notes struct {
	DrawnExperts bool // routers chose experts that the log does not name
	DrawnTokens  bool // the log names no token ids
}

const (
	maxTokens  = 1 << 20 // of a pass
	maxExperts = 1 << 12 // of a tensor
)

// lowering makes the events of a graph.
type lowering struct {
	Options
	*binder
	sink   traces.Sink
	events []traces.Event
	seq    int64
	notes  Notes
	acts   uint64 // start of the activations' arena

	phase    traces.Phase
	pos      int64 // first position of the pass
	tokens   int64 // of the pass
	ids      []int32
	chosen   map[int32][]int32 // experts of each layer of the pass
	passSeed uint64
}

// Write hands the events of a graph to sink, the load of every tensor of the model
// first, and returns the header of the trace. A pass of one token is a decode
// step, a longer one a part of the prompt.
func Write(ctx context.Context, g *Graph, m *Model, sink traces.Sink, o Options) (traces.Header, Notes, error) {
	l := &lowering{Options: o, binder: newBinder(g, m), sink: sink}
	passes := make([][]step, len(g.Passes))
	var peak uint64
	for i := range g.Passes {
		if err := ctx.Err(); err != nil {
			return traces.Header{}, l.notes, err
		}
		steps, err := l.binder.pass(&g.Passes[i])
		if err != nil {
			return traces.Header{}, l.notes, err
		}
		if n := tokensOf(&g.Passes[i]); n > maxTokens {
			return traces.Header{}, l.notes, fault.Userf("%s:%d: a pass of %d tokens; import at most %d at a time", g.Name, g.Passes[i].Nodes[0].Line, n, maxTokens)
		}
		passes[i] = steps
		peak = max(peak, place(steps, l.inputs))
	}
	arenas := l.arenas(peak)
	h := m.header(o.Generator, o.Seed, arenas)
	h.ShapeOnly = true
	if err := l.emit(m.loads()); err != nil {
		return h, l.notes, err
	}
	for i, steps := range passes {
		if err := ctx.Err(); err != nil {
			return h, l.notes, err
		}
		l.begin(i, &g.Passes[i])
		for j := range steps {
			l.operator(&steps[j])
			if n := steps[j].HostNS; n > 0 {
				h.ShapeOnly = false
			}
		}
		if err := l.emit(l.events); err != nil {
			return h, l.notes, err
		}
		if l.phase == traces.Decode {
			h.Tokens++
		} else {
			h.PromptTokens += int(l.tokens)
		}
		l.pos += l.tokens
	}
	return h, l.notes, nil
}

func (l *lowering) emit(events []traces.Event) error {
	for i := range events {
		if err := events[i].Validate(); err != nil {
			return fault.Userf("%s: operator %s: %w", l.graph.Name, events[i].Op, err)
		}
	}
	if len(events) > 0 && events[0].Phase == traces.Load {
		l.seq = int64(len(events))
	}
	return l.sink.Emit(events)
}

// arenas lays out the address space: weights as in their file, caches behind them,
// activations behind those.
func (l *lowering) arenas(peak uint64) []traces.Arena {
	kv := alignUp(uint64(l.model.Size), arenaAlign)
	at := kv
	for _, c := range l.order {
		c.addr = at
		at += alignUp(uint64(c.bytes), operandAlign)
	}
	l.acts = alignUp(max(at, kv+1), arenaAlign)
	return []traces.Arena{
		{Name: "weights", Kind: traces.Weight, Addr: 0, Bytes: l.model.Size},
		{Name: "kv", Kind: traces.KV, Addr: kv, Bytes: int64(at - kv)},
		{Name: "activations", Kind: traces.Activation, Addr: l.acts, Bytes: int64(peak)},
	}
}

// inPlace are the operators whose result ggml puts where their first operand dies.
var inPlace = map[string]bool{
	"ADD": true, "ADD_ID": true, "SUB": true, "MUL": true, "DIV": true, "SCALE": true, "CLAMP": true, "RMS_NORM": true, "NORM": true,
	"ROPE": true, "SOFT_MAX": true, "SILU": true, "GELU": true, "RELU": true, "SIGMOID": true, "TANH": true, "SQR": true, "SQRT": true,
}

// place gives addresses to the activations of a pass, and returns the memory that
// they need at most.
func place(steps []step, inputs []*buffer) uint64 {
	var a arena
	for _, b := range inputs {
		b.addr = a.take(b.bytes)
	}
	for i := range steps {
		s := &steps[i]
		if s.made {
			b := s.result.buffer
			if from := dying(s, i); from != nil {
				b.addr, from.last = from.addr, len(steps)
			} else {
				b.addr = a.take(b.bytes)
			}
		}
		freed := map[*buffer]bool{}
		for _, v := range append(s.sources, s.result) {
			if b := v.buffer; b.kind == traces.Activation && !b.input && b.last == i && !freed[b] {
				freed[b] = true
				a.give(b.addr, b.bytes)
			}
		}
	}
	return a.end
}

// dying returns the buffer of an operand that the result can take over, nil if
// there is none.
func dying(s *step, i int) *buffer {
	if !inPlace[s.Op] {
		return nil
	}
	for _, v := range s.sources {
		if b := v.buffer; b.kind == traces.Activation && !b.input && b.last == i && b.bytes == s.result.bytes && b != s.result.buffer {
			return b
		}
	}
	return nil
}

// begin starts a pass.
func (l *lowering) begin(index int, p *Pass) {
	l.events = l.events[:0]
	l.tokens = tokensOf(p)
	l.phase = traces.Prefill
	if l.tokens == 1 {
		l.phase = traces.Decode
	}
	if p.Phase != "" {
		l.phase, l.pos = p.Phase, p.Position
	}
	l.passSeed = l.Seed + uint64(index)<<32
	l.chosen = map[int32][]int32{}
	l.ids = nil
	if index == 0 && int64(len(l.graph.Prompt)) == l.tokens {
		l.ids = l.graph.Prompt
	}
}

// tokensOf returns how many tokens a pass processes.
func tokensOf(p *Pass) int64 {
	for i := range p.Nodes {
		for _, s := range p.Nodes[i].Sources {
			switch s.Name {
			case "inp_tokens", "inp_pos":
				return max(1, s.Dims[0])
			case "inp_embd":
				return max(1, s.Dims[1])
			}
		}
	}
	if len(p.Nodes) == 0 {
		return 1
	}
	return max(1, p.Nodes[0].Result.Dims[1])
}

// operator appends the events of an operator.
func (l *lowering) operator(s *step) {
	first := len(l.events)
	block := s.layer
	name := opName(s.Node, s.sources, s.result)
	e := traces.Event{Seq: l.seq, Phase: l.phase, Token: int32(l.pos), Op: name, Layer: s.layer, Block: block, Access: traces.Read, Expert: -1}
	for i, v := range s.sources {
		l.read(e, s, i, v)
	}
	e.Access = traces.Write
	l.write(e, s)
	l.events[first].MACs = macs(s)
	l.events[first].HostNS = s.HostNS
	l.seq++
}

// add appends an event of a stretch of a value's buffer.
func (l *lowering) add(e traces.Event, v *value, from uint64, bytes int64) {
	e.Tensor, e.Kind, e.DType, e.Bytes = v.tensor, v.kind, v.Type, bytes
	e.Addr = v.addr + from
	if v.kind == traces.Activation {
		e.Addr += l.acts
	}
	l.events = append(l.events, e)
}

// read appends what an operator reads of its operand i.
func (l *lowering) read(e traces.Event, s *step, i int, v *value) {
	whole := traces.Bytes(v.Type, v.Elements())
	if v.weight != nil && v.Elements() == v.weight.Cols*v.weight.Rows {
		whole = v.weight.Bytes
	}
	switch {
	case v.kind == traces.Activation && i > 0 && s.sources[0].buffer == v.buffer && s.sources[0].Dims == v.Dims && s.sources[0].Name == v.Name:
		return // x + x reads x once
	case s.Op == "GET_ROWS" && i == 0:
		l.readRows(e, s, v, whole)
	case s.Op == "MUL_MAT_ID" && i == 0 && v.weight != nil, s.Op == "ADD_ID" && i == 1 && v.weight != nil:
		l.readExperts(e, s, v, whole)
	case (s.Op == "SET_ROWS" && i == 2) || (s.Op == "CPY" && i == 1):
		// the destination
	default:
		l.add(e, v, 0, whole)
	}
}

// readRows appends the rows that GET_ROWS takes: of an embedding those of the
// pass's tokens, of experts' values those of the experts, of others as many as
// the result has.
func (l *lowering) readRows(e traces.Event, s *step, v *value, whole int64) {
	rows := v.Elements() / max(v.Dims[0], 1)
	if v.weight == nil || len(s.sources) < 2 || s.sources[1].Name != "inp_tokens" || rows < 1 {
		l.add(e, v, 0, min(whole, traces.Bytes(v.Type, s.Result.Elements())))
		return
	}
	bytes := whole / rows
	seen := map[int32]bool{}
	for _, id := range l.tokenIDs(int32(rows)) {
		if id >= 0 && int64(id) < rows && !seen[id] {
			seen[id] = true
			l.add(e, v, uint64(int64(id)*bytes), bytes)
		}
	}
}

// tokenIDs returns the ids of the pass's tokens, below rows: drawn if the log does
// not name them.
func (l *lowering) tokenIDs(rows int32) []int32 {
	if l.ids == nil {
		l.notes.DrawnTokens = true
		random := rand.New(rand.NewPCG(l.passSeed, 1))
		for range l.tokens {
			l.ids = append(l.ids, random.Int32N(rows))
		}
	}
	return l.ids
}

// readExperts appends the parts of a tensor of experts that the tokens' routers
// chose.
func (l *lowering) readExperts(e traces.Event, s *step, v *value, whole int64) {
	count := v.Dims[2]
	if s.Op == "ADD_ID" {
		count = v.Dims[1]
	}
	used, tokens := s.Result.Dims[1], s.Result.Dims[2]
	if count < 1 || used < 1 || used > count || count > maxExperts {
		l.add(e, v, 0, whole)
		return
	}
	bytes := whole / count
	for _, id := range l.experts(s.layer, count, used, tokens) {
		e.Expert = id
		l.add(e, v, uint64(int64(id)*bytes), bytes)
	}
}

// experts draws what the router of a layer chose: for each token so many different
// ones, all as likely. It returns each once, in order of the first choice.
func (l *lowering) experts(layer int32, count, used, tokens int64) []int32 {
	if ids, ok := l.chosen[layer]; ok {
		return ids
	}
	l.notes.DrawnExperts = true
	random := rand.New(rand.NewPCG(l.passSeed, 2+uint64(uint32(layer))))
	deck := make([]int32, count)
	for i := range deck {
		deck[i] = int32(i)
	}
	seen := make([]bool, count)
	var ids []int32
	for range tokens {
		if int64(len(ids)) == count {
			break
		}
		for i := range used {
			other := i + random.Int64N(count-i)
			deck[i], deck[other] = deck[other], deck[i]
			if id := deck[i]; !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	l.chosen[layer] = ids
	return ids
}

// write appends what an operator writes: its result, or of rows that it stores
// those.
func (l *lowering) write(e traces.Event, s *step) {
	bytes := traces.Bytes(s.result.Type, s.Result.Elements())
	if s.Op != "SET_ROWS" || len(s.sources) == 0 {
		l.add(e, s.result, 0, bytes)
		return
	}
	row := max(s.Result.Dims[0], 1)
	rows := max(s.Result.Elements()/row, 1)
	stored := min(bytes, traces.Bytes(s.result.Type, s.sources[0].Elements()))
	from := traces.Bytes(s.result.Type, row) * (l.pos % rows)
	from = min(from, max(0, s.result.bytes-stored))
	l.add(e, s.result, uint64(from), stored)
}

// macs returns the multiply-accumulates of an operator, 0 if it makes no products.
func macs(s *step) int64 {
	out := s.Result.Elements()
	var n float64
	switch {
	case s.MACs > 0:
		return s.MACs
	case len(s.sources) < 2:
	case s.Op == "MUL_MAT" || s.Op == "MUL_MAT_ID":
		n = float64(s.sources[0].Dims[0]) * float64(out)
	case s.Op == "SSM_CONV":
		n = float64(s.sources[1].Dims[0]) * float64(out)
	case s.Op == "FLASH_ATTN_EXT": // q {d, n, heads}, k {d, positions, KV heads}, out {dv, heads, n}
		q, k := s.sources[0].Dims, s.sources[1].Dims
		n = float64(q[0]+s.Result.Dims[0]) * float64(q[1]) * float64(q[2]) * float64(q[3]) * float64(k[1])
	}
	return int64(min(n, traces.MaxMACs))
}
