// Package fit finds the numbers of runtimes, SoCs and phones that explain all
// measurements at once, and how sure each of them is.
//
// The mental model is a hierarchy of multipliers in logarithms. Every number that a
// profile states is a prior: its value, and its range as the central 90 %. The fit
// looks for the multipliers that make predictions and measurements agree, each held
// to its prior:
//
//	ln measured = ln predicted(prior numbers · e^θ) + error of this row
//	θ of a runtime: shared by all phones     (what does q4_0 cost in llama.cpp?)
//	θ of a SoC's unit: shared by its phones  (what does this memory controller reach?)
//	θ of a phone with a runtime: its own     (heat, governor, build)
//
// so that a phone nobody measured gets its prediction from its public data and from
// what others taught the runtime, with the width that this deserves.
//
// The cost is the negative log posterior with Student-t errors, so that an odd row
// pulls little. It is minimised by Levenberg-Marquardt with the derivatives taken by
// differences; the posterior is the normal one with the curvature at the minimum
// (Laplace's approximation).
//
// # Caveats
//
// Derivatives ignore that caches and DRAM may move other bytes at other numbers: only
// numbers that leave movement as it is are fitted. The posterior is normal in
// logarithms, which is too narrow where the data hold a number at the end of what is
// possible, such as a share of one.
package fit
