package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault/faulttest"
	"github.com/memsim/memsim/sim/dram"
)

// FuzzReadRequests looks for raw traces of a memory, as probe dram reads them,
// that panic or take memory beyond their size.
func FuzzReadRequests(f *testing.F) {
	f.Add([]byte("# a trace\nLD 0x1f40\n\nST 64 # a store\nLD 0X7fffffffffffffff\n"))
	f.Add([]byte("LD -1\n"))
	f.Add([]byte("0x40 READ 10\nST\t64 20\n"))
	f.Add([]byte("LD" + strings.Repeat(" ", 70_000) + "1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 4<<20, 1<<8, len(data), func() {
			for requests, err := range dram.ReadTrace(bytes.NewReader(data), 32) {
				if errors.Is(err, bufio.ErrTooLong) {
					return
				}
				if err != nil {
					faulttest.Refused(t, err)
					return
				}
				for _, r := range requests {
					if r.Addr%32 != 0 || r.Bytes != 32 {
						t.Fatalf("request %+v is no burst", r)
					}
				}
			}
		})
	})
}

// FuzzParseSettings looks for settings files that panic, or whose settings no
// command knows.
func FuzzParseSettings(f *testing.F) {
	f.Add([]byte("device: pixel8pro\nset: [dram.channels=2]\ntokens: 4\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("- 1\n"))
	known := knownKeys((&app{Streams: Streams{Out: io.Discard, Err: io.Discard}}).rootCommand())
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 4<<20, 1<<11, len(data), func() {
			settings, err := parseSettings("memsim.yaml", data, known)
			if err != nil {
				faulttest.Refused(t, err, "memsim.yaml")
				return
			}
			for key, s := range settings {
				if len(s.values) == 0 && s.origin == "" {
					t.Fatalf("setting %q of nothing", key)
				}
			}
		})
	})
}
