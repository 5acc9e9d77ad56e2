package weights

import (
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
)

// A matrix of noise is put together from pieces of one pool, so that making a
// billion weights costs copying and no arithmetic. Each row takes a piece for
// each 256 of its values, from a place drawn for it alone. Places are multiples
// of the largest block that a row of that length can be stored in, so pieces of
// the encoded pool are the encoded pieces.
const (
	poolValues  = 1 << 18
	pieceValues = 256
	floatBlock  = 32 // distance of places for rows that K-quants cannot store
)

// noise makes synthetic tensors.
type noise struct {
	shape model.Shape
	seed  uint64
	unit  []float32 // the pool, of deviation 1
	pools map[poolKey][]byte
	kinds map[string]model.Tensor
}

// poolKey is what an encoded pool depends on.
type poolKey struct {
	format    quant.Type
	deviation float32
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
		kinds: make(map[string]model.Tensor, len(kinds)),
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range n.unit {
		n.unit[i] = float32(random.NormFloat64())
	}
	for i, t := range tensors {
		n.kinds[t.Name] = kinds[i]
		if !kinds[i].Vector() && !n.drawn(t) {
			n.pools[n.key(t)] = nil
		}
	}
	n.encodePools()
	return n
}

// encodePools fills in the pools, each on a core of its own.
func (n *noise) encodePools() {
	var (
		group sync.WaitGroup
		mutex sync.Mutex
	)
	for _, key := range slices.Collect(maps.Keys(n.pools)) {
		group.Go(func() {
			scaled := make([]float32, poolValues)
			for i, v := range n.unit {
				scaled[i] = v * key.deviation
			}
			pool := make([]byte, key.format.RowBytes(poolValues))
			key.format.Encode(pool, scaled)
			mutex.Lock()
			n.pools[key] = pool
			mutex.Unlock()
		})
	}
	group.Wait()
}

// key returns the pool that a matrix is made from.
func (n *noise) key(t Tensor) poolKey {
	deviation := 1 / math.Sqrt(float64(t.Cols))
	if n.isOutput(t) {
		deviation *= 3
	}
	return poolKey{t.Type, float32(deviation)}
}

func (n *noise) isOutput(t Tensor) bool {
	role := n.kinds[t.Name].Role
	return role == model.Output || role == model.TokenEmbd && n.shape.Tied
}

// drawn reports whether a matrix is drawn value by value: the output matrix if
// its rows have so few pieces that some would probably be equal. Equal rows
// there make tokens that tie, and which of them wins is no matter of the model.
func (n *noise) drawn(t Tensor) bool {
	const tolerable = 0.05 // expected pairs of equal rows
	if !n.isOutput(t) {
		return false
	}
	grain, pieces := placesOf(t.Cols)
	choices := math.Pow(float64(places(grain)), float64(pieces))
	return float64(t.Rows)*float64(t.Rows)/2/choices > tolerable
}

// placesOf returns the distance of the places that a row's pieces come from,
// and the number of pieces.
func placesOf(cols int) (grain, pieces int) {
	grain = floatBlock
	if cols%pieceValues == 0 {
		grain = pieceValues
	}
	return grain, (cols + pieceValues - 1) / pieceValues
}

// places returns how many places the pool has.
func places(grain int) uint64 { return uint64(poolValues-pieceValues)/uint64(grain) + 1 }

// fill writes rows of a tensor.
func (n *noise) fill(t Tensor, row, rows int, dst []byte) {
	stream := n.stream(t.Name)
	switch kind := n.kinds[t.Name]; {
	case kind.Computed():
		encodeDivisors(dst, kind.Role, n.shape)
	case kind.Vector():
		n.fillVector(kind, stream, dst)
	case n.drawn(t):
		n.draw(t, stream, row, rows, dst)
	default:
		n.copyPieces(t, stream, row, rows, dst)
	}
}

func (n *noise) copyPieces(t Tensor, stream uint64, row, rows int, dst []byte) {
	pool := n.pools[n.key(t)]
	grain, pieces := placesOf(t.Cols)
	choices := places(grain)
	piece, stride := t.Type.RowBytes(pieceValues), t.Type.RowBytes(t.Cols)
	for i := range rows {
		line := dst[i*stride:][:stride]
		for p := range pieces {
			place := scramble(stream+uint64((row+i)*pieces+p)) % choices
			copy(line[p*piece:], pool[t.Type.RowBytes(int(place)*grain):][:piece])
		}
	}
}

// draw makes each row the sum of two stretches of the pool, which begin at
// places drawn for it alone.
func (n *noise) draw(t Tensor, stream uint64, row, rows int, dst []byte) {
	deviation := float32(float64(n.key(t).deviation) / math.Sqrt2)
	values := make([]float32, t.Cols)
	stride := t.Type.RowBytes(t.Cols)
	for i := range rows {
		at := scramble(stream + uint64(row+i))
		a, b := at%poolValues, at>>32%poolValues
		for j := range values {
			values[j] = (n.unit[a] + n.unit[b]) * deviation
			a, b = (a+1)%poolValues, (b+1)%poolValues
		}
		t.Type.Encode(dst[i*stride:][:stride], values)
	}
}

func (n *noise) fillVector(kind model.Tensor, stream uint64, dst []byte) {
	values := make([]float32, kind.Cols)
	start := scramble(stream) % poolValues
	for i := range values {
		v := n.unit[(start+uint64(i))%poolValues]
		values[i] = 1 + float32(0.1*v)
		if kind.Bias {
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
