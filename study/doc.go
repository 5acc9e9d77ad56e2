// Package study answers a question: what does a token of these models cost on
// these machines? It is where engine and sim meet, which know nothing of each
// other; commands, the explorer's page, sweeps and validation all ask here.
//
//	Model ──Open──▶ weights ──engine──▶ trace ─┐
//	Hardware ──Machine──▶ sim.Machine ─────────┴─Replay──▶ Run ──Compare──▶ Comparison
//	                                               └─ each row of the ledger ─▶ Views
//
// The mental model: a Question names models, machines and lengths, and Ask
// returns a profiles.Comparison for each machine, results with the notes that a
// reader needs. Each step of it can be taken alone: a Recording writes a trace, to
// memory or to a file; Replay runs it on a machine and hands each row of the
// ledger to Views, such as a report (profiles/html), a profile (profiles/pprof) or
// a timeline; Compare puts runs on one machine side by side.
//
// # Caveats
//
// Ask keeps the trace of one model in memory at a time, some hundred bytes for
// each operand of each operator; long runs of large models are better recorded to a
// file.
package study
