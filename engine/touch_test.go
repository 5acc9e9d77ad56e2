package engine

import (
	"bytes"
	"math"
	"unsafe"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/traces"
)

// touching is a Kernels that computes by the book, one value at a time, and
// marks every byte of every buffer as it reads or writes it. What it marks is
// what the operators' definitions need, found without any knowledge of traces.
type touching struct {
	buffers []*marked
}

// marked is a buffer of the program under observation. Its trace address is
// addr, unless it is a part of an encoded buffer: there a batch fills the start
// of each part, and the trace has the filled starts one behind the other.
type marked struct {
	name          string
	start, end    uintptr
	memory        []byte
	addr          uint64
	before        int    // bytes of each vector in parts in front of this one
	each          int    // bytes of each vector in this part; 0 if the buffer has no parts
	reads, writes []byte // 1 for a touched byte
}

// observe registers the memory of values, and returns its record.
func observe[T any](t *touching, name string, values []T, addr uint64) *marked {
	if len(values) == 0 {
		return &marked{}
	}
	start := uintptr(unsafe.Pointer(&values[0]))
	n := len(values) * int(unsafe.Sizeof(values[0]))
	m := &marked{name: name, start: start, end: start + uintptr(n), addr: addr,
		memory: unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), n),
		reads:  make([]byte, n), writes: make([]byte, n)}
	t.buffers = append(t.buffers, m)
	return m
}

// observeAll registers all memory of a session but the token ids.
func (t *touching) observeAll(s *Session) {
	for _, w := range s.engine.tensors.all() {
		observe(t, w.Name, w.Data, w.Offset)
	}
	for _, c := range s.program.caches {
		observe(t, c.k.name, c.k.data.Halves, c.k.addr)
		observe(t, c.v.name, c.v.data.Halves, c.v.addr)
		observe(t, c.state.name, c.state.data, c.state.addr)
	}
	for _, r := range s.program.routers {
		observe(t, r.ids.name, r.ids.data, r.ids.addr)
	}
	for _, f := range s.program.acts.floats {
		observe(t, f.name, f.data, f.addr)
	}
	for _, e := range s.program.acts.encoded {
		v := &e.vectors
		observe(t, e.name, v.F32, e.addr)
		values := observe(t, e.name+" values", v.Q, e.addr)
		scales := observe(t, e.name+" scales", v.Scale, e.addr)
		sums := observe(t, e.name+" sums", v.Sum, e.addr)
		times := e.count / s.program.acts.batch // vectors of a token
		values.each, scales.each, sums.each = times*v.Dim, times*v.Dim/8, times*v.Dim/8
		scales.before, sums.before = values.each, values.each+scales.each
	}
}

// extent returns where the buffer lies in the trace's address space for a batch
// of n vectors, and how much of it such a batch can reach.
func (b *marked) extent(n int) (addr uint64, size int) {
	if b.each > 0 {
		return b.addr + uint64(b.before*n), n * b.each
	}
	return b.addr, len(b.memory)
}

// within returns the part of the buffer that an address range covers.
func (b *marked) within(addr, size uint64, n int) (from, to int) {
	start, reach := b.extent(n)
	from = int(min(max(addr, start)-start, uint64(reach)))
	to = int(min(max(addr+size, start)-start, uint64(reach)))
	return from, to
}

// operands calls do with each part of the buffer that is an operand.
func (b *marked) operands(events traces.Op, access traces.Access, n int, do func(from, to int)) {
	for _, e := range events {
		if e.Access == access {
			do(b.within(e.Addr, uint64(e.Bytes), n))
		}
	}
}

// marks returns what was read or written of the buffer.
func (b *marked) marks(access traces.Access) []byte {
	if access == traces.Read {
		return b.reads
	}
	return b.writes
}

// touched returns how many bytes were touched of an address range.
func (t *touching) touched(access traces.Access, addr, size uint64, n int) int64 {
	count := 0
	for _, b := range t.buffers {
		from, to := b.within(addr, size, n)
		count += bytes.Count(b.marks(access)[from:to], []byte{1})
	}
	return int64(count)
}

// touchedAtAll returns how many bytes were touched anywhere.
func (t *touching) touchedAtAll(access traces.Access) int64 {
	count := 0
	for _, b := range t.buffers {
		count += bytes.Count(b.marks(access), []byte{1})
	}
	return int64(count)
}

