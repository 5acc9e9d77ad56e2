package dram

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/memsim/memsim/fault"
	"github.com/memsim/memsim/units"
)

// ReadTrace reads a raw trace in the load/store form of Ramulator: a request a
// line, "LD ADDR" or "ST ADDR", with a decimal address or one in hexadecimal
// after 0x. Blank lines and what follows a # are skipped. Each request is one
// burst, the one that holds its address.
//
// An error about the content names its line and is a user's mistake.
func ReadTrace(r io.Reader, burst units.Bytes) ([]Extent, error) {
	var extents []Extent
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		op, rest, _ := strings.Cut(text, " ")
		if op != "LD" && op != "ST" {
			return nil, fault.Userf("line %d: %q is neither LD nor ST; write a request as \"LD 0x1f40\"", n, op)
		}
		addr, err := parseAddress(strings.TrimSpace(rest))
		if err != nil {
			return nil, fault.Userf("line %d: %q is not an address; write a decimal number, or a hexadecimal one after 0x", n, rest)
		}
		extents = append(extents, Extent{Addr: addr &^ (uint64(burst) - 1), Bytes: burst, Write: op == "ST"})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(extents) == 0 {
		return nil, fault.Userf("the trace holds no request; write one a line, as \"LD 0x1f40\"")
	}
	return extents, nil
}

func parseAddress(s string) (uint64, error) {
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		return strconv.ParseUint(hex, 16, 63)
	}
	return strconv.ParseUint(s, 10, 63)
}

// Figures are what a probe of a memory answers.
type Figures struct {
	Cycles       int64   `json:"cycles"` // clocks from the first request to the end of the last burst
	RowHits      int64   `json:"row_hits"`
	RowMisses    int64   `json:"row_misses"`
	RowConflicts int64   `json:"row_conflicts"`
	GBps         float64 `json:"gbps"`
	EnergyNJ     float64 `json:"energy_nj"`
	Requests     int64   `json:"requests"`
	RequestsPerS float64 `json:"requests_per_s"` // simulated in a second of the host
}

// Probe moves extents through a memory, and times that with the host's clock. A
// new memory starts at its clock 1, as Ramulator counts.
func Probe(m *Memory, extents []Extent, now func() time.Time) Figures {
	s := m.Spec()
	begin := now()
	t := m.Move(max(m.Now(), s.Clock.Time(1)), extents)
	wall := now().Sub(begin)
	f := Figures{
		Cycles:       s.Clock.After(t.Done) - s.Clock.After(t.Start),
		RowHits:      t.Counts.RowHits,
		RowMisses:    t.Counts.RowMisses,
		RowConflicts: t.Counts.RowConflicts,
		EnergyNJ:     float64(t.Energy.Total()) / float64(units.Nanojoule),
		Requests:     t.Counts.Requests(),
	}
	if span := (t.Done - t.Start).Seconds(); span > 0 {
		f.GBps = float64(f.Requests) * float64(s.BurstBytes) / span / 1e9
	}
	if wall > 0 {
		f.RequestsPerS = float64(f.Requests) / wall.Seconds()
	}
	return f
}
