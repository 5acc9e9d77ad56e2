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
	Precharges       int64 // PREpb
	PrechargeAlls    int64 // PREab
	AllBankRefreshes int64 // REFab
	BankRefreshes    int64 // REFpb
	WriteClockStarts int64 // CAS_RD and CAS_WR
	PowerDowns       int64 // entries
	SelfRefreshes    int64 // entries
}

// Residency is the time that ranks spent in each state, in clocks summed over
// the ranks of all channels.
type Residency struct {
	Active      int64 // at least one row open
	Precharge   int64 // no row open
	PowerDown   int64
	SelfRefresh int64
}

// Requests returns the bursts that were asked for.
func (c Counts) Requests() int64 { return c.Reads + c.Writes + c.Forwarded + c.Coalesced }

// Plus returns the sum.
func (c Counts) Plus(o Counts) Counts { return c.plus(o, 1) }

// Minus returns the difference.
func (c Counts) Minus(o Counts) Counts { return c.plus(o, -1) }

func (c Counts) plus(o Counts, n int64) Counts {
	return Counts{
		c.Reads + n*o.Reads, c.Writes + n*o.Writes, c.Forwarded + n*o.Forwarded, c.Coalesced + n*o.Coalesced,
		c.RowHits + n*o.RowHits, c.RowMisses + n*o.RowMisses, c.RowConflicts + n*o.RowConflicts,
		c.Activates + n*o.Activates, c.Precharges + n*o.Precharges, c.PrechargeAlls + n*o.PrechargeAlls,
		c.AllBankRefreshes + n*o.AllBankRefreshes, c.BankRefreshes + n*o.BankRefreshes,
		c.WriteClockStarts + n*o.WriteClockStarts, c.PowerDowns + n*o.PowerDowns, c.SelfRefreshes + n*o.SelfRefreshes,
	}
}

func (r Residency) plus(o Residency, n int64) Residency {
	return Residency{r.Active + n*o.Active, r.Precharge + n*o.Precharge, r.PowerDown + n*o.PowerDown, r.SelfRefresh + n*o.SelfRefresh}
}

// A tally is all that a channel counts.
type tally struct {
	Counts
	Residency
}

func (t tally) plus(o tally, n int64) tally {
	return tally{t.Counts.plus(o.Counts, n), t.Residency.plus(o.Residency, n)}
}

// add adds o to t in place.
func (t *tally) add(o *tally) {
	t.Reads += o.Reads
	t.Writes += o.Writes
	t.Forwarded += o.Forwarded
	t.Coalesced += o.Coalesced
	t.RowHits += o.RowHits
	t.RowMisses += o.RowMisses
	t.RowConflicts += o.RowConflicts
	t.Activates += o.Activates
	t.Precharges += o.Precharges
	t.PrechargeAlls += o.PrechargeAlls
	t.AllBankRefreshes += o.AllBankRefreshes
	t.BankRefreshes += o.BankRefreshes
	t.WriteClockStarts += o.WriteClockStarts
	t.PowerDowns += o.PowerDowns
	t.SelfRefreshes += o.SelfRefreshes
	t.Active += o.Active
	t.Precharge += o.Precharge
	t.PowerDown += o.PowerDown
	t.SelfRefresh += o.SelfRefresh
}
