package flash

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Config is a flash storage device, whole and unchanging.
type Config struct {
	Name        string
	Link        units.BytesPerSecond // host to device
	Command     units.Picoseconds    // host driver and controller, one command after another
	Depth       int                  // commands in flight
	Channels    int
	Dies        int                  // per channel
	Planes      int                  // per die, sensed together
	Page        units.Bytes          // per plane
	Sense       units.Picoseconds    // array to page register, tR
	ChannelRate units.BytesPerSecond // page register to controller
	ReadAhead   units.Bytes          // ahead of a sequential reader
	HotShare    float64              // of the speed that is left when the phone is hot; 0: not known
	ReadEnergy  units.PicojoulesPerBit
	IdlePower   units.Watts // at all times, beside the energy of reads
}

// ConfigOf returns the configuration that a part file describes.
func ConfigOf(p *devices.FlashPart) (Config, error) {
	c := Config{
		Name:        p.Name,
		Link:        p.LinkBandwidth.Value,
		Command:     p.CommandLatency.Value,
		Depth:       int(p.QueueDepth.Value),
		Channels:    int(p.Channels.Value),
		Dies:        int(p.DiesPerChannel.Value),
		Planes:      int(p.PlanesPerDie.Value),
		Page:        p.PageBytes.Value,
		Sense:       p.PageRead.Value,
		ChannelRate: p.ChannelRate.Value,
		ReadAhead:   p.ReadAhead.Value,
		ReadEnergy:  p.ReadEnergy.Value,
		IdlePower:   p.IdlePower.Value,
	}
	if p.HotShare != nil {
		c.HotShare = float64(p.HotShare.Value)
	}
	return c, c.Validate()
}

// Hot returns the configuration of a hot phone: its link, channels and dies are
// slower by HotShare. It is an error if that is not known.
func (c Config) Hot() (Config, error) {
	if c.HotShare <= 0 {
		return c, fault.Userf("flash %s: how fast it is when hot is not known; give the part a hot_share", c.Name)
	}
	c.Link = units.BytesPerSecond(float64(c.Link) * c.HotShare)
	c.ChannelRate = units.BytesPerSecond(float64(c.ChannelRate) * c.HotShare)
	c.Sense = units.Picoseconds(float64(c.Sense) / c.HotShare)
	c.Command = units.Picoseconds(float64(c.Command) / c.HotShare)
	return c, nil
}

// Validate reports the first reason why no such device can be built.
func (c Config) Validate() error {
	switch {
	case c.Link <= 0:
		return fault.Userf("flash %s: link_bandwidth must be above zero", c.Name)
	case c.ChannelRate <= 0:
		return fault.Userf("flash %s: channel_rate must be above zero", c.Name)
	case c.Command < 0 || c.Sense < 0:
		return fault.Userf("flash %s: command_latency and page_read must not be negative", c.Name)
	case c.Depth < 1 || c.Channels < 1 || c.Dies < 1 || c.Planes < 1:
		return fault.Userf("flash %s: queue_depth, channels, dies_per_channel and planes_per_die must be at least 1", c.Name)
	case c.Page < sector || c.Page%sector != 0:
		return fault.Userf("flash %s: page_bytes of %d is no whole number of sectors of %d bytes", c.Name, c.Page, sector)
	case c.ReadAhead < 0:
		return fault.Userf("flash %s: read_ahead must not be negative", c.Name)
	}
	return nil
}

// sector is the least that a device reads: the logical block of UFS and NVMe
// devices in phones, and a code word of their error correction.
const sector = 4 << 10

// unit is the bytes that a die senses at once.
func (c *Config) unit() units.Bytes { return c.Page * units.Bytes(c.Planes) }

// window is the size of the host's commands for a mapped file.
func (c *Config) window() units.Bytes { return max(sector, c.ReadAhead/sector*sector) }
