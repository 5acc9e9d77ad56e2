package main

import (
	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine/kernels"
)

// activationFlags say how the engine quantizes activations.
type activationFlags struct {
	activations string
}

func (f *activationFlags) add(cmd *cobra.Command) {
	scales := []string{kernels.PerBlock.String(), kernels.PerToken.String()}
	addChoice(cmd, &f.activations, "activations", scales[0],
		"`scales` of the int8 activations that quantized weights meet: per-block, as llama.cpp has them, or per-token (with --quant q8_0: W8A8)", scales...)
}

func (f *activationFlags) granularity() kernels.Granularity {
	if f.activations == kernels.PerToken.String() {
		return kernels.PerToken
	}
	return kernels.PerBlock
}

// reported is what results say of the choice: nothing, unless it was made.
func (f *activationFlags) reported() string {
	if f.granularity() == kernels.PerBlock {
		return ""
	}
	return f.activations
}

// quantText describes formats of weights and activations in tables.
func quantText(weights, activations string) string {
	if activations == "" {
		return weights
	}
	return weights + ", activations " + activations
}
