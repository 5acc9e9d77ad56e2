// Package sim replays a trace on a device and charges every nanosecond, byte
// and picojoule of it to the operator and the tensor that caused it.
//
// The mental model: a Machine is a device set up for one compute unit and one
// runtime, immutable. Replay walks the operators of a trace in order. Each
// operand goes down the hierarchy, and what one level does not have the next one
// must bring:
//
//	operand ─▶ sram (caches, scratchpads) ─▶ dram ─▶ flash (what the app's budget dropped)
//	                  │ hits                   │ bursts       │ pages
//	                  ▼                        ▼              ▼
//	launch ─▶ [ fetch of the next tiles ∥ arithmetic of the current ones ] ─▶ Row
//	(dispatch)                            (compute)
//
// An operator is launched, its operands stream in tile by tile, and a tile is
// computed while the next one arrives, as far as the unit's buffers allow
// (pipeline.go has the formula). A unit draws no more from DRAM than its
// bandwidth times the runtime's share of it, however fast the memory is.
//
// The result is a ledger, a Row for each operator: all that reports show is a
// sum over rows, and an Auditor holds each of them to its invariants.
//
// Sub-packages model one piece of hardware each and can be used alone: sram,
// dram, flash, compute, dispatch, energy. Package sweep walks a grid of points.
//
// # Caveats
//
//   - Operators run one after another on one unit: no two of them overlap but for
//     prefetched weights, and units do not share work or bandwidth.
//   - DRAM is offered requests as fast as it takes them; the unit's own limit is
//     applied to the whole transfer, not to each request.
//   - Addresses are those of the trace. The system's page placement is not
//     modelled, so that rows and sets see a contiguous model.
//   - Writes are posted: they take bandwidth and energy, and nothing waits for
//     one of them in particular.
//   - Clocks are steady. Heat is a separate, coarse model (Config and the
//     profile's thermal group).
package sim
