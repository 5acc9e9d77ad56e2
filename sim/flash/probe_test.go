package flash

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

func configOf(t testing.TB, part string) Config {
	t.Helper()
	p, err := devices.LoadFlashPart(part)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ConfigOf(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The shipped parts read as fast as they were measured to.
func TestPartsReadAsFastAsMeasured(t *testing.T) {
	tests := []struct {
		part    string
		block   units.Bytes
		pattern Pattern
		depths  []int
		gbps    float64
		within  float64
	}{
		{"ufs-4.0", 512 * units.KiB, Sequential, []int{1, 2, 8, 32}, 4.0, 0.1},
		{"ufs-4.0", 512 * units.KiB, Random, []int{1, 2, 8, 32}, 3.5, 0.1},
		{"ufs-4.0", 4 * units.KiB, Random, []int{1}, 0.45, 0.05},
		{"ufs-4.0", 4 * units.KiB, Random, []int{32}, 1.0, 0.1},
		{"ufs-3.1", 512 * units.KiB, Sequential, []int{1, 32}, 0.945, 0.04},
		{"ufs-3.1", 4 * units.KiB, Random, []int{1}, 0.05, 0.2},
		{"ufs-3.1", 4 * units.KiB, Random, []int{32}, 100_000 * 4096e-9, 0.1}, // the rating of its maker
		{"apple-nvme-a15", 512 * units.KiB, Sequential, []int{1, 32}, 0.93, 0.03},
		{"apple-nvme-a16", 512 * units.KiB, Sequential, []int{1, 32}, 1.53, 0.03},
		{"apple-nvme-a17", 512 * units.KiB, Sequential, []int{1, 32}, 1.45, 0.03},
	}
	for _, test := range tests {
		for _, depth := range test.depths {
			r, err := Probe(configOf(t, test.part), Load{Block: test.block, Pattern: test.pattern, Depth: depth})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%-15s %4d KiB %-4s depth %2d: %.3f GB/s %.0f IOPS mean %.1f p99 %.1f us", test.part, test.block/units.KiB, test.pattern, depth, r.GBps, r.IOPS, r.MeanUS, r.P99US)
			if r.GBps < test.gbps*(1-test.within) || r.GBps > test.gbps*(1+test.within) {
				t.Errorf("%s, %d KiB %s, depth %d: %.3f GB/s, measured %.3f", test.part, test.block/units.KiB, test.pattern, depth, r.GBps, test.gbps)
			}
		}
	}
}

// drawLoad draws a load that the device takes.
func drawLoad(t *rapid.T, c *Config) Load {
	return Load{
		Block:    sector * units.Bytes(rapid.SampledFrom([]int{1, 2, 3, 16, 128}).Draw(t, "sectors")),
		Pattern:  rapid.SampledFrom([]Pattern{Sequential, Random}).Draw(t, "pattern"),
		Depth:    rapid.IntRange(1, c.Depth).Draw(t, "depth"),
		Seed:     rapid.Uint64().Draw(t, "seed"),
		Commands: 500,
		Span:     units.GiB,
	}
}

func mustProbe(t *rapid.T, c Config, l Load) Report {
	r, err := Probe(c, l)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Little's law, exactly: over the time of a load, the latencies of its commands
// and the time that slots stay empty at its end fill all slots.
func TestLittlesLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		l := drawLoad(t, &c)
		c.Depth = l.Depth
		s, next := newState(&c), l.addresses()
		var filled, end units.Picoseconds
		for range l.Commands {
			addr := next()
			issued, done := s.read(&c, 0, addr, addr+uint64(l.Block))
			if done < issued {
				t.Fatalf("issued at %d, done at %d", issued, done)
			}
			filled += done - issued
			end = max(end, done)
		}
		for _, last := range s.inFlight {
			filled += end - last
		}
		if all := end * units.Picoseconds(l.Depth); filled != all {
			t.Fatalf("%d slots for %d ps hold %d ps of commands", l.Depth, end, filled)
		}
	})
}

// With one command in flight, a faster link or faster dies never make a load
// take longer, nor do more in flight. (With many in flight one command can come
// between others and a faster part change their order for the worse, as in any
// queueing system.)
func TestMoreNeverTakesLonger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		l := drawLoad(t, &c)
		deeper := mustProbe(t, c, l)
		l.Depth = 1
		base := mustProbe(t, c, l)
		link, sense, channel := c, c, c
		link.Link *= 2
		sense.Sense /= 2
		channel.ChannelRate *= 2
		tests := []struct {
			name string
			Report
		}{
			{"more in flight", deeper},
			{"a faster link", mustProbe(t, link, l)},
			{"faster sensing", mustProbe(t, sense, l)},
			{"faster channels", mustProbe(t, channel, l)},
		}
		for _, test := range tests {
			if test.Time > base.Time {
				t.Fatalf("%s: %d ps, was %d", test.name, test.Time, base.Time)
			}
			if test.GBps > float64(c.Link)/1e9 && test.name != "a faster link" {
				t.Fatalf("%s: %g GB/s over a link of %g", test.name, test.GBps, float64(c.Link)/1e9)
			}
		}
	})
}

func TestProbeIsDeterministic(t *testing.T) {
	c := configOf(t, "ufs-4.0")
	l := Load{Block: 4096, Pattern: Random, Depth: 8, Seed: 7}
	first, err := Probe(c, l)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := Probe(c, l); again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
}

func TestMistakesInLoads(t *testing.T) {
	c := configOf(t, "ufs-4.0")
	good := Load{Block: 4096, Pattern: Random, Depth: 1}
	tests := map[string]func(*Load){
		"whole number of sectors": func(l *Load) { l.Block = 1000 },
		"not seq or rand":         func(l *Load) { l.Pattern = "random" },
		"from 1 to 32":            func(l *Load) { l.Depth = 33 },
		"holds no block":          func(l *Load) { l.Span = 1024 },
		"at least 1":              func(l *Load) { l.Commands = -1 },
	}
	for says, spoil := range tests {
		l := good
		spoil(&l)
		if _, err := Probe(c, l); !fault.IsUser(err) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want a user's mistake that says %q", err, says)
		}
	}
}

func TestMistakesInDevices(t *testing.T) {
	tests := map[string]func(*Config){
		"link_bandwidth":   func(c *Config) { c.Link = 0 },
		"channel_rate":     func(c *Config) { c.ChannelRate = -1 },
		"command_latency":  func(c *Config) { c.Command = -1 },
		"dies_per_channel": func(c *Config) { c.Dies = 0 },
		"page_bytes":       func(c *Config) { c.Page = 5000 },
		"read_ahead":       func(c *Config) { c.ReadAhead = -1 },
	}
	for says, spoil := range tests {
		c := configOf(t, "ufs-4.0")
		spoil(&c)
		if _, err := New(c); !fault.IsUser(err) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want a user's mistake that says %q", err, says)
		}
	}
}
