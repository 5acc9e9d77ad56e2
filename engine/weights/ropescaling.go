package weights

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights/gguf"
)

// ggufScaling reads the RoPE scaling of a file. The linear kind and YaRN are in
// the metadata, a factor alone is linear; divisors for each pair of a head are in
// tensors: Llama 3's, LongRoPE's, and those of Gemma 4.
func ggufScaling(f *gguf.File, arch string, s model.Shape) (*model.Scaling, error) {
	divisors := map[string]gguf.Tensor{}
	for _, t := range f.Tensors {
		if strings.HasPrefix(t.Name, "rope_f") {
			divisors[t.Name] = t
		}
	}
	r := reader{file: f}
	kind := r.text(arch+"rope.scaling.type", "")
	factor := r.floatOr(arch+"rope.scaling.factor", r.floatOr(arch+"rope.scale_linear", 1))
	magnitude := r.floatOr(arch+"rope.scaling.attn_factor", 1)
	original := r.intOr(arch+"rope.scaling.original_context_length", s.Context)
	if r.err != nil {
		return nil, r.err
	}
	switch kind {
	case "", "none", "linear", "yarn", "longrope":
	default:
		return nil, fmt.Errorf("field %q: %q is not supported; none, linear, yarn and longrope are", arch+"rope.scaling.type", kind)
	}
	if magnitude != 1 && s.Architecture == "olmo2" && s.Window > 0 {
		return nil, fmt.Errorf("field %q: %g counts in layers without a window alone, which is not supported", arch+"rope.scaling.attn_factor", magnitude)
	}
	if len(divisors) > 0 && (factor != 1 || kind == "yarn") {
		return nil, fmt.Errorf("field %q: %g (%s) beside divisors in tensors: frequencies that both change are not supported", arch+"rope.scaling.factor", factor, cmp.Or(kind, "linear"))
	}
	if t, ok := divisors["rope_freqs.weight"]; ok {
		if magnitude != 1 {
			return nil, fmt.Errorf("field %q: %g beside divisors in a tensor is not supported", arch+"rope.scaling.attn_factor", magnitude)
		}
		return scalingOfDivisors(f, t, s)
	}
	if long, ok := divisors["rope_factors_long.weight"]; ok {
		return longRoPE(f, long, divisors["rope_factors_short.weight"], s, original, magnitude)
	}
	switch {
	case kind == "yarn":
		scaling := &model.Scaling{Type: "yarn", Factor: factor, OriginalContext: original, Magnitude: unlessOne(magnitude)}
		a, _ := model.ArchitectureOf(s.Architecture)
		for key, to := range map[string]*float64{
			"rope.scaling.yarn_beta_fast":      &scaling.BetaFast,
			"rope.scaling.yarn_beta_slow":      &scaling.BetaSlow,
			"rope.scaling.yarn_log_multiplier": &scaling.LogMultiplier,
		} {
			if a.Reads(key) {
				*to = r.floatOr(arch+key, 0)
			}
		}
		return scaling, r.err
	case kind == "none":
		factor = 1
	}
	if factor == 1 && magnitude == 1 && s.Temperature == 0 {
		return nil, nil
	}
	scaling := &model.Scaling{Type: "linear", Factor: factor, Magnitude: unlessOne(magnitude)}
	if s.Temperature != 0 {
		scaling.OriginalContext = original
	}
	return scaling, nil
}

// unlessOne returns a factor, 0 if it changes nothing.
func unlessOne(factor float64) float64 {
	if factor == 1 {
		return 0
	}
	return factor
}

// longRoPE reads the divisors of LongRoPE.
func longRoPE(f *gguf.File, long, short gguf.Tensor, s model.Shape, original int, magnitude float64) (*model.Scaling, error) {
	scaling := &model.Scaling{Type: "longrope", OriginalContext: original, Magnitude: magnitude}
	for _, d := range []struct {
		tensor gguf.Tensor
		name   string
		to     *[]float64
	}{{long, "rope_factors_long.weight", &scaling.Long}, {short, "rope_factors_short.weight", &scaling.Short}} {
		if d.tensor.Name == "" || d.tensor.Type != quant.F32 {
			return nil, fmt.Errorf("tensor %q: missing, or not of f32", d.name)
		}
		*d.to = divisorsOf(f, d.tensor)
	}
	return scaling, nil
}

// divisorsOf reads a tensor of f32 values, as the decimals that they are meant
// as.
func divisorsOf(f *gguf.File, t gguf.Tensor) []float64 {
	stored := make([]float32, t.Rows*t.Cols)
	t.Type.Decode(stored, f.Data(t))
	values := make([]float64, len(stored))
	for i, v := range stored {
		values[i] = shortest(float64(v))
	}
	return values
}

