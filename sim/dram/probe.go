package dram

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// readAhead is how many requests of a raw trace are read at a time.
const readAhead = 1 << 14

// ReadTrace reads a raw trace in the load/store form of Ramulator: a request a
// line, "LD ADDR" or "ST ADDR", with a decimal address or one in hexadecimal
// after 0x. Blank lines and what follows a # are skipped. Each request is one
// burst, the one that holds its address. They come in lists, each valid until the
// next, so that a trace may be of any length.
//
// An error about a request names its line; it and a trace without requests are a
// user's mistakes. A line that is too long is bufio.ErrTooLong. After an error nothing
// follows.
func ReadTrace(r io.Reader, burst units.Bytes) iter.Seq2[[]Extent, error] {
	return func(yield func([]Extent, error) bool) {
		list := make([]Extent, 0, readAhead)
		lines := bufio.NewScanner(r)
		some := false
		for n := 1; lines.Scan(); n++ {
			e, ok, err := parseRequest(lines.Text(), burst)
			if err != nil {
				yield(nil, fault.Userf("line %d: %w", n, err))
				return
			}
			if !ok {
				continue
			}
			some = true
			if list = append(list, e); len(list) == cap(list) {
				if !yield(list, nil) {
					return
				}
				list = list[:0]
			}
		}
		switch err := lines.Err(); {
		case err != nil:
			yield(nil, err)
		case !some:
			yield(nil, fault.Userf("the trace holds no request; write one a line, as \"LD 0x1f40\""))
		case len(list) > 0:
			yield(list, nil)
		}
	}
}

// parseRequest reads a line of a raw trace; ok is false if there is no request on it.
func parseRequest(line string, burst units.Bytes) (e Extent, ok bool, err error) {
	text, _, _ := strings.Cut(line, "#")
	if text = strings.TrimSpace(text); text == "" {
		return Extent{}, false, nil
	}
	op, rest, _ := strings.Cut(text, " ")
	if op != "LD" && op != "ST" {
		return Extent{}, false, fmt.Errorf("%q is neither LD nor ST; write a request as \"LD 0x1f40\"", op)
	}
	addr, err := parseAddress(strings.TrimSpace(rest))
	if err != nil {
		return Extent{}, false, fmt.Errorf("%q is not an address; write a decimal number, or a hexadecimal one after 0x", rest)
	}
	return Extent{Addr: addr &^ (uint64(burst) - 1), Bytes: burst, Write: op == "ST"}, true, nil
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

// Probe moves lists of extents through a memory as one transfer, and times that with
// the host's clock; making the lists does not count. A new memory starts at its clock
// 1, as Ramulator counts. An error of the lists ends it.
func Probe(m *Memory, lists iter.Seq2[[]Extent, error], now func() time.Time) (Figures, error) {
	s := m.Spec()
	begin := now()
	var making time.Duration
	timed := func(yield func([]Extent, error) bool) {
		asked := now()
		for list, err := range lists {
			making += now().Sub(asked)
			if !yield(list, err) {
				return
			}
			asked = now()
		}
		making += now().Sub(asked)
	}
	t, err := m.MoveAll(max(m.Now(), s.Clock.Time(1)), timed)
	if err != nil {
		return Figures{}, err
	}
	wall := now().Sub(begin) - making
	f := Figures{
		Cycles:       s.Clock.Edge(t.Done) - s.Clock.Edge(t.Start),
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
	return f, nil
}
