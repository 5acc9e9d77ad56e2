package fast

import "github.com/memsim/memsim/sim/dram"

// A rotation is a renaming of banks under which a controller behaves the same: all
// banks of a rank move on along a ring on which neighbours are in different
// groups, so that banks of one group stay in one group. Counting banks from the
// one that was last asked for makes the states in which a stream enters bank
// after bank one and the same.
//
// It holds for the open policy, which looks at banks by the age of requests only.
// The others look at them by number as well, and have one rotation, which changes
// nothing.
type rotation = dram.Order

// rotations are those of a Spec, and which one makes a bank the first of its rank.
type rotations struct {
	list []rotation
	at   [dram.MaxBanks]int // by bank
}

func newRotations(s *dram.Spec, t *dram.Timing) *rotations {
	r := &rotations{}
	steps := 1
	if s.Policy == dram.Open {
		steps = t.PerRank
		for bank := range t.Banks {
			r.at[bank] = ring(s, bank)
		}
	}
	for k := range steps {
		r.list = append(r.list, rotate(s, t, k))
	}
	return r
}

// ring is the place of a bank on the ring of its rank.
func ring(s *dram.Spec, bank int) int {
	inRank := bank % s.BanksPerRank()
	group, member := inRank/s.BanksPerGroup, inRank%s.BanksPerGroup
	return member*s.BankGroups + group
}

// rotate returns the rotation by k places.
func rotate(s *dram.Spec, t *dram.Timing, k int) rotation {
	var r rotation
	for bank := range t.Banks {
		counted := bank/t.PerRank*t.PerRank + (ring(s, bank)-k+t.PerRank)%t.PerRank
		r.Bank[counted], r.Count[bank] = bank, counted
	}
	for rank := range t.Ranks {
		for i := range s.BankGroups {
			r.Groups = append(r.Groups, int(t.GroupOf[r.Bank[rank*t.PerRank+i]]))
		}
	}
	return r
}
