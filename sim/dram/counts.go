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

// addChange adds to t in place, n times, what was counted from a tally to a later
// one.
func (t *tally) addChange(from, to *tally, n int64) {
	t.Reads += n * (to.Reads - from.Reads)
	t.Writes += n * (to.Writes - from.Writes)
	t.Forwarded += n * (to.Forwarded - from.Forwarded)
	t.Coalesced += n * (to.Coalesced - from.Coalesced)
	t.RowHits += n * (to.RowHits - from.RowHits)
	t.RowMisses += n * (to.RowMisses - from.RowMisses)
	t.RowConflicts += n * (to.RowConflicts - from.RowConflicts)
	t.Activates += n * (to.Activates - from.Activates)
	t.Precharges += n * (to.Precharges - from.Precharges)
	t.PrechargeAlls += n * (to.PrechargeAlls - from.PrechargeAlls)
	t.AllBankRefreshes += n * (to.AllBankRefreshes - from.AllBankRefreshes)
	t.BankRefreshes += n * (to.BankRefreshes - from.BankRefreshes)
	t.WriteClockStarts += n * (to.WriteClockStarts - from.WriteClockStarts)
	t.PowerDowns += n * (to.PowerDowns - from.PowerDowns)
	t.SelfRefreshes += n * (to.SelfRefreshes - from.SelfRefreshes)
	t.Active += n * (to.Active - from.Active)
	t.Precharge += n * (to.Precharge - from.Precharge)
	t.PowerDown += n * (to.PowerDown - from.PowerDown)
	t.SelfRefresh += n * (to.SelfRefresh - from.SelfRefresh)
}

// packed is a tally in half the space.
type packed [19]uint32

// pack packs a tally whose fields fit.
func pack(t tally) packed {
	return packed{
		uint32(t.Reads),
		uint32(t.Writes),
		uint32(t.Forwarded),
		uint32(t.Coalesced),
		uint32(t.RowHits),
		uint32(t.RowMisses),
		uint32(t.RowConflicts),
		uint32(t.Activates),
		uint32(t.Precharges),
		uint32(t.PrechargeAlls),
		uint32(t.AllBankRefreshes),
		uint32(t.BankRefreshes),
		uint32(t.WriteClockStarts),
		uint32(t.PowerDowns),
		uint32(t.SelfRefreshes),
		uint32(t.Active),
		uint32(t.Precharge),
		uint32(t.PowerDown),
		uint32(t.SelfRefresh),
	}
}

// open unpacks it.
func (p *packed) open() *tally {
	return &tally{
		Counts{
			Reads:            int64(p[0]),
			Writes:           int64(p[1]),
			Forwarded:        int64(p[2]),
			Coalesced:        int64(p[3]),
			RowHits:          int64(p[4]),
			RowMisses:        int64(p[5]),
			RowConflicts:     int64(p[6]),
			Activates:        int64(p[7]),
			Precharges:       int64(p[8]),
			PrechargeAlls:    int64(p[9]),
			AllBankRefreshes: int64(p[10]),
			BankRefreshes:    int64(p[11]),
			WriteClockStarts: int64(p[12]),
			PowerDowns:       int64(p[13]),
			SelfRefreshes:    int64(p[14]),
		},
		Residency{
			Active:      int64(p[15]),
			Precharge:   int64(p[16]),
			PowerDown:   int64(p[17]),
			SelfRefresh: int64(p[18]),
		},
	}
}
