package flash

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/units"
)

// drawConfig draws a device of any proportions.
func drawConfig(t *rapid.T) Config {
	count := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
	return Config{
		Name:        "drawn",
		Link:        units.BytesPerSecond(count("link MB/s", 5000)) * 1e6,
		Command:     units.Picoseconds(rapid.Int64Range(0, 50_000_000).Draw(t, "command")),
		Depth:       count("depth", 64),
		Channels:    count("channels", 5),
		Dies:        count("dies", 4),
		Planes:      count("planes", 4),
		Page:        sector * units.Bytes(count("sectors a page", 5)),
		Sense:       units.Picoseconds(rapid.Int64Range(0, 100_000_000).Draw(t, "sense")),
		ChannelRate: units.BytesPerSecond(count("channel MB/s", 3000)) * 1e6,
		ReadAhead:   units.Bytes(rapid.SampledFrom([]int64{0, 1, 4096, 65536, 100_000, 131072, 524288, 1 << 20}).Draw(t, "read-ahead")),
		ReadEnergy:  52,
	}
}

func mustNew(t testing.TB, c Config) *Device {
	t.Helper()
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// inEvents is Read without jumps: each command by itself.
func inEvents(c *Config, s *state, at units.Picoseconds, extents []Extent) (done units.Picoseconds, commands int64) {
	window := uint64(c.window())
	for _, e := range extents {
		end := (e.End() + sector - 1) / sector * sector
		for addr := e.Addr / sector * sector; addr < end; {
			to := min(end, (addr/window+1)*window)
			_, read := s.read(c, at, addr, to)
			done = max(done, read)
			commands++
			addr = to
		}
	}
	return done, commands
}

func drawExtents(t *rapid.T) []Extent {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Extent {
		size := rapid.SampledFrom([]int64{4096, 100_000, 1 << 20, 8 << 20, 64 << 20}).Draw(t, "size")
		return Extent{
			Addr:  rapid.Uint64Range(0, 1<<30).Draw(t, "addr"),
			Bytes: units.Bytes(size + rapid.Int64Range(0, 1<<18).Draw(t, "more")),
		}
	}), 1, 4).Draw(t, "extents")
}

// Jumping over whole cycles is a way to compute the events, not an
// approximation of them; what follows a jump is the same too.
func TestJumpsAnswerAsEventsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		d, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		ref := newState(&c)
		var at units.Picoseconds
		for range rapid.IntRange(1, 3).Draw(t, "reads") {
			extents := drawExtents(t)
			got := d.Read(at, extents)
			done, commands := inEvents(&c, &ref, at, extents)
			if got.Done != max(done, at) || got.Commands != commands {
				t.Fatalf("%d commands until %d, by event %d until %d", got.Commands, got.Done, commands, done)
			}
			if got, want := fmt.Sprintf("%+v", d.state), fmt.Sprintf("%+v", ref); got != want {
				t.Fatalf("a device in the state\n%s\nby event\n%s", got, want)
			}
			at += units.Picoseconds(rapid.Int64Range(0, int64(got.Done)).Draw(t, "later"))
		}
	})
}

// No resource moves data faster than it can.
func TestBandwidthStaysBelowEachBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		d, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		extents := drawExtents(t)
		got := d.Read(0, extents)
		var requested units.Bytes
		for _, e := range extents {
			requested += e.Bytes
		}
		if got.Bytes < requested || got.Bytes > requested+units.Bytes(2*sector*len(extents)) {
			t.Fatalf("%d bytes read for %d requested", got.Bytes, requested)
		}
		if got.Done < got.Bytes.Over(c.Link) {
			t.Fatalf("%d ps, less than the link takes", got.Done)
		}
		if got.Done < units.Picoseconds(got.Commands)*c.Command {
			t.Fatalf("%d ps, less than %d commands take", got.Done, got.Commands)
		}
		if got.Energy < got.Bytes.Energy(c.ReadEnergy) {
			t.Fatalf("%d fJ, less than the commands cost", got.Energy)
		}
		// What one sensing brings serves at most the sectors of a unit.
		senses := int64(got.Bytes) / int64(c.unit()) / int64(c.Channels*c.Dies)
		if slowest := units.Picoseconds(max(0, senses-1)) * c.Sense; got.Done < slowest {
			t.Fatalf("%d ps, less than the dies sense for", got.Done)
		}
	})
}

