package sram

import (
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Kind tells caches from scratchpads.
type Kind uint8

// A Cache decides for itself what it holds; a Scratchpad holds what is pinned.
const (
	Cache Kind = iota
	Scratchpad
)

// Policy says which line of a full set makes room for a new one.
type Policy uint8

// The replacement policies.
const (
	// LRU replaces the line that was used longest ago.
	LRU Policy = iota
	// TreePLRU keeps a binary tree of bits over the ways, each pointing away
	// from the half used last; the victim is where the bits lead.
	TreePLRU
	// SRRIP is static re-reference interval prediction with 2 bits and hit
	// priority (Jaleel et al., ISCA 2010): a new line is predicted to be used in
	// the long run, a hit makes it near, the first line predicted distant goes.
	SRRIP
	// Random replaces a pseudo-random way.
	Random
)

// Inclusion is a level's relation to the levels nearer to the unit.
type Inclusion uint8

// The relations between levels.
const (
	// NonInclusive levels keep what passes through them and force nothing.
	NonInclusive Inclusion = iota
	// Inclusive levels hold all that nearer levels hold: what they evict leaves
	// those too.
	Inclusive
	// Exclusive levels hold what the next nearer level evicted, and give it back
	// on a hit.
	Exclusive
)

var (
	kinds      = map[string]Kind{"cache": Cache, "scratchpad": Scratchpad}
	policies   = map[string]Policy{"lru": LRU, "tree-plru": TreePLRU, "srrip": SRRIP, "random": Random}
	inclusions = map[string]Inclusion{"none": NonInclusive, "inclusive": Inclusive, "exclusive": Exclusive}
)

// Config is one on-chip memory, whole and unchanging. The zero Kind, Policy and
// Inclusion are those of a plain LRU cache.
type Config struct {
	Name      string // for messages
	Kind      Kind
	Capacity  units.Bytes
	Line      units.Bytes // a power of two, at least 16
	Ways      int         // 0: fully associative
	Policy    Policy
	Inclusion Inclusion
	Seed      uint64 // of Random
}

// maxWays bounds the associativity of a set, which is searched way by way.
const maxWays = 1024

// ConfigOf returns the configuration that a profile describes.
func ConfigOf(s devices.SRAM) (Config, error) {
	kind, ok := kinds[s.Type]
	if !ok {
		return Config{}, fault.Userf("sram %s: type %q is not cache or scratchpad", s.Name, s.Type)
	}
	policy, ok := policies[s.Policy]
	if !ok && kind == Cache {
		return Config{}, fault.Userf("sram %s: policy %q is not lru, tree-plru, srrip or random", s.Name, s.Policy)
	}
	inclusion, ok := inclusions[s.Inclusion]
	if !ok && kind == Cache {
		return Config{}, fault.Userf("sram %s: inclusion %q is not inclusive, exclusive or none", s.Name, s.Inclusion)
	}
	c := Config{
		Name: s.Name, Kind: kind, Capacity: s.Capacity.Value, Line: s.Line.Value,
		Ways: int(s.Ways.Value), Policy: policy, Inclusion: inclusion,
	}
	return c, c.Validate()
}

// Validate reports the first reason why no such memory can be built.
func (c Config) Validate() error {
	switch {
	case c.Line < 16 || c.Line&(c.Line-1) != 0:
		return fault.Userf("sram %s: line of %d bytes is not a power of two from 16 on", c.Name, c.Line)
	case c.Capacity < c.Line:
		return fault.Userf("sram %s: capacity of %d bytes holds no line of %d", c.Name, c.Capacity, c.Line)
	case c.Kind == Scratchpad:
		return nil
	case c.Ways == 0 && c.Policy != LRU:
		return fault.Userf("sram %s: only lru can be fully associative; give ways, or set policy: lru", c.Name)
	case c.Ways < 0 || c.Ways > maxWays:
		return fault.Userf("sram %s: %d ways; from 1 to %d, or 0 for fully associative", c.Name, c.Ways, maxWays)
	case c.Policy == TreePLRU && c.Ways&(c.Ways-1) != 0:
		return fault.Userf("sram %s: tree-plru needs a power of two of ways, not %d; choose lru or srrip", c.Name, c.Ways)
	case c.Capacity%(c.Line*units.Bytes(max(1, c.Ways))) != 0:
		return fault.Userf("sram %s: capacity of %d bytes is no whole number of sets of %d lines of %d bytes", c.Name, c.Capacity, max(1, c.Ways), c.Line)
	}
	return nil
}

// sets returns the number of sets, and the lines in each.
func (c Config) sets() (sets, ways int) {
	lines := int(c.Capacity / c.Line)
	if c.Ways == 0 {
		return 1, lines
	}
	return lines / c.Ways, c.Ways
}
