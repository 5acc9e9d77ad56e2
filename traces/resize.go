package traces

// Resize shrinks or widens the weights of the trace to bytes in all, for a format
// that packs the same values tighter or looser. What lies behind the weights
// moves out of their way.
func (t *Trace) Resize(bytes int64) {
	ratio := float64(bytes) / float64(t.Head.ModelBytes)
	shift := uint64(max(0, bytes-t.Head.ModelBytes))
	scale := func(n int64) int64 { return int64(float64(n) * ratio) }
	t.Head.ModelBytes = bytes
	for i := range t.Events {
		if e := &t.Events[i]; e.Kind == Weight {
			e.Addr, e.Bytes = uint64(scale(int64(e.Addr))), scale(e.Bytes)
		} else {
			e.Addr += shift
		}
	}
	for i := range t.Head.Arenas {
		if a := &t.Head.Arenas[i]; a.Kind == Weight {
			a.Addr, a.Bytes = uint64(scale(int64(a.Addr))), scale(a.Bytes)
		} else {
			a.Addr += shift
		}
	}
}
