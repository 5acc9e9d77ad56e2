package sram

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/memsim/memsim/units"
)

// A Memo remembers what hierarchies did with their accesses, for others that come
// into the same states and are asked for the same: models that differ in depth
// alone move the same bytes up to the last layer of the shallower one, and LRU
// caches forget what came before a pass through the weights. It is exact: a passage
// of accesses is only taken as known from a state that is equal in all that decides
// about it. The zero Memo is empty and ready; hierarchies of any levels may use it
// side by side.
type Memo struct {
	mu     sync.Mutex
	states map[string]*state // by key
	bytes  int               // held by states and passages, about
	age    int               // how often everything was forgotten
}

// mostBytes is how much a Memo holds before it forgets everything.
const mostBytes = 64 << 20

// A state is the contents of all levels of a hierarchy, with what is known to
// follow from them.
type state struct {
	key  string     // the levels, and their contents
	next []*passage // guarded by the Memo
	age  int        // of the Memo, when the state was new
}

// mostPassages bounds the passages that are known from one state, and mostAccesses
// the length of one: behind it is a mark, whether or not one was set.
const (
	mostPassages = 64
	mostAccesses = 1 << 12
)

// A passage is the accesses from one mark to the next one, and their outcomes.
type passage struct {
	accesses []access
	outcomes []outcome
	hits     []units.Bytes // by access and level
	extents  []Extent
	to       *state
}

type access struct {
	addr  uint64
	n     units.Bytes
	write bool
}

// outcome is an Outcome whose lists are parts of those of a passage.
type outcome struct {
	allocated, miss units.Bytes
	fetched, end    int32 // ends of Fetch and of WriteBack among the extents
}

// recall is a hierarchy's place in its Memo.
type recall struct {
	memo   *Memo
	levels string   // begins the keys of this hierarchy's states
	from   *state   // at the last mark
	known  *passage // that the accesses since then have followed, nil if none
	passed int      // accesses since then
	holds  *state   // that the levels are in; nil while they are between marks
	buf    []byte

	recording bool
	draft     passage // of the accesses since the last mark, if recording
}

// Remember makes a hierarchy that was not used yet answer from what m knows and
// learn for it. It does nothing if a level is a scratchpad, fully associative, or
// draws its victims at random.
func (h *Hierarchy) Remember(m *Memo) {
	if len(h.pads) > 0 || len(h.caches) == 0 {
		return
	}
	for _, l := range h.caches {
		if s, ok := l.store.(*spans); !ok || s.policy == Random {
			return
		}
	}
	h.recall = recall{memo: m, levels: fmt.Sprintf("%+v", h.configs)}
	h.recall.from = h.state()
	h.recall.holds = h.recall.from
}

// Mark says that other hierarchies are likely to be in the same state at such a
// place: between two layers, say.
func (h *Hierarchy) Mark() {
	r := &h.recall
	if r.memo == nil || r.passed == 0 {
		return
	}
	if !r.recording && r.passed < len(r.known.accesses) {
		h.record()
	}
	if r.recording {
		to := h.state()
		r.memo.add(r.from, r.draft.clone(to))
		r.from, r.holds = to, to
	} else {
		r.from = r.known.to
	}
	r.known, r.passed, r.recording = nil, 0, false
}

// remembered is Access by memory, as far as that goes.
func (h *Hierarchy) remembered(a access) Outcome {
	r := &h.recall
	if r.passed == mostAccesses {
		h.Mark()
	}
	if !r.recording && !r.follow(a) {
		h.record()
	}
	r.passed++
	if r.recording {
		return h.noted(a)
	}
	return r.known.outcome(r.passed-1, len(h.configs))
}

// follow looks for a passage that is known to go on with an access.
func (r *recall) follow(a access) bool {
	if r.known != nil && r.known.leadsOn(nil, r.passed, a) {
		return true
	}
	r.memo.mu.Lock()
	defer r.memo.mu.Unlock()
	for _, p := range r.from.next {
		if p.leadsOn(r.known, r.passed, a) {
			r.known = p
			return true
		}
	}
	return false
}

// leadsOn reports whether a passage begins with the first n accesses of another
// one, if any, and goes on with a.
func (p *passage) leadsOn(other *passage, n int, a access) bool {
	return n < len(p.accesses) && p.accesses[n] == a &&
		(other == nil || slices.Equal(p.accesses[:n], other.accesses[:n]))
}

// record brings the levels to where the accesses since the last mark have led,
// and records from that mark on.
func (h *Hierarchy) record() {
	r := &h.recall
	r.recording = true
	r.draft.reset()
	if r.holds != r.from {
		h.restore([]byte(r.from.key[len(r.levels):]))
	}
	r.holds = nil
	if r.known == nil {
		return
	}
	for _, a := range r.known.accesses[:r.passed] {
		h.noted(a)
	}
}

