package kernels

import "math"

// Encode stores the dst.N vectors of x in dst's encoding.
func (c *Compute) Encode(dst *Vectors, x []float32) {
	if len(x) < dst.N*dst.Dim {
		panicf("%d values for vectors of %d × %d", len(x), dst.N, dst.Dim)
	}
	c.encode = encodeTask{dst: dst, src: x, k: c.k}
	c.pool.run(&c.encode, rowParts(dst.N))
}

// Scale multiplies x by a factor.
func (c *Compute) Scale(x []float32, factor float32) {
	for i := range x {
		x[i] *= factor
	}
}

// ScaleBy multiplies x by a stored factor, the first value of factor.
func (c *Compute) ScaleBy(x, factor []float32) { c.Scale(x, factor[0]) }

// Softcap keeps x within ±limit, smoothly and in place (Gemma 2, arXiv
// 2408.00118, section 2):
//
//	x = limit · tanh(x / limit)
func (c *Compute) Softcap(x []float32, limit float32) { softcap(x, 1, limit) }

// softcap replaces x by limit · tanh(x · scale / limit).
func softcap(x []float32, scale, limit float32) {
	for i, v := range x {
		x[i] = limit * float32(math.Tanh(float64(v*scale/limit)))
	}
}

// Transpose gathers the parts of n vectors of parts × size values: dst has part
// 0 of each vector, then part 1 of each, and so on.
func (c *Compute) Transpose(dst, src []float32, parts, size int) {
	n := len(src) / (parts * size)
	for i := range n {
		for p := range parts {
			copy(dst[(p*n+i)*size:][:size], src[(i*parts+p)*size:][:size])
		}
	}
}

// ShortConv is a gated causal convolution over the vectors of a sequence, each
// channel by itself (LFM2, arXiv 2511.23404). Vector i of bcx holds B, C and x,
// dst.Dim values each; taps has as many values for each channel, the last for
// the vector itself:
//
//	dst = C · Σ over j of taps[j] · (B·x) of the vector len-1-j before
//
// state holds B·x of the vectors before the first, for each channel the oldest
// first, and is moved on.
func (c *Compute) ShortConv(dst *Vectors, bcx, taps, state []float32) {
	dim := dst.Dim
	length := len(taps) / dim
	if len(bcx) < dst.N*3*dim || len(state) < (length-1)*dim {
		panicf("convolution of %d × %d: %d values, %d of state", dst.N, dim, len(bcx), len(state))
	}
	s := &c.scratch[0]
	s.floats = grow(s.floats, dim)
	for i := range dst.N {
		b, gate, x := bcx[3*i*dim:][:dim], bcx[(3*i+1)*dim:][:dim], bcx[(3*i+2)*dim:][:dim]
		row := dst.row(i, s.floats)
		for ch := range dim {
			past, tap := state[ch*(length-1):][:length-1], taps[ch*length:][:length]
			now := b[ch] * x[ch]
			sum := float32(0)
			for j, v := range past {
				sum += v * tap[j]
			}
			sum += now * tap[length-1]
			copy(past, past[1:])
			past[length-2] = now
			row[ch] = gate[ch] * sum
		}
		dst.encode(i, row, c.k)
	}
}
