package sim

import (
	"github.com/memsim/memsim/sim/residency"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// Sums are totals over the rows of one phase.
type Sums struct {
	Ops     int64
	Steps   int64 // forward passes
	Time    TimeParts
	Energy  EnergyParts
	Bytes   BytesByLevel
	DRAM    DRAMCounts
	Experts ExpertUse
	MACs    int64
	HostNS  int64
}

// Collector sums a ledger by phase as its rows pass by. The zero value is
// ready.
type Collector struct {
	phases map[traces.Phase]*phase
	phase  *phase      // of the row before
	first  *phase      // of the first forward pass
	block  units.Bytes // weights that layer 0 read in it
}

type phase struct {
	Sums
	name  traces.Phase
	token int32
}

// Add takes a row into account.
func (c *Collector) Add(r *Row) {
	s := c.phase
	if s == nil || s.name != r.Phase {
		s = c.begin(r.Phase)
	}
	if s.Ops == 0 || s.token != r.Token {
		s.token = r.Token
		s.Steps++
	}
	s.Ops++
	s.Time = s.Time.Plus(r.Time)
	s.Energy = s.Energy.Plus(r.Energy)
	s.Bytes = s.Bytes.Plus(r.Bytes())
	s.DRAM = s.DRAM.Plus(r.DRAM)
	s.Experts = s.Experts.Plus(r.Experts)
	s.MACs += r.MACs
	s.HostNS += r.HostNS
	c.addBlock(r, s)
}

// addBlock sums the weights of a block: those of layer 0 in the first forward pass.
func (c *Collector) addBlock(r *Row, s *phase) {
	if r.Layer != 0 || r.Phase == traces.Load || s.Steps > 1 || c.first != nil && c.first != s {
		return
	}
	c.first = s
	for i := range r.Operands {
		if r.Operands[i].Kind == traces.Weight {
			c.block += r.Operands[i].Bytes.Requested
		}
	}
}

// begin makes the phase of a row the present one.
func (c *Collector) begin(name traces.Phase) *phase {
	if c.phases == nil {
		c.phases = map[traces.Phase]*phase{}
	}
	s, ok := c.phases[name]
	if !ok {
		s = &phase{name: name}
		c.phases[name] = s
	}
	c.phase = s
	return s
}

// Phase returns the sums of a phase.
func (c *Collector) Phase(p traces.Phase) Sums {
	if s, ok := c.phases[p]; ok {
		return s.Sums
	}
	return Sums{}
}

// result puts the figures of a ledger under the names that users know.
func (c *Collector) result(m *Machine, h traces.Header, x *mixture) Result {
	decode := c.Phase(traces.Decode)
	r := Result{
		Model:           h.Model,
		Quant:           h.Quant,
		Sharing:         h.Sharing,
		Params:          h.Shape.Params,
		StoredParams:    h.Shape.StoredParams,
		LayersExecuted:  h.Shape.LayersExecuted,
		LayersStored:    h.Shape.LayersStored,
		Dim:             h.Shape.Dim,
		FFN:             h.Shape.FFN,
		Heads:           h.Shape.Heads,
		KVHeads:         h.Shape.KVHeads,
		Vocab:           h.Shape.Vocab,
		PromptTokens:    h.PromptTokens,
		Tokens:          h.Tokens,
		PrefillMS:       c.Phase(traces.Prefill).Time.Total().Milliseconds(),
		LoadMS:          c.Phase(traces.Load).Time.Total().Milliseconds(),
		ModelBytes:      h.ModelBytes,
		BlockBytes:      int64(c.block),
		DRAMBudgetBytes: int64(m.budget),
	}
	r.TimeToFirstTokenMS = r.PrefillMS
	r.reside(m, m.footprint(h, x))
	for i, name := range m.unit.Caches {
		r.Caches = append(r.Caches, Cache{name, m.caches[i].Capacity})
	}
	if h.HostDecodeNS > 0 {
		r.HostTokensPerS = float64(h.Tokens) / (float64(h.HostDecodeNS) / 1e9)
	}
	if decode.Steps == 0 {
		return r
	}
	r.perToken(m, decode)
	return r
}

// reside fills the figures of what the model occupies.
func (r *Result) reside(m *Machine, f residency.Footprint) {
	verdict, room := m.limits.Judge(f)
	r.FitsDRAMBudget = f.Model() <= m.budget
	r.FootprintBytes = int64(f.Total())
	r.FootprintPartsBytes = FootprintBytes{int64(f.Weights()), int64(f.KV), int64(f.Activations), int64(f.Runtime)}
	r.MappedWeightBytes = int64(f.Mapped)
	r.ResidentWeightBytes = int64(f.Pinned + room)
	r.AppLimitBytes = int64(m.limits.Kill)
	r.Residency = verdict
}

// perToken fills the figures that are means over the decode steps.
func (r *Result) perToken(m *Machine, s Sums) {
	per := 1 / float64(s.Steps)
	ms := func(t units.Picoseconds) float64 { return t.Milliseconds() * per }
	mj := func(e units.Femtojoules) float64 { return e.Millijoules() * per }
	time := s.Time.Total()
	moved := float64(s.Bytes.DRAMRead + s.Bytes.DRAMWrite)

	r.LatencyMS = ms(time)
	r.LatencyPartsMS = LatencyMS{ms(s.Time.Dispatch), ms(s.Time.Compute), ms(s.Time.SRAM), ms(s.Time.DRAM), ms(s.Time.Flash)}
	r.TokensPerS = float64(s.Steps) / time.Seconds()
	r.DRAMBytesPerToken = moved * per
	r.DRAMBandwidthGBps = moved / time.Seconds() / 1e9
	r.DRAMRowHitRate = share(s.DRAM.RowHits, s.DRAM.RowHits+s.DRAM.RowMisses+s.DRAM.RowConflicts)
	r.SRAMHitRate = share(int64(s.Bytes.SRAMHit), int64(s.Bytes.Requested))
	r.FlashBytesPerToken = float64(s.Bytes.FlashRead) * per
	r.ExpertHitRate = share(s.Experts.Held, s.Experts.Chosen)
	r.IOMSPerToken = ms(s.Experts.IO)
	r.EnergyMJPerToken = mj(s.Energy.Total())
	r.EnergyPartsMJ = EnergyMJ{mj(s.Energy.DRAM), mj(s.Energy.SRAM), mj(s.Energy.Flash), mj(s.Energy.Compute), mj(s.Energy.Static)}
	r.MemoryEnergyMJ = mj(s.Energy.MemoryPath())
	phone := s.Energy.Total() + m.energy.System(time)
	r.PhoneEnergyMJ = mj(phone)
	if m.warm != nil {
		share, after := m.warm.Warm(units.Watts(phone.Joules() / time.Seconds()))
		r.SustainedTokensPerS, r.ThrottlesAfterS = r.TokensPerS*share, after
	}
	if m.device.Battery != nil {
		r.TokensPerCharge = float64(m.device.Battery.Value) / (phone.Joules() * per)
	}
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
