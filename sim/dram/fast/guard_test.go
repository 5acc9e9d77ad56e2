package fast

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/units"
)

// hot returns a part whose refreshes leave no time for anything else.
func hot(t *testing.T, r dram.Refresh) dram.Spec {
	t.Helper()
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", r, dram.Open)
	s.Timing["REFI"], s.Timing["REFIpb"] = s.Timing["RFCab"], s.Timing["pbR2pbR"]/2
	return s
}

// Requests that can never be served end with an error that says where, with the fast
// path and without, and what follows moves nothing.
func TestAMemoryThatMakesNoProgressSaysSo(t *testing.T) {
	for _, r := range []dram.Refresh{dram.AllBank, dram.PerBank} {
		for name, m := range map[string]memory{"fast": New(hot(t, r))} {
			var list []dram.Extent
			for i := range uint64(100) {
				list = append(list, dram.Extent{Addr: i * 0x12345 &^ 31, Bytes: 32})
			}
			m.Move(units.Picoseconds(0), list)
			if err := m.Err(); err == nil || !strings.Contains(err.Error(), "makes no progress at clock") || !strings.Contains(err.Error(), "reads and 0 writes wait, while") {
				t.Errorf("refresh %s, %s: %v", r, name, err)
			}
			if again := m.Move(m.Now(), list); again.Counts.Requests() != 0 || again.Done != again.Start {
				t.Errorf("refresh %s, %s: a memory that has stopped moves %+v", r, name, again)
			}
		}
	}
}

// A context that is done ends a transfer, and idle time, of any length.
func TestAContextEndsATransfer(t *testing.T) {
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", dram.AllBank, dram.Open)
	s.Idle = dram.IdlePolicy{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	work := map[string]func(memory){
		"a stream": func(m memory) { m.Move(0, []dram.Extent{{Bytes: 1 << 50}}) },
		"a month":  func(m memory) { m.Idle(3e6 * units.Second) },
	}
	for name, f := range work {
		for _, m := range []memory{New(s)} {
			m.Bind(ctx)
			if f(m); !errors.Is(m.Err(), context.Canceled) {
				t.Errorf("%s: %v", name, m.Err())
			}
		}
	}
}
