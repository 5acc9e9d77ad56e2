package quant

import "math"

// tiny is the magnitude below which a sub-block counts as all zero.
const tiny = 1e-15

// steps is how many scales around the plain one are tried for a sub-block with
// an offset, from 1 below the full code range to 1 above it.
const steps = 20

// fitAffine returns the scale and offset, both not negative, for which
// scale·q - offset with codes q in [0, most] comes nearest to x, in squared
// error weighted by each value's own magnitude above the block's average.
//
// For fixed codes the best scale and offset are a linear regression of x on q;
// for a fixed scale the best codes are the nearest ones. So the search tries
// the codes of several scales and keeps the regression of least error.
func fitAffine(x []float32, most int) (scale, offset float32) {
	low, high := span(x)
	low = min(low, 0)
	if low == high {
		return 0, -low
	}
	r := newRegression(x)
	codes := make([]float32, len(x))
	try := func(perUnit float32) {
		for i, v := range x {
			codes[i] = float32(nearest(perUnit*(v-low), 0, most))
		}
	}
	perUnit := float32(most) / (high - low)
	try(perUnit)
	scale, offset = 1/perUnit, -low
	least := r.error(codes, scale, offset)
	for step := range steps + 1 {
		try((float32(most) - 1 + 0.1*float32(step)) / (high - low))
		s, o, ok := r.solve(codes)
		if !ok {
			continue
		}
		if e := r.error(codes, s, o); e < least {
			least, scale, offset = e, s, o
		}
	}
	return scale, offset
}

// regression is the weighted least-squares fit of x on codes.
type regression struct {
	x, w       []float32
	sumW, sumX float32
}

func newRegression(x []float32) *regression {
	var squares float32
	for _, v := range x {
		squares += float32(v * v)
	}
	r := &regression{x: x, w: make([]float32, len(x))}
	average := float32(math.Sqrt(float64(squares / float32(len(x)))))
	for i, v := range x {
		r.w[i] = average + magnitude(v)
		r.sumW += r.w[i]
		r.sumX += float32(r.w[i] * v)
	}
	return r
}

// solve returns the best scale and offset for given codes; ok is false if the
// codes are all the same, which leaves the scale open.
func (r *regression) solve(codes []float32) (scale, offset float32, ok bool) {
	var sumQ, sumQQ, sumXQ float32
	for i, q := range codes {
		wq := r.w[i] * q
		sumQ += wq
		sumQQ += float32(wq * q)
		sumXQ += float32(wq * r.x[i])
	}
	determinant := float32(r.sumW*sumQQ) - float32(sumQ*sumQ)
	if determinant <= 0 {
		return 0, 0, false
	}
	scale = (float32(r.sumW*sumXQ) - float32(r.sumX*sumQ)) / determinant
	offset = (float32(sumQ*sumXQ) - float32(sumQQ*r.sumX)) / determinant
	if offset < 0 {
		return sumXQ / sumQQ, 0, true
	}
	return scale, offset, true
}

// error returns the weighted squared error of scale·q - offset.
func (r *regression) error(codes []float32, scale, offset float32) float32 {
	var sum float32
	for i, q := range codes {
		d := float32(scale*q) - offset - r.x[i]
		sum += float32(r.w[i] * float32(d*d))
	}
	return sum
}

// fitSymmetric returns the scale, of either sign, for which scale·q with codes
// q in [-most, most) comes nearest to x, in squared error weighted by x². As in
// fitAffine, the codes of several scales are tried and the regression for each
// is compared.
func fitSymmetric(x []float32, most int) float32 {
	top := peak(x)
	if magnitude(top) < tiny {
		return 0
	}
	// For the best scale sumXQ/sumQQ the error is constant - sumXQ²/sumQQ.
	fit := func(perUnit float32) (sumXQ, sumQQ float32) {
		for _, v := range x {
			q := float32(nearest(perUnit*v, -most, most-1))
			wq := float32(v*v) * q
			sumXQ += float32(wq * v)
			sumQQ += float32(wq * q)
		}
		return sumXQ, sumQQ
	}
	var scale, best float32
	for _, step := range [...]float32{0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9} {
		sumXQ, sumQQ := fit(-(float32(most) + 0.1*step) / top)
		if sumQQ > 0 && float32(sumXQ*sumXQ) > float32(best*sumQQ) {
			scale = sumXQ / sumQQ
			best = scale * sumXQ
		}
	}
	return scale
}
