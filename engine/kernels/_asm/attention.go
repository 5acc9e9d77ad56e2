package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/mmcloughlin/avo/attr"
)

// attention writes the products of one query with cached keys and of
// probabilities with cached values.
func attention(w width) {
	scores(w)
	mix(w)
}

// scores multiplies a query with keys of half precision, four positions at
// once.
func scores(w width) {
	name := "scores" + w.String()
	TEXT(name, attr.NOSPLIT, "func(scores, q *float32, k *uint16, stride, n, dim int)")
	Doc(name + " stores the inner products of q with n keys, stride bytes apart; n is a multiple of 4, dim of 16.")
	out, q0, k0, stride, n := pointer("scores"), pointer("q"), pointer("k"), pointer("stride"), pointer("n")
	Label("four")
	k, q, dim := GP64(), GP64(), GP64()
	MOVQ(k0, k)
	MOVQ(q0, q)
	MOVQ(NewParamAddr("dim", 40), dim)
	k3 := third(k, stride)
	var acc []VecVirtual
	for range 4 {
		acc = append(acc, w.zero())
	}
	Label("loop")
	qv := w.reg()
	VMOVUPS(at(q), qv)
	for r := range 4 {
		kv := w.reg()
		VCVTPH2PS(rowMem(k, k3, stride, r, 0), kv)
		VFMADD231PS(kv, qv, acc[r])
	}
	advance(k, 2*int(w))
	advance(k3, 2*int(w))
	advance(q, 4*int(w))
	SUBQ(U32(w), dim)
	JNE(LabelRef("loop"))
	for r, a := range acc {
		VMOVSS(w.reduce(a), Mem{Base: out, Disp: 4 * r})
	}
	advance(out, 16)
	LEAQ(Mem{Base: k0, Index: stride, Scale: 4}, k0)
	SUBQ(Imm(4), n)
	JNE(LabelRef("four"))
	VZEROUPPER()
	RET()
}

// mix sums values of half precision, weighted, four registers of a row at a
// time.
func mix(w width) {
	name := "mix" + w.String()
	TEXT(name, attr.NOSPLIT, "func(out, p *float32, v *uint16, stride, n, dim int)")
	Doc(name + " stores the sum of n rows of values, stride bytes apart, weighted by p; dim is a multiple of 16.")
	out, p0, v0, stride := pointer("out"), pointer("p"), pointer("v"), pointer("stride")
	dim := pointer("dim")
	for _, registers := range []int{4, 16 / int(w)} {
		label := map[bool]string{true: "wide", false: "narrow"}[registers == 4]
		Label(label)
		step := registers * int(w)
		CMPQ(dim, U32(step))
		JL(LabelRef(label + "_done"))
		p, v, n := GP64(), GP64(), GP64()
		MOVQ(p0, p)
		MOVQ(v0, v)
		MOVQ(NewParamAddr("n", 32), n)
		var acc []VecVirtual
		for range registers {
			acc = append(acc, w.zero())
		}
		Label(label + "_loop")
		weight := w.reg()
		VBROADCASTSS(at(p), weight)
		for i, a := range acc {
			x := w.reg()
			VCVTPH2PS(Mem{Base: v, Disp: 2 * int(w) * i}, x)
			VFMADD231PS(x, weight, a)
		}
		ADDQ(Imm(4), p)
		ADDQ(stride, v)
		DECQ(n)
		JNE(LabelRef(label + "_loop"))
		for i, a := range acc {
			VMOVUPS(a, Mem{Base: out, Disp: 4 * int(w) * i})
		}
		advance(out, 4*step)
		advance(v0, 2*step)
		SUBQ(U32(step), dim)
		JMP(LabelRef(label))
		Label(label + "_done")
	}
	VZEROUPPER()
	RET()
}
