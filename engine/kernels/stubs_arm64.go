package kernels

//go:generate sh -c "cd _asm && go run . matvec_neon -out ../matvec_neon_arm64.s"
//go:generate sh -c "cd _asm && go run . matvec_dot -out ../matvec_dot_arm64.s"
//go:generate sh -c "cd _asm && go run . vector_neon -out ../vector_neon_arm64.s"
//go:generate sh -c "cd _asm && go run . panel_neon -out ../panel_neon_arm64.s"

//go:noescape
func matvecF32NEON(a *matvecArgs)

//go:noescape
func matvecF16NEON(a *matvecArgs)

//go:noescape
func matvecBF16NEON(a *matvecArgs)

//go:noescape
func matvecQ8_0Dot(a *matvecArgs)

//go:noescape
func matvecQ4_0Dot(a *matvecArgs)

//go:noescape
func matvecQ4_1Dot(a *matvecArgs)

//go:noescape
func matvecQ5_0Dot(a *matvecArgs)

//go:noescape
func matvecQ5_1Dot(a *matvecArgs)

//go:noescape
func matvecQ4KDot(a *matvecArgs)

//go:noescape
func matvecQ5KDot(a *matvecArgs)

//go:noescape
func matvecQ6KDot(a *matvecArgs)

//go:noescape
func dotNEON(x, y *float32, n int) float32

//go:noescape
func addNEON(x, y *float32, n int)

//go:noescape
func scaleNEON(dst, x, weight *float32, s float32, n int)

//go:noescape
func expNEON(x *float32, shift, factor float32, n int) float32

//go:noescape
func swigluNEON(dst, gate, up *float32, n int)

//go:noescape
func quantizeNEON(q *int8, scale *float32, sum *int32, row *float32, blocks int)

//go:noescape
func storeHalfNEON(dst *uint16, src *float32, n int)

//go:noescape
func scaleRoundNEON(x *float32, s float32, n int)

//go:noescape
func scoresNEON(scores, q *float32, k *uint16, stride, n, dim int)

//go:noescape
func mixNEON(out, p *float32, v *uint16, stride, n, dim int)

//go:noescape
func unpackQ8_0NEON(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ4_0NEON(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ4_1NEON(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ5_0NEON(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ5_1NEON(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ4KNEON(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ5KNEON(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ6KNEON(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func gemmFloat8NEON(a *gemmArgs)

//go:noescape
func gemmFloat4NEON(a *gemmArgs)

//go:noescape
func gemmFloat2NEON(a *gemmArgs)

//go:noescape
func gemmFloat1NEON(a *gemmArgs)

//go:noescape
func interleave32NEON(dst *uint32, src *byte, stride, n int)

//go:noescape
func interleaveF16NEON(dst *uint32, src *byte, stride, n int)

//go:noescape
func interleaveBF16NEON(dst *uint32, src *byte, stride, n int)

//go:noescape
func codesToFloat32NEON(dst *float32, code *uint8, scale, offset *float32, bias, groups int)

//go:noescape
func codesToFloat16NEON(dst *float32, code *uint8, scale, offset *float32, bias, groups int)

//go:noescape
func int8ToFloatNEON(dst *float32, q *int8, scale *float32, blocks int)

//go:noescape
func widenNEON(dst *uint32, src *uint16, n int)
