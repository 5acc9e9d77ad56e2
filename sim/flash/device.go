package flash

import "github.com/memsim/memsim/units"

// Extent is a range of addresses of the file that weights are mapped from.
type Extent = units.Extent

// Transfer is what a read cost.
type Transfer struct {
	Start    units.Picoseconds // when it was asked for
	Done     units.Picoseconds // when its last byte is in memory
	Bytes    units.Bytes       // in whole sectors
	Energy   units.Femtojoules // of what was read; Config.IdlePower is apart
	Commands int64
}

// Device is a flash storage device over time.
type Device struct {
	config Config
	state  state
	cycle  cycle
}

// New returns an idle device.
func New(c Config) (*Device, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Device{config: c, state: newState(&c)}, nil
}

// Read reads the extents in their order, from time at on, as the host reads a
// mapped file: in windows of the read-ahead, as many in flight as the queue
// takes. Reads that were asked for before go first.
func (d *Device) Read(at units.Picoseconds, extents []Extent) Transfer {
	t := Transfer{Start: at, Done: at}
	for _, e := range extents {
		addr, end := e.Addr/sector*sector, (e.End()+sector-1)/sector*sector
		t.Bytes += units.Bytes(end - addr)
		done, commands := d.stream(at, addr, end)
		t.Done = max(t.Done, done)
		t.Commands += commands
	}
	t.Energy = t.Bytes.Energy(d.config.ReadEnergy)
	return t
}

// stream reads a range in windows. In a long one the device falls into a cycle;
// then whole cycles are jumped over.
func (d *Device) stream(at units.Picoseconds, addr, end uint64) (done units.Picoseconds, commands int64) {
	window := uint64(d.config.window())
	d.cycle.begin(&d.config, addr, end)
	for addr < end {
		if skipped := d.cycle.jump(&d.state, addr); skipped > 0 {
			addr += skipped
			commands += int64(skipped / window)
			done = d.state.last()
			continue
		}
		to := min(end, (addr/window+1)*window)
		_, read := d.state.read(&d.config, at, addr, to)
		done = max(done, read)
		commands++
		addr = to
	}
	return done, commands
}
