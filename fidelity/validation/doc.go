// Package validation holds memsim to what people measured on real devices: it
// predicts each point of a table of measurements and says by how much it is off.
//
// The mental model: a Point is one published figure of a model under a runtime
// on a device. A Predictor records the model's forward pass without arithmetic,
// replays it on the device, and reads the same figure off the result. A Report
// keeps apart the points that a profile was fitted to and those that it was not:
// only the second say how good a prediction is.
//
//	corpus ─Read─▶ Point ─Predictor─▶ Outcome ─Summarize─▶ Report
//	                        │  ▲                (mean errors, leave-one-out)
//	             shape-only trace, devices profile
//
// Published tables hold impossible claims. A point that asks more of the memory
// than its peak, or more of the unit than its peak rate, is flagged and left out
// of the means (Outcome.Implausible).
//
// Where the physics has its parameters: dispatch, fused operators, reached
// shares of bandwidth and of arithmetic belong to a runtime of a profile;
// reachable bandwidth, peak rates and static power to its units; what a repeat
// of a shared block costs to its on-chip memories; heat to its thermal group.
//
// # Caveats
//
// Measurements are taken with the device's whole memory for the app, as people
// measure, and not under the budget of a profile; a model that is larger than
// that runs from flash.
//
// A point of decode is predicted at one context length, the one that it states;
// published means over growing contexts are taken at their start. Formats of
// runtimes are taken as the nearest of GGUF; a point that states the bytes of
// its weights is predicted with that many. Sampling, tokenizing and what an app
// draws on the screen are not part of a prediction. Gemma's extra norms and
// sliding windows are not modelled.
//
// Known misses: LiteRT runs TinyLlama in 8 bits a fifth slower than its bytes
// and its F32 say (its cards are of different versions of the runtime); MLC on a
// Pixel 8 Pro was reported four times as slow in 2023 as its kernels are timed
// since (the point is marked as disputed); the whole phone of an A16 that runs a
// 3B at 4 bits is said to take 0.6 to 0.7 J a token, and memsim says 0.4.
package validation
