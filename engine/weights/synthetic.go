package weights

import "github.com/memsim/memsim/engine/model"

// Synthetic returns made-up weights for a shape: seeded noise, the same for the
// same shape and seed on every machine, in the scheme of o or DefaultQuant.
//
// Matrices have zero mean and a deviation of 1/sqrt(columns), so that each
// layer keeps its input's scale, and the output matrix three times that, so
// that some tokens are clearly likelier than others; norms lie around 1, biases
// around 0. A tensor in a quantized format is the encoding of the very float32
// values that a synthetic f32 tensor of that name has. Q and K of the llama
// architecture are in GGUF's order.
func Synthetic(shape model.Shape, o Options) (Source, error) {
	name := o.Quant
	if name == "" {
		name = DefaultQuant
	}
	scheme, err := ParseScheme(name)
	if err != nil {
		return nil, err
	}
	shape, err = shape.With(o.Overrides)
	if err != nil {
		return nil, err
	}
	if a, ok := model.ArchitectureOf(shape.Architecture); ok {
		shape.RoPEStyle = a.Pairs
	}
	s := &source{shape: shape, quant: scheme.Name, synthetic: true}
	s.metadata = metadata{title: shape.Name, tokenizer: madeUpTokenizer(shape.Vocab)}
	s.vocabulary = func() (*Vocabulary, error) { return nil, nil }
	if syntheticFits(shape.Vocab) {
		s.vocabulary = func() (*Vocabulary, error) { return syntheticVocabulary(shape.Vocab), nil }
	}
	s.tensors, s.size = s.metadata.placed(shape, scheme)
	s.finish()
	if o.ShapeOnly {
		return s, nil
	}
	if err := checkEncodes(shape.Name, scheme, s.tensors); err != nil {
		return nil, err
	}
	n := newNoise(shape, o.Seed, s.tensors)
	if err := s.fill(n.fill); err != nil {
		return nil, err
	}
	return s, nil
}
