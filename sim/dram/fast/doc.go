// Package fast gives the answers of package dram in a fraction of its time, by
// remembering what channels did.
//
//	runs ──▶ state ──transition──▶ state      (known: jump; new: simulate, learn)
//	extents ──▶ busy period, from wake-up to power-down      (known: replay)
//	channels in the same state with the same runs ──▶ one class, simulated once
//
// A stream of rows drives a controller into few states, which come again and again: a
// transition is what taking in one run did in a state, with the clocks and commands
// that it took. A busy period is all that a channel did from a wake-up to the next
// power-down, by the extents that were moved; a checkpoint is the state after the reads
// that lead one. A Memo keeps both for the memories of one configuration, by a
// fingerprint of its Spec. The model is seen through dram.Channel alone: State and
// SetState, Take and Drain, and the Frame that a transition is applied to. A property
// test holds every answer equal to the model's, and is the contract of this border.
//
// What makes two states one: banks are counted from the one last asked for (rotation),
// clocks from now, rows by whom they were asked for; banks at rest and writes that wait
// while reads stream past (dram.Channel.Park) are left out of a state, and a step says
// how it finds them.
//
// # Caveats
//
// What has never been seen costs what the model costs, and a little more to learn:
// random requests, and cold streams under per-bank refresh, of which each refresh comes
// at a clock of its own. States are of one memory until it is released; busy periods
// are shared at once.
package fast
