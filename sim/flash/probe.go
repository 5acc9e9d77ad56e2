package flash

import (
	"math/rand/v2"
	"slices"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Pattern is the order of a load's addresses.
type Pattern string

// The patterns of a load.
const (
	Sequential Pattern = "seq"
	Random     Pattern = "rand"
)

// Load is a synthetic load of reads, as fio makes them: blocks of one size,
// Depth of them in flight, a new one whenever one completes, past the page
// cache.
type Load struct {
	Block    units.Bytes // a whole number of 4 KiB sectors
	Pattern  Pattern
	Depth    int         // at most the device's queue depth
	Span     units.Bytes // of the file; 0 is 4 GiB
	Commands int         // 0 is enough for a steady figure
	Seed     uint64      // of random addresses
	Host     Host        // what issuing a read costs the processor
}

// Report is how a device bears a load.
type Report struct {
	Commands int               `json:"commands"`
	Bytes    units.Bytes       `json:"bytes"`
	Time     units.Picoseconds `json:"-"`
	Seconds  float64           `json:"seconds"`
	GBps     float64           `json:"gbps"`
	IOPS     float64           `json:"iops"`
	MeanUS   float64           `json:"latency_mean_us"`
	P99US    float64           `json:"latency_p99_us"`
	EnergyNJ float64           `json:"energy_nj"` // of the commands
	PJPerBit float64           `json:"energy_pj_per_bit"`
}

// Probe runs a load on an idle device.
func Probe(c Config, l Load) (Report, error) {
	if err := c.Validate(); err != nil {
		return Report{}, err
	}
	l = l.withDefaults()
	if err := l.validate(&c); err != nil {
		return Report{}, err
	}
	s := newState(&c)
	threads := newLanes(l.Host, l.Depth, 0)
	next := l.addresses()
	latencies := make([]units.Picoseconds, l.Commands)
	var end, sum units.Picoseconds
	for i := range latencies {
		addr := next()
		issued, done, _ := threads.read(&c, &s, addr, addr+uint64(l.Block))
		latencies[i] = done - issued
		sum += latencies[i]
		end = max(end, done)
	}
	slices.Sort(latencies)
	r := Report{Commands: l.Commands, Bytes: l.Block * units.Bytes(l.Commands), Time: end, Seconds: end.Seconds()}
	r.GBps = float64(r.Bytes) / r.Seconds / 1e9
	r.IOPS = float64(r.Commands) / r.Seconds
	r.MeanUS = sum.Nanoseconds() / float64(r.Commands) / 1e3
	r.P99US = latencies[(len(latencies)*99+99)/100-1].Nanoseconds() / 1e3
	r.EnergyNJ = float64(r.Bytes.Energy(c.ReadEnergy)) / float64(units.Nanojoule)
	r.PJPerBit = float64(c.ReadEnergy)
	return r, nil
}

func (l Load) withDefaults() Load {
	if l.Span == 0 {
		l.Span = 4 * units.GiB
	}
	if l.Commands == 0 {
		const bytes = 256 * units.MiB
		l.Commands = int(min(max(bytes/max(1, l.Block), 1000), 20000))
	}
	return l
}

func (l Load) validate(c *Config) error {
	switch {
	case l.Block <= 0 || l.Block%sector != 0:
		return fault.Userf("block of %d bytes is no whole number of sectors of %d", l.Block, sector)
	case l.Pattern != Sequential && l.Pattern != Random:
		return fault.Userf("pattern %q is not seq or rand", l.Pattern)
	case l.Depth < 1 || l.Depth > c.Depth:
		return fault.Userf("depth %d: %s takes from 1 to %d commands at once", l.Depth, c.Name, c.Depth)
	case l.Span < l.Block:
		return fault.Userf("a span of %d bytes holds no block of %d", l.Span, l.Block)
	case l.Commands < 0:
		return fault.Userf("%d commands: at least 1", l.Commands)
	}
	return nil
}

// addresses returns a generator of the load's addresses.
func (l Load) addresses() func() uint64 {
	blocks := uint64(l.Span / l.Block)
	random := rand.New(rand.NewPCG(l.Seed, 0))
	var i uint64
	return func() uint64 {
		if l.Pattern == Random {
			return random.Uint64N(blocks) * uint64(l.Block)
		}
		i++
		return (i - 1) % blocks * uint64(l.Block)
	}
}