// llama3Divisors returns by how much Llama 3's scaling divides the frequency of
// each pair of a head: by 1 where the wavelength is short against the context
// that the model was first trained for, by Factor where it is long, and by a
// value between in the middle.
func llama3Divisors(r model.Scaling, base float64, headDim int) []float64 {
	divisors := make([]float64, headDim/2)
	for i := range divisors {
		smooth := (turns(base, headDim, i, r.OriginalContext) - r.LowFreqFactor) / (r.HighFreqFactor - r.LowFreqFactor)
		smooth = min(1, max(0, smooth))
		divisors[i] = 1 / ((1-smooth)/r.Factor + smooth)
	}
	return divisors
}

// turns returns how often pair i of a head turns over a context.
func turns(base float64, headDim, i, context int) float64 {
	frequency := math.Pow(base, -2*float64(i)/float64(headDim))
	return float64(context) * frequency / (2 * math.Pi)
}

// scalingOfDivisors finds the Llama 3 scaling that a tensor of divisors was
// computed from; others are kept as they are. The tensor does not hold Llama 3's
// parameters, so those of the published models are tried first. Otherwise two
// divisors in the middle range give them: only OriginalContext over LowFreqFactor
// and over HighFreqFactor count, so LowFreqFactor may be taken as 1.
func scalingOfDivisors(f *gguf.File, t gguf.Tensor, s model.Shape) (*model.Scaling, error) {
	head := turnedOf(s)
	if t.Rows*t.Cols != head/2 || t.Type != quant.F32 {
		return nil, fmt.Errorf("tensor %q: %d values of %s, but %d of f32 are needed, half of what turns of a head; the file is damaged", t.Name, t.Rows*t.Cols, t.Type, head/2)
	}
	if s.GlobalHeadDim > 0 || s.RoPEDim > 0 {
		return &model.Scaling{Type: "divisors", Long: divisorsOf(f, t)}, nil
	}
	stored := make([]float32, s.HeadDim/2)
	t.Type.Decode(stored, f.Data(t))
	factor := float64(stored[len(stored)-1])
	if !slices.ContainsFunc(stored, func(d float32) bool { return d != 1 }) {
		return nil, nil
	}
	for _, candidate := range []model.Scaling{
		{Type: "llama3", Factor: factor, LowFreqFactor: 1, HighFreqFactor: 4, OriginalContext: 8192},
		fitDivisors(stored, s),
	} {
		if agrees(candidate, stored, s) {
			return &candidate, nil
		}
	}
	return &model.Scaling{Type: "divisors", Long: divisorsOf(f, t)}, nil
}

// fitDivisors solves for the scaling from the first and the last divisor
// strictly between 1 and the factor.
func fitDivisors(stored []float32, s model.Shape) model.Scaling {
	factor := float64(stored[len(stored)-1])
	var smooth, rate []float64
	for i, d := range stored {
		if v := (1/float64(d) - 1/factor) / (1 - 1/factor); v > 1e-4 && v < 1-1e-4 {
			smooth = append(smooth, v)
			rate = append(rate, turns(s.RoPEBase, s.HeadDim, i, 1))
		}
	}
	if len(smooth) < 2 {
		return model.Scaling{}
	}
	last := len(smooth) - 1
	slope := (smooth[0] - smooth[last]) / (rate[0] - rate[last]) // context / (high - low)
	shift := slope*rate[0] - smooth[0]                           // low / (high - low)
	high := math.Round((1+1/shift)*1e4) / 1e4                    // from float32 divisors; agrees checks it
	return model.Scaling{
		Type: "llama3", Factor: factor, LowFreqFactor: 1, HighFreqFactor: high,
		OriginalContext: int(math.Round(slope / shift)),
	}
}

// agrees reports whether a scaling is valid and gives the stored divisors to
// float32 rounding.
func agrees(r model.Scaling, stored []float32, s model.Shape) bool {
	s.RoPEScaling = &r
	if s.Validate() != nil || r.Type == "" {
		return false
	}
	for i, want := range llama3Divisors(r, s.RoPEBase, s.HeadDim) {
		if d := math.Abs(float64(stored[i])-want) / want; !(d < 1e-4) {
			return false
		}
	}
	return true
}

// encodeDivisors writes a tensor that follows from a shape's scaling.
func encodeDivisors(dst []byte, role model.Role, s model.Shape) {
	var divisors []float64
	switch r := s.RoPEScaling; {
	case role == model.RoPEShort:
		divisors = r.Short
	case r.Type == "llama3":
		divisors = llama3Divisors(*r, s.RoPEBase, s.HeadDim)
	default:
		divisors = r.Long
	}
	values := make([]float32, len(divisors))
	for i, d := range divisors {
		values[i] = float32(d)
	}
	quant.F32.Encode(dst, values)
}
