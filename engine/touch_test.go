package engine

import (
	"math"
	"unsafe"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/quant"
)

// touching is a Kernels that computes by the book, one value at a time, and
// marks every byte of every buffer as it reads or writes it. What it marks is
// what the operators' definitions need, found without any knowledge of traces.
type touching struct {
	buffers []*marked
}

// marked is a buffer of the program under observation. Its trace address is
// addr, unless it is a part of an encoded buffer that lies behind other parts.
type marked struct {
	name          string
	start, end    uintptr
	addr          uint64
	before        int // bytes of each vector in parts in front of this one
	reads, writes []bool
}

// observe registers the memory of values.
func observe[T any](t *touching, name string, values []T, addr uint64, before int) {
	if len(values) == 0 {
		return
	}
	start := uintptr(unsafe.Pointer(&values[0]))
	n := len(values) * int(unsafe.Sizeof(values[0]))
	t.buffers = append(t.buffers, &marked{name: name, start: start, end: start + uintptr(n), addr: addr, before: before,
		reads: make([]bool, n), writes: make([]bool, n)})
}

// touched returns the trace addresses of all marked bytes for a batch of n
// vectors, and clears the marks.
func (t *touching) touched(n int) (reads, writes map[uint64]bool) {
	reads, writes = map[uint64]bool{}, map[uint64]bool{}
	for _, b := range t.buffers {
		for i := range b.reads {
			addr := b.addr + uint64(b.before*n+i)
			if b.reads[i] {
				reads[addr] = true
			}
			if b.writes[i] {
				writes[addr] = true
			}
		}
		clear(b.reads)
		clear(b.writes)
	}
	return reads, writes
}

// window is a kernel's view of an argument.
type window[T any] struct {
	values []T
	at     int // byte offset in the buffer
	buffer *marked
}

func view[T any](t *touching, values []T) window[T] {
	start := uintptr(unsafe.Pointer(&values[0]))
	for _, b := range t.buffers {
		if b.start <= start && start < b.end {
			return window[T]{values: values, at: int(start - b.start), buffer: b}
		}
	}
	panic("a kernel was given memory that the program does not know")
}

func (w window[T]) load(i int) T {
	w.mark(w.buffer.reads, i)
	return w.values[i]
}

func (w window[T]) store(i int, v T) {
	w.mark(w.buffer.writes, i)
	w.values[i] = v
}

func (w window[T]) mark(marks []bool, i int) {
	size := int(unsafe.Sizeof(w.values[0]))
	for j := range size {
		marks[w.at+i*size+j] = true
	}
}

// row decodes row r of a matrix.
func (t *touching) row(m kernels.Matrix, r int) []float32 {
	size := m.Type.RowBytes(m.Cols)
	data := view(t, m.Data)
	bytes := make([]byte, size)
	for i := range bytes {
		bytes[i] = data.load(r*size + i)
	}
	values := make([]float32, m.Cols)
	m.Type.Decode(values, bytes)
	return values
}

// vector decodes vector i of x.
func (t *touching) vector(x *kernels.Vectors, i int) []float32 {
	values := make([]float32, x.Dim)
	if x.Encoding != kernels.Int8 {
		data := view(t, x.F32)
		for j := range values {
			values[j] = data.load(i*x.Dim + j)
		}
		return values
	}
	q, scale, sum := view(t, x.Q), view(t, x.Scale), view(t, x.Sum)
	for j := range values {
		block := (i*x.Dim + j) / kernels.Block
		sum.load(block)
		values[j] = float32(q.load(i*x.Dim+j)) * scale.load(block)
	}
	return values
}

// put encodes values as vector i of dst.
func (t *touching) put(dst *kernels.Vectors, i int, values []float32) {
	one := kernels.NewVectors(1, dst.Dim, dst.Encoding)
	one.Set(values)
	copyTo(t, dst.F32, i, one.F32)
	copyTo(t, dst.Q, i, one.Q)
	copyTo(t, dst.Scale, i, one.Scale)
	copyTo(t, dst.Sum, i, one.Sum)
}

func copyTo[T any](t *touching, dst []T, i int, values []T) {
	if len(values) == 0 {
		return
	}
	w := view(t, dst)
	for j, v := range values {
		w.store(i*len(values)+j, v)
	}
}

