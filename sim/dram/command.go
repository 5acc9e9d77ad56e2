package dram

// Command is a DRAM command, under its JEDEC name.
type Command uint8

// The commands that the controller issues. Standards that activate a row in one
// command (DDR5, and LPDDR4 as modelled here) use ACT1 alone, and call it ACT.
const (
	ACT1  Command = iota // first half of an activation; tRCD, tRAS, tRC and tRRD count from it
	ACT2                 // second half, at most tAAD later
	PREpb                // precharge one bank
	PREab                // precharge all banks of a rank
	CASRD                // start the write clock (WCK) for a read
	CASWR                // start the write clock (WCK) for a write
	RD                   // read burst
	WR                   // write burst
	RDA                  // read burst, then precharge
	WRA                  // write burst, then precharge
	REFab                // refresh all banks of a rank
	REFpb                // refresh one bank
	nCommands
)

// NoCommand stands for none.
const NoCommand = nCommands

var commandNames = [nCommands]string{
	"ACT1", "ACT2", "PREpb", "PREab", "CAS_RD", "CAS_WR", "RD", "WR", "RDA", "WRA", "REFab", "REFpb",
}

// String returns the command's JEDEC name.
func (c Command) String() string {
	if c < nCommands {
		return commandNames[c]
	}
	return "command?"
}

// A column is the class of commands that a constraint delays. RD and RDA wait
// for the same things, and so do WR and WRA; ACT2, CAS_RD and CAS_WR are never
// delayed by a constraint (ACT2 has a deadline instead).
type column uint8

const (
	colACT column = iota
	colRD
	colWR
	colPREpb
	colPREab
	ColREFab
	ColREFpb
	NColumns
)

// columnOf gives the class of each command; free commands have NColumns.
var columnOf = [nCommands]column{
	ACT1: colACT, ACT2: NColumns, PREpb: colPREpb, PREab: colPREab, CASRD: NColumns, CASWR: NColumns,
	RD: colRD, WR: colWR, RDA: colRD, WRA: colWR, REFab: ColREFab, REFpb: ColREFpb,
}

// Level is the part of the hierarchy within which a constraint holds.
type Level uint8

// Levels from the outside in. A constraint at OtherRanks holds in all ranks of
// the channel but the one that got the preceding command.
const (
	LevelChannel Level = iota
	LevelRank
	LevelOtherRanks
	LevelBankGroup
	LevelBank
	nLevels
)

var levelNames = [nLevels]string{"channel", "rank", "other ranks", "bank group", "bank"}

// String returns the level's name.
func (l Level) String() string {
	if l < nLevels {
		return levelNames[l]
	}
	return "level?"
}
