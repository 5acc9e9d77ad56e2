package html

import (
	"sort"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/totals"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// operator is a line of the table of operators.
type operator struct {
	Name        string  `json:"operator"`
	Repeated    bool    `json:"shared_repeat"`
	Runs        float64 `json:"runs_per_token"`
	Microsecond float64 `json:"time_us_per_token"`
	Share       float64 `json:"time_pct"` // of all operators' time
	Bar         float64 `json:"-"`        // percent of the dearest one's
	Limit       string  `json:"mostly"`   // what most of its time is spent on
	DRAM        float64 `json:"dram_mb_per_token"`
	Rate        float64 `json:"dram_gbps"`
	Hits        float64 `json:"sram_hit_pct"`     // of requested bytes
	RowHits     float64 `json:"dram_row_hit_pct"` // of DRAM bursts
	Energy      float64 `json:"energy_uj_per_token"`
}

// operators sums the operators in sight over the layers, dearest first.
func (l lens) operators() []operator {
	type key struct {
		op       string
		repeated bool
	}
	sums := map[key]*totals.Op{}
	var order []*totals.Op
	var all units.Picoseconds
	for op := range l.ops {
		s := sums[key{op.Op, op.Repeated}]
		if s == nil {
			s = &totals.Op{Place: op.Place}
			sums[key{op.Op, op.Repeated}] = s
			order = append(order, s)
		}
		s.Runs, s.Time, s.Energy = s.Runs+op.Runs, s.Time.Plus(op.Time), s.Energy.Plus(op.Energy)
		s.Bytes, s.DRAM = s.Bytes.Plus(op.Bytes), s.DRAM.Plus(op.DRAM)
		all += op.Time.Total()
	}
	list := []operator{}
	for _, s := range order {
		list = append(list, l.operator(s, all))
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Microsecond > list[j].Microsecond })
	for i := range list {
		if list[0].Share > 0 {
			list[i].Bar = 100 * list[i].Share / list[0].Share
		}
	}
	return list
}

// operator turns sums into a line; all is the time of all operators.
func (l lens) operator(s *totals.Op, all units.Picoseconds) operator {
	time, dram := s.Time.Total(), s.Bytes.DRAMRead+s.Bytes.DRAMWrite
	o := operator{
		Name: profiles.Clean(s.Op), Repeated: s.Repeated, Limit: limitOf(s),
		Runs: float64(s.Runs) / l.over, Microsecond: time.Nanoseconds() / 1e3 / l.over,
		DRAM: float64(dram) / 1e6 / l.over, Energy: s.Energy.Total().Millijoules() * 1e3 / l.over,
		Share: percent(int64(time), int64(all)), Hits: percent(int64(s.Bytes.SRAMHit), int64(s.Bytes.Requested)),
		RowHits: percent(s.DRAM.RowHits, s.DRAM.RowHits+s.DRAM.RowMisses+s.DRAM.RowConflicts),
	}
	if time > 0 {
		o.Rate = float64(dram) / time.Nanoseconds()
	}
	return o
}

func percent(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
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

// tensor is a line of the table of tensors.
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

// tensors sums the operands in sight by tensor, in the order in
// which each was first touched.
func (l lens) tensors() []tensor {
	type key struct {
		name string
		kind traces.Kind
	}
	at := map[key]int{}
	list := []tensor{}
	for o := range l.operands {
		k := key{o.Tensor, o.Kind}
		i, ok := at[k]
		if !ok {
			i = len(list)
			at[k] = i
			list = append(list, tensor{Name: profiles.Clean(o.Tensor), Kind: string(o.Kind), DType: profiles.Clean(o.DType)})
		}
		t := &list[i]
		t.DRAM += float64(o.Bytes.DRAMRead+o.Bytes.DRAMWrite) / l.over
		t.SRAM += float64(o.Bytes.SRAMHit) / l.over
		t.Flash += float64(o.Bytes.FlashRead) / l.over
		t.Time += o.Time.Nanoseconds() / 1e3 / l.over
		t.Energy += o.Energy.Millijoules() * 1e3 / l.over
	}
	for i := range list {
		list[i].Time, list[i].Energy = round(list[i].Time, 6), round(list[i].Energy, 6)
	}
	return list
}
