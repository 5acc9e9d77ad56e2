package export

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// sample is a trace of a load, a prompt and two decode steps.
func sample() *traces.Trace {
	t := &traces.Trace{Head: traces.Header{Model: "m"}}
	seq := int64(0)
	op := func(phase traces.Phase, token int32, events ...traces.Event) {
		for _, e := range events {
			e.Seq, e.Phase, e.Token, e.Layer, e.Block, e.DType = seq, phase, token, 0, 0, "f16"
			if e.Op == "" {
				e.Op = "attn_q"
			}
			t.Events = append(t.Events, e)
		}
		t.Events[len(t.Events)-len(events)].HostNS = 1500
		seq++
	}
	weight := traces.Event{Tensor: `blk.0,"q"`, Kind: traces.Weight, Access: traces.Read, Addr: 4090, Bytes: 70}
	result := traces.Event{Tensor: "q", Kind: traces.Activation, Access: traces.Write, Addr: 8192, Bytes: 32}
	op(traces.Load, -1, traces.Event{Op: "load", Tensor: "w", Kind: traces.Weight, Access: traces.Read, Addr: 4090, Bytes: 70})
	op(traces.Prefill, 0, weight, result)
	op(traces.Decode, 1, weight, result)
	op(traces.Decode, 2, weight, result)
	return t
}

func write(t *testing.T, format string, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(context.Background(), &out, sample(), format, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRamulatorTakesTheBurstsThatAnOperandTouches(t *testing.T) {
	got := write(t, "ramulator2", Options{Phase: traces.Decode, Token: 2})
	want := "LD 4064\nLD 4096\nLD 4128\nST 8192\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := write(t, "ramulator2", Options{Phase: traces.Decode, Token: 2, Burst: 64}); got != "LD 4032\nLD 4096\nST 8192\n" {
		t.Errorf("bursts of 64 bytes: %q", got)
	}
}

func TestDRAMsimTakesAddressKindAndCycle(t *testing.T) {
	got := write(t, "dramsim3", Options{Phase: traces.Prefill, Token: AllTokens})
	want := "0xfe0 READ 0\n0x1000 READ 0\n0x1020 READ 0\n0x2000 WRITE 0\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLoadIsLeftOutUnlessAskedFor(t *testing.T) {
	if n := strings.Count(write(t, "csv", Options{Token: AllTokens}), "\n"); n != 1+6 {
		t.Errorf("%d lines, want a header and six operands", n)
	}
	if n := strings.Count(write(t, "csv", Options{Phase: traces.Load, Token: AllTokens}), "\n"); n != 1+1 {
		t.Errorf("%d lines, want a header and one operand", n)
	}
}

func TestCSVIsReadBackByOthers(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(write(t, "csv", Options{Phase: traces.Decode, Token: 1}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2", "decode", "1", "attn_q", "0", "0", `blk.0,"q"`, "weight", "read", "4090", "70", "f16", "0", "1500", "0"}
	if len(rows) != 3 || !slices.Equal(rows[1], want) {
		t.Errorf("rows %q, the first should be %q", rows, want)
	}
}

func TestChromeDrawsOperatorsOneAfterAnother(t *testing.T) {
	var trace struct{ TraceEvents []slice }
	if err := json.Unmarshal([]byte(write(t, "chrome", Options{Token: AllTokens})), &trace); err != nil {
		t.Fatal(err)
	}
	if len(trace.TraceEvents) != 3 {
		t.Fatalf("%d slices, want 3", len(trace.TraceEvents))
	}
	for i, s := range trace.TraceEvents {
		if s.TS != 1.5*float64(i) || s.Duration != 1.5 || s.Args["read_bytes"] != 70.0 || s.Args["written_bytes"] != 32.0 {
			t.Errorf("slice %d: %+v", i, s)
		}
	}
}

func TestRefusals(t *testing.T) {
	shapeOnly := sample()
	shapeOnly.Head.ShapeOnly = true
	for name, c := range map[string]struct {
		src    traces.Source
		format string
		o      Options
		want   string
	}{
		"unknown format":   {sample(), "gem5", Options{Token: AllTokens}, "ramulator2, dramsim3, chrome, csv"},
		"no such token":    {sample(), "csv", Options{Token: 9}, "no operator"},
		"odd burst":        {sample(), "ramulator2", Options{Token: AllTokens, Burst: 48}, "power of two"},
		"no times to draw": {shapeOnly, "chrome", Options{Token: AllTokens}, "shape-only"},
	} {
		err := Write(context.Background(), new(bytes.Buffer), c.src, c.format, c.o)
		if !fault.IsUser(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a user's mistake with %q", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Write(ctx, new(bytes.Buffer), sample(), "csv", Options{Token: AllTokens}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func ExampleWrite() {
	trace := &traces.Trace{Events: []traces.Event{
		{Phase: traces.Decode, Op: "attn_q", Tensor: "blk.0.attn_q.weight", Kind: traces.Weight, Access: traces.Read, Addr: 4096, Bytes: 96},
	}}
	if err := Write(context.Background(), os.Stdout, trace, "ramulator2", Options{Token: AllTokens}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// LD 4096
	// LD 4128
	// LD 4160
}
