package kernels

//go:generate sh -c "cd _asm && go run . matvec_avx2 -out ../matvec_avx2_amd64.s"
//go:generate sh -c "cd _asm && go run . matvec_avx512 -out ../matvec_avx512_amd64.s"
//go:generate sh -c "cd _asm && go run . matvec_vnni -out ../matvec_vnni_amd64.s"

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
