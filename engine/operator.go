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
// batch, and some for each pair of a token and a position that it attends to.
type work struct {
	fixed, perToken, perPair int64
}

func (w work) macs(b *batch) int64 {
	n, pos := int64(b.n), int64(b.pos)
	return w.fixed + n*w.perToken + (n*pos+n*(n+1)/2)*w.perPair
}

// operand is the rule for one operand of an operator: which bytes it touches,
// as a function of the batch.
//
//	bytes   = fixed + perToken·n + perPosition·(pos+n)
//	address = addr + stepPosition·pos + stepToken·(n-1)
//
// A gathered operand is one range of perToken bytes for each different token
// id, at addr + id·perToken.
type operand struct {
	tensor       string
	kind         traces.Kind
	access       traces.Access
	dtype        string
	addr         uint64
	fixed        int64
	perToken     int64
	perPosition  int64
	stepPosition int64
	stepToken    int64
	gathered     bool
}

func (o *operand) address(b *batch) uint64 {
	return o.addr + uint64(o.stepPosition*int64(b.pos)) + uint64(o.stepToken*int64(b.n-1))
}

func (o *operand) bytes(b *batch) int64 {
	return o.fixed + o.perToken*int64(b.n) + o.perPosition*int64(b.pos+b.n)
}

// whole is a weight that is read from its first byte to its last.
func whole(t *tensor) operand {
	return operand{tensor: t.Name, kind: traces.Weight, access: traces.Read, dtype: string(t.Type),
		addr: t.Offset, fixed: t.Bytes()}
}

// gather is an embedding of which the rows of the batch's tokens are read.
func gather(t *tensor) operand {
	return operand{tensor: t.Name, kind: traces.Weight, access: traces.Read, dtype: string(t.Type),
		addr: t.Offset, perToken: int64(t.Type.RowBytes(t.Cols)), gathered: true}
}

// each is a float32 buffer of which every token of the batch touches a vector.
func each(access traces.Access, f *floats) operand {
	return operand{tensor: f.name, kind: traces.Activation, access: access, dtype: "f32",
		addr: f.addr, perToken: 4 * int64(f.width)}
}

// last is a float32 buffer of which the batch's last vector is read.
func last(f *floats) operand {
	row := 4 * int64(f.width)
	return operand{tensor: f.name, kind: traces.Activation, access: traces.Read, dtype: "f32",
		addr: f.addr, fixed: row, stepToken: row}
}

// first is a float32 buffer of which one vector is written whatever the batch.
func first(f *floats) operand {
	return operand{tensor: f.name, kind: traces.Activation, access: traces.Write, dtype: "f32",
		addr: f.addr, fixed: 4 * int64(f.width)}
}

// coded is an encoded buffer of which every token of the batch touches a vector.
func coded(access traces.Access, e *encoded) operand {
	return operand{tensor: e.name, kind: traces.Activation, access: access, dtype: encodingName(e.vectors.Encoding),
		addr: e.addr, perToken: e.rowBytes}
}

// codedFirst is an encoded buffer of which one vector is touched whatever the
// batch.
func codedFirst(access traces.Access, e *encoded) operand {
	o := coded(access, e)
	o.fixed, o.perToken = o.perToken, 0
	return o
}

// appended is a half of a KV cache to which the batch's rows are written.
func appended(c *cacheHalf) operand {
	row := 2 * int64(c.width)
	return operand{tensor: c.name, kind: traces.KV, access: traces.Write, dtype: "f16",
		addr: c.addr, perToken: row, stepPosition: row}
}

// attended is a half of a KV cache of which all rows up to the batch's last
// token are read.
func attended(c *cacheHalf) operand {
	return operand{tensor: c.name, kind: traces.KV, access: traces.Read, dtype: "f16",
		addr: c.addr, perPosition: 2 * int64(c.width)}
}

// encodingName is the dtype of an encoded buffer in a trace.
func encodingName(e kernels.Encoding) string {
	if e.Quantized() {
		return "int8"
	}
	return "f32" // rounded or not
}
