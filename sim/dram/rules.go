package dram

// A Rule is one row of a standard's timing tables: within one Level, a Following
// command may come Latency clocks after a Preceding one at the earliest.
//
// Latency is a sum of timing parameters and numbers, such as "CL + BLmin + 2 -
// CWL", under their JEDEC names without the t.
type Rule struct {
	Level     Level
	Preceding []Command
	Following []Command
	Latency   string
	Window    int    // counts back this many Preceding commands; 0 is 1
	Name      string // parameter or rule, as the standard calls it
	Source    string // table of the standard
}

// Groups of commands that share their rules.
var (
	reads    = []Command{RD, RDA}
	writes   = []Command{WR, WRA}
	accesses = []Command{RD, RDA, WR, WRA}
	act      = []Command{ACT1}
	prePB    = []Command{PREpb}
	preAB    = []Command{PREab}
	pres     = []Command{PREpb, PREab}
	rd       = []Command{RD}
	wr       = []Command{WR}
	rda      = []Command{RDA}
	wra      = []Command{WRA}
	refAB    = []Command{REFab}
	refPB    = []Command{REFpb}
)

// lpddr5Rules are the constraints of LPDDR5 and LPDDR5X in bank-group mode, in
// clocks of CK. Activation times count from ACT-1.
var lpddr5Rules = []Rule{
	{LevelChannel, reads, reads, "BLmin", 0, "data bus", "JESD209-5B table 330"},
	{LevelChannel, writes, writes, "BLmin", 0, "data bus", "JESD209-5B table 330"},

	{LevelRank, reads, reads, "CCD_S", 0, "tCCD_S", "JESD209-5B table 333"},
	{LevelRank, writes, writes, "CCD_S", 0, "tCCD_S", "JESD209-5B table 333"},
	{LevelRank, reads, writes, "CL + BLmin + 2 - CWL", 0, "tRTW", "JESD209-5B tables 339, 342"},
	{LevelRank, writes, reads, "CWL + BLmin + WTR_S", 0, "tWTR_S", "JESD209-5B table 333"},
	{LevelRank, rd, preAB, "RTP", 0, "tRTP", "JESD209-5B tables 331, 344"},
	{LevelRank, wr, preAB, "CWL + BLmin + WR", 0, "tWR", "JESD209-5B tables 331, 344"},
	{LevelRank, act, act, "RRD", 0, "tRRD", "JESD209-5B table 372"},
	{LevelRank, act, act, "FAW", 4, "tFAW", "JESD209-5B table 372"},
	{LevelRank, act, preAB, "RAS", 0, "tRAS", "JESD209-5B table 372"},
	{LevelRank, preAB, act, "RPab", 0, "tRPab", "JESD209-5B table 372"},
	{LevelRank, pres, pres, "PPD", 0, "tPPD", "JESD209-5B table 372"},
	{LevelRank, act, refAB, "RC", 0, "tRC", "JESD209-5B table 235"},
	{LevelRank, pres, refAB, "RP", 0, "tRPpb", "JESD209-5B table 235"},
	{LevelRank, rda, refAB, "RTP + RP", 0, "tRTP, tRPpb", "JESD209-5B table 235"},
	{LevelRank, wra, refAB, "CWL + BLmin + WR + RP", 0, "tWR, tRPpb", "JESD209-5B table 235"},
	{LevelRank, refAB, []Command{ACT1, PREab, REFpb, REFab}, "RFCab", 0, "tRFCab", "JESD209-5B table 235"},
	{LevelRank, refPB, refPB, "pbR2pbR", 0, "tpbR2pbR", "JESD209-5B table 235"},
	{LevelRank, refPB, refAB, "RFCpb", 0, "tRFCpb", "JESD209-5B table 235"},
	{LevelRank, refPB, act, "pbR2act", 0, "tpbR2act", "JESD209-5B table 235"},

	{LevelOtherRanks, reads, reads, "BLmin + CS", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, writes, writes, "BLmin + CS", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, reads, writes, "CL + BLmin + CS - CWL", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, writes, reads, "CWL + BLmin + CS - CL", 0, "rank switch", "data bus, CS clocks between bursts"},

	{LevelBankGroup, reads, reads, "CCD_L", 0, "tCCD_L", "JESD209-5B tables 331, 332"},
	{LevelBankGroup, writes, writes, "CCD_L", 0, "tCCD_L", "JESD209-5B tables 331, 332"},
	{LevelBankGroup, writes, reads, "CWL + BLmax + WTR_L", 0, "tWTR_L", "JESD209-5B tables 330, 332"},
	{LevelBankGroup, act, act, "RRD", 0, "tRRD", "JESD209-5B tables 331, 332"},

	{LevelBank, act, act, "RC", 0, "tRC", "JESD209-5B table 331"},
	{LevelBank, act, accesses, "RCD", 0, "tRCD", "JESD209-5B table 331"},
	{LevelBank, act, prePB, "RAS", 0, "tRAS", "JESD209-5B table 331"},
	{LevelBank, prePB, act, "RP", 0, "tRPpb", "JESD209-5B table 331"},
	{LevelBank, rd, prePB, "RTP", 0, "tRTP", "JESD209-5B tables 331, 344"},
	{LevelBank, wr, prePB, "CWL + BLmin + WR", 0, "tWR", "JESD209-5B tables 331, 344"},
	{LevelBank, rda, act, "RTP + RP", 0, "tRTP, tRPpb", "JESD209-5B table 344"},
	{LevelBank, wra, act, "CWL + BLmin + WR + RP", 0, "tWR, tRPpb", "JESD209-5B table 344"},
	{LevelBank, refPB, act, "RFCpb", 0, "tRFCpb", "JESD209-5B table 235"},
	{LevelBank, act, refPB, "RC", 0, "tRC", "JESD209-5B table 235"},
	{LevelBank, prePB, refPB, "RP", 0, "tRPpb", "JESD209-5B table 235"},
	{LevelBank, rda, refPB, "RTP + RP", 0, "tRTP, tRPpb", "JESD209-5B tables 235, 344"},
	{LevelBank, wra, refPB, "CWL + BLmin + WR + RP", 0, "tWR, tRPpb", "JESD209-5B tables 235, 344"},
}

