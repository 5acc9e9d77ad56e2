package kernels

import (
	"encoding/binary"
	"math"

	"github.com/memsim/memsim/engine/quant"
)

// Cache is rows of a KV cache, a key or a value for each position, as they are
// stored: F16 in Halves, F32 in Floats, Q8_0 and Q4_0 in Blocks. As in llama.cpp,
// each Turn values of a block format, if it is not 0, are stored turned by a
// Hadamard matrix, which spreads outliers: see KeyTurn and ValueTurn.
type Cache struct {
	Type   quant.Type
	Turn   int
	Halves []uint16
	Floats []float32
	Blocks []byte
}

// CacheTypes lists the formats that keys and values can be stored in.
func CacheTypes() []quant.Type { return []quant.Type{quant.F32, quant.F16, quant.Q8_0, quant.Q4_0} }

// KeyTurn returns how many values of keys are turned together: the largest power of
// two that divides the head, 0 unless the format is of blocks and the head a
// multiple of 64 (llama.cpp's llama-kv-cache.cpp).
func KeyTurn(t quant.Type, headDim int) int {
	if t == quant.F16 || t == quant.F32 || headDim%valueTurn != 0 {
		return 0
	}
	return headDim & -headDim
}

// ValueTurn returns the same for values, 64.
func ValueTurn(t quant.Type, headDim int) int { return min(KeyTurn(t, headDim), valueTurn) }

const valueTurn = 64

// hadamard turns each n values of x by the symmetric Hadamard matrix of Sylvester,
// scaled to keep lengths: twice is as before.
func hadamard(x []float32, n int) {
	scale := float32(1 / math.Sqrt(float64(n)))
	for ; len(x) >= n; x = x[n:] {
		for step := 1; step < n; step *= 2 {
			for i := 0; i < n; i += 2 * step {
				for j := i; j < i+step; j++ {
					x[j], x[j+step] = x[j]+x[j+step], x[j]-x[j+step]
				}
			}
		}
		for j := range x[:n] {
			x[j] *= scale
		}
	}
}

// NewCache returns room for n values in a format.
func NewCache(t quant.Type, n int) Cache {
	c := Cache{Type: t}
	switch t {
	case quant.F16:
		c.Halves = make([]uint16, n)
	case quant.F32:
		c.Floats = make([]float32, n)
	default:
		c.Blocks = make([]byte, t.RowBytes(n))
	}
	return c
}

// Len returns the number of values.
func (c Cache) Len() int {
	switch c.Type {
	case quant.F16:
		return len(c.Halves)
	case quant.F32:
		return len(c.Floats)
	}
	l, _ := c.Type.Layout()
	return len(c.Blocks) / l.Bytes * l.Block
}

// Slice returns values from to to: whole blocks of a quantized format.
func (c Cache) Slice(from, to int) Cache {
	switch c.Type {
	case quant.F16:
		c.Halves = c.Halves[from:to]
	case quant.F32:
		c.Floats = c.Floats[from:to]
	default:
		c.Blocks = c.Blocks[c.Type.RowBytes(from):c.Type.RowBytes(to)]
	}
	return c
}

// StoreKV writes keys or values as the cache keeps them.
func (c *Compute) StoreKV(dst Cache, src []float32) {
	if dst.Len() < len(src) {
		panicf("%d values stored in %d", len(src), dst.Len())
	}
	switch dst.Type {
	case quant.F16:
		c.k.storeHalf(dst.Halves[:len(src)], src)
	case quant.F32:
		copy(dst.Floats, src)
	default:
		if dst.Turn > 0 {
			c.turned = append(c.turned[:0], src...)
			hadamard(c.turned, dst.Turn)
			src = c.turned
		}
		dst.Type.Encode(dst.Blocks[:dst.Type.RowBytes(len(src))], src)
	}
}

// query is what the keys of a cache are multiplied with: as ggml has it, rounded
// to half precision for F16, and for block formats to int8 in blocks.
type query struct {
	floats []float32
	turned []float32
	codes  []int8
	scales []float32
	sums   []int32
}

// set takes a head's query for the keys of a cache. Floats are taken as they are:
// those for F16 come rounded.
func (q *query) set(k *kernelSet, keys Cache, head []float32) {
	q.floats = head
	if keys.Type == quant.F16 || keys.Type == quant.F32 {
		return
	}
	if keys.Turn > 0 {
		q.turned = append(q.turned[:0], head...)
		hadamard(q.turned, keys.Turn)
		head = q.turned
	}
	blocks := len(head) / Block
	q.codes, q.scales, q.sums = grow(q.codes, len(head)), grow(q.scales, blocks), grow(q.sums, blocks)
	k.quantize(q.codes, q.scales, q.sums, head)
	k.scaleRound(q.scales, 1)
}

// scores stores the inner product of q with the keys of len(out) positions, which
// begin with value at of c and lie stride values apart.
func (c Cache) scores(k *kernelSet, out []float32, q *query, at, stride int) {
	switch c.Type {
	case quant.F16:
		k.scores(out, q.floats, c.Halves[at:], stride)
	case quant.F32:
		for p := range out {
			out[p] = k.dot(q.floats, c.Floats[at+p*stride:][:len(q.floats)])
		}
	default:
		for p := range out {
			out[p] = c.dot(q, at+p*stride)
		}
	}
}

// dot is the inner product of q with the key at a value of a block format.
func (c Cache) dot(q *query, at int) float32 {
	l, _ := c.Type.Layout()
	var code [Block]int8
	total := float32(0)
	for b, scale := range q.scales {
		block := c.Blocks[(at/Block+b)*l.Bytes:][:l.Bytes]
		d := unpackKV(&code, c.Type, block)
		sum := int32(0)
		for j, v := range q.codes[b*Block:][:Block] {
			sum += int32(v) * int32(code[j])
		}
		total += float32(sum) * (d * scale)
	}
	return total
}

// unpackKV restores the codes of a block and returns its scale.
func unpackKV(code *[Block]int8, t quant.Type, block []byte) float32 {
	if t == quant.Q8_0 {
		for j, v := range block[2:34] {
			code[j] = int8(v)
		}
	} else {
		nibbles(code[:], block[2:], 8)
	}
	return quant.FromF16(binary.LittleEndian.Uint16(block))
}

// mix stores the sum of the values of len(p) positions, weighted by p.
func (c Cache) mix(k *kernelSet, out, p []float32, at, stride int) {
	switch c.Type {
	case quant.F16:
		k.mix(out, p, c.Halves[at:], stride)
		return
	case quant.F32:
		clear(out)
		for i, w := range p {
			for j, v := range c.Floats[at+i*stride:][:len(out)] {
				out[j] += w * v
			}
		}
		return
	}
	l, _ := c.Type.Layout()
	var code [Block]int8
	clear(out)
	for i, w := range p {
		for b := range len(out) / Block {
			scale := w * unpackKV(&code, c.Type, c.Blocks[((at+i*stride)/Block+b)*l.Bytes:][:l.Bytes])
			for j, v := range code {
				out[b*Block+j] += scale * float32(v)
			}
		}
	}
}
