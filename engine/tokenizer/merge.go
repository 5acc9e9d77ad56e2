package tokenizer

import (
	"container/heap"
	"fmt"
	"strings"
	"unicode/utf8"
)

// symbol is a stretch of a word that is, or may become, one token. Symbols form
// a doubly linked list; a merged-away one is empty.
type symbol struct {
	start, end int   // in the word
	id         int32 // None if its text is no token
	prev, next int   // -1 at the ends
}

// ranker tells whether two neighbours make a token, which, and how early that
// merge comes: lower ranks first.
type ranker interface {
	rank(word string, left, right symbol) (rank float32, id int32, ok bool)
}

// scoreRanker ranks a pair by the score of the token that it makes, as
// SentencePiece does.
type scoreRanker struct {
	t      *Tokenizer
	scores []float32
}

func (r scoreRanker) rank(word string, left, right symbol) (float32, int32, bool) {
	id, ok := r.t.ids[word[left.start:right.end]]
	if !ok || !r.t.mergeable(id) {
		return 0, None, false
	}
	return -r.scores[id], id, true
}

// mergeRanker ranks a pair by its place in a list of merges.
type mergeRanker map[[2]int32]merged

type merged struct {
	rank float32
	id   int32
}

// newMergeRanker reads merges of the form "left right". A merge of or into text
// that is no token is left out: it can lead nowhere.
func newMergeRanker(ids map[string]int32, merges []string) (mergeRanker, error) {
	r := make(mergeRanker, len(merges))
	for i, m := range merges {
		left, right, ok := strings.Cut(m, " ")
		if !ok {
			return nil, fmt.Errorf("tokenizer's merge %d, %q, is not two tokens with a space between", i, m)
		}
		r.add(ids, left, right, i)
	}
	return r, nil
}

func (r mergeRanker) add(ids map[string]int32, left, right string, place int) {
	l, okL := ids[left]
	g, okR := ids[right]
	id, ok := ids[left+right]
	if !ok || !okL || !okR {
		return
	}
	if _, known := r[[2]int32{l, g}]; !known {
		r[[2]int32{l, g}] = merged{float32(place), id}
	}
}

func (r mergeRanker) rank(_ string, left, right symbol) (float32, int32, bool) {
	m, ok := r[[2]int32{left.id, right.id}]
	return m.rank, m.id, ok
}

// pair is a merge that is possible, or was when it was queued.
type pair struct {
	left, right int // symbols
	bytes       int // of both, to notice that one has changed since
	rank        float32
	id          int32
}

// queue is a heap of pairs: lowest rank first, leftmost first among equals.
type queue []pair

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	if q[i].rank != q[j].rank {
		return q[i].rank < q[j].rank
	}
	return q[i].left < q[j].left
}
func (q *queue) Push(x any) { *q = append(*q, x.(pair)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// merge splits word into characters and joins neighbours, best rank first. It
// takes O(n log n) steps for n characters.
func merge(word string, ids map[string]int32, r ranker) []symbol {
	symbols := characters(word, ids)
	var q queue
	consider := func(left, right int) {
		if left < 0 || right < 0 {
			return
		}
		a, b := symbols[left], symbols[right]
		if rank, id, ok := r.rank(word, a, b); ok {
			heap.Push(&q, pair{left, right, b.end - a.start, rank, id})
		}
	}
	for i := 1; i < len(symbols); i++ {
		consider(i-1, i)
	}
	for len(q) > 0 {
		p := heap.Pop(&q).(pair)
		left, right := &symbols[p.left], &symbols[p.right]
		if left.start == left.end || right.start == right.end || right.end-left.start != p.bytes {
			continue
		}
		left.end, left.id, left.next = right.end, p.id, right.next
		right.start = right.end
		if left.next >= 0 {
			symbols[left.next].prev = p.left
		}
		consider(left.prev, p.left)
		consider(p.left, left.next)
	}
	return compact(symbols)
}

// characters links the characters of word. A byte that is no UTF-8 is a
// character of its own.
func characters(word string, ids map[string]int32) []symbol {
	symbols := make([]symbol, 0, len(word))
	for start := 0; start < len(word); {
		_, size := utf8.DecodeRuneInString(word[start:])
		id, ok := ids[word[start:start+size]]
		if !ok {
			id = None
		}
		i := len(symbols)
		symbols = append(symbols, symbol{start, start + size, id, i - 1, i + 1})
		start += size
	}
	if n := len(symbols); n > 0 {
		symbols[n-1].next = -1
	}
	return symbols
}

// compact drops merged-away symbols.
func compact(symbols []symbol) []symbol {
	kept := symbols[:0]
	for _, s := range symbols {
		if s.start != s.end {
			kept = append(kept, s)
		}
	}
	return kept
}
