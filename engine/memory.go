package engine

import (
	"fmt"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/traces"
)

const (
	// arenaAlign keeps arenas far apart, as mapped memory lies: models that differ
	// in little have them at the same addresses.
	arenaAlign = 1 << 30
	pageBytes  = 4 << 10
)

// region hands out the addresses of one arena from its start on.
type region struct {
	arena traces.Arena
}

// after returns an empty arena behind the address end.
func after(end uint64, name string, kind traces.Kind) region {
	return region{traces.Arena{Name: name, Kind: kind, Addr: alignUp(end, arenaAlign)}}
}

// take returns the address of the next n bytes.
func (r *region) take(n int64) uint64 {
	addr := r.end()
	r.arena.Bytes += n
	return addr
}

func (r *region) end() uint64 { return r.arena.Addr + uint64(r.arena.Bytes) }

func alignUp(n, to uint64) uint64 { return (n + to - 1) / to * to }

// layerCache is what one executed layer keeps of the tokens before: a KV cache,
// a row of KV heads × head dimension values for each position, or the
// state of a mixer of another kind. It is empty in a layer that reads the cache
// of another.
type layerCache struct {
	layer  int32
	k, v   cacheHalf
	state  state // of a convolution
	memory state // of a gated delta network
}

// cacheHalf is the keys or the values of a layerCache: a ring of rows, in which
// position i is row i mod positions. A layer that sees all positions has room for
// all of them; one with a window has room for the window and a batch.
type cacheHalf struct {
	name      string
	addr      uint64
	format    quant.Type
	width     int           // values of a row
	positions int           // rows
	data      kernels.Cache // positions × width; empty if shape-only
	backed    bool
}

// state is the float32 values that a mixer keeps.
type state struct {
	name string
	addr uint64
	size int
	data []float32 // nil if shape-only

	before []float32 // the pass that runs
}

// newCaches lays out the KV cache of every executed layer in r, and allocates it
// unless shapeOnly.
func newCaches(r *region, s *model.Shape, format quant.Type, context, batch int, shapeOnly bool) []layerCache {
	caches := make([]layerCache, s.Executed())
	for layer, block := range s.Schedule() {
		l := s.Layer(block)
		c := &caches[layer]
		c.layer = int32(layer)
		switch {
		case l.Mixer == model.ShortConv:
			c.state = newState(r, layer, "conv", (s.ConvLength-1)*s.Dim, shapeOnly)
		case l.Mixer == model.GatedNet:
			d := s.Delta
			c.state = newState(r, layer, "conv", (d.Conv-1)*(2*d.KeyHeads*d.KeyDim+d.ValueHeads*d.ValueDim), shapeOnly)
			c.memory = newState(r, layer, "delta", d.ValueHeads*d.KeyDim*d.ValueDim, shapeOnly)
		case l.Mixer == model.Attention && l.KVFrom == block:
			positions := context
			if l.Window > 0 {
				positions = min(context, l.Window+batch)
			}
			c.k = newCacheHalf(r, layer, "k", format, positions, l.KVDim(), shapeOnly)
			c.v = newCacheHalf(r, layer, "v", format, positions, l.VDim(), shapeOnly)
			c.k.data.Turn, c.v.data.Turn = kernels.KeyTurn(format, l.HeadDim), kernels.ValueTurn(format, l.HeadDim)
		}
	}
	return caches
}

func newCacheHalf(r *region, layer int, name string, format quant.Type, positions, width int, shapeOnly bool) cacheHalf {
	c := cacheHalf{name: fmt.Sprintf("cache.%d.%s", layer, name), format: format, width: width, positions: positions}
	c.addr = r.take(c.rowBytes() * int64(positions))
	if !shapeOnly {
		c.data, c.backed = kernels.NewCache(format, positions*width), true
	}
	return c
}

func newState(r *region, layer int, name string, size int, shapeOnly bool) state {
	s := state{name: fmt.Sprintf("cache.%d.%s", layer, name), addr: r.take(4 * int64(size)), size: size}
	if !shapeOnly {
		s.data = make([]float32, size)
	}
	return s
}

// keepStates notes the states of mixers that a pass changes, so that one which is
// interrupted can be run again: rows of a KV cache are written anew, states are
// not.
func (p *program) keepStates() {
	for i := range p.caches {
		s := &p.caches[i].state
		s.before = append(s.before[:0], s.data...)
	}
}

func (p *program) restoreStates() {
	for i := range p.caches {
		copy(p.caches[i].state.data, p.caches[i].state.before)
	}
}

func (c *cacheHalf) rowBytes() int64 { return int64(c.format.RowBytes(c.width)) }

// stretch returns where row from lies, and how many rows from it on up to to lie
// one behind the other: the ring may begin anew between them.
func (c *cacheHalf) stretch(from, to int) (row, rows int) {
	row = from % c.positions
	return row, min(to-from, c.positions-row)
}

