// Package calibration fits a few numbers of a device's profile to measurements.
//
// The mental model: each Outcome of a validation says how far a prediction is
// off, and how it moves with each number of the profile (its elasticity). Fit
// looks for the numbers, within the ranges that the profile gives them, that
// bring the predictions nearest; a number that the points say little about
// stays near the profile's own.
//
//	points ─predict─▶ errors, elasticities ─▶ step within the ranges ─┐
//	          ▲                                                       │
//	          └────────────── numbers moved ◀─────────────────────────┘
//
// In logarithms predictions are nearly linear in the numbers, so that a few
// rounds of Gauss-Newton suffice, each a replay of every point. What a step
// minimises, with p the points and q the numbers:
//
//	Σp (error/5 %)² + Σq (ln(number/prior) / (ln(high/low)/2))²
//
// Five percent is what measurements of one phone scatter by. A fit reports the
// standard error of each number from the curvature of that sum, scaled by what
// the points scatter around the fit.
//
// # Caveats
//
// Only numbers that the profile marks estimated or calibrated, and to which it
// gives a range, are moved. Half-bandwidth and fused operators are not fitted:
// the ledger does not tell their part of the time. Parts (DRAM, flash) are files
// of their own and stay as they are.
package calibration
