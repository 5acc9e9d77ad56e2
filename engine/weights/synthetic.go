package weights

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
)

// Synthetic returns made-up weights for a shape: seeded noise, the same for the
// same shape and seed on every machine, in the scheme of o or DefaultQuant.
//
// Matrices have zero mean and a deviation of 1/sqrt(columns), so that each
// layer keeps its input's scale, and the output matrix three times that, so
// that some tokens are clearly likelier than others; norms lie around 1, biases
// around 0. A tensor
// in a quantized format is the encoding of the very float32 values that a
// synthetic f32 tensor of that name has. Q and K of the llama architecture are
// in GGUF's order.
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
	if style, ok := architectures[shape.Architecture]; ok {
		shape.RoPEStyle = style
	}
	s := &source{shape: shape, quant: scheme.Name, synthetic: true}
	s.metadata = metadata{title: shape.Name, tokenizer: noTokenizer()}
	s.vocabulary = func() (*Vocabulary, error) { return nil, nil }
	if syntheticFits(shape.Vocab) {
		s.metadata.tokenizer = syntheticFields(shape.Vocab)
		s.vocabulary = func() (*Vocabulary, error) { return syntheticVocabulary(shape.Vocab), nil }
	}
	s.tensors, s.size = s.metadata.placed(shape, scheme)
	s.finish()
	if o.ShapeOnly {
		return s, nil
	}
	n := newNoise(shape, o.Seed, s.tensors)
	if err := s.fill(n.fill); err != nil {
		return nil, err
	}
	return s, nil
}

// A tensor of noise is put together from pieces of one pool, so that making a
// billion weights costs copying and no arithmetic. Each row takes a piece for
// each 256 of its values, from a place drawn for it alone. Places are multiples
// of the largest block that a row of that length can be stored in, so pieces of
// the encoded pool are the encoded pieces.
const (
	poolValues  = 1 << 18
	pieceValues = 256
	floatBlock  = 32 // places of rows that K-quants cannot store
)

// noise makes synthetic tensors.
type noise struct {
	shape model.Shape
	seed  uint64
	unit  []float32 // the pool, of deviation 1
	pools map[poolKey][]byte
	kinds map[string]slot
}

// poolKey is what an encoded pool depends on.
type poolKey struct {
	format    quant.Type
	deviation float32
}

// key returns the pool that a matrix is made from.
func (n *noise) key(t Tensor) poolKey {
	deviation := 1 / math.Sqrt(float64(t.Cols))
	switch kind := n.kinds[t.Name]; {
	case kind.role == output, kind.role == tokenEmbd && n.shape.Tied:
		deviation *= 3
	}
	return poolKey{t.Type, float32(deviation)}
}

// newNoise returns the maker of the tensors of a shape, given in the order of
// its slots.
func newNoise(shape model.Shape, seed uint64, tensors []Tensor) *noise {
	kinds := slots(shape)
	n := &noise{
		shape: shape,
		seed:  seed,
		unit:  make([]float32, poolValues),
		pools: map[poolKey][]byte{},
		kinds: make(map[string]slot, len(kinds)),
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range n.unit {
		n.unit[i] = float32(random.NormFloat64())
	}
	for i, t := range tensors {
		n.kinds[t.Name] = kinds[i]
		key := n.key(t)
		if _, done := n.pools[key]; !done && !kinds[i].vector() {
			n.pools[key] = n.encode(key)
		}
	}
	return n
}

// encode returns the pool of a key.
func (n *noise) encode(key poolKey) []byte {
	scaled := make([]float32, poolValues)
	for i, v := range n.unit {
		scaled[i] = v * key.deviation
	}
	pool := make([]byte, key.format.RowBytes(poolValues))
	key.format.Encode(pool, scaled)
	return pool
}

// fill writes rows of a tensor.
func (n *noise) fill(t Tensor, row, rows int, dst []byte) error {
	stream := n.stream(t.Name)
	switch kind := n.kinds[t.Name]; {
	case kind.computed():
		encodeDivisors(dst, n.shape)
		return nil
	case kind.vector():
		n.fillVector(kind, stream, dst)
		return nil
	}
	pool := n.pools[n.key(t)]
	grain := floatBlock
	if t.Cols%pieceValues == 0 {
		grain = pieceValues
	}
	places := uint64(poolValues-pieceValues)/uint64(grain) + 1
	pieces := (t.Cols + pieceValues - 1) / pieceValues
	piece := t.Type.RowBytes(pieceValues)
	stride := t.Type.RowBytes(t.Cols)
	for i := range rows {
		line := dst[i*stride:][:stride]
		for p := range pieces {
			place := scramble(stream+uint64((row+i)*pieces+p)) % places
			copy(line[p*piece:], pool[t.Type.RowBytes(int(place)*grain):][:piece])
		}
	}
	return nil
}

func (n *noise) fillVector(kind slot, stream uint64, dst []byte) {
	values := make([]float32, kind.cols)
	start := int(scramble(stream) % poolValues)
	for i := range values {
		v := n.unit[(start+i)%poolValues]
		values[i] = 1 + float32(0.1*v)
		if kind.bias {
			values[i] = 0.02 * v
		}
	}
	quant.F32.Encode(dst, values)
}

// stream returns where a tensor's sequence of random numbers begins.
func (n *noise) stream(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return scramble(h.Sum64() ^ scramble(n.seed))
}

// scramble is the output function of SplitMix64 (Steele, Lea and Flood, 2014):
// applied to a counter it gives random numbers in any order.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
