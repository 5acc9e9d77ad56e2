package html

import (
	"sort"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/totals"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// operator is a line of the table of operators, per token of the focused phase.
type operator struct {
	Name        string  `json:"operator"`
	Repeated    bool    `json:"shared_repeat"`
	Runs        float64 `json:"runs_per_token"`
	Microsecond float64 `json:"time_us_per_token"`
	Share       float64 `json:"time_pct"` // of all operators' time
	Limit       string  `json:"mostly"`   // what most of its time is spent on
	DRAM        float64 `json:"dram_mb_per_token"`
	Rate        float64 `json:"dram_gbps"`
	Hits        float64 `json:"sram_hit_pct"`     // of requested bytes
	RowHits     float64 `json:"dram_row_hit_pct"` // of DRAM bursts
	Energy      float64 `json:"energy_uj_per_token"`
}

// operators sums the operators of the focused phase over the layers, dearest
// first.
func (m *Model) operators() []operator {
	type key struct {
		op       string
		repeated bool
	}
	sums := map[key]*totals.Op{}
	var order []key
	var all units.Picoseconds
	tokens := 1.0
	m.eachOp(func(op *totals.Op, n float64) {
		tokens = n
		k := key{op.Op, op.Repeated}
		if sums[k] == nil {
			sums[k] = &totals.Op{}
			order = append(order, k)
		}
		s := sums[k]
		s.Runs, s.Time, s.Energy, s.Bytes = s.Runs+op.Runs, s.Time.Plus(op.Time), s.Energy.Plus(op.Energy), s.Bytes.Plus(op.Bytes)
		s.DRAM = s.DRAM.Plus(op.DRAM)
		all += op.Time.Total()
	})
	var list []operator
	for _, k := range order {
		s := sums[k]
		time, moved := s.Time.Total(), s.Bytes.DRAMRead+s.Bytes.DRAMWrite
		o := operator{Name: profiles.Clean(k.op), Repeated: k.repeated, Runs: float64(s.Runs) / tokens, Microsecond: time.Nanoseconds() / 1e3 / tokens,
			Limit: limitOf(s), DRAM: float64(moved) / 1e6 / tokens, Energy: s.Energy.Total().Millijoules() * 1e3 / tokens}
		if time > 0 {
			o.Rate, o.Share = float64(moved)/time.Nanoseconds(), 100*float64(time)/float64(all)
		}
		if s.Bytes.Requested > 0 {
			o.Hits = 100 * float64(s.Bytes.SRAMHit) / float64(s.Bytes.Requested)
		}
		if bursts := s.DRAM.RowHits + s.DRAM.RowMisses + s.DRAM.RowConflicts; bursts > 0 {
			o.RowHits = 100 * float64(s.DRAM.RowHits) / float64(bursts)
		}
		list = append(list, o)
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Microsecond > list[j].Microsecond })
	return list
}

func limitOf(s *totals.Op) string {
	name, most := "DRAM", s.Time.DRAM
	for _, p := range []struct {
		name string
		time units.Picoseconds
	}{{"flash", s.Time.Flash}, {"SRAM", s.Time.SRAM}, {"compute", s.Time.Compute}, {"dispatch", s.Time.Dispatch}} {
		if p.time > most {
			name, most = p.name, p.time
		}
	}
	return name
}

// tensor is a line of the table of tensors, per token of the focused phase.
type tensor struct {
	Name   string  `json:"tensor"`
	Kind   string  `json:"kind"`
	DType  string  `json:"dtype"`
	DRAM   float64 `json:"dram_bytes_per_token"`
	SRAM   float64 `json:"sram_bytes_per_token"`
	Flash  float64 `json:"flash_bytes_per_token"`
	Time   float64 `json:"time_us_per_token"`
	Energy float64 `json:"energy_uj_per_token"`
}

// tensors sums the operands of the focused phase by tensor, in the order in
// which each was first touched.
func (m *Model) tensors() []tensor {
	type key struct {
		name string
		kind traces.Kind
	}
	phase, n := m.focus()
	at := map[key]int{}
	list := []tensor{}
	for _, o := range m.sums.Operands() {
		if o.Phase != phase {
			continue
		}
		k := key{o.Tensor, o.Kind}
		i, ok := at[k]
		if !ok {
			i = len(list)
			at[k] = i
			list = append(list, tensor{Name: profiles.Clean(o.Tensor), Kind: string(o.Kind), DType: profiles.Clean(o.DType)})
		}
		t := &list[i]
		t.DRAM += float64(o.Bytes.DRAMRead+o.Bytes.DRAMWrite) / n
		t.SRAM += float64(o.Bytes.SRAMHit) / n
		t.Flash += float64(o.Bytes.FlashRead) / n
		t.Time += o.Time.Nanoseconds() / 1e3 / n
		t.Energy += o.Energy.Millijoules() * 1e3 / n
	}
	for i := range list {
		list[i].Time, list[i].Energy = round(list[i].Time, 6), round(list[i].Energy, 6)
	}
	return list
}
