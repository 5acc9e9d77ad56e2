package quant

import (
	"encoding/binary"
	"math"
)

// The formats of this file store 32 values with one float16 scale d and, in the
// _1 formats, a float16 offset m:
//
//	_0: x = d·(q - 2^(bits-1))    the value of largest magnitude sits at the most negative code
//	_1: x = d·q + m               the range is [min, max] of the block
//	q8_0: x = d·q                 q in [-127, 127]
//
// Four-bit codes are packed with value j in the low half of byte j and value
// j+16 in its high half; fifth bits stand together in a 32-bit word, value j's
// at bit j. Quotients are rounded half up (q8_0: half away from zero), in
// float32, from the unrounded d, as ggml's reference quantizers do.

const half32 = 16 // values j and j+half32 of a block share a byte

func encodeQ8_0(dst []byte, src []float32) {
	d := peak(src) / 127
	if d < 0 {
		d = -d
	}
	putF16(dst, d)
	id := inverse(d)
	for i, v := range src {
		dst[2+i] = byte(roundAway(float32(v * id)))
	}
}

// roundAway rounds to the nearest integer, halves away from zero, as C's roundf
// does: the sum is exact in float64.
func roundAway(v float32) int8 {
	exact := float64(v)
	return int8(int32(exact + math.Copysign(0.5, exact)))
}

func decodeQ8_0(dst []float32, src []byte) {
	d := getF16(src)
	for i, q := range src[2:] {
		dst[i] = d * float32(int8(q))
	}
}

func encodeQ4_0(dst []byte, src []float32) {
	d := peak(src) / -8
	putF16(dst, d)
	packNibbles(dst[2:], src, 0, inverse(d), 8.5, 15)
}

func decodeQ4_0(dst []float32, src []byte) {
	d := getF16(src)
	for j, b := range src[2:] {
		dst[j] = d * float32(int(b&15)-8)
		dst[j+half32] = d * float32(int(b>>4)-8)
	}
}

func encodeQ4_1(dst []byte, src []float32) {
	low, high := span(src)
	d := (high - low) / 15
	putF16(dst, d)
	putF16(dst[2:], low)
	packNibbles(dst[4:], src, low, inverse(d), 0.5, 15)
}

func decodeQ4_1(dst []float32, src []byte) {
	d, m := getF16(src), getF16(src[2:])
	for j, b := range src[4:] {
		dst[j] = float32(d*float32(b&15)) + m
		dst[j+half32] = float32(d*float32(b>>4)) + m
	}
}

func encodeQ5_0(dst []byte, src []float32) {
	d := peak(src) / -16
	putF16(dst, d)
	fifth := packNibbles(dst[6:], src, 0, inverse(d), 16.5, 31)
	binary.LittleEndian.PutUint32(dst[2:], fifth)
}

func decodeQ5_0(dst []float32, src []byte) {
	d, fifth := getF16(src), binary.LittleEndian.Uint32(src[2:])
	for j, b := range src[6:] {
		dst[j] = d * float32(int(uint32(b&15)|fifth>>j&1<<4)-16)
		dst[j+half32] = d * float32(int(uint32(b>>4)|fifth>>(j+half32)&1<<4)-16)
	}
}

func encodeQ5_1(dst []byte, src []float32) {
	low, high := span(src)
	d := (high - low) / 31
	putF16(dst, d)
	putF16(dst[2:], low)
	fifth := packNibbles(dst[8:], src, low, inverse(d), 0.5, 31)
	binary.LittleEndian.PutUint32(dst[4:], fifth)
}

func decodeQ5_1(dst []float32, src []byte) {
	d, m, fifth := getF16(src), getF16(src[2:]), binary.LittleEndian.Uint32(src[4:])
	for j, b := range src[8:] {
		dst[j] = float32(d*float32(uint32(b&15)|fifth>>j&1<<4)) + m
		dst[j+half32] = float32(d*float32(uint32(b>>4)|fifth>>(j+half32)&1<<4)) + m
	}
}

// packNibbles stores code min(most, trunc((v-low)·id + shift)) of each value:
// its low four bits in dst, its fifth bit in the word returned.
func packNibbles(dst []byte, src []float32, low, id, shift float32, most uint32) (fifth uint32) {
	code := func(v float32) uint32 {
		return min(most, uint32(max(0, float32((v-low)*id)+shift)))
	}
	for j := range half32 {
		a, b := code(src[j]), code(src[j+half32])
		dst[j] = byte(a&15 | b&15<<4)
		fifth |= a >> 4 << j
		fifth |= b >> 4 << (j + half32)
	}
	return fifth
}

// peak returns the value of largest magnitude, with its sign; the first of
// equals.
func peak(src []float32) float32 {
	var most, magnitude float32
	for _, v := range src {
		abs := v
		if abs < 0 {
			abs = -abs
		}
		if abs > magnitude {
			most, magnitude = v, abs
		}
	}
	return most
}

// span returns the smallest and the largest value.
func span(src []float32) (low, high float32) {
	low, high = src[0], src[0]
	for _, v := range src[1:] {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}
