package dram

import (
	"fmt"
	"math/bits"
)

// A hash XORs one bit of a part with the parity of a burst's number under a mask.
type hash struct {
	kind part
	bit  int
	mask uint64
}

// hashes lays the hashes of a mapping out over the memory of s, whose bit order is
// known. It fails where two addresses would come to one place.
func (m Mapping) hashes(s *Spec) (list []hash, err error) {
	width := [nParts]int{}
	all := 0
	for _, f := range s.order {
		width[f.kind] += f.width
		all += f.width
	}
	if m.column {
		list = columnHashes(s.order, width)
	}
	burst := log2(int(s.BurstBytes))
	for _, x := range m.masks {
		name := fmt.Sprintf("%s%d^%#x", partNames[x.kind], x.bit, x.addr)
		switch {
		case x.bit >= width[x.kind]:
			return nil, fmt.Errorf("%s hashes a bit that %s, of %d bits, does not have", name, partNames[x.kind], width[x.kind])
		case x.addr&(1<<burst-1) != 0:
			return nil, fmt.Errorf("%s has address bits within a burst of %d bytes", name, s.BurstBytes)
		case x.addr>>burst>>all != 0:
			return nil, fmt.Errorf("%s has address bits beyond the %d of the memory", name, all+burst)
		}
		list = append(list, hash{x.kind, x.bit, x.addr >> burst})
	}
	if !invertible(s.order, list, all) {
		return nil, fmt.Errorf("the hashes bring two addresses to one place; give each hashed bit its own mask")
	}
	return list, nil
}

// columnHashes are those of MOP4CLXOR: the bits of rank, group, bank and row, in this
// order, are XORed with those of the column, from the low ones on.
func columnHashes(order []field, width [nParts]int) (list []hash) {
	column := 0
	for _, kind := range []part{partRank, partGroup, partBank, partRow} {
		for bit := 0; bit < width[kind] && column < width[partColumn]; bit++ {
			list = append(list, hash{kind, bit, 1 << position(order, partColumn, column)})
			column++
		}
	}
	return list
}

// position returns the bit of a burst's number that names a bit of a part.
func position(order []field, kind part, bit int) int {
	at := 0
	for _, f := range order {
		if f.kind == kind && bit >= f.shift && bit < f.shift+f.width {
			return at + bit - f.shift
		}
		at += f.width
	}
	return at
}

// invertible reports whether different bursts come to different places: whether the
// bits of all parts, as sums of address bits, are independent.
func invertible(order []field, list []hash, all int) bool {
	rows := make([]uint64, 0, all)
	at := 0
	for _, f := range order {
		for bit := f.shift; bit < f.shift+f.width; bit++ {
			row := uint64(1) << (at + bit - f.shift)
			for _, h := range list {
				if h.kind == f.kind && h.bit == bit {
					row ^= h.mask
				}
			}
			rows = append(rows, row)
		}
		at += f.width
	}
	for i := range rows {
		if rows[i] == 0 {
			return false
		}
		pivot := uint64(1) << bits.TrailingZeros64(rows[i])
		for j := i + 1; j < len(rows); j++ {
			if rows[j]&pivot != 0 {
				rows[j] ^= rows[i]
			}
		}
	}
	return true
}