// lpddr4Rules are the constraints of LPDDR4 and LPDDR4X: eight banks without
// groups, a burst of BL/2 clocks. Multi-clock commands are modelled by the
// command bus that they hold (Spec.CommandClocks).
var lpddr4Rules = []Rule{
	{LevelChannel, reads, reads, "BL", 0, "data bus", "JESD209-4B, read burst"},
	{LevelChannel, writes, writes, "BL", 0, "data bus", "JESD209-4B, write burst"},

	{LevelRank, reads, reads, "CCD", 0, "tCCD", "JESD209-4B, core timing"},
	{LevelRank, writes, writes, "CCD", 0, "tCCD", "JESD209-4B, core timing"},
	{LevelRank, reads, writes, "CL + DQSCK + BL + 2 - CWL", 0, "tRTW", "JESD209-4B, read to write: RL + tDQSCK(max) + BL/2 + tRPST - WL + tWPRE"},
	{LevelRank, writes, reads, "CWL + 1 + BL + WTR", 0, "tWTR", "JESD209-4B, write burst: WL + 1 + BL/2 + tWTR"},
	{LevelRank, rd, preAB, "RTP", 0, "tRTP", "JESD209-4B, precharge"},
	{LevelRank, wr, preAB, "CWL + 1 + BL + WR", 0, "tWR", "JESD209-4B, precharge"},
	{LevelRank, act, act, "RRD", 0, "tRRD", "JESD209-4B, activate"},
	{LevelRank, act, act, "FAW", 4, "tFAW", "JESD209-4B, activate"},
	{LevelRank, act, preAB, "RAS", 0, "tRAS", "JESD209-4B, precharge"},
	{LevelRank, preAB, act, "RPab", 0, "tRPab", "JESD209-4B, precharge"},
	{LevelRank, pres, pres, "PPD", 0, "tPPD", "JESD209-4B, precharge"},
	{LevelRank, act, refAB, "RC", 0, "tRC", "JESD209-4B, refresh"},
	{LevelRank, pres, refAB, "RPab", 0, "tRPab", "JESD209-4B, refresh"},
	{LevelRank, rda, refAB, "RTP + RP", 0, "tRTP, tRPpb", "JESD209-4B, auto-precharge"},
	{LevelRank, wra, refAB, "CWL + 1 + BL + WR + RP", 0, "tWR, tRPpb", "JESD209-4B, auto-precharge"},
	{LevelRank, refAB, []Command{ACT1, PREab, REFpb, REFab}, "RFCab", 0, "tRFCab", "JESD209-4B, refresh"},
	{LevelRank, refPB, refPB, "RFCpb", 0, "tRFCpb", "JESD209-4B, refresh"},
	{LevelRank, refPB, refAB, "RFCpb", 0, "tRFCpb", "JESD209-4B, refresh"},
	{LevelRank, refPB, act, "RRD", 0, "tRRD", "JESD209-4B, refresh"},

	{LevelOtherRanks, reads, reads, "BL + CS", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, writes, writes, "BL + CS", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, reads, writes, "CL + DQSCK + BL + CS - CWL", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, writes, reads, "CWL + BL + CS - CL", 0, "rank switch", "data bus, CS clocks between bursts"},

	{LevelBank, act, act, "RC", 0, "tRC", "JESD209-4B, activate"},
	{LevelBank, act, accesses, "RCD", 0, "tRCD", "JESD209-4B, activate"},
	{LevelBank, act, prePB, "RAS", 0, "tRAS", "JESD209-4B, precharge"},
	{LevelBank, prePB, act, "RP", 0, "tRPpb", "JESD209-4B, precharge"},
	{LevelBank, rd, prePB, "RTP", 0, "tRTP", "JESD209-4B, precharge"},
	{LevelBank, wr, prePB, "CWL + 1 + BL + WR", 0, "tWR", "JESD209-4B, precharge"},
	{LevelBank, rda, act, "RTP + RP", 0, "tRTP, tRPpb", "JESD209-4B, auto-precharge"},
	{LevelBank, wra, act, "CWL + 1 + BL + WR + RP", 0, "tWR, tRPpb", "JESD209-4B, auto-precharge"},
	{LevelBank, refPB, act, "RFCpb", 0, "tRFCpb", "JESD209-4B, refresh"},
	{LevelBank, act, refPB, "RC", 0, "tRC", "JESD209-4B, refresh"},
	{LevelBank, prePB, refPB, "RP", 0, "tRPpb", "JESD209-4B, refresh"},
	{LevelBank, rda, refPB, "RTP + RP", 0, "tRTP, tRPpb", "JESD209-4B, auto-precharge"},
	{LevelBank, wra, refPB, "CWL + 1 + BL + WR + RP", 0, "tWR, tRPpb", "JESD209-4B, auto-precharge"},
}

