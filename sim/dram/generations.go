package dram

import "sync"

// generations remembers values by key, in two generations: those that were added
// or found last, and those before them. What is in neither is forgotten. All
// memories of a Spec share them.
type generations[V any] struct {
	most       int // of a generation
	mu         sync.RWMutex
	young, old map[string]*V
}

// find returns the value of a key, or nil.
func (m *generations[V]) find(key []byte) *V {
	if len(key) == 0 {
		return nil
	}
	m.mu.RLock()
	v, fresh := m.young[string(key)]
	if !fresh {
		v = m.old[string(key)]
	}
	m.mu.RUnlock()
	if !fresh && v != nil {
		m.add(string(key), v)
	}
	return v
}

// add adds a value, which must not change any more.
func (m *generations[V]) add(key string, v *V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.young) >= m.most || m.young == nil {
		m.old, m.young = m.young, map[string]*V{}
	}
	m.young[key] = v
}
