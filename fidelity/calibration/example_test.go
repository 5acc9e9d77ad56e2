package calibration_test

import (
	"context"
	"fmt"

	"github.com/memsim/memsim/fidelity/calibration"
	"github.com/memsim/memsim/fidelity/validation"
)

// A phone whose kernels reach 72 % of the bandwidth, where its profile says 88 %:
// the speed of two models leads the fit most of the way, and the profile's own
// figure holds it back a little.
func ExampleFit() {
	const share = "runtimes.executorch-xnnpack.bandwidth_share"
	ctx := context.Background()
	var x validation.Predictor
	var measured []validation.Point
	for _, p := range []validation.Point{
		{Model: "smollm-135m", Overrides: "layers=10", Quant: "bf16"},
		{Model: "mobilellm-350m", Overrides: "layers=6", Quant: "f16"},
	} {
		p.Device, p.Runtime, p.Context, p.Metric, p.Value = "oneplus12", "executorch-cpu", 8, validation.TokensPerS, 1
		stopwatch, err := x.Predict(ctx, p, share+"=60%") // what it would show
		if err != nil {
			fmt.Println(err)
			return
		}
		p.Value = stopwatch.Value
		measured = append(measured, p)
	}

	fit, err := calibration.Fit(ctx, &x, measured, []string{share})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fit.Numbers[0].Path)
	fmt.Println("off by more than 10 % before:", fit.Before > 10)
	fmt.Println("off by less than 2 % after:", fit.After < 2)
	// Output:
	// runtimes.executorch-xnnpack.bandwidth_share
	// off by more than 10 % before: true
	// off by less than 2 % after: true
}
