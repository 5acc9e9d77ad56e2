package dram

// A turn is a renaming of banks under which a controller behaves the same: all
// banks of a rank move on along a ring of bank groups, so that banks of one group
// stay in one group. Counting banks from the one that was last asked for makes
// the states in which a stream enters bank after bank one and the same.
//
// It holds for the open policy, which looks at banks by the age of requests only.
// The others look at them by number as well, and have one turn, that changes
// nothing.
type turn struct {
	bank   []int // from a counted bank to the real one
	count  []int // from a real bank to the counted one
	groups []int // real bank groups in counted order
}

// turns lists the turns of a Spec, and the one at which each bank is the first of
// its rank.
func turns(p *plan) (list []turn, at []int) {
	s := p.spec
	at = make([]int, p.banks)
	steps := 1
	if s.Policy == Open {
		steps = p.perRank
		for bank := range at {
			at[bank] = p.ring(bank)
		}
	}
	for k := range steps {
		list = append(list, p.turn(k))
	}
	return list, at
}

// ring is the place of a bank on the ring of its rank: neighbours are in
// different groups.
func (p *plan) ring(bank int) int {
	inRank := bank % p.perRank
	group, member := inRank/p.spec.BanksPerGroup, inRank%p.spec.BanksPerGroup
	return member*p.spec.BankGroups + group
}

// turn returns the turn by k places.
func (p *plan) turn(k int) turn {
	groups, members := p.spec.BankGroups, p.spec.BanksPerGroup
	t := turn{bank: make([]int, p.banks), count: make([]int, p.banks)}
	for bank := range p.banks {
		j := (p.ring(bank) - k + p.perRank) % p.perRank
		counted := bank/p.perRank*p.perRank + j%groups*members + j/groups
		t.bank[counted], t.count[bank] = bank, counted
	}
	for counted := 0; counted < p.banks; counted += members {
		t.groups = append(t.groups, int(p.groupOf[t.bank[counted]]))
	}
	return t
}
