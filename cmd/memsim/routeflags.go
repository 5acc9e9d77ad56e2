package main

import (
	"math"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/study"
)

// routeFlags say which experts a mixture chooses where nothing is computed.
type routeFlags struct {
	file string
	skew float64
	cmd  *cobra.Command
}

func (r *routeFlags) add(cmd *cobra.Command) {
	r.cmd = cmd
	f := cmd.Flags()
	f.StringVar(&r.file, "routes", "", "`file` of the experts that each layer of a mixture chose for each token: columns phase, step, layer, expert (with --shape-only)")
	f.Float64Var(&r.skew, "route-skew", engine.DefaultSkew, "`skew` of drawn experts: the one of rank r weighs (r+1)^-skew (with --shape-only; 0: all alike)")
	completeWithFiles(cmd, "routes")
}

// into sets the routes of a recording.
func (r *routeFlags) into(list ...*study.Recording) error {
	skewed := r.cmd.Flags().Changed("route-skew")
	switch {
	case r.file != "" && skewed:
		return fault.Userf("--routes and --route-skew both choose experts; drop one of them")
	case skewed && !(r.skew >= 0 && r.skew <= 10) || math.IsNaN(r.skew):
		return fault.Userf("--route-skew %v: give a number from 0 (all alike) to 10", r.skew)
	case r.file == "" && !skewed:
		return nil
	}
	for _, recording := range list {
		if skewed {
			recording.RouteSkew = &r.skew
			continue
		}
		routes, err := study.ReadRoutes(r.file)
		if err != nil {
			return err
		}
		recording.Routes = routes
	}
	return nil
}
