package kernels

//go:generate sh -c "cd _asm && go run . matvec_avx2 -out ../matvec_avx2_amd64.s"
//go:generate sh -c "cd _asm && go run . matvec_avx512 -out ../matvec_avx512_amd64.s"
//go:generate sh -c "cd _asm && go run . matvec_vnni -out ../matvec_vnni_amd64.s"
//go:generate sh -c "cd _asm && go run . interleave_avx512 -out ../interleave_avx512_amd64.s"
//go:generate sh -c "cd _asm && go run . unpack_avx512 -out ../unpack_avx512_amd64.s"
//go:generate sh -c "cd _asm && go run . gemm_avx512 -out ../gemm_avx512_amd64.s"
//go:generate sh -c "cd _asm && go run . gemm_vnni -out ../gemm_vnni_amd64.s"
//go:generate sh -c "cd _asm && go run . vector_avx2 -out ../vector_avx2_amd64.s"
//go:generate sh -c "cd _asm && go run . attention_avx2 -out ../attention_avx2_amd64.s"
//go:generate sh -c "cd _asm && go run . attention_avx512 -out ../attention_avx512_amd64.s"
//go:generate sh -c "cd _asm && go run . gemm_avx2 -out ../gemm_avx2_amd64.s"
//go:generate sh -c "cd _asm && go run . interleave_avx2 -out ../interleave_avx2_amd64.s"
//go:generate sh -c "cd _asm && go run . unpack_avx2 -out ../unpack_avx2_amd64.s"
//go:generate sh -c "cd _asm && go run . matvec_avxvnni -out ../matvec_avxvnni_amd64.s"

//go:noescape
func matvecF32AVX2(a *matvecArgs)

//go:noescape
func matvecF16AVX2(a *matvecArgs)

//go:noescape
func matvecBF16AVX2(a *matvecArgs)

//go:noescape
func matvecF32AVX512(a *matvecArgs)

//go:noescape
func matvecF16AVX512(a *matvecArgs)

//go:noescape
func matvecBF16AVX512(a *matvecArgs)

//go:noescape
func matvecQ8_0VNNI(a *matvecArgs)

//go:noescape
func matvecQ4_0VNNI(a *matvecArgs)

//go:noescape
func matvecQ4_1VNNI(a *matvecArgs)

//go:noescape
func matvecQ5_0VNNI(a *matvecArgs)

//go:noescape
func matvecQ5_1VNNI(a *matvecArgs)

//go:noescape
func matvecQ4KVNNI(a *matvecArgs)

//go:noescape
func matvecQ5KVNNI(a *matvecArgs)

//go:noescape
func matvecQ6KVNNI(a *matvecArgs)

//go:noescape
func gemmFloat12AVX512(a *gemmArgs)

//go:noescape
func gemmFloat8AVX512(a *gemmArgs)

//go:noescape
func gemmFloat4AVX512(a *gemmArgs)

//go:noescape
func gemmFloat2AVX512(a *gemmArgs)

//go:noescape
func gemmFloat1AVX512(a *gemmArgs)

//go:noescape
func gemmCodes32x6VNNI(a *gemmArgs)

//go:noescape
func gemmCodes32x4VNNI(a *gemmArgs)

//go:noescape
func gemmCodes32x2VNNI(a *gemmArgs)

//go:noescape
func gemmCodes32x1VNNI(a *gemmArgs)

//go:noescape
func gemmCodes16x6VNNI(a *gemmArgs)

//go:noescape
func gemmCodes16x4VNNI(a *gemmArgs)

//go:noescape
func gemmCodes16x2VNNI(a *gemmArgs)

//go:noescape
func gemmCodes16x1VNNI(a *gemmArgs)

//go:noescape
func interleave32AVX512(dst *uint32, src *byte, stride, n int)

//go:noescape
func interleaveF16AVX512(dst *uint32, src *byte, stride, n int)

//go:noescape
func interleaveBF16AVX512(dst *uint32, src *byte, stride, n int)

