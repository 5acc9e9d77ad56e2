package dram

// A turn is a renaming of banks under which a controller behaves the same: all
// banks of a rank move on along a ring on which neighbours are in different
// groups, so that banks of one group stay in one group. Counting banks from the
// one that was last asked for makes the states in which a stream enters bank
// after bank one and the same.
//
// It holds for the open policy, which looks at banks by the age of requests only.
// The others look at them by number as well, and have one turn, that changes
// nothing.
type turn struct {
	bank   [maxBanks]int // from a counted bank to the real one
	count  [maxBanks]int // from a real bank to the counted one
	groups []int         // real bank groups in counted order
}

// turns are those of a Spec, and which one makes a bank the first of its rank.
type turns struct {
	list []turn
	at   [maxBanks]int // by bank
}

func newTurns(p *plan) *turns {
	t := &turns{}
	steps := 1
	if p.spec.Policy == Open {
		steps = p.perRank
		for bank := range p.banks {
			t.at[bank] = p.ring(bank)
		}
	}
	for k := range steps {
		t.list = append(t.list, p.turn(k))
	}
	return t
}

// ring is the place of a bank on the ring of its rank.
func (p *plan) ring(bank int) int {
	inRank := bank % p.perRank
	group, member := inRank/p.spec.BanksPerGroup, inRank%p.spec.BanksPerGroup
	return member*p.spec.BankGroups + group
}

// turn returns the turn by k places.
func (p *plan) turn(k int) turn {
	var t turn
	for bank := range p.banks {
		counted := bank/p.perRank*p.perRank + (p.ring(bank)-k+p.perRank)%p.perRank
		t.bank[counted], t.count[bank] = bank, counted
	}
	for rank := range p.ranks {
		for i := range p.spec.BankGroups {
			t.groups = append(t.groups, int(p.groupOf[t.bank[rank*p.perRank+i]]))
		}
	}
	return t
}
