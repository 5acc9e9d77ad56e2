package kernels

import (
	"github.com/memsim/memsim/engine/quant"
	"golang.org/x/sys/cpu"
)

// nativeSets returns the SIMD kernel sets that the processor can run, best
// last.
func nativeSets() []*kernelSet {
	var sets []*kernelSet
	x := &cpu.X86
	if !x.HasAVX2 || !x.HasFMA || !x.HasF16C || !x.HasBMI2 {
		return sets
	}
	sets = append(sets, avx2Set())
	if x.HasAVXVNNI {
		sets = append(sets, avxVNNISet())
	}
	if !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512VL || !x.HasAVX512DQ {
		return sets
	}
	sets = append(sets, avx512Set())
	if !x.HasAVX512VNNI {
		return sets
	}
	return append(sets, vnniSet())
}

func avx2Set() *kernelSet {
	s := portable
	s.name = "avx2"
	s.setMatvec(quant.F32, matvecF32AVX2)
	s.setMatvec(quant.F16, matvecF16AVX2)
	s.setMatvec(quant.BF16, matvecBF16AVX2)
	s.setMatvec(quant.Q8_0, matvecQ8_0AVX2)
	s.setMatvec(quant.Q4_0, matvecQ4_0AVX2)
	s.setMatvec(quant.Q4_1, matvecQ4_1AVX2)
	s.setMatvec(quant.Q5_0, matvecQ5_0AVX2)
	s.setMatvec(quant.Q5_1, matvecQ5_1AVX2)
	s.setMatvec(quant.Q4_K, matvecQ4KAVX2)
	s.setMatvec(quant.Q5_K, matvecQ5KAVX2)
	s.setMatvec(quant.Q6_K, matvecQ6KAVX2)
	s.padded = true
	p := &panelKernels{rows: 16, lane: 8, step: 8, interleave: interleave32AVX2}
	p.floats[formatOf(quant.F32).id] = interleave32AVX2
	p.floats[formatOf(quant.F16).id] = interleaveF16AVX2
	p.floats[formatOf(quant.BF16).id] = interleaveBF16AVX2
	p.half, p.widen = interleaveF16AVX2, widenAVX2
	p.gemmFloat = []gemmKernel{{6, gemmFloat6AVX2}, {4, gemmFloat4AVX2}, {2, gemmFloat2AVX2}, {1, gemmFloat1AVX2}}
	p.unpack = unpackersAVX2()
	p.codesToFloat32, p.codesToFloat16, p.int8ToFloat = codesToFloat32AVX2, codesToFloat16AVX2, int8ToFloatAVX2
	s.panel = p
	s.dot = dotSIMD
	s.add = addSIMD
	s.scale = scaleSIMD
	s.maximum = maximumSIMD
	s.exp = expSIMD
	s.swiglu = swigluSIMD
	s.quantize = quantizeSIMD
	s.quantizeWide = quantizeWideSIMD
	s.storeHalf = storeHalfSIMD
	s.scaleRound = scaleRoundSIMD
	s.rotateInterleaved = rotateInterleavedSIMD
	s.rotateHalves = rotateHalvesSIMD
	s.scores = wideScores(scoresAVX2)
	s.mix = wideMix(mixAVX2)
	return &s
}

func avxVNNISet() *kernelSet {
	s := *avx2Set()
	s.name = "avx-vnni"
	s.setMatvec(quant.Q8_0, matvecQ8_0AVXVNNI)
	s.setMatvec(quant.Q4_0, matvecQ4_0AVXVNNI)
	s.setMatvec(quant.Q4_1, matvecQ4_1AVXVNNI)
	s.setMatvec(quant.Q5_0, matvecQ5_0AVXVNNI)
	s.setMatvec(quant.Q5_1, matvecQ5_1AVXVNNI)
	s.setMatvec(quant.Q4_K, matvecQ4KAVXVNNI)
	s.setMatvec(quant.Q5_K, matvecQ5KAVXVNNI)
	s.setMatvec(quant.Q6_K, matvecQ6KAVXVNNI)
	return &s
}