// lpddr6Rules are the constraints of LPDDR6 with bursts of 24, in clocks of CK. All
// commands take two clocks, every other one, so that times between their first clocks
// are times between their last. Activation times count from ACT-1. Long bursts (48),
// per-bank refresh and the efficiency mode are not offered.
var lpddr6Rules = []Rule{
	{LevelChannel, reads, reads, "BLmin", 0, "data bus", "JESD209-6 table 381"},
	{LevelChannel, writes, writes, "BLmin", 0, "data bus", "JESD209-6 table 381"},

	{LevelRank, reads, reads, "CCD_S", 0, "tCCD_S", "JESD209-6 table 385"},
	{LevelRank, writes, writes, "CCD_S_WR", 0, "tCCD_S", "JESD209-6 table 385"},
	{LevelRank, reads, writes, "CL + BLmin + WCK2DQO + RPST + 1 - ODTLon - ODTon", 0, "tRTW", "JESD209-6 table 390, ODT on"},
	{LevelRank, writes, reads, "CWL + BLmin + WTR_S", 0, "tWTR_S", "JESD209-6 table 385"},
	{LevelRank, rd, preAB, "RTP", 0, "tRTP", "JESD209-6 tables 383, 391"},
	{LevelRank, wr, preAB, "CWL + BLmax + WTP", 0, "tWTP", "JESD209-6 tables 383, 391"},
	{LevelRank, act, act, "RRD", 0, "tRRD", "JESD209-6 table 414"},
	{LevelRank, act, act, "FAW", 4, "tFAW", "JESD209-6 table 414"},
	{LevelRank, act, preAB, "RAS", 0, "tRAS", "JESD209-6 table 414"},
	{LevelRank, preAB, act, "RPab", 0, "tRPab", "JESD209-6 table 414"},
	{LevelRank, pres, pres, "PPD", 0, "tPPD", "JESD209-6 table 414"},
	{LevelRank, act, refAB, "RC", 0, "tRC", "JESD209-6 table 302"},
	{LevelRank, pres, refAB, "RP", 0, "tRPpb", "JESD209-6 table 302"},
	{LevelRank, rda, refAB, "RTP + RP", 0, "tRTP, tRPpb", "JESD209-6 table 302"},
	{LevelRank, wra, refAB, "CWL + BLmax + WTP + RP", 0, "tWTP, tRPpb", "JESD209-6 table 302"},
	{LevelRank, refAB, []Command{ACT1, PREab, REFab}, "RFCab", 0, "tRFCab", "JESD209-6 table 302"},

	{LevelOtherRanks, reads, reads, "BLmin + CS", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, writes, writes, "BLmin + CS", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, reads, writes, "CL + BLmin + CS - CWL", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, writes, reads, "CWL + BLmin + CS - CL", 0, "rank switch", "data bus, CS clocks between bursts"},

	{LevelBankGroup, reads, reads, "CCD_L", 0, "tCCD_L", "JESD209-6 tables 382, 384"},
	{LevelBankGroup, writes, writes, "CCD_L_WR", 0, "tCCD_L", "JESD209-6 tables 382, 384"},
	{LevelBankGroup, reads, writes, "CL + BLmax + WCK2DQO + RPST + 1 - ODTLon - ODTon", 0, "tRTW", "JESD209-6 table 389, ODT on"},
	{LevelBankGroup, writes, reads, "CWL + BLmax + WTR_L", 0, "tWTR_L", "JESD209-6 tables 383, 384"},
	{LevelBankGroup, act, act, "RRD", 0, "tRRD", "JESD209-6 table 414"},

	{LevelBank, act, act, "RC", 0, "tRC", "JESD209-6 table 414"},
	{LevelBank, act, reads, "RCDr", 0, "tRCDr", "JESD209-6 table 383"},
	{LevelBank, act, writes, "RCDw", 0, "tRCDw", "JESD209-6 table 383"},
	{LevelBank, act, prePB, "RAS", 0, "tRAS", "JESD209-6 table 414"},
	{LevelBank, prePB, act, "RP", 0, "tRPpb", "JESD209-6 table 414"},
	{LevelBank, rd, prePB, "RTP", 0, "tRTP", "JESD209-6 tables 383, 391"},
	{LevelBank, wr, prePB, "CWL + BLmax + WTP", 0, "tWTP", "JESD209-6 tables 383, 391"},
	{LevelBank, rda, act, "RTP + RP", 0, "tRTP, tRPpb", "JESD209-6 table 391"},
	{LevelBank, wra, act, "CWL + BLmax + WTP + RP", 0, "tWTP, tRPpb", "JESD209-6 table 391"},
}