func (t *touching) Embed(dst []float32, m kernels.Matrix, ids []int32) {
	tokens, out := view(t, ids), view(t, dst)
	for i := range ids {
		for j, v := range t.row(m, int(tokens.load(i))) {
			out.store(i*m.Cols+j, v)
		}
	}
}

func (t *touching) RMSNorm(dst *kernels.Vectors, x, weight []float32, eps float32) {
	in, w := view(t, x), view(t, weight)
	for i := range dst.N {
		values := make([]float32, dst.Dim)
		for j := range values {
			values[j] = in.load(i*dst.Dim + j)
		}
		scale := rootMeanSquare(values, eps)
		for j := range values {
			values[j] *= w.load(j) / scale
		}
		t.put(dst, i, values)
	}
}

func rootMeanSquare(values []float32, eps float32) float32 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	return float32(math.Sqrt(sum/float64(len(values)) + float64(eps)))
}

func (t *touching) MatMul(dst []float32, m kernels.Matrix, x *kernels.Vectors) {
	out := view(t, dst)
	for r := range m.Rows {
		row := t.row(m, r)
		for i := range x.N {
			sum := 0.0
			for j, v := range t.vector(x, i) {
				sum += float64(v) * float64(row[j])
			}
			out.store(i*m.Rows+r, float32(sum))
		}
	}
}

func (t *touching) AddBias(x, bias []float32, n int) {
	for i := range n {
		t.Add(x[i*len(bias):(i+1)*len(bias)], bias)
	}
}

func (t *touching) Add(x, y []float32) {
	a, b := view(t, x), view(t, y)
	for i := range y {
		a.store(i, a.load(i)+b.load(i))
	}
}

func (t *touching) HeadNorm(x, weight []float32, n, heads, headDim int, eps float32) {
	a, w := view(t, x), view(t, weight)
	for h := range n * heads {
		values := make([]float32, headDim)
		for j := range values {
			values[j] = a.load(h*headDim + j)
		}
		scale := rootMeanSquare(values, eps)
		for j, v := range values {
			a.store(h*headDim+j, v/scale*w.load(j))
		}
	}
}

// RoPE leaves the angles to the engine's own kernel and marks what it must
// touch: every value of every head.
func (t *touching) RoPE(x []float32, n, heads, headDim, pos int, table *kernels.RoPETable) {
	a := view(t, x)
	turned := make([]float32, n*heads*headDim)
	for i := range turned {
		turned[i] = a.load(i)
	}
	c := kernels.New(1)
	defer c.Close()
	c.RoPE(turned, n, heads, headDim, pos, table)
	for i, v := range turned {
		a.store(i, v)
	}
}

func (t *touching) StoreKV(dst []uint16, src []float32) {
	out, in := view(t, dst), view(t, src)
	for i := range src {
		out.store(i, quant.ToF16(in.load(i)))
	}
}

func (t *touching) Attention(dst *kernels.Vectors, q []float32, k, v []uint16, a kernels.AttentionShape) {
	queries, keys, vals := view(t, q), view(t, k), view(t, v)
	for i := range a.N {
		out := make([]float32, dst.Dim)
		for h := range a.Heads {
			kv := h / (a.Heads / a.KVHeads)
			weight := make([]float64, a.Pos+i+1)
			sum := 0.0
			for p := range weight {
				for j := range a.HeadDim {
					key := quant.FromF16(keys.load((p*a.KVHeads+kv)*a.HeadDim + j))
					weight[p] += float64(queries.load((i*a.Heads+h)*a.HeadDim+j)) * float64(key)
				}
				weight[p] = math.Exp(weight[p] / math.Sqrt(float64(a.HeadDim)))
				sum += weight[p]
			}
			for p, w := range weight {
				for j := range a.HeadDim {
					value := quant.FromF16(vals.load((p*a.KVHeads+kv)*a.HeadDim + j))
					out[h*a.HeadDim+j] += float32(w / sum * float64(value))
				}
			}
		}
		t.put(dst, i, out)
	}
}

func (t *touching) SwiGLU(dst *kernels.Vectors, gate, up []float32) {
	g, u := view(t, gate), view(t, up)
	for i := range dst.N {
		values := make([]float32, dst.Dim)
		for j := range values {
			x := float64(g.load(i*dst.Dim + j))
			values[j] = float32(x / (1 + math.Exp(-x)) * float64(u.load(i*dst.Dim+j)))
		}
		t.put(dst, i, values)
	}
}