// clear forgets all marks.
func (t *touching) clear() {
	for _, b := range t.buffers {
		clear(b.reads)
		clear(b.writes)
	}
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

func (w window[T]) mark(marks []byte, i int) {
	size := int(unsafe.Sizeof(w.values[0]))
	for j := range size {
		marks[w.at+i*size+j] = 1
	}
}

// row decodes row r of a matrix.
func (t *touching) row(m kernels.Matrix, r int) []float32 {
	size := m.Type.RowBytes(m.Cols)
	data := view(t, m.Data)
	stored := make([]byte, size)
	for i := range stored {
		stored[i] = data.load(r*size + i)
	}
	values := make([]float32, m.Cols)
	m.Type.Decode(values, stored)
	return values
}

// vector decodes vector i of x.
func (t *touching) vector(x *kernels.Vectors, i int) []float32 {
	values := make([]float32, x.Dim)
	if !x.Encoding.Quantized() {
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
	one.Granularity = dst.Granularity
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
	vectors := make([][]float32, x.N)
	for i := range vectors {
		vectors[i] = t.vector(x, i)
	}
	for r := range m.Rows {
		row := t.row(m, r)
		for i, vector := range vectors {
			sum := 0.0
			for j, v := range vector {
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
	a := view(t, x)
	weightOf := func(int) float32 { return 1 }
	if weight != nil {
		weightOf = view(t, weight).load
	}
	for h := range n * heads {
		values := make([]float32, headDim)
		for j := range values {
			values[j] = a.load(h*headDim + j)
		}
		scale := rootMeanSquare(values, eps)
		for j, v := range values {
			a.store(h*headDim+j, v/scale*weightOf(j))
		}
	}
}

func (t *touching) Encode(dst *kernels.Vectors, x []float32) {
	in := view(t, x)
	for i := range dst.N {
		values := make([]float32, dst.Dim)
		for j := range values {
			values[j] = in.load(i*dst.Dim + j)
		}
		t.put(dst, i, values)
	}
}

func (t *touching) Scale(x []float32, factor float32) {
	a := view(t, x)
	for i := range x {
		a.store(i, a.load(i)*factor)
	}
}

func (t *touching) ScaleBy(x, factor []float32) { t.Scale(x, view(t, factor).load(0)) }

func (t *touching) Softcap(x []float32, limit float32) {
	a := view(t, x)
	for i := range x {
		a.store(i, limit*float32(math.Tanh(float64(a.load(i)/limit))))
	}
}

func (t *touching) Transpose(dst, src []float32, parts, size int) {
	out, in := view(t, dst), view(t, src)
	n := len(src) / parts / size
	for i := range src {
		vector, part, value := i/(parts*size), i/size%parts, i%size
		out.store((part*n+vector)*size+value, in.load(i))
	}
}

// ShortConv keeps the products of the last steps as the state has them: for each
// channel, the oldest first.
func (t *touching) ShortConv(dst *kernels.Vectors, bcx, taps, state []float32) {
	in, w, past := view(t, bcx), view(t, taps), view(t, state)
	dim := dst.Dim
	length := len(taps) / dim
	for i := range dst.N {
		values := make([]float32, dim)
		for ch := range dim {
			b, c, x := in.load(3*i*dim+ch), in.load((3*i+1)*dim+ch), in.load((3*i+2)*dim+ch)
			steps := []float32{}
			for j := range length - 1 {
				steps = append(steps, past.load(ch*(length-1)+j))
			}
			steps = append(steps, b*x)
			sum := 0.0
			for j, v := range steps {
				sum += float64(v) * float64(w.load(ch*length+j))
			}
			for j, v := range steps[1:] {
				past.store(ch*(length-1)+j, v)
			}
			values[ch] = c * float32(sum)
		}
		t.put(dst, i, values)
	}
}

func (t *touching) gate(dst *kernels.Vectors, gate, up []float32, f func(g, u float64) float64) {
	g, u := view(t, gate), view(t, up)
	for i := range dst.N {
		values := make([]float32, dst.Dim)
		for j := range values {
			values[j] = float32(f(float64(g.load(i*dst.Dim+j)), float64(u.load(i*dst.Dim+j))))
		}
		t.put(dst, i, values)
	}
}

func (t *touching) GeGLU(dst *kernels.Vectors, gate, up []float32) {
	t.gate(dst, gate, up, func(g, u float64) float64 {
		g = float64(half(float32(g)))
		return float64(half(float32(g/2*(1+math.Tanh(math.Sqrt(2/math.Pi)*(g+0.044715*g*g*g)))))) * u
	})
}

func (t *touching) ClampedGLU(dst *kernels.Vectors, gate, up []float32) {
	t.gate(dst, gate, up, func(g, u float64) float64 {
		g, u = min(g, 7), max(-7, min(7, u))
		return g / (1 + math.Exp(-1.702*g)) * (u + 1)
	})
}

// Route leaves the choice to the engine's own kernel and marks what it must
// touch: all logits and biases.
func (t *touching) Route(ids []int32, weights, logits []float32, r kernels.RouteShape) {
	in, chosen, w := view(t, logits), view(t, ids), view(t, weights)
	seen := make([]float32, len(logits))
	for i := range seen {
		seen[i] = in.load(i)
	}
	for i := range r.Bias {
		view(t, r.Bias).load(i)
	}
	c := kernels.New(1)
	defer c.Close()
	outIDs, outWeights := make([]int32, len(ids)), make([]float32, len(weights))
	c.Route(outIDs, outWeights, seen, r)
	for i := range ids {
		chosen.store(i, outIDs[i])
		w.store(i, outWeights[i])
	}
}

func (t *touching) MatMulExperts(dst []float32, m kernels.Matrix, rows int, x *kernels.Vectors, ids []int32, used int) {
	out, chosen := view(t, dst), view(t, ids)
	for slot := range ids {
		vector := slot
		if x.N*used == len(ids) {
			vector = slot / used
		}
		values, first := t.vector(x, vector), int(chosen.load(slot))*rows
		for r := range rows {
			sum := 0.0
			for j, v := range t.row(m, first+r) {
				sum += float64(v) * float64(values[j])
			}
			out.store(slot*rows+r, float32(sum))
		}
	}
}

func (t *touching) AddExpertBias(x, bias []float32, ids []int32, width int) {
	a, b, chosen := view(t, x), view(t, bias), view(t, ids)
	for slot := range ids {
		for j := range width {
			a.store(slot*width+j, a.load(slot*width+j)+b.load(int(chosen.load(slot))*width+j))
		}
	}
}

func (t *touching) Combine(dst, x, weights []float32, used int) {
	out, in, w := view(t, dst), view(t, x), view(t, weights)
	width := len(dst) * used / len(weights)
	for i := range dst {
		sum := 0.0
		for slot := i / width * used; slot < (i/width+1)*used; slot++ {
			sum += float64(w.load(slot)) * float64(in.load(slot*width+i%width))
		}
		out.store(i, float32(sum))
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

func (t *touching) StoreKV(dst kernels.Cache, src []float32) {
	out, in := view(t, dst.Halves), view(t, src)
	for i := range src {
		out.store(i, quant.ToF16(in.load(i)))
	}
}

// Attention rounds queries and softmax weights to half precision, as
// [kernels.Compute.Attention] says that it does.
func (t *touching) Attention(dst *kernels.Vectors, q []float32, k, v kernels.Cache, a kernels.AttentionShape) {
	queries, keys, vals := view(t, q), view(t, k.Halves), view(t, v.Halves)
	for i := range a.N {
		out := make([]float32, dst.Dim)
		for h := range a.Heads {
			kv := h / (a.Heads / a.KVHeads)
			first, scale := 0, 1/math.Sqrt(float64(a.HeadDim))
			if a.Window > 0 {
				first = max(0, a.Pos+i+1-a.Window)
			}
			if a.Scale != 0 {
				scale = float64(a.Scale)
			}
			weight := make([]float64, a.Pos+i+1-first)
			sum := 0.0
			if a.Sinks != nil {
				sum = math.Exp(float64(view(t, a.Sinks).load(h)))
			}
			for p := range weight {
				for j := range a.HeadDim {
					key := quant.FromF16(keys.load(((first+p)%a.Ring*a.KVHeads+kv)*a.HeadDim + j))
					query := half(queries.load((i*a.Heads+h)*a.HeadDim + j))
					weight[p] += float64(query) * float64(key)
				}
				weight[p] *= scale
				if a.Cap > 0 {
					weight[p] = float64(a.Cap) * math.Tanh(weight[p]/float64(a.Cap))
				}
				weight[p] = math.Exp(weight[p])
				sum += weight[p]
			}
			for p := range weight {
				w := float64(half(float32(weight[p] / sum)))
				for j := range a.HeadDim {
					value := quant.FromF16(vals.load(((first+p)%a.Ring*a.KVHeads+kv)*a.HeadDim + j))
					out[h*a.HeadDim+j] += float32(w * float64(value))
				}
			}
		}
		t.put(dst, i, out)
	}
}

func half(v float32) float32 { return quant.FromF16(quant.ToF16(v)) }

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
