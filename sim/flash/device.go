package flash

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

// Extent is a range of addresses of the file that weights are mapped from.
type Extent = units.Extent

// Transfer is what a read cost.
type Transfer struct {
	Start    units.Picoseconds
	Done     units.Picoseconds // last byte in memory
	Bytes    units.Bytes
	Energy   units.Femtojoules // of the commands; idle power is apart
	Commands int64
}

// Device is a flash storage device over time.
type Device struct {
	config Config
	state  state
}

// New returns an idle device.
func New(c Config) (*Device, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Device{config: c, state: newState(c)}, nil
}

// IdlePower is what the device draws while it waits.
func (d *Device) IdlePower() units.Watts { return d.config.IdlePower }

// Open returns the device that a part file describes.
func Open(part *devices.FlashPart) (*Device, error) {
	c, err := ConfigOf(part)
	if err != nil {
		return nil, err
	}
	return New(c)
}

// Read reads the extents in their order, from time at on, as the host reads a
// mapped file: in windows of the read-ahead, as many in flight as the queue
// takes.
func (d *Device) Read(at units.Picoseconds, extents []Extent) Transfer {
	t := Transfer{Start: at, Done: at}
	window := uint64(d.config.window())
	for _, e := range extents {
		for addr := e.Addr; addr < e.End(); {
			end := min(e.End(), (addr/window+1)*window)
			t.Done = max(t.Done, d.state.read(&d.config, at, addr, units.Bytes(end-addr)))
			t.Bytes += units.Bytes(end - addr)
			t.Commands++
			addr = end
		}
	}
	t.Energy = t.Bytes.Energy(d.config.ReadEnergy)
	return t
}
