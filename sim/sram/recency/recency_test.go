package recency

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// itemByItem is a List as a slice of items, oldest first.
type itemByItem struct {
	items []uint64
	dirty map[uint64]bool
}

func (l *itemByItem) Use(lo, hi uint64, mark bool) {
	for item := lo; item < hi; item++ {
		dirty := l.remove(item) || mark
		l.items = append(l.items, item)
		l.dirty[item] = dirty
	}
}

func (l *itemByItem) remove(item uint64) (dirty bool) {
	dirty = l.dirty[item]
	delete(l.dirty, item)
	l.items = slices.DeleteFunc(l.items, func(x uint64) bool { return x == item })
	return dirty
}

// appendItems appends a text for each item of a run.
func appendItems(list []string, lo, hi uint64, dirty bool) []string {
	for ; lo < hi; lo++ {
		list = append(list, fmt.Sprint(lo, dirty))
	}
	return list
}

func TestRangesAnswerAsItemsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l List
		ref := &itemByItem{dirty: map[uint64]bool{}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			lo := rapid.Uint64Range(0, 60).Draw(t, "lo")
			hi := lo + rapid.Uint64Range(0, 40).Draw(t, "n")
			switch rapid.SampledFrom([]string{"use", "use", "mark", "drop", "remove"}).Draw(t, "step") {
			case "use":
				l.Use(lo, hi, false)
				ref.Use(lo, hi, false)
			case "mark":
				l.Use(lo, hi, true)
				ref.Use(lo, hi, true)
			case "remove":
				l.Remove(lo, hi)
				for item := lo; item < hi; item++ {
					ref.remove(item)
				}
			case "drop":
				n := hi - lo
				var got, want []string
				l.Drop(n, func(lo, hi uint64, dirty bool) { got = appendItems(got, lo, hi, dirty) })
				for _, item := range slices.Clone(ref.items[:min(int(n), len(ref.items))]) {
					want = appendItems(want, item, item+1, ref.remove(item))
				}
				if !slices.Equal(got, want) {
					t.Fatalf("dropped %v, item by item %v", got, want)
				}
			}
			check(t, &l, ref)
		}
	})
}

// check holds what the list says of each item to the reference, and the list to
// its invariants.
func check(t *rapid.T, l *List, ref *itemByItem) {
	if l.Len() != uint64(len(ref.items)) {
		t.Fatalf("%d items, item by item %d", l.Len(), len(ref.items))
	}
	for item := uint64(0); item < 110; item++ {
		end, held := l.Next(item, 110)
		want := slices.Contains(ref.items, item)
		if held != want {
			t.Fatalf("item %d held %v, item by item %v", item, held, want)
		}
		for other := item; other < end; other++ {
			if slices.Contains(ref.items, other) != want {
				t.Fatalf("Next(%d) ends at %d, but %d differs", item, end, other)
			}
		}
		if end < 110 && slices.Contains(ref.items, end) == want {
			t.Fatalf("Next(%d) ends at %d, but goes on", item, end)
		}
		if l.Dirty(item) != ref.dirty[item] {
			t.Fatalf("item %d dirty %v, item by item %v", item, l.Dirty(item), ref.dirty[item])
		}
	}
	var inOrder []uint64
	for id := l.oldest(); id != 0; id = l.entries[id].newer {
		for item := l.entries[id].lo; item < l.entries[id].hi; item++ {
			inOrder = append(inOrder, item)
		}
	}
	if !slices.Equal(inOrder, ref.items) {
		t.Fatalf("order %v, item by item %v", inOrder, ref.items)
	}
	for i := 1; i < len(l.sorted); i++ {
		if a, b := l.entries[l.sorted[i-1]], l.entries[l.sorted[i]]; a.hi > b.lo {
			t.Fatalf("entries %v and %v are out of order", a, b)
		}
	}
}

func (l *List) oldest() int32 {
	if len(l.entries) == 0 {
		return 0
	}
	return l.entries[0].newer
}

func ExampleList() {
	var l List
	l.Use(10, 20, false)
	l.Use(14, 16, false)
	l.Drop(5, func(lo, hi uint64, _ bool) { fmt.Printf("[%d, %d)\n", lo, hi) })
	fmt.Println(l.Len(), "items in", l.Entries(), "entries")
	// Output:
	// [10, 14)
	// [16, 17)
	// 5 items in 2 entries
}
