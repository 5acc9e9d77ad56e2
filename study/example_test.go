package study_test

import (
	"context"
	"fmt"
	"log"

	"github.com/memsim/memsim/study"
)

// What does a token cost on an iPhone 13, and what if its layers share weights?
func Example() {
	answers, err := study.Ask(context.Background(), study.Question{
		Models:   []study.Model{{Ref: "mobilellm-125m", Quant: "f16"}, {Ref: "mobilellm-ls-125m", Quant: "f16"}},
		Machines: []study.Hardware{{Device: "iphone13"}},
		Lengths:  study.Lengths{Prompt: 16, Tokens: 2},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range answers[0].Results {
		fmt.Printf("%s: %.0f ms, %.0f MB from DRAM\n", r.Model, r.LatencyMS, r.DRAMBytesPerToken/1e6)
	}
	// Output:
	// mobilellm-125m: 15 ms, 250 MB from DRAM
	// mobilellm-ls-125m: 16 ms, 250 MB from DRAM
}
