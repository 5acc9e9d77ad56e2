package quant

// The formats of this file (ggml's K-quants) store 256 values as sub-blocks
// whose scales are themselves quantized against one float16 for the whole:
//
//	q4_k, q5_k: 8 sub-blocks of 32:  x = d·s·q - dmin·m   s, m of 6 bits, q of 4 or 5
//	q6_k:      16 sub-blocks of 16:  x = d·s·(q - 32)     s of 8 bits signed, q of 6
//
// Encoding searches, for each sub-block, the scale (and offset) of least
// weighted squared error over a few candidates (fit.go), quantizes the scales,
// and then takes the codes anew against the scales as stored.

const (
	super   = 256 // values of a super-block
	sub     = 32  // values of a sub-block of q4_k and q5_k
	sub6    = 16  // values of a sub-block of q6_k
	packed6 = 12  // bytes of eight pairs of 6-bit numbers
)

func encodeQ4_K(dst []byte, src []float32) {
	var q [super]uint8
	encodeAffine(dst, &q, src, 15, attempts{-1, 21})
	packHalves(dst[4+packed6:], &q)
}

func encodeQ5_K(dst []byte, src []float32) {
	var q [super]uint8
	encodeAffine(dst, &q, src, 31, attempts{-0.5, 16})
	packHalves(dst[4+packed6+super/8:], &q)
	packFifths(dst[4+packed6:][:super/8], &q)
}

// encodeAffine writes the head of a q4_k or q5_k block (d, dmin and the packed
// scales and offsets) and returns the codes, in [0, most].
func encodeAffine(dst []byte, q *[super]uint8, src []float32, most int, try attempts) {
	var scales, offsets [super / sub]float32
	for j := range scales {
		scales[j], offsets[j] = fitAffine((*[sub]float32)(src[j*sub:]), most, try)
	}
	d, s := quantizeScales(scales)
	dmin, m := quantizeScales(offsets)
	putF16(dst, d)
	putF16(dst[2:], dmin)
	packScales(dst[4:], s, m)

	d, dmin = getF16(dst), getF16(dst[2:])
	for j := range scales {
		scale, offset := float32(d*float32(s[j])), float32(dmin*float32(m[j]))
		if scale == 0 {
			continue // the codes are 0
		}
		for i, v := range src[j*sub:][:sub] {
			q[j*sub+i] = uint8(nearest((v+offset)/scale, 0, most))
		}
	}
}

// quantizeScales returns 6-bit codes for non-negative scales and the unit of
// the codes.
func quantizeScales(v [8]float32) (unit float32, codes [8]uint8) {
	var most float32
	for _, x := range v {
		most = max(most, x)
	}
	if most == 0 {
		return 0, codes
	}
	perUnit := 63 / most
	for j, x := range v {
		codes[j] = uint8(nearest(perUnit*x, 0, 63))
	}
	return most / 63, codes
}

// packScales stores eight scales s and eight offsets m of 6 bits each. The
// first four of both stand in the low bits of bytes 0 to 3 and 4 to 7; of the
// others, bytes 8 to 11 hold the low four bits (s low, m high), and their upper
// two bits fill up bytes 0 to 3 and 4 to 7.
func packScales(dst []byte, s, m [8]uint8) {
	for j := range 4 {
		dst[j] = s[j] | s[j+4]>>4<<6
		dst[j+4] = m[j] | m[j+4]>>4<<6
		dst[j+8] = s[j+4]&15 | m[j+4]&15<<4
	}
}

// unpackScales is the inverse of packScales.
func unpackScales(src []byte) (s, m [8]uint8) {
	for j := range 4 {
		s[j], s[j+4] = src[j]&63, src[j+8]&15|src[j]>>6<<4
		m[j], m[j+4] = src[j+4]&63, src[j+8]>>4|src[j+4]>>6<<4
	}
	return s, m
}

