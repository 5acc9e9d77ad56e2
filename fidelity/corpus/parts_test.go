package corpus

import (
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
)

func TestFlashOfThePhoneOfTheSourceReadsAsItSays(t *testing.T) {
	reads, err := FlashReads()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, r := range reads {
		if r.BlockBytes <= 0 || r.BytesPerS < 1e8 || r.Source == "" {
			t.Errorf("%+v", r)
		}
		if r.BlockBytes == 128<<10 && r.Lanes == 2 && r.State == "cold" {
			found++
			if gbps := r.BytesPerS / 1e9; gbps < 0.99 || gbps > 1.01 {
				t.Errorf("128 KiB in 2 lanes: %v GB/s, not 1.00", gbps)
			}
		}
	}
	if len(reads) != 30 || found != 1 {
		t.Errorf("%d rows, %d of them 128 KiB in 2 lanes", len(reads), found)
	}
}

func TestMemoriesHoldBandwidthsAndLatencies(t *testing.T) {
	memories, err := Memories()
	if err != nil {
		t.Fatal(err)
	}
	latencies := 0
	for _, m := range memories {
		if (m.NS > 0) == (m.BytesPerS > 0) || (m.Operation == "latency") != (m.NS > 0) || m.Source == "" {
			t.Errorf("%+v", m)
		}
		if m.NS > 0 {
			latencies++
		}
		if m.BytesPerS > 1e12 || m.NS > 1e4 {
			t.Errorf("%s: %v B/s, %v ns", m.ID, m.BytesPerS, m.NS)
		}
	}
	if len(memories) < 1300 || latencies < 900 {
		t.Errorf("%d rows, %d latencies", len(memories), latencies)
	}
}

func TestKernelsStateWhatWasTimed(t *testing.T) {
	kernels, err := Kernels()
	if err != nil {
		t.Fatal(err)
	}
	shapes := 0
	for _, k := range kernels {
		switch k.Measures {
		case "total", "device", "dispatch", "token", "phase":
		default:
			t.Errorf("%s measures %q", k.ID, k.Measures)
		}
		if k.TimeUS <= 0 || k.Operator == "" || k.Unit == "" || k.Source == "" {
			t.Errorf("%+v", k)
		}
		if k.M > 0 && k.K > 0 && k.N > 0 {
			shapes++
		}
	}
	if len(kernels) < 950 || shapes < 400 {
		t.Errorf("%d rows, %d with a shape", len(kernels), shapes)
	}
}

func TestClocksRiseInPower(t *testing.T) {
	clocks, err := Clocks()
	if err != nil {
		t.Fatal(err)
	}
	if len(clocks) != 352 {
		t.Errorf("%d rows", len(clocks))
	}
	for _, c := range clocks {
		if c.MHz < 100 || c.MHz > 6000 || c.Source == "" {
			t.Errorf("%+v", c)
		}
	}
}

func TestWrongTablesOfPartsAreRefused(t *testing.T) {
	for says, text := range map[string]string{
		"is empty":                   "",
		`column "blocks"`:            "device,blocks\n",
		"t.csv:2: bytes_per_s":       "device,bytes_per_s\nd,fast\n",
		"t.csv:3: device is empty":   "device,bytes_per_s\nd,1\n,1\n",
		"is not above zero":          "device,bytes_per_s\nd,0\n",
		"wrong number of fields":     "device,bytes_per_s\nd\n",
		`lanes "two" is not a whole`: "device,lanes,bytes_per_s\nd,two,1\n",
	} {
		if _, err := ReadFlash("t.csv", strings.NewReader(text)); err == nil || !fault.IsUser(err) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	if _, err := ReadMemory("t.csv", strings.NewReader("device,value,unit\nd,5,furlongs\n")); err == nil || !strings.Contains(err.Error(), "furlongs") {
		t.Error(err)
	}
}

// FuzzReadParts looks for tables of parts that panic.
func FuzzReadParts(f *testing.F) {
	f.Add([]byte("device,bytes_per_s,block_bytes\nd,1e9,4096\n"))
	f.Add([]byte("\ufeffdevice,operator,time_us,m\n# no\n\"d\n\",x,1e400,-1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 4<<20, 1<<11, len(data), func() {
			for _, read := range []func(string) error{
				func(s string) error { _, err := ReadFlash("p.csv", strings.NewReader(s)); return err },
				func(s string) error { _, err := ReadMemory("p.csv", strings.NewReader(s)); return err },
				func(s string) error { _, err := ReadKernels("p.csv", strings.NewReader(s)); return err },
				func(s string) error { _, err := ReadClocks("p.csv", strings.NewReader(s)); return err },
			} {
				if err := read(string(data)); err != nil {
					faulttest.Refused(t, err, "p.csv")
				}
			}
		})
	})
}
