// Package dram models a DRAM memory system, channels with their controllers,
// command by command and to the clock. It knows no shortcut: package fast, beside it,
// gives the same answers sooner.
//
//	extents ─▶ splitter ─▶ runs ─▶ queues ─▶ scheduler ─▶ commands ─▶ banks
//	(address,   (mapping)  (one row  (32 reads,  (FR-FCFS,    (JEDEC      (rows)
//	 bytes)                 each)     32 writes)  page policy) rules)
//
// A Spec is the whole configuration: organisation, the standard's rules with their
// clocks, policies, energies. A Memory is state: Move takes a list of extents and
// returns when the last of their data has moved, with the commands and their energy. A
// Channel queues bursts per bank (queue.go), picks the oldest command that no rule
// delays (scheduler.go, rules.go, timing.go), and opens and closes rows (bank.go).
// Refreshes wait for a closed bank, and all queued requests for a refresh (refresh.go);
// without requests a channel closes its rows and powers down (power.go, idle.go).
// Energy is commands and time in each state, each by its figure (energy.go).
//
//	spec, err := dram.SpecOf(device.DRAM)
//	memory := dram.New(spec)
//	t := memory.Move(now, []dram.Extent{{Addr: 0, Bytes: 256 * units.KiB}})
//
// The controller follows Ramulator 2.1's: separate read and write queues with
// watermarks, first ready first come first served, a request that opened a row is
// served before others. DEVIATIONS.md compares the two.
//
// Channel, Frame, View, Splitter and Account are for package fast: a channel's state is
// its Frame and what State says (state.go), Take and Drain run it, and who knows where
// that leads changes the Frame and calls SetState instead.
//
// # Caveats
//
// Channels do not wait for each other: each takes its part of the extents as fast
// as its own queues drain. Requests carry no data; a write counts as served when
// its command is issued, and a transfer ends with the last burst on the bus.
// Ranks enter power-down together, with all rows closed, and only when the whole
// channel has no requests; the idle times after which they do are the package's
// own, not a profile's. Power-down and self-refresh are entered without a command
// of their own, and left tXP or tXSR before the first command. Refreshes are put
// off or made early in power-down alone (see channel.stayDown): what a controller that
// looks ahead would do, none of which has published its rules; on average there is
// one each tREFI. DDR5's same-bank refresh, temperature, row-hammer mitigation, on-die ECC,
// retries and DVFS are not modelled. Energies of commands are as exact as the
// part's figures, which for LPDDR5 are estimates.
package dram
