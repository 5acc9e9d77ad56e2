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
// commands that it took and their energy.
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
// # Caveats
//
// Channels do not wait for each other: each takes its part of the extents as fast
// as its own queues drain. Requests carry no data, so writes are done once they
// are issued. Ranks enter power-down together, and only when the whole channel
// has no requests. Temperature, refresh postponement, row-hammer mitigation,
// on-die ECC, command retries and DVFS are not modelled.
package dram