// packHalves stores the low four bits of codes: of each 64, the first 32 in the
// low halves of 32 bytes and the last 32 in their high halves.
func packHalves(dst []byte, q *[super]uint8) {
	for base := 0; base < super; base += 2 * sub {
		for i := range sub {
			dst[base/2+i] = q[base+i]&15 | q[base+sub+i]&15<<4
		}
	}
}

// packFifths stores the fifth bits of codes: sub-block j's at bit j of 32 bytes.
func packFifths(dst []byte, q *[super]uint8) {
	clear(dst)
	for i, code := range q {
		dst[i%sub] |= code >> 4 & 1 << (i / sub)
	}
}

func decodeQ4_K(dst []float32, src []byte) {
	d, dmin := getF16(src), getF16(src[2:])
	s, m := unpackScales(src[4:])
	codes := src[4+packed6:]
	for j := range s {
		scale, offset := float32(d*float32(s[j])), float32(dmin*float32(m[j]))
		shift := j % 2 * 4
		for i, b := range codes[j/2*sub:][:sub] {
			dst[j*sub+i] = float32(scale*float32(b>>shift&15)) - offset
		}
	}
}

func decodeQ5_K(dst []float32, src []byte) {
	d, dmin := getF16(src), getF16(src[2:])
	s, m := unpackScales(src[4:])
	fifths, codes := src[4+packed6:][:super/8], src[4+packed6+super/8:]
	for j := range s {
		scale, offset := float32(d*float32(s[j])), float32(dmin*float32(m[j]))
		shift := j % 2 * 4
		for i, b := range codes[j/2*sub:][:sub] {
			dst[j*sub+i] = float32(scale*float32(b>>shift&15|fifths[i]>>j&1<<4)) - offset
		}
	}
}

// A q6_k block is 128 bytes of low four bits, 64 of upper two bits, 16 scales
// and d. Each half of 128 values is four runs of 32: run r has its upper bits at
// bit 2r of 32 bytes, its lower ones in the low (r < 2) or high halves of the
// first (r even) or second 32 of 64 bytes.
const (
	upper6  = super / 2
	scales6 = upper6 + super/4
	d6      = scales6 + super/sub6
)

func encodeQ6_K(dst []byte, src []float32) {
	clear(dst)
	var scales [super / sub6]float32
	for j := range scales {
		scales[j] = fitSymmetric(src[j*sub6:][:sub6], 32)
	}
	most := peak(scales[:])
	if magnitude(most) < tiny {
		return
	}
	perUnit := -128 / most
	putF16(dst[d6:], 1/perUnit)
	d := getF16(dst[d6:])
	for j, v := range scales {
		s := nearest(perUnit*v, -128, 127)
		dst[scales6+j] = byte(s)
		scale := d * float32(s)
		if scale == 0 {
			continue // the codes count for nothing
		}
		for i, v := range src[j*sub6:][:sub6] {
			put6(dst, j*sub6+i, uint8(nearest(v/scale, -32, 31)+32))
		}
	}
}

// put6 stores the 6-bit code of value i of a block.
func put6(dst []byte, i int, code uint8) {
	half, run, at := i/128, i%128/32, i%32
	dst[half*64+run%2*32+at] |= code & 15 << (run / 2 * 4)
	dst[upper6+half*32+at] |= code >> 4 << (run * 2)
}

func decodeQ6_K(dst []float32, src []byte) {
	d := getF16(src[d6:])
	for j := range super / 32 {
		half, run := j/4, j%4
		low := src[half*64+run%2*32:][:32]
		upper := src[upper6+half*32:][:32]
		for i := range 32 {
			code := low[i]>>(run/2*4)&15 | upper[i]>>(run*2)&3<<4
			scale := d * float32(int8(src[scales6+j*2+i/sub6]))
			dst[j*32+i] = scale * float32(int(code)-32)
		}
	}
}

// nearest rounds v to the nearest integer, ties to even, within [low, high].
func nearest(v float32, low, high int) int {
	return int(clamp(round(v), float32(low), float32(high)))
}

// magnitude returns |v|.
func magnitude(v float32) float32 {
	if v < 0 {
		return -v
	}
	return v
}
