// Package hostbench closes the loop on the machine that it runs on: it measures
// the machine with microbenchmarks, writes a profile from them, predicts decode
// times of models from that profile alone, and runs the models with the engine.
//
//	microbenchmarks ─▶ Rates ─▶ profile ─▶ validation.Predictor ─▶ predicted ─┐
//	shapes × formats × threads ─▶ engine ────────────────────────▶ measured ──┴▶ outcomes
//
// What is measured, for each number of threads: how fast memory is read by
// working-set size, how fast products with a vector go through weights of each
// format, and what an operator costs beside its work. No figure
// of a whole model enters the profile, so that no point is fitted.
//
// Machines are noisy, and noise only ever adds time: microbenchmarks and models
// take turns over several rounds, and the quickest run of each counts.
//
// # Caveats
//
// On a machine that others keep busy the loop says little: threads that share
// work wait for the one that has lost its core. See Busy.
//
// Energy is not measured: the profile's figures of it are placeholders and say
// so. The DRAM of the profile is that of a common server; on a machine whose
// last cache holds the models it is never asked. On a virtual machine the cache
// that the system reports may be shared with strangers.
package hostbench
