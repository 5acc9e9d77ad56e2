package main

// The registers of a matrix-vector product on arm64.
const (
	rArgs     = 0
	rDst      = 1
	rW        = 2
	rLast     = 3
	rRowBytes = 4
	rLastDst  = 5
	rRow      = 6  // to 9: four rows
	rX        = 10 //
	rScale    = 11
	rSum      = 12
	rN        = 13

	vAcc = 16 // to 19: sums of four rows
)

// matvecNEON writes products of float matrices with a vector.
func matvecNEON(a *arm64) {
	for _, f := range []struct {
		name  string
		bytes int
		eight func(row, d int) // eight values to registers d, d+1
		one   func(row, d int)
	}{
		{"F32", 4, func(row, d int) {
			a.load(d, row, 0, 16)
			a.load(d+1, row, 16, 16)
		}, func(row, d int) { a.load(d, row, 0, 4) }},
		{"F16", 2, func(row, d int) {
			a.load(d+1, row, 0, 16)
			a.fcvtl(d, d+1)
			a.fcvtl2(d+1, d+1)
		}, func(row, d int) {
			a.load(d, row, 0, 2)
			a.fcvtSH(d, d)
		}},
		{"BF16", 2, func(row, d int) {
			a.load(d+1, row, 0, 16)
			a.shll16(d, d+1)
			a.shll16h(d+1, d+1)
		}, func(row, d int) {
			a.load(d, row, 0, 2)
			a.shll16(d, d)
		}},
	} {
		name := "matvec" + f.name + "NEON"
		a.text(name, 8, name+" multiplies at least 4 rows of an "+f.name+" matrix with a vector.", "(a *matvecArgs)")
		a.begin()
		a.label("group")
		a.rows()
		a.line("SUBS $8, R%d", rN)
		a.line("BLT rest")
		a.label("loop")
		a.load(0, rX, 0, 16)
		a.load(1, rX, 16, 16)
		for r := range rowsAtOnce {
			f.eight(rRow+r, 2)
			a.fmla(vAcc+r, 2, 0)
			a.fmla(vAcc+r, 3, 1)
			a.line("ADD $%d, R%d", 8*f.bytes, rRow+r)
		}
		a.line("ADD $32, R%d", rX)
		a.line("SUBS $8, R%d", rN)
		a.line("BGE loop")
		a.label("rest")
		a.line("ADDS $8, R%d", rN)
		a.line("BEQ store")
		a.label("one")
		a.load(0, rX, 0, 4)
		for r := range rowsAtOnce {
			f.one(rRow+r, 2)
			a.fmla(vAcc+r, 2, 0)
			a.line("ADD $%d, R%d", f.bytes, rRow+r)
		}
		a.line("ADD $4, R%d", rX)
		a.line("SUBS $1, R%d", rN)
		a.line("BNE one")
		a.label("store")
		a.storeGroup()
	}
}

// begin loads the arguments and finds where the last group of rows begins.
func (a *arm64) begin() {
	a.line("MOVD a+0(FP), R%d", rArgs)
	a.line("MOVD %d(R%d), R%d", argDst, rArgs, rDst)
	a.line("MOVD %d(R%d), R%d", argW, rArgs, rW)
	a.line("MOVD %d(R%d), R%d", argRowBytes, rArgs, rRowBytes)
	a.line("MOVD %d(R%d), R%d", argRows, rArgs, rLast)
	a.line("SUB $%d, R%d", rowsAtOnce, rLast)
	a.line("ADD R%d<<2, R%d, R%d", rLast, rDst, rLastDst)
	a.line("MUL R%d, R%d", rRowBytes, rLast)
	a.line("ADD R%d, R%d", rW, rLast)
}

// rows sets the registers of a group of rows.
func (a *arm64) rows() {
	a.line("MOVD R%d, R%d", rW, rRow)
	for r := 1; r < rowsAtOnce; r++ {
		a.line("ADD R%d, R%d, R%d", rRowBytes, rRow+r-1, rRow+r)
	}
	a.line("MOVD %d(R%d), R%d", argX, rArgs, rX)
	a.line("MOVD %d(R%d), R%d", argScale, rArgs, rScale)
	a.line("MOVD %d(R%d), R%d", argSum, rArgs, rSum)
	a.line("MOVD %d(R%d), R%d", argBlocks, rArgs, rN)
	for r := range rowsAtOnce {
		a.zero(vAcc + r)
	}
}