//go:noescape
func unpackQ8_0AVX512(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ4_0AVX512(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ4_1AVX512(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ5_0AVX512(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ5_1AVX512(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ4KAVX512(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ5KAVX512(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func unpackQ6KAVX512(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func starts16VNNI(dst *int32, x *int8, n int)

//go:noescape
func dotAVX2(x, y *float32, n int) float32

//go:noescape
func addAVX2(x, y *float32, n int)

//go:noescape
func scaleAVX2(dst, x, weight *float32, scale float32, n int)

//go:noescape
func maximumAVX2(x *float32, n int) float32

//go:noescape
func expAVX2(x *float32, shift, factor float32, n int) float32

//go:noescape
func swigluAVX2(dst, gate, up *float32, n int)

//go:noescape
func quantizeAVX2(q *int8, scale *float32, sum *int32, row *float32, blocks int)

//go:noescape
func quantizeWideAVX2(q *int8, scale *float32, sum *int32, row *float32, groups int)

//go:noescape
func toHalfAVX2(dst *uint16, src *float32, n int)

//go:noescape
func rotateInterleavedAVX2(x, cos, sin *float32, n int)

//go:noescape
func rotateHalvesAVX2(x, cos, sin *float32, n int)

//go:noescape
func scoresAVX2(scores, q *float32, k *uint16, stride, n, dim int)

//go:noescape
func mixAVX2(out, p *float32, v *uint16, stride, n, dim int)

//go:noescape
func scoresAVX512(scores, q *float32, k *uint16, stride, n, dim int)

//go:noescape
func mixAVX512(out, p *float32, v *uint16, stride, n, dim int)

//go:noescape
func widenAVX2(dst *uint32, src *uint16, n int)

//go:noescape
func scaleRoundAVX2(x *float32, s float32, n int)

//go:noescape
func matvecQ8_0AVX2(a *matvecArgs)

//go:noescape
func unpackQ8_0AVX2(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func matvecQ4_0AVX2(a *matvecArgs)

//go:noescape
func unpackQ4_0AVX2(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func matvecQ4_1AVX2(a *matvecArgs)

//go:noescape
func unpackQ4_1AVX2(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func matvecQ5_0AVX2(a *matvecArgs)

//go:noescape
func unpackQ5_0AVX2(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func matvecQ5_1AVX2(a *matvecArgs)

//go:noescape
func unpackQ5_1AVX2(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func matvecQ4KAVX2(a *matvecArgs)

//go:noescape
func unpackQ4KAVX2(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func matvecQ5KAVX2(a *matvecArgs)

//go:noescape
func unpackQ5KAVX2(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func matvecQ6KAVX2(a *matvecArgs)

//go:noescape
func unpackQ6KAVX2(code *uint8, scale, offset *float32, row *byte, blocks int)

//go:noescape
func gemmFloat6AVX2(a *gemmArgs)

//go:noescape
func gemmFloat4AVX2(a *gemmArgs)

//go:noescape
func gemmFloat2AVX2(a *gemmArgs)

//go:noescape
func gemmFloat1AVX2(a *gemmArgs)

//go:noescape
func interleave32AVX2(dst *uint32, src *byte, stride, n int)

//go:noescape
func interleaveF16AVX2(dst *uint32, src *byte, stride, n int)

//go:noescape
func interleaveBF16AVX2(dst *uint32, src *byte, stride, n int)

//go:noescape
func codesToFloat32AVX2(dst *float32, code *uint8, scale, offset *float32, bias, groups int)

//go:noescape
func codesToFloat16AVX2(dst *float32, code *uint8, scale, offset *float32, bias, groups int)

//go:noescape
func int8ToFloatAVX2(dst *float32, q *int8, scale *float32, blocks int)

//go:noescape
func readAVX2(b *uint64, n int)

//go:noescape
func matvecQ8_0AVXVNNI(a *matvecArgs)

//go:noescape
func matvecQ4_0AVXVNNI(a *matvecArgs)

//go:noescape
func matvecQ4_1AVXVNNI(a *matvecArgs)

//go:noescape
func matvecQ5_0AVXVNNI(a *matvecArgs)

//go:noescape
func matvecQ5_1AVXVNNI(a *matvecArgs)

//go:noescape
func matvecQ4KAVXVNNI(a *matvecArgs)

//go:noescape
func matvecQ5KAVXVNNI(a *matvecArgs)

//go:noescape
func matvecQ6KAVXVNNI(a *matvecArgs)
