package dram

// Counts are the commands that a memory issued, and how its requests met the
// rows: every read and write that reached the array is a hit (its row was open),
// a miss (its bank was closed) or a conflict (another row was open).
type Counts struct {
	Reads            int64 // bursts
	Writes           int64 // bursts
	Forwarded        int64 // reads answered from the write queue
	Coalesced        int64 // writes that overwrote a queued one
	RowHits          int64
	RowMisses        int64
	RowConflicts     int64
	Activates        int64
	ReadsClosing     int64 // RDA, of the reads
	WritesClosing    int64 // WRA, of the writes
	Precharges       int64 // PREpb
	PrechargeAlls    int64 // PREab
	AllBankRefreshes int64 // REFab
	BankRefreshes    int64 // REFpb
	WriteClockStarts int64 // CAS_RD and CAS_WR
	StartsForWrites  int64 // CAS_WR, of the write clock starts
	PowerDowns       int64 // entries
	SelfRefreshes    int64 // entries
}

// Requests returns the bursts that were asked for.
func (c Counts) Requests() int64 { return c.Reads + c.Writes + c.Forwarded + c.Coalesced }

// Commands returns the commands by their JEDEC names, those that a memory of this
// configuration can issue, with entries of power-down (PDE) and self-refresh (SRE).
func (c Counts) Commands(s *Spec) map[string]int64 {
	m := map[string]int64{
		"RD": c.Reads - c.ReadsClosing, "RDA": c.ReadsClosing, "WR": c.Writes - c.WritesClosing, "WRA": c.WritesClosing,
		"PREpb": c.Precharges, "PREab": c.PrechargeAlls, "REFab": c.AllBankRefreshes,
		"PDE": c.PowerDowns, "SRE": c.SelfRefreshes,
	}
	if s.Split {
		m["ACT1"], m["ACT2"] = c.Activates, c.Activates
	} else {
		m["ACT"] = c.Activates
	}
	if standards[s.Standard].perBank {
		m["REFpb"] = c.BankRefreshes
	}
	if s.WriteClock {
		m["CAS_RD"], m["CAS_WR"] = c.WriteClockStarts-c.StartsForWrites, c.StartsForWrites
	}
	return m
}

// Plus returns the sum.
func (c Counts) Plus(o Counts) Counts {
	return Counts{
		c.Reads + o.Reads, c.Writes + o.Writes, c.Forwarded + o.Forwarded, c.Coalesced + o.Coalesced,
		c.RowHits + o.RowHits, c.RowMisses + o.RowMisses, c.RowConflicts + o.RowConflicts,
		c.Activates + o.Activates, c.ReadsClosing + o.ReadsClosing, c.WritesClosing + o.WritesClosing, c.Precharges + o.Precharges, c.PrechargeAlls + o.PrechargeAlls,
		c.AllBankRefreshes + o.AllBankRefreshes, c.BankRefreshes + o.BankRefreshes,
		c.WriteClockStarts + o.WriteClockStarts, c.StartsForWrites + o.StartsForWrites, c.PowerDowns + o.PowerDowns, c.SelfRefreshes + o.SelfRefreshes,
	}
}

// Counters are all that a channel counts: the fields of Counts, and the clocks that
// its ranks capReached in each state, summed over them.
type Counters [nCounters]int64

// The places of Counters.
const (
	countReads = iota
	countWrites
	countForwarded
	countCoalesced
	countRowHits
	countRowMisses
	countRowConflicts
	countActivates
	countReadsClosing
	countWritesClosing
	countPrecharges
	countPrechargeAlls
	countAllBankRefreshes
	countBankRefreshes
	countWriteClockStarts
	countStartsForWrites
	countPowerDowns
	countSelfRefreshes
	clocksActive    // at least one row open
	clocksPrecharge // no row open
	clocksPowerDown
	clocksSelfRefresh
	nCounters
)

// Counts returns the commands among them.
func (t *Counters) Counts() Counts {
	return Counts{
		Reads:            t[countReads],
		Writes:           t[countWrites],
		Forwarded:        t[countForwarded],
		Coalesced:        t[countCoalesced],
		RowHits:          t[countRowHits],
		RowMisses:        t[countRowMisses],
		RowConflicts:     t[countRowConflicts],
		Activates:        t[countActivates],
		ReadsClosing:     t[countReadsClosing],
		WritesClosing:    t[countWritesClosing],
		Precharges:       t[countPrecharges],
		PrechargeAlls:    t[countPrechargeAlls],
		AllBankRefreshes: t[countAllBankRefreshes],
		BankRefreshes:    t[countBankRefreshes],
		WriteClockStarts: t[countWriteClockStarts],
		StartsForWrites:  t[countStartsForWrites],
		PowerDowns:       t[countPowerDowns],
		SelfRefreshes:    t[countSelfRefreshes],
	}
}

// Since returns what was counted after earlier Counters.
func (t *Counters) Since(before *Counters) (d Counters) {
	for i := range d {
		d[i] = t[i] - before[i]
	}
	return d
}

// Add adds other Counters.
func (t *Counters) Add(o *Counters) { t.AddTimes(o, 1) }

// AddTimes adds other Counters n times.
func (t *Counters) AddTimes(o *Counters, n int64) {
	for i := range t {
		t[i] += n * o[i]
	}
}
