// Command _asm writes the amd64 assembly of package kernels. It is a module of
// its own so that building memsim needs no generator:
//
//	cd engine/kernels && go generate
package main

import (
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/ir"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . PART -out FILE.s -stubs FILE.go")
		os.Exit(2)
	}
	part := os.Args[1]
	os.Args = append(os.Args[:1], os.Args[2:]...)
	if write, ok := arm64Parts[part]; ok {
		var a arm64
		write(&a)
		a.write()
		return
	}
	ConstraintExpr("amd64")
	switch part {
	case "matvec_vnni":
		matvecVNNI()
	case "matvec_avx512":
		matvecFloat(avx512)
	case "gemm_avx512":
		gemm512()
	case "gemm_vnni":
		gemmVNNI()
		sums16()
	case "unpack_avx512":
		unpack512()
	case "interleave_avx512":
		interleave512()
	case "vector_avx2":
		vectorAVX2()
	case "attention_avx2":
		attention(avx2)
	case "attention_avx512":
		attention(avx512)
	case "matvec_avx2":
		matvecFloat(avx2)
		matvecCodes256(false)
	case "matvec_avxvnni":
		matvecCodes256(true)
	case "gemm_avx2":
		gemmAVX2()
	case "interleave_avx2":
		interleaveAVX2()
	case "unpack_avx2":
		unpackAVX2()
	default:
		fmt.Fprintln(os.Stderr, "no part", part)
		os.Exit(2)
	}
	Generate()
	if part == "matvec_avxvnni" {
		if err := encodeVEX(os.Args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// vpdpbusd adds to each int32 of acc the inner product of four unsigned bytes
// of u and four signed bytes of s. Avo does not know the instruction.
func vpdpbusd(s, u, acc Op) { vnni("VPDPBUSD", nil, s, u, acc) }

// vpdpbusdBroadcast does it with the same four signed bytes in all places.
func vpdpbusdBroadcast(s, u, acc Op) { vnni("VPDPBUSD", []string{"BCST"}, s, u, acc) }

func vnni(opcode string, suffixes []string, s, u, acc Op) {
	Instruction(&ir.Instruction{
		Opcode:   opcode,
		Suffixes: suffixes,
		Operands: []Op{s, u, acc},
		Inputs:   []Op{s, u, acc},
		Outputs:  []Op{acc},
		ISA:      []string{"AVX512VNNI"},
	})
}

// loadLower loads 256 bits into z, whose upper half becomes 0. Avo's own form
// would take the upper half to be kept.
func loadLower(m Mem, z VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode:   "VMOVDQU64",
		Operands: []Op{m, z.AsY()},
		Inputs:   []Op{m},
		Outputs:  []Op{z},
		ISA:      []string{"AVX512F", "AVX512VL"},
	})
}

// broadcastLower does it with two copies of 128 bits.
func broadcastLower(m Mem, z VecVirtual) {
	Instruction(&ir.Instruction{
		Opcode:   "VBROADCASTI32X4",
		Operands: []Op{m, z.AsY()},
		Inputs:   []Op{m},
		Outputs:  []Op{z},
		ISA:      []string{"AVX512F", "AVX512VL"},
	})
}

// constant defines read-only data of 32-bit words.
func constant(name string, words ...uint32) Mem {
	if m, ok := constants[name]; ok {
		return m
	}
	m := GLOBL(name, attr.RODATA|attr.NOPTR)
	for i, w := range words {
		DATA(4*i, U32(w))
	}
	constants[name] = m
	return m
}

var constants = map[string]Mem{}

// repeat returns n copies of each of the words, in blocks.
func repeat(n int, words ...uint32) []uint32 {
	var all []uint32
	for _, w := range words {
		for range n {
			all = append(all, w)
		}
	}
	return all
}

// broadcast returns a 512-bit register that holds word in each of its 16
// places.
func broadcast(word uint32) VecVirtual {
	r, z := GP32(), ZMM()
	MOVL(U32(word), r)
	VPBROADCASTD(r, z)
	return z
}

// field returns a member of the argument struct at a.
func field(a Register, offset int) Mem { return Mem{Base: a, Disp: offset} }

// advance adds n to a pointer.
func advance(r Register, n int) { ADDQ(U32(n), r) }

// arm64Parts are the files for arm64.
var arm64Parts = map[string]func(*arm64){
	"matvec_neon": matvecNEON,
	"matvec_dot":  matvecDot,
	"vector_neon": vectorNEON,
	"panel_neon":  panelNEON,
}
