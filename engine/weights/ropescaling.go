package weights

import (
	"fmt"
	"math"
	"slices"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/engine/weights/gguf"
)

// ggufScaling reads the RoPE scaling of a file. The linear kind is in the
// metadata; Llama 3's is in a tensor of divisors, one for each pair of a head.
func ggufScaling(f *gguf.File, arch string, s model.Shape) (*model.Scaling, error) {
	for _, t := range f.Tensors {
		if t.Name == "rope_freqs.weight" {
			return scalingOfDivisors(f, t, s)
		}
	}
	r := reader{file: f}
	kind := r.text(arch+"rope.scaling.type", "none")
	factor := r.floatOr(arch+"rope.scaling.factor", r.floatOr(arch+"rope.scale_linear", 1))
	switch {
	case r.err != nil:
		return nil, r.err
	case kind == "none" && !f.Has(arch+"rope.scale_linear"), factor == 1 && kind != "yarn":
		return nil, nil
	case kind == "linear" || kind == "none":
		return &model.Scaling{Type: "linear", Factor: factor}, nil
	}
	return nil, fmt.Errorf("field %q: %q is not supported; none and linear are", arch+"rope.scaling.type", kind)
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
// computed from. The tensor does not hold its parameters, so those of the
// published models are tried first. Otherwise two divisors in the middle range
// give them: only OriginalContext over LowFreqFactor and over HighFreqFactor
// count, so LowFreqFactor may be taken as 1.
func scalingOfDivisors(f *gguf.File, t gguf.Tensor, s model.Shape) (*model.Scaling, error) {
	if t.Rows*t.Cols != s.HeadDim/2 || t.Type != quant.F32 {
		return nil, fmt.Errorf("tensor %q: %d values of %s, but %d of f32 are needed, half a head; the file is damaged", t.Name, t.Rows*t.Cols, t.Type, s.HeadDim/2)
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
	return nil, fmt.Errorf("tensor %q: not the divisors of Llama 3's RoPE scaling, the only kind of tensor that is supported here", t.Name)
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

// encodeDivisors writes the tensor of divisors of a shape with Llama 3's
// scaling.
func encodeDivisors(dst []byte, s model.Shape) {
	values := make([]float32, s.HeadDim/2)
	for i, d := range llama3Divisors(*s.RoPEScaling, s.RoPEBase, s.HeadDim) {
		values[i] = float32(d)
	}
	quant.F32.Encode(dst, values)
}
