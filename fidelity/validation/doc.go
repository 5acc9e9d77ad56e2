// Package validation holds memsim to what people measured on real devices: it
// predicts each row of measurements and says by how much it is off, and whether it lies
// in the interval that the prediction states.
//
// The mental model: a time is predicted by the shipped fit (packages fit and posterior),
// an energy by a replay (Predictor). Of a row that the fit saw, what counts is how it is
// predicted by the fit to all other phones, and to all other models. Scores sum that up
// by unit, phase, size, format, runtime and device.
//
//	corpus.Row ─┬─ time ──▶ fit.Forecasts ─┐
//	            │           left out of the fit ─┤─▶ Outcome ─▶ Report, Score
//	            └─ energy ▶ Predictor ─────┘
//
// Published tables hold impossible claims. A point that asks more of the memory
// than its peak, or more of the unit than its peak rate, is flagged and left out
// of the means (Outcome.Implausible).
//
// # Caveats
//
// Measurements are taken with the device's whole memory for the app, as people
// measure. Transfers of a time take the memory's long-stream rate: the command's own
// simulation of each burst differs by about a percent.
//
// A point of decode is predicted at one context length, in the middle of what was
// decoded. Sampling, tokenizing and what an app draws on the screen are not part of a
// prediction. Energies were not fitted, and are off by half and more.
package validation
