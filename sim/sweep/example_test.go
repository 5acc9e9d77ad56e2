package sweep_test

import (
	"context"
	"fmt"
	"log"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/sim/sweep"
)

// A point that cannot be is a row too.
func Example() {
	layers, err := sweep.ParseAxis("layers", "4:8:2")
	if err != nil {
		log.Fatal(err)
	}
	space, err := sweep.NewSpace([]sweep.Axis{layers})
	if err != nil {
		log.Fatal(err)
	}
	evaluate := func(_ context.Context, p sweep.Point) (sim.Result, error) {
		if n, _ := p.Value("layers"); n == "6" {
			return sim.Result{}, fault.Userf("six layers are unlucky")
		}
		return sim.Result{LatencyMS: 1.5}, nil
	}
	err = sweep.Run(context.Background(), space, space.All(), 2, evaluate, func(r sweep.Row) error {
		fmt.Println(r.Point, r.Result.LatencyMS, r.Invalid)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// layers=4 1.5 <nil>
	// layers=6 0 six layers are unlucky
	// layers=8 1.5 <nil>
}
