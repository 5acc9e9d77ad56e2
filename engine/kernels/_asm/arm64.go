package main

import (
	"fmt"
	"os"
	"strings"
)

// arm64 writes assembly for arm64. Go's assembler lacks most of the vector
// instructions, so they are written as words with a comment. Registers are
// allocated by hand.
type arm64 struct {
	strings.Builder
	labels int
	data   strings.Builder
}

// An emitter returns the line of a vector instruction.
type v = int

func (a *arm64) line(format string, args ...any) { fmt.Fprintf(a, "\t"+format+"\n", args...) }

func (a *arm64) word(w int, format string, args ...any) {
	fmt.Fprintf(a, "\tWORD $0x%08x // %s\n", uint32(w), fmt.Sprintf(format, args...))
}

func (a *arm64) label(name string) { fmt.Fprintf(a, "%s:\n", name) }

// text begins a function.
func (a *arm64) text(name string, argBytes int, doc, signature string) {
	fmt.Fprintf(a, "\n// %s\n// func %s%s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", doc, name, signature, name, argBytes)
}

// three emits an instruction of three vector registers.
func (a *arm64) three(op int, name string, d, n, m v) {
	a.word(op|m<<16|n<<5|d, "%s V%d, V%d, V%d", name, d, n, m)
}

func (a *arm64) two(op int, name string, d, n v) { a.word(op|n<<5|d, "%s V%d, V%d", name, d, n) }

func (a *arm64) sdot(d, n, m v)   { a.three(0x4e809400, "SDOT.4S", d, n, m) }
func (a *arm64) fmul(d, n, m v)   { a.three(0x6e20dc00, "FMUL.4S", d, n, m) }
func (a *arm64) fadd(d, n, m v)   { a.three(0x4e20d400, "FADD.4S", d, n, m) }
func (a *arm64) fsub(d, n, m v)   { a.three(0x4ea0d400, "FSUB.4S", d, n, m) }
func (a *arm64) fdiv(d, n, m v)   { a.three(0x6e20fc00, "FDIV.4S", d, n, m) }
func (a *arm64) faddp(d, n, m v)  { a.three(0x6e20d400, "FADDP.4S", d, n, m) }
func (a *arm64) fmla(d, n, m v)   { a.three(0x4e20cc00, "FMLA.4S", d, n, m) }
func (a *arm64) fmls(d, n, m v)   { a.three(0x4ea0cc00, "FMLS.4S", d, n, m) }
func (a *arm64) fmax(d, n, m v)   { a.three(0x4e20f400, "FMAX.4S", d, n, m) }
func (a *arm64) fmin(d, n, m v)   { a.three(0x4ea0f400, "FMIN.4S", d, n, m) }
func (a *arm64) add(d, n, m v)    { a.three(0x4ea08400, "ADD.4S", d, n, m) }
func (a *arm64) subB(d, n, m v)   { a.three(0x6e208400, "SUB.16B", d, n, m) }
func (a *arm64) and(d, n, m v)    { a.three(0x4e201c00, "AND.16B", d, n, m) }
func (a *arm64) orr(d, n, m v)    { a.three(0x4ea01c00, "ORR.16B", d, n, m) }
func (a *arm64) zero(d v)         { a.three(0x6e201c00, "EOR.16B", d, d, d) }
func (a *arm64) cmtstB(d, n, m v) { a.three(0x4e208c00, "CMTST.16B", d, n, m) }
func (a *arm64) scvtf(d, n v)     { a.two(0x4e21d800, "SCVTF.4S", d, n) }
func (a *arm64) fcvtl(d, n v)     { a.two(0x0e217800, "FCVTL.4S", d, n) }
func (a *arm64) fcvtl2(d, n v)    { a.two(0x4e217800, "FCVTL2.4S", d, n) }
func (a *arm64) fcvtn(d, n v)     { a.two(0x0e216800, "FCVTN.4H", d, n) }
func (a *arm64) fcvtn2(d, n v)    { a.two(0x4e216800, "FCVTN2.8H", d, n) }
func (a *arm64) shll16(d, n v)    { a.two(0x2e613800, "SHLL.4S", d, n) }
func (a *arm64) shll16h(d, n v)   { a.two(0x6e613800, "SHLL2.4S", d, n) }
func (a *arm64) frintn(d, n v)    { a.two(0x4e218800, "FRINTN.4S", d, n) }
func (a *arm64) fcvtns(d, n v)    { a.two(0x4e21a800, "FCVTNS.4S", d, n) }
func (a *arm64) fabs(d, n v)      { a.two(0x4ea0f800, "FABS.4S", d, n) }
func (a *arm64) fneg(d, n v)      { a.two(0x6ea0f800, "FNEG.4S", d, n) }
func (a *arm64) fmaxv(d, n v)     { a.two(0x6e30f800, "FMAXV", d, n) }
func (a *arm64) addv(d, n v)      { a.two(0x4eb1b800, "ADDV", d, n) }
func (a *arm64) sxtl8(d, n v)     { a.two(0x0f08a400, "SXTL.8H", d, n) }
func (a *arm64) uxtl8(d, n v)     { a.two(0x2f08a400, "UXTL.8H", d, n) }
func (a *arm64) sxtl16(d, n v)    { a.two(0x0f10a400, "SXTL.4S", d, n) }
func (a *arm64) sxtl16h(d, n v)   { a.two(0x4f10a400, "SXTL2.4S", d, n) }
func (a *arm64) fcvtSH(d, n v)    { a.two(0x1ee24000, "FCVT S,H", d, n) }
func (a *arm64) fmulS(d, n, m v)  { a.three(0x1e200800, "FMUL S", d, n, m) }
func (a *arm64) fdivS(d, n, m v)  { a.three(0x1e201800, "FDIV S", d, n, m) }

