package engine

import (
	"fmt"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/model"
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

// layerCache is the KV cache of one executed layer: a row of KV heads × head
// dimension float16 values for each position.
type layerCache struct {
	k, v cacheHalf
}

// cacheHalf is the keys or the values of a layerCache.
type cacheHalf struct {
	name  string
	addr  uint64
	width int      // values of a row
	data  []uint16 // context × width; nil if shape-only
}

// newCaches lays out the KV cache of every executed layer in r, and allocates it
// unless shapeOnly.
func newCaches(r *region, s model.Shape, context int, shapeOnly bool) []layerCache {
	width := s.KVDim()
	size := context * width
	var slab []uint16
	if !shapeOnly {
		slab = make([]uint16, 2*size*s.Executed())
	}
	half := func(layer int, name string) cacheHalf {
		c := cacheHalf{name: fmt.Sprintf("cache.%d.%s", layer, name), addr: r.take(2 * int64(size)), width: width}
		if !shapeOnly {
			c.data, slab = slab[:size:size], slab[size:]
		}
		return c
	}
	caches := make([]layerCache, s.Executed())
	for layer := range caches {
		caches[layer] = layerCache{half(layer, "k"), half(layer, "v")}
	}
	return caches
}

// rows returns the cache of positions from to to.
func (c *cacheHalf) rows(from, to int) []uint16 {
	if c.data == nil {
		return nil
	}
	return c.data[from*c.width : to*c.width]
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

// encoded is an activation buffer in the encoding that matrix products read.
type encoded struct {
	name     string
	addr     uint64
	rowBytes int64
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
	floats    map[string]*floats
	encoded   map[string]*encoded
}

func newActivations(end uint64, batch int, scales kernels.Granularity, shapeOnly bool) *activations {
	return &activations{
		region:    after(end, "activations", traces.Activation),
		batch:     batch,
		scales:    scales,
		shapeOnly: shapeOnly,
		floats:    map[string]*floats{},
		encoded:   map[string]*encoded{},
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
	if f, ok := a.floats[name]; ok {
		return f
	}
	f := &floats{name: name, width: width, addr: a.take(int64(count) * int64(width) * 4)}
	if !a.shapeOnly {
		f.data = make([]float32, count*width)
	}
	a.floats[name] = f
	return f
}

// encode returns the buffer of that name in encoding e.
func (a *activations) encode(name string, width int, e kernels.Encoding) *encoded {
	key := fmt.Sprintf("%s/%d", name, e)
	if v, ok := a.encoded[key]; ok {
		return v
	}
	v := &encoded{name: name, vectors: kernels.Vectors{N: 1, Dim: width, Encoding: e}}
	v.rowBytes = int64(v.vectors.Bytes())
	v.addr = a.take(int64(a.batch) * v.rowBytes)
	if !a.shapeOnly {
		v.vectors, v.backed = *kernels.NewVectors(a.batch, width, e), true
		v.vectors.Granularity = a.scales
	}
	a.encoded[key] = v
	return v
}