// One small read takes each step once, one after the other.
func TestOneReadTakesEachStep(t *testing.T) {
	c := Config{
		Name: "steps", Link: 1e9, Command: 5 * units.Microsecond, Depth: 1, Channels: 2, Dies: 2, Planes: 2,
		Page: 16 * units.KiB, Sense: 40 * units.Microsecond, ChannelRate: 500e6, ReadAhead: 128 * units.KiB,
	}
	got := mustNew(t, c).Read(100, []Extent{{Addr: 40960, Bytes: 100}})
	transfer, link := units.Bytes(4096).Over(500e6), units.Bytes(4096).Over(1e9)
	if want := 100 + c.Command + c.Sense + transfer + link; got.Done != want {
		t.Errorf("done at %d, want command + sensing + channel + link = %d", got.Done, want)
	}
	if got.Bytes != 4096 || got.Commands != 1 || got.Start != 100 {
		t.Errorf("%+v, want one command of a sector", got)
	}
}

// Two dies of one channel sense at the same time and take turns on the channel;
// two channels share nothing but the link.
func TestWhatDiesAndChannelsShare(t *testing.T) {
	base := Config{
		Name: "two", Link: 1e12, Depth: 8, Channels: 1, Dies: 1, Planes: 1, Page: 16 * units.KiB,
		Sense: 40 * units.Microsecond, ChannelRate: 1e9, ReadAhead: 0,
	}
	transfer := units.Bytes(4096).Over(base.ChannelRate)
	link := units.Bytes(4096).Over(base.Link)
	tests := []struct {
		name           string
		channels, dies int
		want           units.Picoseconds
	}{
		{"one die", 1, 1, 2*(base.Sense+transfer) + link},
		{"two dies", 1, 2, base.Sense + 2*transfer + link},
		{"two channels", 2, 1, base.Sense + transfer + 2*link},
	}
	for _, test := range tests {
		c := base
		c.Channels, c.Dies = test.channels, test.dies
		got := mustNew(t, c).Read(0, []Extent{{Addr: 0, Bytes: 4096}, {Addr: 16384, Bytes: 4096}})
		if got.Done != test.want {
			t.Errorf("%s: two reads done at %d, want %d", test.name, got.Done, test.want)
		}
	}
}

// A sequential reader finds data in the device's buffer; sensing hides behind
// the transfer before.
func TestReadAheadHidesSensing(t *testing.T) {
	c := configOf(t, "ufs-3.1")
	c.ChannelRate = 4e9 // the dies' sensing is the bound
	ahead, err := Probe(c, Load{Block: 64 * units.KiB, Pattern: Sequential, Depth: 1})
	if err != nil {
		t.Fatal(err)
	}
	c.ReadAhead = 0
	none, err := Probe(c, Load{Block: 64 * units.KiB, Pattern: Sequential, Depth: 1})
	if err != nil {
		t.Fatal(err)
	}
	if ahead.GBps < 1.2*none.GBps {
		t.Errorf("%.3f GB/s with read-ahead, %.3f without", ahead.GBps, none.GBps)
	}
}

// BenchmarkModelRead reads a 7 GB model, as a token of a model far over its
// DRAM budget does.
func BenchmarkModelRead(b *testing.B) {
	for _, part := range []string{"ufs-3.1", "ufs-4.0", "apple-nvme-a16"} {
		b.Run(part, func(b *testing.B) {
			d := mustNew(b, configOf(b, part))
			var at units.Picoseconds
			var commands int64
			for b.Loop() {
				t := d.Read(at, []Extent{{Addr: 1 << 20, Bytes: 7 << 30}})
				at = t.Done
				commands += t.Commands
			}
			b.ReportMetric(float64(commands)/b.Elapsed().Seconds()/1e6, "Mcommands/s")
		})
	}
}

// BenchmarkEvents reads command by command.
func BenchmarkEvents(b *testing.B) {
	c := configOf(b, "ufs-4.0")
	s := newState(&c)
	var addr uint64
	for b.Loop() {
		addr = (addr*6364136223846793005 + 1442695040888963407) >> 1
		at := addr % (1 << 32) / 16384 * 16384
		s.read(&c, 0, at, at+16384)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mcommands/s")
}