// storeGroup stores the sums of four rows and goes on to the next group; when
// the rows are no multiple of four, the last one overlaps the one before it.
func (a *arm64) storeGroup() {
	a.faddp(vAcc, vAcc, vAcc+1)
	a.faddp(vAcc+2, vAcc+2, vAcc+3)
	a.faddp(vAcc, vAcc, vAcc+2)
	a.store(vAcc, rDst, 0, 16)
	a.line("CMP R%d, R%d", rLast, rW)
	a.line("BEQ done")
	a.line("ADD R%d<<2, R%d", rRowBytes, rW)
	a.line("ADD $16, R%d", rDst)
	a.line("CMP R%d, R%d", rLast, rW)
	a.line("CSEL LO, R%d, R%d, R%d", rW, rLast, rW)
	a.line("CMP R%d, R%d", rLastDst, rDst)
	a.line("CSEL LO, R%d, R%d, R%d", rDst, rLastDst, rDst)
	a.line("B group")
	a.label("done")
	a.line("RET")
}

// dotFormat describes how a quantized format is decoded to signed codes.
type dotFormat struct {
	name  string
	bytes int
	min   bool
	setup func(a *arm64)
	// codes puts 32 codes of the block at row into registers 4 and 5.
	codes func(a *arm64, row int)
}

// Registers of constants.
const (
	vLow   = 24 // 0x0f
	vBias  = 25
	vBit   = 26 // 0x10, or 0x30 for Q6_K
	vFirst = 27 // which byte of 32 bits each of the first 16 codes has its fifth bit in
	vThen  = 28
	vBits  = 29
)

// matvecDot writes products of quantized matrices with an int8 vector.
func matvecDot(a *arm64) {
	for _, f := range dotFormats(a) {
		f.generate(a)
	}
	for _, f := range superDots {
		f.generate(a)
	}
}

// dotFormats lists the formats with blocks of 32.
func dotFormats(a *arm64) []dotFormat {
	nibbles := func(offset int, bias uint32) func(a *arm64, row int) {
		return func(a *arm64, row int) {
			a.load(4, row, offset, 16)
			a.ushrB(5, 4, 4)
			a.and(4, 4, vLow)
			if bias != 0 {
				a.subB(4, 4, vBias)
				a.subB(5, 5, vBias)
			}
		}
	}
	setupNibbles := func(bias uint32) func(a *arm64) {
		return func(a *arm64) {
			a.constant(vLow, 0x0f0f0f0f)
			a.constant(vBias, bias*0x01010101)
		}
	}
	setupFifths := func(bias uint32) func(a *arm64) {
		return func(a *arm64) {
			setupNibbles(bias)(a)
			a.constant(vBit, 0x10101010)
			a.table(vFirst, "firstBytes", 0, 0, 0x01010101, 0x01010101)
			a.table(vThen, "thenBytes", 0x02020202, 0x02020202, 0x03030303, 0x03030303)
			a.table(vBits, "bitOfByte", 0x08040201, 0x80402010, 0x08040201, 0x80402010)
		}
	}
	fifths := func(offset, bitsOffset int, bias uint32) func(a *arm64, row int) {
		return func(a *arm64, row int) {
			nibbles(offset, 0)(a, row)
			a.load(6, row, bitsOffset, 4)
			for i, pattern := range []int{vFirst, vThen} {
				a.line("VTBL V%d.B16, [V6.B16], V7.B16", pattern)
				a.cmtstB(7, 7, vBits)
				a.and(7, 7, vBit)
				a.orr(4+i, 4+i, 7)
				if bias != 0 {
					a.subB(4+i, 4+i, vBias)
				}
			}
		}
	}
	return []dotFormat{
		{"Q8_0", 34, false, func(*arm64) {}, func(a *arm64, row int) {
			a.load(4, row, 2, 16)
			a.load(5, row, 18, 16)
		}},
		{"Q4_0", 18, false, setupNibbles(8), nibbles(2, 8)},
		{"Q4_1", 20, true, setupNibbles(0), nibbles(4, 0)},
		{"Q5_0", 22, false, setupFifths(16), fifths(6, 2, 16)},
		{"Q5_1", 24, true, setupFifths(0), fifths(8, 4, 0)},
	}
}

