// Package calibration updates what the shipped fit says of a device by a user's own
// measurements of it.
//
// The mental model: the shipped posterior (package posterior) is the prior. A few
// measurements of one device are rows of the same joint fit (package fit), so that they
// move what they tell about, in proportion to how unsure it is and with its
// correlations: of a phone that nobody measured what is its SoC's and its own, of one
// that was measured next to nothing. What comes out is a profile of the device with the
// numbers that moved, marked as calibrated.
//
//	shipped posterior ─▶ prior ─┐
//	                            ├─ fit ─▶ multipliers ─▶ numbers of the profile
//	measurements ─▶ cases ──────┘
//
// # Caveats
//
// Times are fitted, energies are not. The factors of a kind of model and of a build of
// the runtime stay as they are: they belong to no profile, and count as part of the
// error of a measurement. The profile states each number's own uncertainty and loses the
// correlations, so that intervals made from it are wider than they need be.
package calibration
