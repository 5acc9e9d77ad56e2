// Package engine runs transformer decoders of the Llama family and writes down
// what they move.
//
// The mental model: a model's forward pass is a list of operators, built once
// from its shape (forward.go, which reads like the papers' equations). Each
// operator holds a kernel call and the operands of that call, made from the same
// buffers, so that what is executed and what is recorded cannot drift apart.
//
//	weights.Source ──▶ Engine ──NewSession──▶ Session: program + KV cache + recorder
//	                                            │
//	          token ids ──Prefill, Decode──▶ for each operator: run it, note the time ──▶ logits
//	                                            │
//	                                          Flush ──▶ traces.Event per operand ──▶ traces.Sink
//
// An Engine holds the weights and is shared; a Session is one sequence of
// tokens with a KV cache of its own. With layer sharing (MobileLLM) a stored
// block is one set of weights that several executed layers read, while each
// executed layer has a KV cache.
//
// # Shape only
//
// With Options.ShapeOnly the same program runs on kernels that do nothing, over
// buffers that are never allocated. It records the same events, host times
// aside, in well under a millisecond a token, which makes sweeps over thousands
// of models cheap.
//
// # Address space of a trace
//
// The weights lie at their offsets in the model file. Behind them, each aligned
// to 1 GiB, lie the KV cache (for each executed layer its keys, then its values,
// one row a position) and the activations (a buffer for each value that one
// operator hands to another, with room for the largest batch). A batch of n
// vectors fills the start of its buffer; vectors quantized to int8 count their
// values, scales and block sums as one range.
//
// # Caveats
//
// Activations that meet weights of 16 bits are rounded to the same precision, as
// ggml does, but are kept in 32 bits, and recorded as what they are: f32.
// Options.Activations changes values, not traffic: a scale per token is still
// kept for each block. Weights of W8A8 are Q8_0, with a scale for 32 values where
// papers have one for a row. The angles of rotary embedding are scratch of its
// kernel and are not recorded.
//
// Multiply-accumulates are counted for matrix products and attention only; the
// elementwise operators have none. Scratch that a kernel keeps to itself is not
// recorded (see package traces). Sampling happens outside the forward pass and
// is not an operator. All tokens of a batch belong to one sequence.
package engine
