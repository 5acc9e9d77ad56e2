package fast

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/memsim/memsim/sim/dram"
)

// A Memo remembers what controllers did, for the memories that it makes: they are then
// fast from their first transfer on. What is remembered is kept apart by all of a
// Spec that times depend on, and what was used longest ago is forgotten first. It
// changes no answer, and serves any number of memories at once.
type Memo struct {
	mu      sync.Mutex
	configs *lru.Cache[string, *config]
}

// maxConfigs bounds the configurations that a Memo remembers, maxPeriods the busy
// periods of each, and maxCheckpoints its checkpoints.
const (
	maxConfigs     = 64
	maxPeriods     = 1 << 18
	maxCheckpoints = 1 << 14
)

// NewMemo returns a Memo that knows nothing.
func NewMemo() *Memo { return &Memo{configs: newCache[*config](maxConfigs)} }

// New returns the memory of a Spec at time zero: all rows closed, queues empty.
func (m *Memo) New(s dram.Spec) *Memory { return newMemory(s, m.of(&s)) }

// New returns the memory of a Spec at time zero, with a Memo of its own.
func New(s dram.Spec) *Memory { return NewMemo().New(s) }

// of returns what is remembered of a configuration.
func (m *Memo) of(s *dram.Spec) *config {
	key := string(s.Fingerprint())
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.configs.Get(key)
	if !ok {
		c = &config{learned: learned{newCache[*period](maxPeriods), newCache[*checkpoint](maxCheckpoints)}}
		m.configs.Add(key, c)
	}
	return c
}

// learned is what memories of one configuration share.
type learned struct {
	periods     *lru.Cache[string, *period]
	checkpoints *lru.Cache[string, *checkpoint]
}

// config is what is remembered of one configuration.
type config struct {
	learned
	mu   sync.Mutex
	free []*graph // that no memory uses
}

// take returns a graph that no memory uses: one that has been handed back, or a
// new one.
func (c *config) take() *graph {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.free)
	if n == 0 {
		return &graph{states: map[string]*state{}, learned: c.learned}
	}
	g := c.free[n-1]
	c.free = c.free[:n-1]
	return g
}

func (c *config) giveBack(g *graph) {
	if g == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, g)
}

// newCache returns a bounded cache; size is a constant above zero, for which there is
// no error.
func newCache[V any](size int) *lru.Cache[string, V] {
	c, _ := lru.New[string, V](size)
	return c
}
