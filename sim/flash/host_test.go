package flash

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// bigCore is what reads past the page cache cost a OnePlus 15R.
var bigCore = Host{Issue: 80 * units.Microsecond, Page: 290 * units.Nanosecond, Command: units.MiB}

// iobench is what a OnePlus 15R read at random past its page cache, in MiB/s, by
// size of a read and threads; the mean where it was measured twice (BigMoeOnEdge,
// July 2026).
var iobench = []struct {
	block   units.Bytes
	threads int
	mibps   float64
}{
	{128, 2, 953.6}, {128, 4, 1486.1}, {128, 8, 1858.8},
	{256, 2, 1536.4}, {256, 4, 2099.4}, {256, 8, 2144.2},
	{512, 2, 1882.4}, {512, 4, 2114.0}, {512, 8, 2108.2},
	{1024, 2, 2084.8}, {1024, 4, 2235.3}, {1024, 8, 2251.4},
	{2048, 2, 2043.7}, {2048, 4, 2155.4}, {2048, 8, 2063.5},
	{4096, 1, 1809.9}, {4096, 2, 2315.9}, {4096, 4, 2331.8}, {4096, 8, 2341.5}, {4096, 12, 2360.1},
	{4096, 16, 2243.9}, {4096, 24, 2308.6}, {4096, 32, 2254.8},
	{8192, 2, 2529.2}, {8192, 4, 2558.1}, {8192, 8, 2474.1},
}

// The part of a OnePlus 15R reads as fast as the phone did, at every size and
// number of threads.
func TestTheCurvesOfAPhone(t *testing.T) {
	c := configOf(t, "oneplus15r-ufs")
	for _, m := range iobench {
		r, err := Probe(c, Load{Block: m.block * units.KiB, Pattern: Random, Depth: m.threads, Host: bigCore})
		if err != nil {
			t.Fatal(err)
		}
		got := r.GBps * 1e9 / float64(units.MiB)
		if off := got/m.mibps - 1; off > 0.12 || off < -0.12 {
			t.Errorf("%d KiB on %d threads: %.0f MiB/s, measured %.0f (%+.1f %%)", m.block, m.threads, got, m.mibps, 100*off)
		}
	}
}

// A hot phone reads as much more slowly as its part says.
func TestAHotPhoneReadsMoreSlowly(t *testing.T) {
	c := configOf(t, "oneplus15r-ufs")
	hot, err := c.Hot()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Probe(hot, Load{Block: 4 * units.MiB, Pattern: Random, Depth: 4, Host: bigCore})
	if got := r.GBps * 1e9 / float64(units.MiB); err != nil || got < 1645*0.9 || got > 1645*1.1 {
		t.Errorf("%.0f MiB/s when hot, measured 1645 (%v)", got, err)
	}
	c.HotShare = 0
	if _, err := c.Hot(); err == nil {
		t.Error("a part that does not say how fast it is when hot has a speed when hot")
	}
}

// One thread waits for the processor and for each step of the device in turn.
func TestALaneIsBusyWithItsOwnRead(t *testing.T) {
	c := Config{
		Name: "steps", Link: 1e9, Command: 5 * units.Microsecond, Depth: 8, Channels: 2, Dies: 2, Planes: 2,
		Page: 16 * units.KiB, Sense: 40 * units.Microsecond, ChannelRate: 500e6, ReadAhead: 128 * units.KiB,
	}
	h := Host{Issue: 30 * units.Microsecond, Page: units.Microsecond}
	one := 31*units.Microsecond + c.Command + c.Sense + units.Bytes(4096).Over(500e6) + units.Bytes(4096).Over(1e9)
	far := []Extent{{Addr: 0, Bytes: 100}, {Addr: 32 << 10, Bytes: 100}}
	if got := mustNew(t, c).ReadLanes(0, h, 1, far); got.Done != 2*one || got.Commands != 2 {
		t.Errorf("two reads of one lane done at %d, want %d", got.Done, 2*one)
	}
	two := one + c.Command // the controller takes them one after the other
	if got := mustNew(t, c).ReadLanes(0, h, 2, far); got.Done != two {
		t.Errorf("a read of each of two lanes done at %d, want %d", got.Done, two)
	}
	h.Command = 16 * units.KiB
	if got := mustNew(t, c).ReadLanes(0, h, 1, []Extent{{Addr: 0, Bytes: 64 << 10}}); got.Commands != 4 || got.Bytes != 64<<10 {
		t.Errorf("a read of four commands' length: %+v", got)
	}
}

// More lanes are never slower by more than what order costs, and bytes are those
// asked for.
func TestReadsOfLanesMoveWhatIsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		d, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		extents := drawExtents(t)
		h := Host{Issue: units.Picoseconds(rapid.Int64Range(0, 1e8).Draw(t, "issue")), Command: units.Bytes(rapid.Int64Range(0, 1<<20).Draw(t, "command"))}
		got := d.ReadLanes(5, h, rapid.IntRange(1, 8).Draw(t, "lanes"), extents)
		var want units.Bytes
		for _, e := range extents {
			want += units.Bytes((e.End()+sector-1)/sector*sector - e.Addr/sector*sector)
		}
		if got.Bytes != want || got.Done < 5+want.Over(c.Link) {
			t.Fatalf("%d bytes of %d until %d", got.Bytes, want, got.Done)
		}
	})
}

// A device without the group costs its processor nothing that its part does not
// include.
func TestHostOf(t *testing.T) {
	if h := HostOf(devices.Flash{}, true); h != (Host{}) {
		t.Errorf("%+v", h)
	}
	var f devices.FlashHost
	f.Issue.Value, f.Direct.Value, f.Cached.Value, f.Command.Value = 10, 2, 3, 4096
	if got, want := HostOf(devices.Flash{Host: &f}, true), (Host{10, 3, 4096}); got != want {
		t.Errorf("mapped %+v, want %+v", got, want)
	}
	if got, want := HostOf(devices.Flash{Host: &f}, false).On(2), (Host{20, 4, 4096}); got != want {
		t.Errorf("on a slow core %+v, want %+v", got, want)
	}
}
