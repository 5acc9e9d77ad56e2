package kernels

// The assembly takes whole registers of eight values; what is left over goes
// to the portable functions.

func dotSIMD(x, y []float32) float32 {
	n, sum := len(x)&^7, float32(0)
	if n > 0 {
		sum = dotNEON(&x[0], &y[0], n)
	}
	return sum + dot(x[n:], y[n:])
}

func addSIMD(x, y []float32) {
	n := len(y) &^ 7
	if n > 0 {
		addNEON(&x[0], &y[0], n)
	}
	add(x[n:], y[n:])
}

func scaleSIMD(dst, x, weight []float32, s float32) {
	n := len(x) &^ 7
	if n > 0 {
		scaleNEON(&dst[0], &x[0], &weight[0], s, n)
	}
	scale(dst[n:], x[n:], weight[n:], s)
}

func expSIMD(x []float32, shift, factor float32) float32 {
	n, sum := len(x)&^7, float32(0)
	if n > 0 {
		sum = expNEON(&x[0], shift, factor, n)
	}
	return sum + exp(x[n:], shift, factor)
}

func swigluSIMD(dst, gate, up []float32) {
	n := len(gate) &^ 7
	if n > 0 {
		swigluNEON(&dst[0], &gate[0], &up[0], n)
	}
	swiglu(dst[n:], gate[n:], up[n:])
}

func quantizeSIMD(q []int8, scale []float32, sum []int32, row []float32) {
	quantizeNEON(&q[0], &scale[0], &sum[0], &row[0], len(scale))
}

func storeHalfSIMD(dst []uint16, src []float32) {
	n := len(src) &^ 7
	if n > 0 {
		storeHalfNEON(&dst[0], &src[0], n)
	}
	storeHalf(dst[n:], src[n:])
}

func scaleRoundSIMD(x []float32, s float32) {
	n := len(x) &^ 7
	if n > 0 {
		scaleRoundNEON(&x[0], s, n)
	}
	scaleRound(x[n:], s)
}