// held returns the rows that a batch may attend to: all that are in use.
func (c *cacheHalf) held(b *batch) kernels.Cache {
	if !c.backed {
		return c.data
	}
	return c.data.Slice(0, min(b.pos+b.n, c.positions)*c.width)
}

// store puts the batch's vectors into their rows.
func (c *cacheHalf) store(k Kernels, x *floats, b *batch) {
	for done := 0; done < b.n; {
		row, rows := c.stretch(b.pos+done, b.pos+b.n)
		dst := c.data
		if c.backed {
			dst = dst.Slice(row*c.width, (row+rows)*c.width)
		}
		k.StoreKV(dst, x.rows(done, done+rows))
		done += rows
	}
}

// floats is an activation buffer of float32 vectors.
type floats struct {
	name  string
	addr  uint64
	width int       // values of a vector
	data  []float32 // batch × width; nil if shape-only
}

// rows returns vectors from to to.
func (f *floats) rows(from, to int) []float32 {
	if f.data == nil {
		return nil
	}
	return f.data[from*f.width : to*f.width]
}

// part returns the vectors of a part of a buffer that holds n × size values of
// each part one behind the other.
func (f *floats) part(i, n, size int) []float32 {
	if f.data == nil {
		return nil
	}
	return f.data[i*n*size : (i+1)*n*size]
}

// ints is an activation buffer of int32 vectors. It holds its values in
// shape-only sessions too: they say which experts tokens chose.
type ints struct {
	name  string
	addr  uint64
	width int // values of a vector
	data  []int32
}

// rows returns the first n vectors.
func (f *ints) rows(n int) []int32 { return f.data[:n*f.width] }

// encoded is an activation buffer in the encoding that matrix products read.
type encoded struct {
	name     string
	addr     uint64
	rowBytes int64
	count    int // vectors that it has room for
	vectors  kernels.Vectors
	backed   bool
}

// batch returns the buffer as a batch of n vectors.
func (e *encoded) batch(n int) *kernels.Vectors {
	if e.backed {
		e.vectors.Resize(n)
	} else {
		e.vectors.N = n
	}
	return &e.vectors
}

// activations holds the buffers between operators. They are made as the program
// asks for them, so that their addresses follow from the program alone.
type activations struct {
	region    region
	batch     int // vectors that a buffer has room for
	scales    kernels.Granularity
	shapeOnly bool
	floats    map[bufferKey]*floats
	encoded   map[bufferKey]*encoded
}

// bufferKey tells buffers apart: layers of different widths have their own.
type bufferKey struct {
	name     string
	width    int
	encoding kernels.Encoding
}

func newActivations(end uint64, batch int, scales kernels.Granularity, shapeOnly bool) *activations {
	return &activations{
		region:    after(end, "activations", traces.Activation),
		batch:     batch,
		scales:    scales,
		shapeOnly: shapeOnly,
		floats:    map[bufferKey]*floats{},
		encoded:   map[bufferKey]*encoded{},
	}
}

// take returns the address of a new buffer. Buffers start on pages with a page
// between them: without it, buffers of a power of two bytes would all fall into
// the same sets of a cache.
func (a *activations) take(bytes int64) uint64 {
	addr := a.region.take(int64(alignUp(uint64(bytes), pageBytes)))
	a.region.take(pageBytes)
	return addr
}

// float returns the float32 buffer of that name, with room for count vectors.
func (a *activations) float(name string, width, count int) *floats {
	key := bufferKey{name: name, width: width}
	if f, ok := a.floats[key]; ok {
		return f
	}
	f := &floats{name: name, width: width, addr: a.take(int64(count) * int64(width) * 4)}
	if !a.shapeOnly {
		f.data = make([]float32, count*width)
	}
	a.floats[key] = f
	return f
}

// ints returns a new int32 buffer with room for a batch.
func (a *activations) ints(name string, width int) *ints {
	return &ints{name: name, width: width, addr: a.take(int64(a.batch) * int64(width) * 4), data: make([]int32, a.batch*width)}
}

// encode returns the buffer of that name in encoding e, with room for count
// vectors.
func (a *activations) encode(name string, width, count int, e kernels.Encoding) *encoded {
	key := bufferKey{name, width, e}
	if v, ok := a.encoded[key]; ok {
		return v
	}
	v := &encoded{name: name, count: count, vectors: kernels.Vectors{N: 1, Dim: width, Encoding: e}}
	v.rowBytes = int64(v.vectors.Bytes())
	v.addr = a.take(int64(count) * v.rowBytes)
	if !a.shapeOnly {
		v.vectors, v.backed = *kernels.NewVectors(count, width, e), true
		v.vectors.Granularity = a.scales
	}
	a.encoded[key] = v
	return v
}
