// Package experts simulates the cache in which a runtime keeps experts of a
// mixture that is larger than its memory, and reads the routes that decide what
// it is asked for.
//
//	route of a layer ─▶ Cache.Use ─▶ hits: touched
//	                              └▶ misses: read from storage, in place of victims
//
// An expert is a whole: all of its matrices are read, and evicted, together. A
// layer's choice is served at once: what is there is touched before what is
// missing evicts anything.
//
// LRU evicts the expert that was used longest ago. A token uses the layers in
// their order, so that a cache smaller than one token's experts evicts each of
// them just before it is used again: there are no hits at all below that size,
// and many above it. LFU evicts the one that was chosen least often since the
// start, of those the one used longest ago. Pinned keeps what came first.
//
// # Caveats
//
//   - Nothing is read ahead of the route: no prediction of the next layer's
//     experts.
//   - A fragmented cache holds less than its capacity; ours holds all of it.
package experts
