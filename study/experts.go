package study

import (
	"math"
	"os"

	"github.com/dustin/go-humanize"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/experts"
	"github.com/memsim/memsim/units"
)

// Experts says, as a user does, how a runtime streams the experts of a mixture.
// The zero value does not: their weights are as all others.
type Experts struct {
	Cache   string // a size, such as 4GB; "0" reads each expert each time, "" does not stream
	Policy  string // lru, lfu or pinned; "" is lru
	Lanes   int    // threads that read; 0 is DefaultLanes
	Overlap bool   // reads hide behind arithmetic
}

// DefaultLanes is how many threads read experts unless the user says: as many as
// the flash of phones gains from.
const DefaultLanes = 4

// config reads the sizes and names; a mistake in them is the user's.
func (e Experts) config() (*sim.ExpertCache, error) {
	if e.Cache == "" {
		if e != (Experts{}) {
			return nil, fault.Userf("--expert-policy, --io-lanes and --overlap say how experts are streamed; give the size of their cache with --expert-cache, such as 4GB (0: none)")
		}
		return nil, nil
	}
	size, err := humanize.ParseBytes(e.Cache)
	if err != nil || size > math.MaxInt64 {
		return nil, fault.Userf("--expert-cache %q is no size; write a number and a unit, such as 4GB", e.Cache)
	}
	c := &sim.ExpertCache{Capacity: units.Bytes(size), Policy: experts.Policy(e.Policy), Lanes: e.Lanes, Overlap: e.Overlap}
	if c.Policy == "" {
		c.Policy = experts.LRU
	}
	if c.Lanes == 0 {
		c.Lanes = DefaultLanes
	}
	return c, c.Validate()
}

// ReadRoutes reads the file of routes at path.
func ReadRoutes(path string) (*experts.Routes, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, fault.Userf("--routes %s: it is no regular file; give a file of comma-separated values", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Userf("--routes: %w", err)
	}
	defer f.Close()
	return experts.ReadRoutes(path, f)
}

// routes returns what chooses the experts of a session without arithmetic: what
// was recorded, or a skew.
func (r *Recording) routes() (engine.Routes, error) {
	switch {
	case r.Routes == nil && r.RouteSkew == nil:
		return nil, nil
	case r.Routes == nil:
		return engine.SkewedRoutes{Skew: *r.RouteSkew, Seed: r.Seed}, nil
	case !r.ShapeOnly:
		return nil, fault.Userf("--routes: a model that is computed chooses its own experts; add --shape-only")
	case r.Context+r.Prompt+r.Tokens > r.Routes.Positions():
		return nil, fault.Userf("--routes hold %d positions (%d of a prompt); the run takes %d: lower --prompt-tokens or --tokens", r.Routes.Positions(), r.Routes.Prompt, r.Context+r.Prompt+r.Tokens)
	}
	return r.Routes, nil
}