func avx512Set() *kernelSet {
	s := *avx2Set()
	s.name = "avx512"
	s.setMatvec(quant.F32, matvecF32AVX512)
	s.setMatvec(quant.F16, matvecF16AVX512)
	s.setMatvec(quant.BF16, matvecBF16AVX512)
	p := *s.panel
	p.rows, p.lane, p.step, p.interleave = 32, 16, 1, interleave32AVX512
	p.floats[formatOf(quant.F32).id] = interleave32AVX512
	p.floats[formatOf(quant.F16).id] = interleaveF16AVX512
	p.floats[formatOf(quant.BF16).id] = interleaveBF16AVX512
	p.half = interleaveF16AVX512
	p.gemmFloat = []gemmKernel{
		{12, gemmFloat12AVX512}, {8, gemmFloat8AVX512}, {4, gemmFloat4AVX512},
		{2, gemmFloat2AVX512}, {1, gemmFloat1AVX512},
	}
	p.unpack = unpackersAVX512()
	s.panel = &p
	s.scores = wideScores(scoresAVX512)
	s.mix = wideMix(mixAVX512)
	return &s
}

func vnniSet() *kernelSet {
	s := *avx512Set()
	s.name = "vnni"
	s.setMatvec(quant.Q8_0, matvecQ8_0VNNI)
	s.setMatvec(quant.Q4_0, matvecQ4_0VNNI)
	s.setMatvec(quant.Q4_1, matvecQ4_1VNNI)
	s.setMatvec(quant.Q5_0, matvecQ5_0VNNI)
	s.setMatvec(quant.Q5_1, matvecQ5_1VNNI)
	s.setMatvec(quant.Q4_K, matvecQ4KVNNI)
	s.setMatvec(quant.Q5_K, matvecQ5KVNNI)
	s.setMatvec(quant.Q6_K, matvecQ6KVNNI)
	s.padded = false
	p := *s.panel
	p.gemmCodes32 = []gemmKernel{
		{6, gemmCodes32x6VNNI}, {4, gemmCodes32x4VNNI}, {2, gemmCodes32x2VNNI}, {1, gemmCodes32x1VNNI},
	}
	p.gemmCodes16 = []gemmKernel{
		{6, gemmCodes16x6VNNI}, {4, gemmCodes16x4VNNI}, {2, gemmCodes16x2VNNI}, {1, gemmCodes16x1VNNI},
	}
	p.starts16 = starts16VNNI
	s.panel = &p
	return &s
}

func unpackersAVX512() (u [maxFormats]unpackFunc) {
	u[formatOf(quant.Q8_0).id] = unpackQ8_0AVX512
	u[formatOf(quant.Q4_0).id] = unpackQ4_0AVX512
	u[formatOf(quant.Q4_1).id] = unpackQ4_1AVX512
	u[formatOf(quant.Q5_0).id] = unpackQ5_0AVX512
	u[formatOf(quant.Q5_1).id] = unpackQ5_1AVX512
	u[formatOf(quant.Q4_K).id] = unpackQ4KAVX512
	u[formatOf(quant.Q5_K).id] = unpackQ5KAVX512
	u[formatOf(quant.Q6_K).id] = unpackQ6KAVX512
	return u
}

func unpackersAVX2() (u [maxFormats]unpackFunc) {
	u[formatOf(quant.Q8_0).id] = unpackQ8_0AVX2
	u[formatOf(quant.Q4_0).id] = unpackQ4_0AVX2
	u[formatOf(quant.Q4_1).id] = unpackQ4_1AVX2
	u[formatOf(quant.Q5_0).id] = unpackQ5_0AVX2
	u[formatOf(quant.Q5_1).id] = unpackQ5_1AVX2
	u[formatOf(quant.Q4_K).id] = unpackQ4KAVX2
	u[formatOf(quant.Q5_K).id] = unpackQ5KAVX2
	u[formatOf(quant.Q6_K).id] = unpackQ6KAVX2
	return u
}
