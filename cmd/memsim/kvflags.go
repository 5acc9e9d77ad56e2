package main

import (
	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/quant"
)

// kvFlags say how keys and values are cached.
type kvFlags struct {
	kvQuant string
}

func (f *kvFlags) add(cmd *cobra.Command) {
	var formats []string
	for _, t := range kernels.CacheTypes() {
		formats = append(formats, string(t))
	}
	addChoice(cmd, &f.kvQuant, "kv-quant", string(quant.F16), "`format` of the KV cache: f32, f16, q8_0 or q4_0", formats...)
}

func (f *kvFlags) format() quant.Type { return quant.Type(f.kvQuant) }
