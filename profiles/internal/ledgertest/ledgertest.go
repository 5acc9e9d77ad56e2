// Package ledgertest makes ledgers for tests of renderers: plausible ones of
// decoders with and without layer sharing, and random ones that hold the
// ledger's invariants. It is no simulator: times come from one bandwidth and
// one rate.
package ledgertest

import (
	"fmt"
	"math/rand/v2"

	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Model is a decoder in few numbers, with 2-byte weights.
type Model struct {
	Name           string
	Stored, Repeat int // blocks, and how often each runs, immediately
	Dim, FFN, KV   int // KV: values of a token's keys
	Vocab          int
	Prompt, Tokens int
}

// MobileLLM returns the shape of mobilellm-125m with the layers given.
func MobileLLM(name string, stored, repeat int) Model {
	return Model{Name: name, Stored: stored, Repeat: repeat, Dim: 576, FFN: 1536, KV: 192, Vocab: 32000, Prompt: 16, Tokens: 4}
}

// Header describes the run.
func (m Model) Header() traces.Header {
	params := int64(m.Stored) * int64(2*m.Dim*m.Dim+2*m.Dim*m.KV+3*m.Dim*m.FFN)
	embedding := int64(m.Vocab) * int64(m.Dim)
	sharing := "none"
	if m.Repeat > 1 {
		sharing = "immediate"
	}
	return traces.Header{Schema: traces.SchemaVersion, Model: m.Name, Quant: "f16", Sharing: sharing, Repeat: m.Repeat, Synthetic: true,
		Shape: traces.Shape{Architecture: "llama", LayersExecuted: m.Stored * m.Repeat, LayersStored: m.Stored, Dim: m.Dim, FFN: m.FFN,
			Heads: m.Dim / 64, KVHeads: m.KV / 64, HeadDim: 64, Vocab: m.Vocab, TiedEmbedding: true,
			Params: params*int64(m.Repeat) + embedding, StoredParams: params + embedding},
		ModelBytes: 2 * (params + embedding), PromptTokens: m.Prompt, Tokens: m.Tokens}
}

// Rows yields the ledger of a prompt and the decode steps after it.
func (m Model) Rows(yield func(*sim.Row) bool) {
	r := run{m: m, yield: yield, more: true, addresses: map[string]uint64{}}
	r.pass(traces.Prefill, 0, m.Prompt)
	for i := range m.Tokens {
		r.pass(traces.Decode, int32(m.Prompt+i), 1)
	}
}

// run is the state of one Rows.
type run struct {
	m     Model
	yield func(*sim.Row) bool
	more  bool
	now   units.Picoseconds
	row   sim.Row

	addresses map[string]uint64 // of tensors, each in a range of its own
}

// spacing is larger than any tensor.
const spacing = 1 << 30

const (
	bandwidth = 16.0  // bytes a nanosecond
	rate      = 500.0 // multiply-accumulates a nanosecond
	dispatch  = 3 * units.Microsecond
)

func (r *run) pass(phase traces.Phase, token int32, n int) {
	m := r.m
	r.row.Phase, r.row.Token = phase, token
	r.at(-1, -1, false)
	r.matrix("embed", "token_embd.weight", n, m.Dim, 1)
	for layer := range m.Stored * m.Repeat {
		block := layer / m.Repeat
		r.at(layer, block, layer%m.Repeat > 0)
		name := func(s string) string { return fmt.Sprintf("blk.%d.%s.weight", block, s) }
		r.matrix("attn_norm", name("attn_norm"), 1, m.Dim, n)
		r.matrix("attn_q", name("attn_q"), m.Dim, m.Dim, n)
		r.matrix("attn_k", name("attn_k"), m.KV, m.Dim, n)
		r.matrix("attn_v", name("attn_v"), m.KV, m.Dim, n)
		r.attention(n, int(token)+n)
		r.matrix("attn_output", name("attn_output"), m.Dim, m.Dim, n)
		r.matrix("ffn_norm", name("ffn_norm"), 1, m.Dim, n)
		r.matrix("ffn_gate", name("ffn_gate"), m.FFN, m.Dim, n)
		r.matrix("ffn_up", name("ffn_up"), m.FFN, m.Dim, n)
		r.matrix("ffn_down", name("ffn_down"), m.Dim, m.FFN, n)
	}
	r.at(-1, -1, false)
	r.matrix("output_norm", "output_norm.weight", 1, m.Dim, n)
	r.matrix("output", "token_embd.weight", m.Vocab, m.Dim, 1)
}

func (r *run) at(layer, block int, repeated bool) {
	r.row.Layer, r.row.Block, r.row.Repeated = int32(layer), int32(block), repeated
}

func (r *run) matrix(op, tensor string, rows, cols, n int) {
	weights := units.Bytes(2 * rows * cols)
	w := sim.Operand{Tensor: tensor, Kind: traces.Weight, Access: traces.Read, DType: "f16", Bytes: sim.BytesByLevel{Requested: weights, DRAMRead: weights}}
	if r.row.Repeated {
		w.Bytes.SRAMHit, w.Bytes.DRAMRead = weights, 0
	}
	r.emit(op, int64(rows)*int64(cols)*int64(n), []sim.Operand{w, r.activation("x", cols*n, traces.Read), r.activation(op, rows*n, traces.Write)})
}

func (r *run) attention(n, context int) {
	past := units.Bytes(2 * r.m.KV * context)
	written := units.Bytes(2 * r.m.KV * n)
	ops := []sim.Operand{r.activation("attn_q", r.m.Dim*n, traces.Read)}
	for _, kv := range []string{"k", "v"} {
		tensor := fmt.Sprintf("cache_%s.%d", kv, r.row.Layer)
		ops = append(ops,
			sim.Operand{Tensor: tensor, Kind: traces.KV, Access: traces.Read, DType: "f16", Bytes: sim.BytesByLevel{Requested: past, DRAMRead: past}},
			sim.Operand{Tensor: tensor, Kind: traces.KV, Access: traces.Write, DType: "f16", Bytes: sim.BytesByLevel{Requested: written, DRAMWrite: written}})
	}
	r.emit("attention", int64(2*context*r.m.Dim*n), ops)
}

func (r *run) activation(tensor string, values int, a traces.Access) sim.Operand {
	n := units.Bytes(4 * values)
	return sim.Operand{Tensor: tensor, Kind: traces.Activation, Access: a, DType: "f32", Bytes: sim.BytesByLevel{Requested: n, SRAMHit: n}}
}

// emit prices the operator, splits its price over its operands by their bytes
// and yields the row.
func (r *run) emit(op string, macs int64, operands []sim.Operand) {
	if !r.more {
		return
	}
	row := &r.row
	for i := range operands {
		o := &operands[i]
		if _, known := r.addresses[o.Tensor]; !known {
			r.addresses[o.Tensor] = uint64(len(r.addresses)) * spacing
		}
		o.Addr = r.addresses[o.Tensor]
	}
	row.Op, row.MACs, row.Operands = op, macs, operands
	b := row.Bytes()
	moved := b.DRAMRead + b.DRAMWrite
	fetch := units.FromNanoseconds(float64(moved) / bandwidth)
	compute := units.FromNanoseconds(float64(macs) / rate)
	row.Time = sim.TimeParts{Dispatch: dispatch, Compute: min(compute, fetch/4), SRAM: units.FromNanoseconds(float64(b.SRAMHit) / 200)}
	if fetch > compute {
		row.Time.DRAM = fetch - row.Time.Compute
	} else {
		row.Time.Compute = compute
	}
	row.Energy = sim.EnergyParts{DRAM: moved.Energy(7), SRAM: b.SRAMHit.Energy(0.5), Compute: units.FromPicojoules(0.4 * float64(macs)),
		Static: units.Watts(0.3).Energy(row.Time.Total())}
	bursts := int64(moved) / 64
	row.DRAM = sim.DRAMCounts{Reads: bursts, RowHits: bursts - bursts/32, RowConflicts: bursts / 64, RowMisses: bursts/32 - bursts/64, Activates: bursts / 32}
	row.Start, row.End = r.now, r.now+row.Time.Total()
	Share(row)
	r.more = r.yield(row)
	r.now = row.End
	row.Seq++
}

// Share splits the row's time and energy over its operands by requested bytes,
// to the last picosecond and femtojoule.
func Share(row *sim.Row) {
	time, energy, rest := row.Time.Total(), row.Energy.Total(), row.Bytes().Requested
	for i := range row.Operands {
		o := &row.Operands[i]
		part := 1.0
		if i < len(row.Operands)-1 && rest > 0 {
			part = float64(o.Bytes.Requested) / float64(rest)
		}
		o.Time = units.Picoseconds(float64(time) * part)
		o.Energy = units.Femtojoules(float64(energy) * part)
		if i == len(row.Operands)-1 {
			o.Time, o.Energy = time, energy
		}
		time, energy, rest = time-o.Time, energy-o.Energy, rest-o.Bytes.Requested
	}
}

// Random returns n rows of arbitrary places and sizes that hold the ledger's
// invariants: time is covered once, and operands sum to their row.
func Random(rng *rand.Rand, n int) []sim.Row {
	rows := make([]sim.Row, n)
	var now units.Picoseconds
	for i := range rows {
		r := &rows[i]
		layer := int32(rng.IntN(5)) - 1
		*r = sim.Row{Seq: int64(i), Phase: []traces.Phase{traces.Prefill, traces.Decode}[min(1, 2*i/n)], Token: int32(4 * i / n), Layer: layer, Block: layer,
			Repeated: layer > 2, Op: fmt.Sprintf("op%d", rng.IntN(4)), MACs: rng.Int64N(1 << 30), Start: now,
			Time: sim.TimeParts{Dispatch: part(rng), Compute: part(rng), SRAM: part(rng), DRAM: part(rng), Flash: part(rng)},
			Energy: sim.EnergyParts{DRAM: units.Femtojoules(part(rng)), SRAM: units.Femtojoules(part(rng)), Flash: units.Femtojoules(part(rng)),
				Compute: units.Femtojoules(part(rng)), Static: units.Femtojoules(part(rng))}}
		for range 1 + rng.IntN(3) {
			hit, read, write := size(rng), size(rng), size(rng)
			r.Operands = append(r.Operands, sim.Operand{Tensor: fmt.Sprintf("t%d", rng.IntN(6)),
				Kind: []traces.Kind{traces.Weight, traces.KV, traces.Activation}[rng.IntN(3)], Access: []traces.Access{traces.Read, traces.Write}[rng.IntN(2)],
				DType: "f16", Bytes: sim.BytesByLevel{Requested: hit + read + write, SRAMHit: hit, DRAMRead: read, DRAMWrite: write, FlashRead: size(rng)}})
		}
		Share(r)
		r.End = r.Start + r.Time.Total()
		now = r.End
	}
	return rows
}

// part is often nothing and spans many orders of magnitude.
func part(rng *rand.Rand) units.Picoseconds {
	if rng.IntN(3) == 0 {
		return 0
	}
	return units.Picoseconds(rng.Int64N(1 << (1 + rng.IntN(36))))
}

func size(rng *rand.Rand) units.Bytes { return units.Bytes(part(rng)) }
