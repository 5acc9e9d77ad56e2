package dram

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestMappingNamesEveryPlaceOnce takes bursts apart and finds no two in one
// place.
func TestMappingNamesEveryPlaceOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := genSpec(t)
		seen := map[Place]uint64{}
		base := rapid.Uint64Range(0, 1<<20).Draw(t, "base") << 8
		stride := uint64(1) << rapid.IntRange(0, 10).Draw(t, "stride")
		bursts := uint64(s.Capacity() / s.BurstBytes)
		for i := range uint64(500) {
			burst := (base + i*stride) % bursts
			p := s.Locate(burst)
			if other, twice := seen[p]; twice && other != burst {
				t.Fatalf("bursts %d and %d are both at %+v", other, burst, p)
			}
			seen[p] = burst
			if p.Channel >= s.Channels || p.Bank >= s.Banks() || int64(p.Row) >= s.Rows || int64(p.Column) >= s.Columns() {
				t.Fatalf("burst %d lies outside the memory: %+v", burst, p)
			}
		}
	})
}

type askedFor struct {
	bank        int
	row, column int32
	write       bool
}

// TestRunsFollowTheMapping cuts extents into runs and compares them with the
// bursts one by one.
func TestRunsFollowTheMapping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, extents := genSpec(t), genExtents(t)
		l := NewLayout(&s)
		want := make([][]askedFor, s.Channels)
		all := Splitter{Layout: &l, Extents: extents}
		for all.NextExtent() {
			for burst := all.At; burst < all.End; burst++ {
				p := s.Locate(burst)
				want[p.Channel] = append(want[p.Channel], askedFor{p.Bank, p.Row, p.Column, all.Write})
			}
		}
		for channel := range want {
			c := Splitter{Layout: &l, Channel: channel, Extents: extents}
			var got []askedFor
			for r, more := c.Next(); more; r, more = c.Next() {
				for at := r.At; at < r.At+r.Count; at++ {
					got = append(got, askedFor{l.Bank(&r, int(l.Way[at])), r.Row, r.First + l.Column[at], r.Write})
				}
			}
			if len(got) != len(want[channel]) {
				t.Fatalf("channel %d gets %d bursts, want %d", channel, len(got), len(want[channel]))
			}
			for i := range got {
				if got[i] != want[channel][i] {
					t.Fatalf("channel %d, burst %d: %+v, want %+v", channel, i, got[i], want[channel][i])
				}
			}
		}
	})
}

// TestMappingOrder pins what the names mean, on LPDDR5: 64 bursts of a row, four
// groups of four banks.
func TestMappingOrder(t *testing.T) {
	for _, c := range []struct {
		mapping string
		burst   uint64
		want    Place
	}{
		{"RoBaRaCoCh", 63, Place{Column: 63}},
		{"RoBaRaCoCh", 64, Place{Bank: 4}},       // next bank group
		{"RoBaRaCoCh", 64 * 4, Place{Bank: 1}},   // next bank of the first group
		{"RoBaRaCoCh", 64 * 16, Place{Row: 1}},   //
		{"ChRaBaRoCo", 64, Place{Row: 1}},        //
		{"ChRaBaRoCo", 64 << 16, Place{Bank: 1}}, // banks of a group lie together
		{"RoRaBgBaCoCh", 64, Place{Bank: 1}},
		{"RoRaBgBaCoCh", 64 * 4, Place{Bank: 4}},
		{"RoBaRaCoCh+xor", 64 * 16, Place{Bank: 4, Row: 1}},
		{"MOP4CLXOR", 3, Place{Bank: 12, Column: 3}},                   // group 3 by the low bits of the column
		{"MOP4CLXOR", 4, Place{Bank: 4}},                               // group 1
		{"MOP4CLXOR", 16, Place{Bank: 1}},                              // bank 1
		{"MOP4CLXOR", 64, Place{Bank: 1, Column: 4}},                   // column 4: bank 0 XOR 1
		{"MOP4CLXOR", 64 * 4, Place{Row: 1, Column: 16}},               // column 16: row 0 XOR 1
		{"MOP4CLXOR", 64 * 16, Place{Row: 1}},                          // row 1
		{"RoBaRaCoCh+Bg1^0x60", 1, Place{Bank: 8, Column: 1}},          // one bit of the mask
		{"RoBaRaCoCh+Bg1^0x60", 3, Place{Column: 3}},                   // both
		{"RoBaRaCoCh+Ba0^0x8020", 64*16 + 1, Place{Row: 1, Column: 1}}, // row and column
	} {
		s := partSpec(t, "lpddr5-6400", c.mapping, AllBank, Open)
		if got := s.Locate(c.burst); got != c.want {
			t.Errorf("%s: burst %d is at %+v, want %+v", c.mapping, c.burst, got, c.want)
		}
	}
}

func TestParseMapping(t *testing.T) {
	for _, text := range []string{"RoBaRaCoCh", "RoRaBgBaCo4ChCo2", "RoBaRaCoCh+xor", "MOP4CLXOR", "RoBaRaCoCh+xor+Bg0^0x12000+Ba1^0x40000"} {
		m, err := ParseMapping(text)
		if err != nil || m.String() != text {
			t.Errorf("%s is read as %s, error %v", text, m, err)
		}
	}
	for text, part := range map[string]string{"": "empty", "RoXxCo": "XxCo", "Ro0Co": "no bits of Ro", "RoBaRaCoCh+xr": "no hash", "RoBaRaCoCh+Bg^0x40": "no hash", "RoBaRaCoCh+Bg0^0": "no hash"} {
		if _, err := ParseMapping(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: error %v does not say %q", text, err, part)
		}
	}
}
