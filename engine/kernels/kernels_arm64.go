package kernels

import (
	"github.com/memsim/memsim/engine/quant"
	"golang.org/x/sys/cpu"
)

// nativeSets returns the SIMD kernel sets that the processor can run, best
// last. Every 64-bit ARM has NEON; the dot product instructions came with
// ARMv8.2 and are in all cores from the Cortex-A55 and A76 on.
func nativeSets() []*kernelSet {
	sets := []*kernelSet{neonSet()}
	if cpu.ARM64.HasASIMDDP {
		sets = append(sets, dotSet())
	}
	return sets
}

func neonSet() *kernelSet {
	s := portable
	s.name = "neon"
	s.setMatvec(quant.F32, matvecF32NEON)
	s.setMatvec(quant.F16, matvecF16NEON)
	s.setMatvec(quant.BF16, matvecBF16NEON)
	s.dot = dotSIMD
	s.add = addSIMD
	s.scale = scaleSIMD
	s.exp = expSIMD
	s.swiglu = swigluSIMD
	s.quantize = quantizeSIMD
	s.storeHalf = storeHalfSIMD
	s.scaleRound = scaleRoundSIMD
	s.scores = wideScores(scoresNEON)
	s.mix = wideMix(mixNEON)
	p := &panelKernels{rows: 8, lane: 8, step: 4, interleave: interleave32NEON}
	p.floats[formatOf(quant.F32).id] = interleave32NEON
	p.floats[formatOf(quant.F16).id] = interleaveF16NEON
	p.floats[formatOf(quant.BF16).id] = interleaveBF16NEON
	p.half, p.widen = interleaveF16NEON, widenNEON
	p.gemmFloat = []gemmKernel{{8, gemmFloat8NEON}, {4, gemmFloat4NEON}, {2, gemmFloat2NEON}, {1, gemmFloat1NEON}}
	p.unpack = unpackersNEON()
	p.codesToFloat32, p.codesToFloat16, p.int8ToFloat = codesToFloat32NEON, codesToFloat16NEON, int8ToFloatNEON
	s.panel = p
	return &s
}

func dotSet() *kernelSet {
	s := *neonSet()
	s.name = "neon-dot"
	s.setMatvec(quant.Q8_0, matvecQ8_0Dot)
	s.setMatvec(quant.Q4_0, matvecQ4_0Dot)
	s.setMatvec(quant.Q4_1, matvecQ4_1Dot)
	s.setMatvec(quant.Q5_0, matvecQ5_0Dot)
	s.setMatvec(quant.Q5_1, matvecQ5_1Dot)
	s.setMatvec(quant.Q4_K, matvecQ4KDot)
	s.setMatvec(quant.Q5_K, matvecQ5KDot)
	s.setMatvec(quant.Q6_K, matvecQ6KDot)
	return &s
}

func unpackersNEON() (u [maxFormats]unpackFunc) {
	u[formatOf(quant.Q8_0).id] = unpackQ8_0NEON
	u[formatOf(quant.Q4_0).id] = unpackQ4_0NEON
	u[formatOf(quant.Q4_1).id] = unpackQ4_1NEON
	u[formatOf(quant.Q5_0).id] = unpackQ5_0NEON
	u[formatOf(quant.Q5_1).id] = unpackQ5_1NEON
	u[formatOf(quant.Q4_K).id] = unpackQ4KNEON
	u[formatOf(quant.Q5_K).id] = unpackQ5KNEON
	u[formatOf(quant.Q6_K).id] = unpackQ6KNEON
	return u
}
