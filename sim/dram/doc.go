// Package dram models a DRAM memory system, channels with their controllers,
// command by command and to the clock.
//
//	extents ─▶ cutter ─▶ runs ─▶ queues ─▶ scheduler ─▶ commands ─▶ banks
//	(address,   (mapping)  (one row  (32 reads,  (FR-FCFS,    (JEDEC      (rows)
//	 bytes)                 each)     32 writes)  page policy) rules)
//
// A Spec is the whole configuration: organisation, timing in clocks, policies,
// energies. The rules of a standard are a table (rules.go): which command holds
// which other back, at which level, for how long. A Memory is state: Move takes a
// list of extents and returns when the last of their data has moved, with the
// commands that it took and their energy; Channels says what part each channel
// had in that, and when it was done with it.
//
//	spec, err := dram.SpecOf(device.DRAM)
//	memory := dram.New(spec)
//	t := memory.Move(now, []dram.Extent{{Addr: 0, Bytes: 256 * units.KiB}})
//
// The controller follows Ramulator 2.1's: separate read and write queues with
// watermarks, first ready first come first served, a request that opened a row is
// served before others, refreshes keep queued requests waiting. DEVIATIONS.md
// compares the two.
//
// There are two engines with one answer. The command-level one (scheduler.go,
// maintenance.go, idle.go, sleep.go) goes from one clock in which something can
// happen to the next. The fast path remembers what that engine did, at two scales:
// with a run of requests in a state of the controller (fastpath.go, record.go,
// snapshot.go), and from a wake-up, or the first requests at time zero, to the next
// power-down (session.go). It jumps when the same comes again; channels in the same
// state are simulated once (twins.go). New has both, NewCommandLevel the first
// alone; a property test holds them to the same times, counts and energies.
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
// off or made early in power-down alone (see channel.doze): what a controller that
// looks ahead would do, none of which has published its rules; on average there is
// one each tREFI. DDR5's same-bank refresh, temperature, row-hammer mitigation, on-die ECC,
// retries and DVFS are not modelled. Energies of commands are as exact as the
// part's figures, which for LPDDR5 are estimates.
package dram
