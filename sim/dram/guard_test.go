package dram

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/memsim/memsim/units"
)

// hot returns a part whose refreshes leave no time for anything else.
func hot(t *testing.T, r Refresh) Spec {
	t.Helper()
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", r, Open)
	s.Timing["REFI"], s.Timing["REFIpb"] = s.Timing["RFCab"], s.Timing["pbR2pbR"]/2
	return s
}

// Requests that can never be served end with an error that says where, and what follows
// moves nothing.
func TestAMemoryThatMakesNoProgressSaysSo(t *testing.T) {
	for _, r := range []Refresh{AllBank, PerBank} {
		{
			m := New(hot(t, r))
			var list []Extent
			for i := range uint64(100) {
				list = append(list, Extent{Addr: i * 0x12345 &^ 31, Bytes: 32})
			}
			m.Move(units.Picoseconds(0), list)
			if err := m.Err(); err == nil || !strings.Contains(err.Error(), "makes no progress at clock") || !strings.Contains(err.Error(), "reads and 0 writes wait, while") {
				t.Errorf("refresh %s: %v", r, err)
			}
			if again := m.Move(m.Now(), list); again.Counts.Requests() != 0 || again.Done != again.Start {
				t.Errorf("refresh %s: a memory that has stopped moves %+v", r, again)
			}
		}
	}
}

// A context that is done ends a transfer, and idle time, of any length.
func TestAContextEndsATransfer(t *testing.T) {
	s := partSpec(t, "lpddr5-6400", "RoBaRaCoCh", AllBank, Open)
	s.Idle = IdlePolicy{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	work := map[string]func(*Memory){
		"a stream": func(m *Memory) { m.Move(0, []Extent{{Bytes: 1 << 50}}) },
		"a month":  func(m *Memory) { m.Idle(3e6 * units.Second) },
	}
	for name, f := range work {
		{
			m := New(s)
			m.Bind(ctx)
			if f(m); !errors.Is(m.Err(), context.Canceled) {
				t.Errorf("%s: %v", name, m.Err())
			}
		}
	}
}
