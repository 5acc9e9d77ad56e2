package sim

import (
	"slices"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim/experts"
	"github.com/memsim/memsim/sim/flash"
	"github.com/memsim/memsim/sim/residency"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// ExpertCache says how a runtime streams the experts of a mixture from storage:
// their weights are not mapped, but read past the page cache into a cache of the
// runtime's own.
type ExpertCache struct {
	Capacity units.Bytes // 0 reads each expert each time
	Policy   experts.Policy
	Lanes    int // threads that read, at least 1
	// Overlap lets an operator begin with the experts that are there while the
	// lanes read those of the layer that are not. Without it a layer waits for all.
	Overlap bool
}

// Validate reports, as the user's mistake, a cache that cannot be.
func (c ExpertCache) Validate() error {
	if c.Lanes < 1 {
		return fault.Userf("--io-lanes %d: at least one thread reads", c.Lanes)
	}
	_, err := experts.NewCache(c.Capacity, c.Policy)
	return err
}

// mixture is where the experts of a trace lie: by layer, the matrices that each
// expert has a slice of.
type mixture struct {
	layers map[int32][]expertSlices
	names  map[string]bool // tensors of experts
	bytes  units.Bytes     // of all experts
}

// expertSlices are the slices of one tensor, one for each expert.
type expertSlices struct {
	tensor string
	base   uint64
	bytes  units.Bytes // of a slice
}

func (s expertSlices) of(expert int32) flash.Extent {
	return flash.Extent{Addr: s.base + uint64(expert)*uint64(s.bytes), Bytes: s.bytes}
}

// mixtureOf looks for experts in the first pass of a trace. It returns nil if
// there are none.
func mixtureOf(src traces.Source) (*mixture, error) {
	m := &mixture{layers: map[int32][]expertSlices{}, names: map[string]bool{}}
	loaded := map[string]units.Bytes{}
	token, begun := int32(-1), false
	for op, err := range src.Ops() {
		if err != nil {
			return nil, err
		}
		first := &op[0]
		if first.Phase == traces.Load {
			for i := range op {
				loaded[op[i].Tensor] += units.Bytes(op[i].Bytes)
			}
			continue
		}
		if begun && first.Token != token {
			break
		}
		token, begun = first.Token, true
		for i := range op {
			m.learn(&op[i])
		}
	}
	if len(m.layers) == 0 {
		return nil, nil
	}
	for name := range m.names {
		m.bytes += loaded[name]
	}
	return m, nil
}

// learn takes note of where a slice lies: slices of a tensor follow each other by
// the numbers of their experts.
func (m *mixture) learn(e *traces.Event) {
	if e.Expert < 0 || e.Kind != traces.Weight || m.names[e.Tensor] {
		return
	}
	m.names[e.Tensor] = true
	m.layers[e.Layer] = append(m.layers[e.Layer], expertSlices{e.Tensor, e.Addr - uint64(e.Expert)*uint64(e.Bytes), units.Bytes(e.Bytes)})
}

// streamed is the state of a runtime that streams experts.
type streamed struct {
	*mixture
	config  ExpertCache
	host    flash.Host
	fill    units.Picoseconds // of each page that is new to the process
	cache   *experts.Cache
	token   int32
	layer   int32
	missing map[int32]bool               // experts of the layer that were read for it
	ready   map[string]units.Picoseconds // tensor -> when its slices are there
	extents []flash.Extent
	use     ExpertUse // of the operator
	wait    units.Picoseconds
	arrive  units.Picoseconds
	energy  units.Femtojoules
}

func (m *Machine) newStreamed(x *mixture) (*streamed, error) {
	c, err := experts.NewCache(m.experts.Capacity, m.experts.Policy)
	if err != nil {
		return nil, err
	}
	s := &streamed{mixture: x, config: *m.experts, host: flash.HostOf(m.device.Flash, false), cache: c, token: -1, layer: -1}
	if h := m.device.Flash.Host; h != nil && s.config.Capacity > 0 {
		s.fill = h.Cached.Value
	}
	return s, nil
}

// begin routes an operator at a time: the first one of a layer with experts has
// the cache serve those that the layer chose, and the lanes read what is missing.
func (s *streamed) begin(op traces.Op, store *flash.Device, at units.Picoseconds) {
	s.use, s.wait, s.arrive, s.energy = ExpertUse{}, 0, 0, 0
	chosen := expertsOf(op)
	if len(chosen) == 0 {
		return
	}
	first := &op[0]
	if first.Token != s.token || first.Layer != s.layer {
		s.token, s.layer = first.Token, first.Layer
		s.serve(chosen, store, at)
	}
	bytes := s.arriving(op)
	s.wait += s.fill * units.Picoseconds((bytes+4*units.KiB-1)/(4*units.KiB))
	if s.config.Overlap {
		s.arrive = max(0, s.lastOf(op)-at)
	}
}

// expertsOf returns the experts whose weights an operator reads, each once.
func expertsOf(op traces.Op) (list []int32) {
	for i := range op {
		if e := op[i].Expert; e >= 0 && op[i].Kind == traces.Weight && !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

func (s *streamed) serve(chosen []int32, store *flash.Device, at units.Picoseconds) {
	tensors := s.layers[s.layer]
	var whole units.Bytes
	for _, t := range tensors {
		whole += t.bytes
	}
	s.missing, s.ready = map[int32]bool{}, map[string]units.Picoseconds{}
	missing := s.cache.Use(s.layer, chosen, whole)
	s.use.Chosen, s.use.Held = int64(len(chosen)), int64(len(chosen)-len(missing))
	if len(missing) == 0 {
		return
	}
	s.extents = s.extents[:0]
	var of []string
	for _, t := range tensors { // the matrix that is needed first comes first
		for _, e := range missing {
			s.missing[e] = true
			s.extents = append(s.extents, t.of(e))
			of = append(of, t.tensor)
		}
	}
	done := at
	store.EachOnLanes(at, s.host, s.config.Lanes, s.extents, func(i int, t flash.Transfer) {
		s.ready[of[i]] = max(s.ready[of[i]], t.Done)
		s.energy += t.Energy
		done = max(done, t.Done)
	})
	s.use.IO = done - at
	if !s.config.Overlap {
		s.wait += done - at
	}
}

// arriving returns the bytes of an operator's experts that were read for it.
func (s *streamed) arriving(op traces.Op) (n units.Bytes) {
	for i := range op {
		if s.reads(&op[i]) {
			n += units.Bytes(op[i].Bytes)
		}
	}
	return n
}

// reads reports whether an operand was read from storage for its layer.
func (s *streamed) reads(e *traces.Event) bool {
	return e.Expert >= 0 && e.Kind == traces.Weight && e.Layer == s.layer && e.Token == s.token && s.missing[e.Expert]
}

// lastOf returns when the last of an operator's slices is there.
func (s *streamed) lastOf(op traces.Op) (at units.Picoseconds) {
	for i := range op {
		if s.reads(&op[i]) {
			at = max(at, s.ready[op[i].Tensor])
		}
	}
	return at
}

// footprint is what a model occupies, with experts in a cache if they are
// streamed: nil if they are not.
func (m *Machine) footprint(h traces.Header, x *mixture) residency.Footprint {
	f := m.Footprint(h)
	if x == nil || m.experts == nil {
		return f
	}
	held := min(m.experts.Capacity, x.bytes)
	if f.Mapped >= x.bytes {
		f.Mapped -= x.bytes
	} else {
		f.Pinned = max(0, f.Pinned-x.bytes)
	}
	f.Pinned += held
	return f
}
