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
	return &s
}

func avx512Set() *kernelSet {
	s := *avx2Set()
	s.name = "avx512"
	s.setMatvec(quant.F32, matvecF32AVX512)
	s.setMatvec(quant.F16, matvecF16AVX512)
	s.setMatvec(quant.BF16, matvecBF16AVX512)
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
	return &s
}
