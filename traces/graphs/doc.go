// Package graphs turns what other engines say of themselves into traces: the
// operators that llama.cpp prints as it evaluates a graph, and tables of operators
// of any profiler.
//
//	llama-eval-callback ─▶ ReadLog ─▶ Graph ─┐
//	                                         ├─ with a Model ─▶ traces.Sink
//	operator, shape, type, time ─▶ ReadTable ┘
//
// An operator of a graph has named operands with shapes. Those that the model's
// file holds are weights, with the offset and the size that they have there; those
// whose name begins with cache_ are KV cache or recurrent state; all others are
// activations, which get addresses as ggml's allocator gives them: best fit, an
// operand's place being free for others after its last use, and the result of an
// elementwise operator in the place of an operand that dies with it. Views,
// reshapes and permutations are no operators: they give another name to the same
// bytes.
//
// # Caveats
//
// The offset of a view is not printed: a view has the address of what it views.
// Rows that are scattered into a transposed value cache count with their bytes at
// the position of the first. Which experts a router chose is not printed either:
// they are drawn from a seed, each token's without repetition. The same holds for
// the rows of an embedding where the log names no token ids. Of operators with
// more than two operands the log of llama-eval-callback prints two; the value
// cache of fused attention, the destination of rows that are stored and the ids of
// experts are put in from what the graph shows of them, masks and factors of
// rotation are not.
package graphs