func (f dotFormat) generate(a *arm64) {
	name := "matvec" + f.name + "Dot"
	a.text(name, 8, name+" multiplies at least 4 rows of a "+f.name+" matrix with a vector.", "(a *matvecArgs)")
	a.begin()
	f.setup(a)
	a.label("group")
	a.rows()
	a.label("block")
	a.load(0, rX, 0, 16)
	a.load(1, rX, 16, 16)
	a.load(2, rScale, 0, 4)
	if f.min {
		a.load(3, rSum, 0, 4)
		a.scvtf(3, 3)
		a.fmul(3, 3, 2)
	}
	for r := range rowsAtOnce {
		f.codes(a, rRow+r)
		a.zero(20)
		a.sdot(20, 4, 0)
		a.sdot(20, 5, 1)
		a.scvtf(20, 20)
		a.load(6, rRow+r, 0, 2)
		a.fcvtSH(6, 6)
		a.fmulS(6, 6, 2)
		a.fmlaBy(vAcc+r, 20, 6, 0)
		if f.min {
			a.load(7, rRow+r, 2, 2)
			a.fcvtSH(7, 7)
			a.fmlaBy(vAcc+r, 7, 3, 0)
		}
		a.line("ADD $%d, R%d", f.bytes, rRow+r)
	}
	a.line("ADD $32, R%d", rX)
	a.line("ADD $4, R%d", rScale)
	a.line("ADD $4, R%d", rSum)
	a.line("SUBS $1, R%d", rN)
	a.line("BNE block")
	a.storeGroup()
}

// superDot describes a format with superblocks of 256 codes.
type superDot struct {
	name  string
	bytes int
	min   bool
	setup func(a *arm64)
	// codes puts codes 32·j to 32·j+31 into registers 4 and 5.
	codes func(a *arm64, row, j int)
}

var superDots = []superDot{
	{"Q4K", 144, true, func(a *arm64) { a.constant(vLow, 0x0f0f0f0f) }, func(a *arm64, row, j int) {
		a.nibbleHalves(row, 16+32*(j/2), j%2)
	}},
	{"Q5K", 176, true, func(a *arm64) {
		a.constant(vLow, 0x0f0f0f0f)
		a.constant(vBit, 0x10101010)
	}, func(a *arm64, row, j int) {
		a.nibbleHalves(row, 48+32*(j/2), j%2)
		a.topBits(row, 16, 4-j)
	}},
	{"Q6K", 210, false, func(a *arm64) {
		a.constant(vLow, 0x0f0f0f0f)
		a.constant(vBit, 0x30303030)
		a.constant(vBias, 0x20202020)
	}, func(a *arm64, row, j int) {
		half, quarter := j/4, j%4
		a.nibbleHalves(row, 64*half+32*(quarter%2), quarter/2)
		a.topBits(row, 128+32*half, 4-2*quarter)
		a.subB(4, 4, vBias)
		a.subB(5, 5, vBias)
	}},
}

// nibbleHalves puts the low or high halves of 32 bytes into registers 4 and 5.
func (a *arm64) nibbleHalves(row, offset, high int) {
	for i := range 2 {
		a.load(4+i, row, offset+16*i, 16)
		if high == 1 {
			a.ushrB(4+i, 4+i, 4)
		} else {
			a.and(4+i, 4+i, vLow)
		}
	}
}

// topBits adds bits, moved to the left by some places, to registers 4 and 5.
func (a *arm64) topBits(row, offset, left int) {
	for i := range 2 {
		a.load(6, row, offset+16*i, 16)
		switch {
		case left > 0:
			a.shlB(6, 6, left)
		case left < 0:
			a.ushrB(6, 6, -left)
		}
		a.and(6, 6, vBit)
		a.orr(4+i, 4+i, 6)
	}
}