// ddr5Rules are the constraints of DDR5 in normal refresh mode; per-bank refresh
// (its same-bank refresh) is not offered.
var ddr5Rules = []Rule{
	{LevelChannel, reads, reads, "BL", 0, "data bus", "JESD79-5, read"},
	{LevelChannel, writes, writes, "BL", 0, "data bus", "JESD79-5, write"},

	{LevelRank, reads, reads, "CCD_S", 0, "tCCD_S", "JESD79-5, core timing"},
	{LevelRank, writes, writes, "CCD_S_WR", 0, "tCCD_S_WR", "JESD79-5, core timing"},
	{LevelRank, reads, writes, "CL + BL + 4 - CWL", 0, "tRTW", "JESD79-5, read: CL - CWL + BL/2 + 2 tCK - (tRPST - 0.5 tCK) + tWPRE"},
	{LevelRank, writes, reads, "CWL + BL + WTR_S", 0, "tWTR_S", "JESD79-5, core timing"},
	{LevelRank, rd, preAB, "RTP", 0, "tRTP", "JESD79-5, activate and precharge"},
	{LevelRank, wr, preAB, "CWL + BL + WR", 0, "tWR", "JESD79-5, activate and precharge"},
	{LevelRank, act, act, "RRD_S", 0, "tRRD_S", "JESD79-5, core timing"},
	{LevelRank, act, act, "FAW", 4, "tFAW", "JESD79-5, core timing"},
	{LevelRank, act, preAB, "RAS", 0, "tRAS", "JESD79-5, activate and precharge"},
	{LevelRank, preAB, act, "RP", 0, "tRP", "JESD79-5, activate and precharge"},
	{LevelRank, pres, pres, "PPD", 0, "tPPD", "JESD79-5, activate and precharge"},
	{LevelRank, act, refAB, "RC", 0, "tRC", "JESD79-5, refresh"},
	{LevelRank, pres, refAB, "RP", 0, "tRP", "JESD79-5, refresh"},
	{LevelRank, rda, refAB, "RTP + RP", 0, "tRTP, tRP", "JESD79-5, refresh"},
	{LevelRank, wra, refAB, "CWL + BL + WR + RP", 0, "tWR, tRP", "JESD79-5, refresh"},
	{LevelRank, refAB, []Command{ACT1, PREab, REFab}, "RFCab", 0, "tRFC1", "JESD79-5, refresh"},

	{LevelOtherRanks, reads, reads, "BL + CS", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, writes, writes, "BL + CS", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, reads, writes, "CL + BL + CS - CWL", 0, "rank switch", "data bus, CS clocks between bursts"},
	{LevelOtherRanks, writes, reads, "CWL + BL + CS - CL", 0, "rank switch", "data bus, CS clocks between bursts"},

	{LevelBankGroup, reads, reads, "CCD_L", 0, "tCCD_L", "JESD79-5, core timing"},
	{LevelBankGroup, writes, writes, "CCD_L_WR", 0, "tCCD_L_WR", "JESD79-5, core timing"},
	{LevelBankGroup, writes, reads, "CWL + BL + WTR_L", 0, "tWTR_L", "JESD79-5, core timing"},
	{LevelBankGroup, act, act, "RRD_L", 0, "tRRD_L", "JESD79-5, core timing"},

	{LevelBank, act, act, "RC", 0, "tRC", "JESD79-5, activate and precharge"},
	{LevelBank, act, accesses, "RCD", 0, "tRCD", "JESD79-5, activate and precharge"},
	{LevelBank, act, prePB, "RAS", 0, "tRAS", "JESD79-5, activate and precharge"},
	{LevelBank, prePB, act, "RP", 0, "tRP", "JESD79-5, activate and precharge"},
	{LevelBank, rd, prePB, "RTP", 0, "tRTP", "JESD79-5, activate and precharge"},
	{LevelBank, wr, prePB, "CWL + BL + WR", 0, "tWR", "JESD79-5, activate and precharge"},
	{LevelBank, rda, act, "RTP + RP", 0, "tRTP, tRP", "JESD79-5, read"},
	{LevelBank, wra, act, "CWL + BL + WR + RP", 0, "tWR, tRP", "JESD79-5, write"},
}

