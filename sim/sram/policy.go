package sram

import "math/bits"

// A set is kept as one word per way, the line's tag in the high bits:
//
//	tag | valid (1 bit) | prediction (2 bits, SRRIP) | dirty (1 bit)
//
// The order of the words is the replacement state, in a form in which sets that
// will behave alike are alike, whatever way each line sits in. That lets sets
// with one history be kept once (see spans).
//
//   - LRU: most recently used first.
//   - SRRIP: last filled first.
//   - TreePLRU: leaves of the tree from left to right, with the subtrees of each
//     node swapped so that its bit points to the right. Then no bits are left to
//     keep: the victim is the last word, and using a word swaps the halves that
//     it is in the right one of.
//   - Random: by way.
const (
	dirtyBit  = 1 << 0
	farther   = 1 << 1 // one step of prediction
	predicted = 3 << 1
	validBit  = 1 << 3
	tagShift  = 4

	longInterval = 2 * farther // prediction of a new line
	distant      = 3 * farther
)

func wordOf(tag uint64, dirty bool) uint64 {
	w := tag<<tagShift | validBit
	if dirty {
		w |= dirtyBit
	}
	return w
}

// findWay returns the place of a tag in a set, or -1.
func findWay(set []uint64, tag uint64) int {
	want := tag<<1 | 1 // with its valid bit
	for i, w := range set {
		if w>>(tagShift-1) == want {
			return i
		}
	}
	return -1
}

// settled reports that using the word at place i changes nothing.
func (p Policy) settled(set []uint64, i int) bool {
	switch p {
	case SRRIP:
		return set[i]&predicted == 0
	case Random:
		return true
	}
	return i == 0
}

// use updates a set for a hit at place i and returns the line's new place.
func (p Policy) use(set []uint64, i int) int {
	switch p {
	case LRU:
		toFront(set, i)
		return 0
	case TreePLRU:
		return climb(set, i)
	case SRRIP:
		set[i] &^= predicted
	}
	return i
}

// fill puts a word into a set and returns the word that had to go, 0 if none
// had. draw is what Random picks the victim from.
func (p Policy) fill(set []uint64, word, draw uint64) (victim uint64) {
	last := len(set) - 1
	switch p {
	case LRU:
		victim = set[last]
		copy(set[1:], set[:last])
		set[0] = word
		return victim
	case SRRIP:
		i := srripVictim(set)
		victim = set[i]
		set[i] = word | longInterval
		toFront(set, i)
		return victim
	case TreePLRU:
		i := last
		if free := lastFree(set); free >= 0 {
			i = free
		}
		victim = set[i]
		set[i] = word
		climb(set, i)
		return victim
	}
	i := lastFree(set)
	if i < 0 {
		hi, _ := bits.Mul64(draw, uint64(len(set)))
		i = int(hi)
	}
	victim = set[i]
	set[i] = word
	return victim
}

// mayJoin reports whether two sets that differ may have become equal by one fill
// with the same word, which took these victims. Under LRU all words but the victim
// stay, in their order.
func (p Policy) mayJoin(victim, other uint64) bool { return p != LRU || victim != other }

// remove takes the word at place i out of a set.
func (p Policy) remove(set []uint64, i int) {
	if p == LRU || p == SRRIP {
		copy(set[i:], set[i+1:])
		i = len(set) - 1
	}
	set[i] = 0
}

func toFront(set []uint64, i int) {
	w := set[i]
	copy(set[1:i+1], set[:i])
	set[0] = w
}

// climb turns the tree away from leaf i and returns the leaf's new place, which
// is the first: each node on its path now points to the other half.
func climb(set []uint64, i int) int {
	for half := len(set) / 2; half > 0; half /= 2 {
		if i < half {
			set = set[:half]
			continue
		}
		for k := range half {
			set[k], set[half+k] = set[half+k], set[k]
		}
		i -= half
		set = set[:half]
	}
	return 0
}

// lastFree returns the last invalid place of a set, or -1.
func lastFree(set []uint64) int {
	for i := len(set) - 1; i >= 0; i-- {
		if set[i] == 0 {
			return i
		}
	}
	return -1
}

// srripVictim returns the place of an invalid line, else of the line filled
// longest ago (the last) among those predicted distant, after ageing all until
// there is one.
func srripVictim(set []uint64) int {
	last := len(set) - 1
	if set[last] == 0 {
		return last
	}
	victim, oldest := last, set[last]&predicted
	for i := last - 1; i >= 0 && oldest < distant; i-- {
		if p := set[i] & predicted; p > oldest {
			victim, oldest = i, p
		}
	}
	if oldest < distant {
		for i := range set {
			set[i] += distant - oldest
		}
	}
	return victim
}

// draw is a hash of the seed, the number of an access and a tag (splitmix64).
func draw(seed, access, tag uint64) uint64 {
	z := seed + access*0x9e3779b97f4a7c15 + bits.RotateLeft64(tag*0xd1342543de82ef95, 32)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