// byElement emits FMLA or FMUL by one place of a register.
func (a *arm64) byElement(op int, name string, d, n, m v, i int) {
	a.word(op|(i&1)<<21|(i>>1)<<11|m<<16|n<<5|d, "%s V%d, V%d, V%d[%d]", name, d, n, m, i)
}

func (a *arm64) fmlaBy(d, n, m v, i int) { a.byElement(0x4f801000, "FMLA.4S", d, n, m, i) }
func (a *arm64) fmulBy(d, n, m v, i int) { a.byElement(0x4f809000, "FMUL.4S", d, n, m, i) }

func (a *arm64) ushrB(d, n v, s int) {
	a.word(0x6f000400|(16-s)<<16|n<<5|d, "USHR.16B V%d, V%d, #%d", d, n, s)
}

func (a *arm64) shlB(d, n v, s int) {
	a.word(0x4f005400|(8+s)<<16|n<<5|d, "SHL.16B V%d, V%d, #%d", d, n, s)
}

func (a *arm64) shl23(d, n v) { a.word(0x4f375400|n<<5|d, "SHL.4S V%d, V%d, #23", d, n) }

// load emits a load of size bytes (1 to 16) at an offset, a multiple of the
// size unless it is small, into the bottom of a register; the rest becomes 0.
func (a *arm64) load(d v, base, offset, size int) {
	op := map[int]int{2: 0x7d400000, 4: 0xbd400000, 8: 0xfd400000, 16: 0x3dc00000}[size]
	name := map[int]string{2: "H", 4: "S", 8: "D", 16: "Q"}[size]
	if offset%size == 0 {
		a.word(op|offset/size<<10|base<<5|d, "LDR %s%d, [R%d, #%d]", name, d, base, offset)
		return
	}
	// The form with an unscaled offset reaches 255 bytes.
	op = map[int]int{2: 0x7c400000, 4: 0xbc400000, 8: 0xfc400000, 16: 0x3cc00000}[size]
	if offset > 255 {
		panic("offset out of reach")
	}
	a.word(op|offset<<12|base<<5|d, "LDUR %s%d, [R%d, #%d]", name, d, base, offset)
}

// store stores the bottom of a register at base.
func (a *arm64) store(d v, base, offset, size int) {
	op := map[int]int{4: 0xbd000000, 8: 0xfd000000, 16: 0x3d800000}[size]
	name := map[int]string{4: "S", 8: "D", 16: "Q"}[size]
	a.word(op|offset/size<<10|base<<5|d, "STR %s%d, [R%d, #%d]", name, d, base, offset)
}

// constant fills a register with a 32-bit word.
func (a *arm64) constant(d v, w uint32) {
	a.line("MOVW $0x%08x, R17", w)
	a.line("VDUP R17, V%d.S4", d)
}

// table fills a register with 16 bytes of memory.
func (a *arm64) table(d v, name string, words ...uint32) {
	if !strings.Contains(a.data.String(), "DATA "+name+"<>") {
		for i, w := range words {
			fmt.Fprintf(&a.data, "DATA %s<>+%d(SB)/4, $0x%08x\n", name, 4*i, w)
		}
		fmt.Fprintf(&a.data, "GLOBL %s<>(SB), RODATA|NOPTR, $16\n\n", name)
	}
	a.line("MOVD $%s<>(SB), R17", name)
	a.load(d, 17, 0, 16)
}

// unique returns a label that no other has.
func (a *arm64) unique(name string) string {
	a.labels++
	return fmt.Sprintf("%s%d", name, a.labels)
}

// write writes the file that -out names.
func (a *arm64) write() {
	out := os.Stdout
	for i, arg := range os.Args {
		if arg == "-out" && i+1 < len(os.Args) {
			f, err := os.Create(os.Args[i+1])
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			defer f.Close()
			out = f
		}
	}
	fmt.Fprintf(out, "// Code generated by package _asm. DO NOT EDIT.\n\n#include \"textflag.h\"\n\n%s%s",
		a.data.String(), strings.TrimPrefix(a.String(), "\n"))
}
