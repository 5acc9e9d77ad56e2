package units

// Extent is a contiguous range of an address space.
type Extent struct {
	Addr  uint64
	Bytes Bytes
}

// End returns the address behind the extent's last byte.
func (e Extent) End() uint64 { return e.Addr + uint64(e.Bytes) }

// AppendExtent appends [addr, end) to dst, in one extent with the last one where
// the two touch. An empty range changes nothing.
func AppendExtent(dst []Extent, addr, end uint64) []Extent {
	if end <= addr {
		return dst
	}
	if n := len(dst); n > 0 && dst[n-1].End() == addr {
		dst[n-1].Bytes += Bytes(end - addr)
		return dst
	}
	return append(dst, Extent{addr, Bytes(end - addr)})
}
