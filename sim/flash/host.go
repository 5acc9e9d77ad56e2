package flash

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// Host is what the processor does for a read before the device hears of it. The
// zero value costs nothing and sends each read as one command.
type Host struct {
	Issue   units.Picoseconds // of a read: the call, the block layer, the thread's sleep and wake-up
	Page    units.Picoseconds // of each 4 KiB: pinned for O_DIRECT, or taken from the page cache and filled
	Command units.Bytes       // longest command that the block layer makes of a read; 0 is no limit
}

// HostOf returns what reads cost the processor of a device, on a big core: past
// the page cache, or through it into mapped memory. A device that states nothing
// has the zero value.
func HostOf(d devices.Flash, mapped bool) Host {
	h := d.Host
	if h == nil {
		return Host{}
	}
	page := h.Direct.Value
	if mapped {
		page = h.Cached.Value
	}
	return Host{Issue: h.Issue.Value, Page: page, Command: h.Command.Value}
}

// On returns the costs on a core that takes times as long.
func (h Host) On(times float64) Host {
	h.Issue = units.Picoseconds(float64(h.Issue) * times)
	h.Page = units.Picoseconds(float64(h.Page) * times)
	return h
}

// cost returns how long the processor is busy with a read of n bytes.
func (h Host) cost(n units.Bytes) units.Picoseconds {
	return h.Issue + h.Page*units.Picoseconds((n+sector-1)/sector)
}

// lanes are threads that read from one device: each has one read in flight, and
// begins the next one when that is complete.
type lanes struct {
	host Host
	free slots
}

func newLanes(h Host, n int, at units.Picoseconds) lanes {
	l := lanes{host: h, free: make(slots, n)}
	for i := range l.free {
		l.free[i] = at
	}
	return l
}

// read gives the read of a range to the lane that is free first, and returns when
// the lane took it and when its last byte is in memory.
func (l *lanes) read(c *Config, s *state, addr, end uint64) (taken, done units.Picoseconds, commands int64) {
	taken = l.free.next()
	at := taken + l.host.cost(units.Bytes(end-addr))
	longest := uint64(l.host.Command) / sector * sector
	for addr < end {
		to := end
		if longest > 0 {
			to = min(end, addr+longest)
		}
		_, read := s.read(c, at, addr, to)
		done = max(done, read)
		commands++
		addr = to
	}
	l.free.replace(done)
	return taken, done, commands
}

// ReadLanes reads the extents on n threads, each extent with one call, from time
// at on. A thread takes the next extent when its last one is complete.
func (d *Device) ReadLanes(at units.Picoseconds, h Host, n int, extents []Extent) Transfer {
	t := Transfer{Start: at, Done: at}
	d.EachOnLanes(at, h, n, extents, func(_ int, one Transfer) {
		t.Bytes += one.Bytes
		t.Done = max(t.Done, one.Done)
		t.Commands += one.Commands
	})
	t.Energy = t.Bytes.Energy(d.config.ReadEnergy)
	return t
}

// EachOnLanes is ReadLanes that tells what each extent, by its place, cost.
func (d *Device) EachOnLanes(at units.Picoseconds, h Host, n int, extents []Extent, visit func(int, Transfer)) {
	l := newLanes(h, max(1, n), at)
	for i, e := range extents {
		addr, end := e.Addr/sector*sector, (e.End()+sector-1)/sector*sector
		taken, done, commands := l.read(&d.config, &d.state, addr, end)
		bytes := units.Bytes(end - addr)
		visit(i, Transfer{Start: taken, Done: done, Bytes: bytes, Energy: bytes.Energy(d.config.ReadEnergy), Commands: commands})
	}
}
