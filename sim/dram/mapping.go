package dram

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Mapping is the order in which the bits of an address name the parts of the
// memory, from the high bits to the low, such as RoBaRaCoCh: row, bank, rank,
// column, channel. The bits below those of the lowest part count bytes within a
// burst.
//
// A part is Ro, Ba, Bg, Ra, Co or Ch. Without Bg, the bank bits hold the bank
// group in their low bits, so that successive banks lie in different groups, as
// in Ramulator 2.1. A digit after a part takes that many of its bits (the low
// ones first), and the part may come again with the rest: RoBaRaCo4ChCo2
// interleaves channels by four bursts.
//
// Hashes follow after a +. "+xor" XORs bank and bank group with the low bits of the
// row, which spreads streams that lie a power of two apart over the banks.
// "+Bg0^0x12000" XORs bit 0 of the bank group with the parity of the address under a
// mask, the form in which mappings are reverse-engineered; each such bit has one of its
// own. Together they must not bring two addresses to one place.
//
// MOP4CLXOR is Ramulator's: four bursts of a row, then rank, group and bank, XORed with
// the column.
//
// Addresses beyond the capacity wrap around.
type Mapping struct {
	name   string        // "": that of its parts
	parts  []mappingPart // from high to low
	xor    bool
	column bool // rank, group, bank and row are XORed with the column
	masks  []mask
}

type mappingPart struct {
	kind part
	bits int // 0: all that are left
}

// A mask XORs one bit of a part with the parity of the address under it.
type mask struct {
	kind part
	bit  int
	addr uint64
}

type part uint8

const (
	partRow part = iota
	partBank
	partGroup
	partRank
	partColumn
	partChannel
	nParts
)

var partNames = [nParts]string{"Ro", "Ba", "Bg", "Ra", "Co", "Ch"}

// mop4clxor is the bit order below the hashes of the mapping of that name.
const mop4clxor = "RoCoBaBgRaCo2Ch"

// ParseMapping reads a bit order such as "RoBaRaCoCh" or "RoRaBgBaCo4ChCo2+xor", or
// MOP4CLXOR. Ramulator's names are bit orders, except that its ChRaBaRoCo puts the bank
// above the bank group, which is this package's ChRaBgBaRoCo; the name is
// understood as Ramulator means it.
func ParseMapping(text string) (Mapping, error) {
	var m Mapping
	order, hashes, hashed := strings.Cut(text, "+")
	switch order {
	case "ChRaBaRoCo":
		order = "ChRaBgBaRoCo"
	case "MOP4CLXOR":
		m.name, m.column, order = order, true, mop4clxor
	}
	if err := m.parseOrder(text, order); err != nil {
		return Mapping{}, err
	}
	if !hashed {
		return m, nil
	}
	for hash := range strings.SplitSeq(hashes, "+") {
		if hash == "xor" {
			m.xor = true
			continue
		}
		x, err := parseMask(hash)
		if err != nil {
			return Mapping{}, fmt.Errorf("mapping %q: %w", text, err)
		}
		m.masks = append(m.masks, x)
	}
	return m, nil
}

func (m *Mapping) parseOrder(text, rest string) error {
	for rest != "" {
		kind, ok := partAt(rest)
		if !ok {
			return fmt.Errorf("mapping %q has no part at %q; write Ro, Ba, Bg, Ra, Co and Ch from the high bits to the low, such as RoBaRaCoCh, or MOP4CLXOR", text, rest)
		}
		rest = rest[2:]
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n := 0
		if digits > 0 {
			n, _ = strconv.Atoi(rest[:min(digits, 3)])
			if n == 0 {
				return fmt.Errorf("mapping %q takes no bits of %s", text, partNames[kind])
			}
			rest = rest[digits:]
		}
		m.parts = append(m.parts, mappingPart{kind, n})
	}
	if len(m.parts) == 0 {
		return fmt.Errorf("the mapping is empty; write a bit order such as RoBaRaCoCh")
	}
	return nil
}

// parseMask reads a hash such as Bg0^0x12000.
func parseMask(text string) (mask, error) {
	name, value, _ := strings.Cut(text, "^")
	kind, ok := partAt(name)
	if ok {
		bit, errBit := strconv.ParseUint(name[2:], 10, 5)
		addr, errAddr := strconv.ParseUint(value, 0, 64)
		if errBit == nil && errAddr == nil && addr != 0 {
			return mask{kind, int(bit), addr}, nil
		}
	}
	return mask{}, fmt.Errorf("%q is no hash; write xor, or a bit of a part and a mask of address bits, such as Bg0^0x12000", text)
}

