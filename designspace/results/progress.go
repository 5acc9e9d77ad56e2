package results

import (
	"iter"
	"math/bits"
)

// Set is a set of points, a bit each.
type Set struct {
	words []uint64
	size  int
}

func newSet(size int) Set { return Set{make([]uint64, (size+63)/64), size} }

func (s Set) add(point int) { s.words[point/64] |= 1 << (point % 64) }

// Has reports whether the point is in the set.
func (s Set) Has(point int) bool { return s.words[point/64]&(1<<(point%64)) != 0 }

// Count returns the number of points in the set.
func (s Set) Count() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Missing yields the points of a shard that are not in the set, in order; of all
// shards if shard is negative.
func (s Set) Missing(shard, shards int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for p := range s.size {
			if s.Has(p) || shard >= 0 && Shard(p, shards) != shard {
				continue
			}
			if !yield(p) {
				return
			}
		}
	}
}

// ShardStatus is how far a shard is.
type ShardStatus struct {
	Shard  int `json:"shard"`
	Points int `json:"points"`
	Done   int `json:"done"`
}

// Status returns how far each shard is.
func (f *Folder) Status() ([]ShardStatus, error) {
	done, err := f.Done()
	if err != nil {
		return nil, err
	}
	list := make([]ShardStatus, f.about.Shards)
	for i := range list {
		list[i].Shard = i
	}
	for p := range f.about.Points {
		s := &list[Shard(p, f.about.Shards)]
		s.Points++
		if done.Has(p) {
			s.Done++
		}
	}
	return list, nil
}