func (f superDot) generate(a *arm64) {
	name := "matvec" + f.name + "Dot"
	a.text(name, 8, name+" multiplies at least 4 rows of a "+f.name+" matrix with a vector.", "(a *matvecArgs)")
	a.begin()
	f.setup(a)
	a.label("group")
	a.rows()
	a.label("block")
	// Scales of the activations in 2, 3; their sums, scaled, in 22, 23.
	a.load(2, rScale, 0, 16)
	a.load(3, rScale, 16, 16)
	if f.min {
		for i := range 2 {
			a.load(22+i, rSum, 16*i, 16)
			a.scvtf(22+i, 22+i)
			a.fmul(22+i, 22+i, 2+i)
		}
	}
	for r := range rowsAtOnce {
		f.factors(a, r)
		for j := range 8 {
			a.load(0, rX, 32*j, 16)
			a.load(1, rX, 32*j+16, 16)
			f.codes(a, rRow+r, j)
			if f.min {
				a.zero(20)
				a.sdot(20, 4, 0)
				a.sdot(20, 5, 1)
				a.scvtf(20, 20)
				a.fmlaBy(vAcc+r, 20, 8+j/4, j%4)
				continue
			}
			for h := range 2 {
				a.zero(20)
				a.sdot(20, 4+h, h)
				a.scvtf(20, 20)
				i := 2*j + h
				a.fmlaBy(vAcc+r, 20, 8+i/4, i%4)
			}
		}
		a.line("ADD $%d, R%d", f.bytes, rRow+r)
	}
	a.line("ADD $256, R%d", rX)
	a.line("ADD $32, R%d", rScale)
	a.line("ADD $32, R%d", rSum)
	a.line("SUBS $8, R%d", rN)
	a.line("BNE block")
	a.storeGroup()
}

// factors computes the scales of row r's superblock times those of the
// activations in registers 8 and up, and adds the products of its offsets.
func (f superDot) factors(a *arm64, r int) {
	f.decode(a, rRow+r)
	if f.min {
		for h := range 2 {
			a.fmul(8+h, 8+h, 2+h)
			a.fmls(vAcc+r, 10+h, 22+h)
		}
		return
	}
	for i := range 4 { // two scales for each block of activations
		zip := "VZIP1"
		if i%2 == 1 {
			zip = "VZIP2"
		}
		a.line("%s V%d.S4, V%d.S4, V7.S4", zip, 2+i/2, 2+i/2)
		a.fmul(8+i, 8+i, 7)
	}
}

// decode puts the scales of the superblock at row into registers 8 and up, and
// its negative offsets into 10 and 11.
func (f superDot) decode(a *arm64, row int) {
	if !f.min {
		a.load(6, row, 208, 2)
		a.fcvtSH(6, 6)
		for i := range 2 {
			a.load(4, row, 192+8*i, 8)
			a.sxtl8(7, 4)
			a.sxtl16(8+2*i, 7)
			a.sxtl16h(9+2*i, 7)
		}
		for i := range 4 {
			a.scvtf(8+i, 8+i)
			a.fmulBy(8+i, 8+i, 6, 0)
		}
		return
	}
	a.load(6, row, 0, 2)
	a.load(7, row, 2, 2)
	a.fcvtSH(6, 6)
	a.fcvtSH(7, 7)
	a.line("MOVWU 4(R%d), R14", row)
	a.line("MOVWU 8(R%d), R15", row)
	a.line("MOVWU 12(R%d), R16", row)
	for i, low := range []int{14, 15} {
		// Four low six-bit numbers, then four from both ends.
		a.line("AND $0x3f3f3f3f, R%d, R17", low)
		a.line("LSR $2, R%d, R19", low)
		a.line("AND $0x30303030, R19, R19")
		if i == 1 {
			a.line("LSR $4, R16, R16")
		}
		a.line("AND $0x0f0f0f0f, R16, R20")
		a.line("ORR R19, R20, R20")
		a.line("ORR R20<<32, R17, R17")
		a.line("FMOVD R17, F4")
		a.uxtl8(4, 4)
		d := 8 + 2*i
		a.sxtl16(d, 4)
		a.sxtl16h(d+1, 4)
		for h := range 2 {
			a.scvtf(d+h, d+h)
			a.fmulBy(d+h, d+h, 6+i, 0)
		}
	}
}
