// Package hostbench closes the loop on the machine that it runs on: it measures
// the machine with microbenchmarks, writes a profile from them, predicts decode
// times of models from that profile alone, and runs the models with the engine.
//
//	microbenchmarks ─▶ Rates ─▶ profile ─▶ validation.Predictor ─▶ predicted ─┐
//	shapes × formats × threads ─▶ engine ────────────────────────▶ measured ──┴▶ outcomes
//
// What is measured, for each number of threads: how fast memory is read by
// working-set size, how fast products with a vector go through weights of each
// format, from the caches and from beyond them, and what an operator costs beside its
// work. Fetch and arithmetic of weights beyond the caches overlap in part: bandwidth
// and overlap are those that explain best what products take there. No figure of a
// whole model enters the profile, so that no point is fitted.
//
// Machines are noisy, and noise only ever adds time: microbenchmarks and models
// take turns over several rounds, and the quickest run of each counts. How far the
// rounds lie apart is the uncertainty of each comparison.
//
// MeasureHost is the same without models, for a machine that is to be a device: sets of
// like cores to which threads are bound, storage, and speed after a while of work.
//
// # Caveats
//
// On a machine that others keep busy the loop says little: threads that share
// work wait for the one that has lost its core. See Busy.
//
// Energy is not measured: the profile's figures of it are placeholders and say
// so. The DRAM of the profile is that of a common server, of which the runtime draws
// the bandwidth that was measured. On a virtual machine the cache that the system
// reports may be shared with strangers, and where it reports none sizes are assumed.
// Prompts and long contexts are not predicted.
package hostbench
