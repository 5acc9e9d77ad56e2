package quant

import "math"

// tiny is the magnitude below which a sub-block counts as all zero.
const tiny = 1e-15

// attempts are the scales that fitAffine tries: those that spread a block's
// range over most + from, most + from + 0.1, ... codes.
type attempts struct {
	from  float32
	steps int
}

// fitAffine returns the scale and offset, both not negative, for which
// scale·q - offset with codes q in [0, most] comes nearest to x, in squared
// error weighted by each value's magnitude above the block's average.
//
// For given codes the best scale and offset are a linear regression of x on q;
// for a given scale and offset the best codes are the nearest ones. So the
// search takes the codes for several scales, around the one that just covers the
// block's range, and keeps the regression of least error. As in ggml, a better
// offset is used for the codes that are tried next.
func fitAffine(x *[sub]float32, most int, try attempts) (scale, offset float32) {
	low, high := span(x[:])
	low = min(low, 0)
	if low == high {
		return 0, -low
	}
	r := newRegression(x)
	r.encode(float32(most)/(high-low), low, most)
	scale, offset = 1/(float32(most)/(high-low)), -low
	least := r.error(scale, offset)
	for step := range try.steps {
		widest := try.from + float32(0.1*float32(step)) + float32(most)
		r.encode(widest/(high-low), low, most)
		s, o, ok := r.solve()
		if !ok {
			continue
		}
		if e := r.error(s, o); e < least {
			least, scale, offset = e, s, o
			low = -o
		}
	}
	return scale, offset
}

// regression is the weighted least-squares fit of values on codes.
type regression struct {
	x, weight, code    [sub]float32
	sumW, sumX         float32
	sumQ, sumQQ, sumXQ float32
}

func newRegression(x *[sub]float32) *regression {
	r := &regression{x: *x}
	var squares float32
	for _, v := range x {
		squares += float32(v * v)
	}
	average := float32(math.Sqrt(float64(squares / sub)))
	for i, v := range x {
		w := average + magnitude(v)
		r.weight[i] = w
		r.sumW += w
		r.sumX += float32(w * v)
	}
	return r
}

// encode takes the nearest codes in [0, most] for 1/perUnit as the scale.
func (r *regression) encode(perUnit, low float32, most int) {
	top := float32(most)
	var sumQ, sumQQ, sumXQ float32
	for i := range r.x {
		q := clamp(round(perUnit*(r.x[i]-low)), 0, top)
		r.code[i] = q
		wq := float32(r.weight[i] * q)
		sumQ += wq
		sumQQ += float32(wq * q)
		sumXQ += float32(wq * r.x[i])
	}
	r.sumQ, r.sumQQ, r.sumXQ = sumQ, sumQQ, sumXQ
}

// solve returns the best scale and offset for the codes; ok is false if they
// are all the same, which leaves the scale open.
func (r *regression) solve() (scale, offset float32, ok bool) {
	determinant := float32(r.sumW*r.sumQQ) - float32(r.sumQ*r.sumQ)
	if determinant <= 0 {
		return 0, 0, false
	}
	scale = (float32(r.sumW*r.sumXQ) - float32(r.sumX*r.sumQ)) / determinant
	offset = (float32(r.sumQ*r.sumXQ) - float32(r.sumQQ*r.sumX)) / determinant
	if offset < 0 {
		return r.sumXQ / r.sumQQ, 0, true
	}
	return scale, offset, true
}

// error returns the weighted squared error of scale·code - offset.
func (r *regression) error(scale, offset float32) float32 {
	var sum float32
	for i := range r.code {
		q := r.code[i]
		d := float32(scale*q) - offset - r.x[i]
		sum += float32(r.weight[i] * float32(d*d))
	}
	return sum
}

// fitSymmetric returns the scale, of either sign, for which scale·q with codes
// q in [-most, most) comes nearest to x, in squared error weighted by x². As in
// fitAffine, the codes of several scales are tried and the regression for each
// is compared.
func fitSymmetric(x []float32, most int) float32 {
	extreme := peak(x)
	if magnitude(extreme) < tiny {
		return 0
	}
	top := float32(most - 1)
	// For the best scale sumXQ/sumQQ the error is constant - sumXQ²/sumQQ.
	fit := func(perUnit float32) (sumXQ, sumQQ float32) {
		for _, v := range x {
			q := clamp(round(perUnit*v), -float32(most), top)
			w := v * v
			sumXQ += float32(float32(w*v) * q)
			sumQQ += float32(float32(w*q) * q)
		}
		return sumXQ, sumQQ
	}
	var scale, best float32
	for _, step := range [...]float32{0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9} {
		sumXQ, sumQQ := fit(-(float32(most) + 0.1*step) / extreme)
		if sumQQ > 0 && float32(sumXQ*sumXQ) > float32(best*sumQQ) {
			scale = sumXQ / sumQQ
			best = scale * sumXQ
		}
	}
	return scale
}

// round rounds to the nearest integer, ties to even, for |v| < 2^22: the sum is
// so large that its last bit counts whole numbers.
func round(v float32) float32 {
	const shift = 3 << 22
	return float32(float32(v)+shift) - shift
}

// clamp is min(high, max(low, v)) for numbers; the built-in functions pay for
// their care with NaN and signed zeros in the innermost loop.
func clamp(v, low, high float32) float32 {
	if v < low {
		return low
	}
	if v > high {
		return high
	}
	return v
}
