package dram

import (
	"fmt"
	"testing"

	"github.com/memsim/memsim/devices"
)

// TestRules takes each row of each standard's table alone, for each pair of its
// commands: the following command is legal at the rule's clock, and illegal one
// before, where the rule's level says so; elsewhere it is free.
func TestRules(t *testing.T) {
	for _, part := range parts {
		spec, err := SpecOf(devices.DRAM{
			Part: part.Name, Spec: part, Channels: count(1), Ranks: count(2),
			Mapping: "RoBaRaCoCh", PagePolicy: "open", Refresh: "all",
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, rule := range spec.Constraints {
			alone := spec
			alone.Constraints = spec.Constraints[i : i+1]
			for _, before := range rule.Preceding {
				for _, after := range rule.Following {
					name := fmt.Sprintf("%s/%s/%s to %s/%s", part.Name, rule.Name, before, after, rule.Level)
					t.Run(name, func(t *testing.T) { checkRule(t, alone, before, after) })
				}
			}
		}
	}
}

func checkRule(t *testing.T, spec Spec, before, after Command) {
	rule := spec.Constraints[0]
	c := NewChannel(NewTiming(&spec), &Guard{})
	const bank, start = 5, 1000
	c.Now = start
	for range max(rule.Window, 1) { // a window counts from the first command in it
		c.issue(before, bank, 0)
		c.Now++
	}
	legal := start + rule.Clocks + spec.BusClocks[before] - spec.BusClocks[after]
	sameGroup := bank ^ 1
	otherGroup := (bank + spec.BanksPerGroup) % spec.BanksPerRank()
	otherRank := bank + spec.BanksPerRank()
	held := map[Level]map[int]bool{
		LevelChannel:    {bank: true, sameGroup: true, otherGroup: true, otherRank: true},
		LevelRank:       {bank: true, sameGroup: true, otherGroup: true, otherRank: false},
		LevelOtherRanks: {bank: false, sameGroup: false, otherGroup: false, otherRank: true},
		LevelBankGroup:  {bank: true, sameGroup: true, otherGroup: false, otherRank: false},
		LevelBank:       {bank: true, sameGroup: false, otherGroup: false, otherRank: false},
	}[rule.Level]
	if spec.BankGroups == 1 {
		delete(held, otherGroup)
		held[sameGroup] = held[sameGroup] || rule.Level == LevelRank
	}
	for at, isHeld := range held {
		earliest := c.earliest(columnOf[after], at)
		switch {
		case isHeld && (legal < earliest || legal-1 >= earliest):
			t.Errorf("bank %d: %s %d clocks after %s: legal from %d on, the rule says %d (%s = %s)",
				at, after, earliest-start, before, earliest, legal, rule.Name, rule.Latency)
		case !isHeld && earliest > start:
			t.Errorf("bank %d: %s is held back until %d by a rule of level %s", at, after, earliest, rule.Level)
		}
	}
}

// TestRulesByNumber pins latencies of LPDDR5-6400 that the standard's tables give
// in clocks, so that a slip in a formula is seen.
func TestRulesByNumber(t *testing.T) {
	spec := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", AllBank, Open)
	want := map[string]int64{
		"bank: ACT1 to RD":          15,
		"bank: ACT1 to PREpb":       34,
		"bank: PREpb to ACT1":       15,
		"bank: ACT1 to ACT1":        49,
		"bank: RD to PREpb":         8,
		"bank: WR to PREpb":         9 + 2 + 28,
		"bank group: RD to RD":      4,
		"bank group: WR to RD":      9 + 4 + 10,
		"rank: RD to RD":            2,
		"rank: RD to WR":            17 + 2 + 2 - 9,
		"rank: WR to RD":            9 + 2 + 5,
		"rank: REFab to ACT1":       224,
		"rank: PREab to ACT1":       17,
		"other ranks: RD to WR":     17 + 2 + 2 - 9,
		"other ranks: WR to RD":     9 + 2 + 2 - 17,
		"bank: REFpb to ACT1":       112,
		"rank: REFpb to REFpb":      72,
		"rank: PREpb to PREab":      2,
		"rank: ACT1 to ACT1 (four)": 16,
	}
	checkLatencies(t, spec, want)
}

// TestRulesOfDDR5ByNumber pins DDR5-4800's, those for switching ranks among them.
func TestRulesOfDDR5ByNumber(t *testing.T) {
	checkLatencies(t, partSpec(t, "ddr5-4800", "RoBaRaCoCh", AllBank, Open), map[string]int64{
		"other ranks: RD to RD":     8 + 2,
		"other ranks: WR to WR":     8 + 2,
		"other ranks: RD to WR":     36 + 8 + 2 - 34,
		"other ranks: WR to RD":     34 + 8 + 2 - 36,
		"rank: RD to RD":            8,
		"rank: RD to WR":            36 + 8 + 4 - 34,
		"rank: WR to RD":            34 + 8 + 6,
		"rank: ACT1 to ACT1 (four)": 60,
		"bank group: WR to WR":      48,
		"bank group: WR to RD":      34 + 8 + 24,
		"bank: ACT1 to RD":          36,
		"bank: WR to PREpb":         34 + 8 + 72,
		"rank: REFab to ACT1":       708,
	})
}

// TestRulesOfLPDDR4XByNumber pins LPDDR4X-4266's, whose clock is 468.75 ps.
func TestRulesOfLPDDR4XByNumber(t *testing.T) {
	checkLatencies(t, partSpec(t, "lpddr4x-4266", "RoBaRaCoCh", AllBank, Open), map[string]int64{
		"other ranks: RD to RD":     8 + 4,
		"other ranks: RD to WR":     36 + 8 + 8 + 4 - 18,
		"other ranks: WR to RD":     18 + 8 + 4 - 36,
		"rank: RD to WR":            36 + 8 + 8 + 2 - 18,
		"rank: WR to RD":            18 + 1 + 8 + 22,
		"rank: ACT1 to ACT1 (four)": 64,
		"bank: ACT1 to RD":          39,
		"rank: REFpb to REFpb":      299,
	})
}

// checkLatencies compares the latencies of rules, in clocks, with those that are wanted.
func checkLatencies(t *testing.T, spec Spec, want map[string]int64) {
	t.Helper()
	for _, c := range spec.Constraints {
		for _, before := range c.Preceding {
			for _, after := range c.Following {
				name := fmt.Sprintf("%s: %s to %s", c.Level, before, after)
				if c.Window > 1 {
					name += " (four)"
				}
				if clocks, ok := want[name]; ok {
					if c.Clocks != clocks {
						t.Errorf("%s: %d clocks, want %d", name, c.Clocks, clocks)
					}
					delete(want, name)
				}
			}
		}
	}
	for name := range want {
		t.Errorf("%s: no such rule", name)
	}
}

// A windowed rule holds for the commands, the number and the level that its row says.
func TestAWindowObeysItsRow(t *testing.T) {
	spec := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", AllBank, Open)
	spec.Constraints = []Constraint{{Rule{LevelRank, rd, wr, "", 3, "three reads", ""}, 100}}
	c := NewChannel(NewTiming(&spec), &Guard{})
	for _, now := range []int64{1000, 1010, 1030} {
		c.Now = now
		c.issue(RD, 5, 0)
	}
	if got := c.earliest(colWR, 0); got != 1100 {
		t.Errorf("a write comes at %d, three reads from 1000 on allow it at 1100", got)
	}
	if got := c.earliest(colACT, 0); got > 1030 {
		t.Errorf("an activation waits until %d", got)
	}
}

// TestRefreshAndPrechargeIgnoreGroups holds the tables to what the fast path
// relies on: which bank is refreshed at rest does not matter to its group.
func TestRefreshAndPrechargeIgnoreGroups(t *testing.T) {
	for name, std := range standards {
		for _, r := range std.rules {
			if r.Level != LevelBankGroup {
				continue
			}
			for _, c := range append(append([]Command{}, r.Preceding...), r.Following...) {
				switch c {
				case PREpb, PREab, REFpb, REFab:
					t.Errorf("%s: %s holds within a bank group for %s", name, r.Name, c)
				}
			}
		}
	}
}
