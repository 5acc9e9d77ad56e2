package sim

import "math/bits"

// split divides total over the weights in proportion, in whole units that sum
// to total exactly. With no weight above zero the first share takes all. The
// result is appended to dst.
func split[T ~int64](dst []T, total T, weights []int64) []T {
	var sum uint64
	for _, w := range weights {
		sum += uint64(w)
	}
	var cumulated, given uint64
	for _, w := range weights {
		cumulated += uint64(w)
		if sum == 0 {
			dst = append(dst, total)
			total = 0
			continue
		}
		hi, lo := bits.Mul64(uint64(total), cumulated)
		upTo, _ := bits.Div64(hi, lo, sum)
		dst = append(dst, T(upTo-given))
		given = upTo
	}
	return dst
}
