//go:build amd64 || arm64

package kernels

// scoresFunc and mixFunc are the signatures of the assembly for attention;
// strides are in bytes.
type (
	scoresFunc func(scores, q *float32, k *uint16, stride, n, dim int)
	mixFunc    func(out, p *float32, v *uint16, stride, n, dim int)
)

// wideScores wraps a function that takes four positions at once and heads of a
// multiple of 16 values.
func wideScores(f scoresFunc) func(out, q []float32, k []uint16, stride int) {
	return func(out, q []float32, k []uint16, stride int) {
		n := len(out) &^ 3
		if len(q)%16 != 0 {
			n = 0
		}
		if n > 0 {
			f(&out[0], &q[0], &k[0], 2*stride, n, len(q))
		}
		if n < len(out) {
			scores(out[n:], q, k[n*stride:], stride)
		}
	}
}

// wideMix wraps a function that takes heads of a multiple of 16 values.
func wideMix(f mixFunc) func(out, p []float32, v []uint16, stride int) {
	return func(out, p []float32, v []uint16, stride int) {
		if len(out)%16 != 0 {
			mix(out, p, v, stride)
			return
		}
		f(&out[0], &p[0], &v[0], 2*stride, len(p), len(out))
	}
}