// A standard is what sets one family of parts apart from another: its rules and
// the protocol of its command bus.
type standard struct {
	rules     []Rule
	perClock  int64             // transfers on a pin in a clock
	burst     string            // parameter that holds a burst's clocks on the data bus
	dataDelay string            // parameter that delays read data beyond CL, if any
	split     bool              // rows open with ACT1 and ACT2
	wck       bool              // reads and writes need a running write clock
	perBank   bool              // REFpb is offered
	casClocks int64             // clocks of a write clock start before its burst; 0 is 1
	fromFirst bool              // latencies count from a command's first clock, not its last
	busClocks map[Command]int64 // clocks that a command holds the command bus, if not 1
}

// lastClock returns the clocks from the first one of a command that takes so many to
// the one from which its latency counts.
func (s *standard) lastClock(clocks int64) int64 {
	if s.fromFirst {
		return 0
	}
	return clocks - 1
}

// standards by the name that parts give.
var standards = map[string]standard{
	"LPDDR5":  {rules: lpddr5Rules, perClock: 8, burst: "BLmin", split: true, wck: true, perBank: true},
	"LPDDR5X": {rules: lpddr5Rules, perClock: 8, burst: "BLmin", split: true, wck: true, perBank: true},
	"LPDDR6": {
		rules: lpddr6Rules, perClock: 4, burst: "BLmin", split: true, wck: true, casClocks: 2, fromFirst: true,
		busClocks: map[Command]int64{ACT1: 2, ACT2: 2, PREpb: 2, PREab: 2, CASRD: 2, CASWR: 2, RD: 2, WR: 2, RDA: 2, WRA: 2, REFab: 2},
	},
	"LPDDR4X": {
		rules: lpddr4Rules, perClock: 2, burst: "BL", dataDelay: "DQSCK", perBank: true,
		busClocks: map[Command]int64{ACT1: 4, RD: 4, RDA: 4, WR: 4, WRA: 4, PREpb: 2, PREab: 2, REFab: 2, REFpb: 2},
	},
	"DDR5": {
		rules: ddr5Rules, perClock: 2, burst: "BL",
		busClocks: map[Command]int64{ACT1: 2, RD: 2, RDA: 2, WR: 2, WRA: 2},
	},
}
