// Package sram simulates the on-chip memories between a compute unit and DRAM:
// set-associative caches in several levels, and scratchpads. It answers, for
// each access, which bytes were where, what has to be fetched from DRAM and
// what is written back to it. It knows no time.
//
//	unit ─▶ scratchpad ─▶ L2 ─▶ system cache ─▶ DRAM
//	        (pinned)      one Hierarchy per unit; a unit that bypasses
//	                      the system cache has it not in its list
//
// # Ranges instead of lines
//
// Inference reads memory in long ranges: a decode step of a small model touches
// two million lines in some thousand operands. A cache of S sets of lines of L
// bytes maps a range onto consecutive sets, each S·L bytes (a stripe) once
// around. All lines of a stripe have one tag, and sets that have seen the same
// past are in the same state. So a cache keeps runs of equal neighbouring sets
// once, and an access is some operations for each stripe on the runs that it
// meets; a run is cut where an operand begins or ends, and joined again with its
// neighbour when what told them apart has been evicted. Ranges of which nothing
// is held are known by counts of what is, without a look, and a long read takes
// its way at once through an LRU cache that it has filled. This is exact: the same
// lines are hit and evicted as if each were looked up by itself, for each policy
// and inclusion, and tests hold it to a plain implementation that does that, and
// to what another simulator counts (testdata/README.md).
//
// Between levels the order of lines matters only where lines meet in a set. All
// that a line evicts, at any level, is equal to it modulo the number of sets of
// the level; so lines that differ modulo the greatest common divisor of all set
// counts never meet, and a piece of that many lines goes through the levels as
// a range. Where no level is inclusive or exclusive only dirty lines that are
// evicted need such pieces; all else goes through each level a stripe at a time.
//
// A fully associative cache (no ways given) is kept as ranges in the order of
// their use, see package recency.
//
// # What other hierarchies did
//
// Replays that begin alike ask for the same bytes in the same states. A Memo
// remembers what hierarchies did between two marks (Hierarchy.Mark) and in which
// state that left them; a hierarchy that was told to Remember answers from there
// as long as it is asked for the same, and simulates when it is not. It answers
// what it would without. Scratchpads, fully associative caches and Random are
// always simulated.
//
// # Writes
//
// Caches write back and allocate on writes. A write of a part of a line that is
// nowhere on chip fetches the line; a write of a whole line does not, as write
// streams of real cores and DMA engines do not, and the nearest cache takes it.
// Non-inclusive caches behind it do not see such a line until it is evicted to
// them. A dirty line that is evicted goes to the next level, which allocates it
// and counts it as used.
//
// # Scratchpads
//
// A scratchpad holds what software pins in it (Pin, or Keep for what has just
// passed through) until that is unpinned. The rest of it is buffers through
// which other operands stream in tiles (Stream).
//
// # Miss curves
//
// MissCurve passes over accesses once and says what a fully associative LRU
// cache of any capacity would miss, by key: the stack distances of Mattson et
// al., in ranges as well.
//
// # Caveats
//
//   - LRU and its relatives thrash on streams that are longer than the cache: a
//     model of 125 MB read once a token leaves nothing behind in 8 MB that the
//     next token finds. Real system caches may bypass or dead-block such
//     streams; a profile can leave the cache out of a unit's path.
//   - The parts of an operand are used in order of address by one unit at a
//     time. Threads that share out the rows of a matrix touch the same lines,
//     interleaved; sharing between units is not modelled.
//   - Sets are indexed by address modulo their number. Hashed indices spread
//     strides better; weights are read without strides. Addresses are those of
//     the trace: contiguous in virtual memory, not scattered over page frames.
//   - There is no prefetcher here: it would change when lines come, and not
//     which. Instruction fetches and translation tables take no room.
//   - SRRIP breaks ties by age, and TreePLRU fills invalid ways where its bits
//     point; hardware may do both by the way's number. Random draws the same way
//     for all sets that one access fills with one tag, which leaves the
//     expectation as it is and raises the variance.
//   - Sets fall apart into many short runs if operands at ever different odd
//     addresses are hit again and again, above all under SRRIP, whose ageing
//     remembers boundaries for long. Answers stay exact; the cost grows towards
//     that of a lookup for each line.
//   - If the set counts of two levels share no large divisor (8192 and 8193),
//     pieces are short and cost grows in the same way.
package sram
