package explorer

import (
	"slices"
	"sync"
)

// recent keeps the last few things made, by the query that they answer. It saves
// time and nothing else: what is not there is made again.
type recent[V any] struct {
	most int
	mu   sync.Mutex
	kept []keyed[V] // the last one asked for at the end
}

type keyed[V any] struct {
	query string
	value V
}

func newRecent[V any](most int) *recent[V] { return &recent[V]{most: most} }

func (r *recent[V]) find(query string) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.kept, func(k keyed[V]) bool { return k.query == query })
	if i < 0 {
		var none V
		return none, false
	}
	found := r.kept[i]
	r.kept = append(slices.Delete(r.kept, i, i+1), found)
	return found.value, true
}

func (r *recent[V]) keep(query string, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = slices.DeleteFunc(r.kept, func(k keyed[V]) bool { return k.query == query })
	r.kept = append(r.kept, keyed[V]{query, value})
	if len(r.kept) > r.most {
		r.kept = slices.Delete(r.kept, 0, 1)
	}
}