func partAt(s string) (part, bool) {
	for p, name := range partNames {
		if strings.HasPrefix(s, name) {
			return part(p), true
		}
	}
	return 0, false
}

// String returns the mapping as ParseMapping reads it.
func (m Mapping) String() string {
	var b strings.Builder
	b.WriteString(m.name)
	for _, p := range m.parts {
		if m.name != "" {
			break
		}
		b.WriteString(partNames[p.kind])
		if p.bits > 0 {
			b.WriteString(strconv.Itoa(p.bits))
		}
	}
	if m.xor {
		b.WriteString("+xor")
	}
	for _, x := range m.masks {
		fmt.Fprintf(&b, "+%s%d^%#x", partNames[x.kind], x.bit, x.addr)
	}
	return b.String()
}

// A field is a run of address bits that belong to one part.
type field struct {
	kind  part
	width int // bits
	shift int // where they stand within the part's number
}

// fields lays the mapping out over the memory of s, from the low bits to the
// high. Every bit of every part has to appear once.
func (m Mapping) fields(s *Spec) ([]field, error) {
	left := [nParts]int{
		partRow: bits.Len64(uint64(s.Rows - 1)), partBank: log2(s.BanksPerGroup), partGroup: log2(s.BankGroups),
		partRank: log2(s.Ranks), partColumn: log2(int(s.Columns())), partChannel: log2(s.Channels),
	}
	total := left
	grouped := false
	for _, p := range m.parts {
		grouped = grouped || p.kind == partGroup
	}
	var fields []field
	take := func(kind part, want int) int {
		n := min(want, left[kind])
		if n > 0 {
			fields = append(fields, field{kind, n, total[kind] - left[kind]})
			left[kind] -= n
		}
		return n
	}
	seen := [nParts]int{}
	for i := len(m.parts) - 1; i >= 0; i-- {
		p := m.parts[i]
		seen[p.kind]++
		want := p.bits
		if want == 0 {
			want = 64
		}
		if p.kind == partBank && !grouped {
			want -= take(partGroup, want)
		}
		got := take(p.kind, want)
		if p.bits > 0 && p.bits != got && !(p.kind == partBank && !grouped) {
			return nil, fmt.Errorf("%s%d takes more bits than the %d that %s has", partNames[p.kind], p.bits, total[p.kind], partNames[p.kind])
		}
	}
	for kind, n := range left {
		if n > 0 {
			return nil, fmt.Errorf("%s has %d bits of which %d are not named; add %s", partNames[kind], total[kind], n, partNames[kind])
		}
	}
	return fields, nil
}

func log2(n int) int { return bits.Len64(uint64(n)) - 1 }

// Place is where a burst lies in its channel.
type Place struct {
	Channel int
	Bank    int   // within the channel: rank, group, bank
	Row     int32 //
	Column  int32 // in bursts
}

// split takes the number of a burst (its address over the burst size) apart, by the
// bit order and the hashes of address bits.
func (s *Spec) split(burst uint64) (v [nParts]uint64) {
	rest := burst
	for _, f := range s.order {
		v[f.kind] |= (rest & (1<<f.width - 1)) << f.shift
		rest >>= f.width
	}
	for _, h := range s.hashes {
		v[h.kind] ^= uint64(bits.OnesCount64(burst&h.mask)&1) << h.bit
	}
	return v
}

// Locate returns the place of a burst.
func (s *Spec) Locate(burst uint64) Place {
	v := s.split(burst)
	row := v[partRow] % uint64(s.Rows)
	if s.Mapping.xor {
		groups := uint64(log2(s.BankGroups))
		v[partGroup] ^= row & uint64(s.BankGroups-1)
		v[partBank] ^= row >> groups & uint64(s.BanksPerGroup-1)
	}
	bank := (int(v[partRank])*s.BankGroups+int(v[partGroup]))*s.BanksPerGroup + int(v[partBank])
	return Place{int(v[partChannel]), bank, int32(row), int32(v[partColumn])}
}
