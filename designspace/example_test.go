package designspace_test

import (
	"context"
	"fmt"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/sim/sweep"
	"github.com/memsim/memsim/study"
)

// Three depths of 125 million parameters on one phone: the shape is solved for,
// its movement is recorded and replayed, no weight is made.
func ExampleExplorer() {
	base, err := model.Preset("mobilellm-125m")
	if err != nil {
		fmt.Println(err)
		return
	}
	x := &designspace.Explorer{
		Machines: designspace.NewMachines(study.Hardware{Device: "iphone13"}),
		Base:     base, Quant: "q8_0", PromptTokens: 1, Tokens: 1, Params: 125e6, Solve: "dim",
	}
	depths, err := sweep.ParseAxis("layers", "12,30,60")
	if err != nil {
		fmt.Println(err)
		return
	}
	space, err := sweep.NewSpace([]sweep.Axis{depths})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sweep.Run(context.Background(), space, space.All(), 1, x.Evaluate, func(r sweep.Row) error {
		fmt.Printf("%s: width %d, %.1fM parameters\n", r.Point, r.Result.Dim, float64(r.Result.Params)/1e6)
		return r.Invalid
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// layers=12: width 960, 125.5M parameters
	// layers=30: width 576, 124.6M parameters
	// layers=60: width 384, 124.4M parameters
}
