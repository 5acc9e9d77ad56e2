package engine

import (
	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/traces"
)

// batch is what one pass over the program works on: n tokens at positions pos
// to pos+n-1, with their ids.
type batch struct {
	pos, n int
	ids    []int32
	routes [][]int32 // of each layer that has experts, those of each token
}

// keepRoutes notes the experts that a layer's router chose.
func (b *batch) keepRoutes(router int, ids []int32) {
	for len(b.routes) <= router {
		b.routes = append(b.routes, nil)
	}
	b.routes[router] = ids
}

// operator is one step of the program: a kernel call, and the rules by which
// its operands follow from a batch.
type operator struct {
	name         string
	layer, block int32
	run          func(b *batch)
	operands     []operand
	work         work
}

// work counts multiply-accumulates: fixed ones, some for each token of the
// batch, and some for each pair of a token and a position that it attends to,
// which are the last window positions if it is not 0.
type work struct {
	fixed, perToken, perPair, window int64
}

func (w work) macs(b *batch) int64 {
	n := int64(b.n)
	return w.fixed + n*w.perToken + w.pairs(int64(b.pos), n)*w.perPair
}

// pairs counts the positions that n tokens from pos on attend to.
func (w work) pairs(pos, n int64) int64 {
	all := func(n, pos int64) int64 { return n*pos + n*(n+1)/2 }
	if w.window == 0 {
		return all(n, pos)
	}
	growing := min(n, max(0, w.window-pos))
	return all(growing, pos) + (n-growing)*w.window
}

// operand is the rule for one operand of an operator: which bytes it touches,
// as a function of the batch.
//
//	bytes   = fixed + perToken·n
//	address = addr + stepToken·(n-1)
//
// A gathered operand is one range of perToken bytes for each different token
// id, at addr + id·perToken. One of experts is a range of perExpert bytes for
// each different expert that the batch's tokens chose, at addr +
// expert·perExpert. One of a cache is rows of a ring: see cacheHalf.
type operand struct {
	tensor    string
	kind      traces.Kind
	access    traces.Access
	dtype     string
	addr      uint64
	fixed     int64
	perToken  int64
	stepToken int64
	gathered  bool
	perExpert int64
	router    int // whose choice counts, from 1
	cache     *cacheHalf
	window    int // positions of it that a token sees; 0 is all
}

func (o *operand) address(b *batch) uint64 {
	return o.addr + uint64(o.stepToken*int64(b.n-1))
}

func (o *operand) bytes(b *batch) int64 {
	return o.fixed + o.perToken*int64(b.n)
}

// whole is a weight that is read from its first byte to its last.
func whole(t *tensor) operand {
	return operand{tensor: t.Name, kind: traces.Weight, access: traces.Read, dtype: string(t.Type),
		addr: t.Offset, fixed: t.Bytes()}
}

// gather reads one row of an embedding per token.
func gather(t *tensor) operand {
	return operand{tensor: t.Name, kind: traces.Weight, access: traces.Read, dtype: string(t.Type),
		addr: t.Offset, perToken: int64(t.Type.RowBytes(t.Cols)), gathered: true}
}

// each touches a vector of a float32 buffer per token.
func each(access traces.Access, f *floats) operand {
	return operand{tensor: f.name, kind: traces.Activation, access: access, dtype: "f32",
		addr: f.addr, perToken: 4 * int64(f.width)}
}

// eachInt touches a vector of an int32 buffer per token.
func eachInt(access traces.Access, f *ints) operand {
	return operand{tensor: f.name, kind: traces.Activation, access: access, dtype: "i32",
		addr: f.addr, perToken: 4 * int64(f.width)}
}

// last reads the batch's last vector of a float32 buffer.
func last(f *floats) operand {
	row := 4 * int64(f.width)
	return operand{tensor: f.name, kind: traces.Activation, access: traces.Read, dtype: "f32",
		addr: f.addr, fixed: row, stepToken: row}
}

// first touches one vector of a float32 buffer whatever the batch.
func first(access traces.Access, f *floats) operand {
	return operand{tensor: f.name, kind: traces.Activation, access: access, dtype: "f32",
		addr: f.addr, fixed: 4 * int64(f.width)}
}

// coded touches a vector of an encoded buffer per token.
func coded(access traces.Access, e *encoded) operand { return codedTimes(access, e, 1) }

// codedTimes touches so many vectors of an encoded buffer per token.
func codedTimes(access traces.Access, e *encoded, vectors int) operand {
	return operand{tensor: e.name, kind: traces.Activation, access: access, dtype: encodingName(e.vectors.Encoding),
		addr: e.addr, perToken: int64(vectors) * e.rowBytes}
}

// codedFirst touches one vector of an encoded buffer whatever the batch.
func codedFirst(access traces.Access, e *encoded) operand {
	o := coded(access, e)
	o.fixed, o.perToken = o.perToken, 0
	return o
}

// recurrent touches all of a layer's state.
func recurrent(access traces.Access, s *state) operand {
	return operand{tensor: s.name, kind: traces.KV, access: access, dtype: "f32", addr: s.addr, fixed: 4 * int64(s.size)}
}

// appended writes the batch's rows to a half of a KV cache.
func appended(c *cacheHalf) operand {
	return operand{tensor: c.name, kind: traces.KV, access: traces.Write, dtype: string(c.format), addr: c.addr, cache: c}
}

// attended reads the rows of a KV cache that the batch's tokens see: all up to
// its last token, or those within the window of one of them.
func attended(c *cacheHalf, window int) operand {
	return operand{tensor: c.name, kind: traces.KV, access: traces.Read, dtype: string(c.format), addr: c.addr, cache: c, window: window}
}

// positions returns the positions whose rows of a cache are touched.
func (o *operand) positions(b *batch) (from, to int) {
	switch {
	case o.access == traces.Write:
		from = b.pos
	case o.window > 0:
		from = max(0, b.pos+1-o.window)
	}
	return from, b.pos + b.n
}

// encodingName is the dtype of an encoded buffer in a trace.
func encodingName(e kernels.Encoding) string {
	if e.Quantized() {
		return "int8"
	}
	return "f32" // rounded or not
}