// noted is Access, recorded.
func (h *Hierarchy) noted(a access) Outcome {
	out := h.answer(a)
	p := &h.recall.draft
	p.accesses = append(p.accesses, a)
	p.hits = append(p.hits, out.Hit...)
	p.extents = append(p.extents, out.Fetch...)
	fetched := int32(len(p.extents))
	p.extents = append(p.extents, out.WriteBack...)
	p.outcomes = append(p.outcomes, outcome{out.Allocated, out.Miss, fetched, int32(len(p.extents))})
	return out
}

// outcome returns what came of access i, at so many levels.
func (p *passage) outcome(i, levels int) Outcome {
	o := &p.outcomes[i]
	var from int32
	if i > 0 {
		from = p.outcomes[i-1].end
	}
	return Outcome{ // without room to append: others read on behind its lists
		Hit:       p.hits[i*levels : (i+1)*levels : (i+1)*levels],
		Allocated: o.allocated, Miss: o.miss,
		Fetch: p.extents[from:o.fetched:o.fetched], WriteBack: p.extents[o.fetched:o.end:o.end],
	}
}

func (p *passage) reset() {
	*p = passage{accesses: p.accesses[:0], outcomes: p.outcomes[:0], hits: p.hits[:0], extents: p.extents[:0]}
}

// clone returns a passage that leads to a state and shares nothing with p.
func (p *passage) clone(to *state) *passage {
	return &passage{slices.Clone(p.accesses), slices.Clone(p.outcomes), slices.Clone(p.hits), slices.Clone(p.extents), to}
}

// state returns the state that the levels are in.
func (h *Hierarchy) state() *state {
	r := &h.recall
	r.buf = append(r.buf[:0], r.levels...)
	for i := range h.caches {
		r.buf = h.caches[i].store.(*spans).describe(r.buf)
	}
	return r.memo.state(r.buf)
}

// state returns the state of a key.
func (m *Memo) state(key []byte) *state {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.states[string(key)]; s != nil {
		return s
	}
	m.makeRoom(len(key))
	s := &state{key: string(key), age: m.age}
	m.states[s.key] = s
	m.bytes += len(key)
	return s
}

// makeRoom forgets everything if some more bytes would be too many.
func (m *Memo) makeRoom(bytes int) {
	if m.states == nil || m.bytes+bytes > mostBytes {
		m.states, m.bytes = map[string]*state{}, 0
		m.age++
	}
}

// add notes that a passage leads on from a state.
func (m *Memo) add(from *state, p *passage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := func(q *passage) bool { return slices.Equal(q.accesses, p.accesses) }
	if from.age != m.age || slices.ContainsFunc(from.next, known) {
		return // it was forgotten, or another hierarchy was first
	}
	if len(from.next) == mostPassages {
		m.bytes -= from.next[0].bytes()
		from.next = slices.Delete(from.next, 0, 1)
	}
	if m.makeRoom(p.bytes()); from.age == m.age { // still
		from.next = append(from.next, p)
		m.bytes += p.bytes()
	}
}

// bytes is the size of a passage, about.
func (p *passage) bytes() int {
	const accessBytes = 24 + 24 // with its outcome
	return len(p.accesses)*accessBytes + len(p.hits)*8 + len(p.extents)*16
}

// restore brings a hierarchy to the state of some contents.
func (h *Hierarchy) restore(contents []byte) {
	for i := range h.caches {
		contents = h.caches[i].store.(*spans).restore(contents)
	}
}

// describe appends the contents of a cache: what decides about its next accesses.
// Words take four bytes if all of them fit.
func (s *spans) describe(buf []byte) []byte {
	size := 4
	for _, span := range s.list {
		for _, w := range s.set(span.slot) {
			if w>>32 != 0 {
				size = 8
			}
		}
	}
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(s.list)))
	buf = append(buf, byte(size))
	buf = slices.Grow(buf, len(s.list)*(8+s.ways*size))
	for _, span := range s.list {
		buf = binary.LittleEndian.AppendUint64(buf, span.first)
		for _, w := range s.set(span.slot) {
			if size == 4 {
				buf = binary.LittleEndian.AppendUint32(buf, uint32(w))
			} else {
				buf = binary.LittleEndian.AppendUint64(buf, w)
			}
		}
	}
	return buf
}

// restore takes a cache's contents from what describe appended, and returns what
// follows them.
func (s *spans) restore(buf []byte) []byte {
	list, size := int(binary.LittleEndian.Uint32(buf)), int(buf[4])
	buf = buf[5:]
	s.list, s.words, s.free = s.list[:0], s.words[:0], s.free[:0]
	s.held = newPresence(s.sets)
	for slot := range list {
		s.list = append(s.list, span{binary.LittleEndian.Uint64(buf), int32(slot)})
		buf = buf[8:]
		for range s.ways {
			w := uint64(binary.LittleEndian.Uint32(buf))
			if size == 8 {
				w = binary.LittleEndian.Uint64(buf)
			}
			s.words = append(s.words, w)
			buf = buf[size:]
		}
	}
	for k, span := range s.list {
		for _, w := range s.set(span.slot) {
			if w != 0 {
				base := w >> tagShift * s.sets
				s.held.add(base+span.first, base+s.end(k))
			}
		}
	}
	return buf
}
