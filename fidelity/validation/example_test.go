package validation_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/fidelity/validation"
)

// Measurements of one's own, how far the predictions are off, and whether they lie in
// what the predictions state.
func Example() {
	rows, err := corpus.Read("mine.csv", strings.NewReader(
		`device,runtime,threads,model,quant,context,metric,value
Galaxy S23,llama.cpp CPU,4,Llama-3.2-1B-Instruct,Q4_0,64,tokens_per_s,25
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var x validation.Predictor
	report, err := x.Rows(context.Background(), rows, 1, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	p := report.Points[0]
	fmt.Println(p.Device, p.Runtime, p.Model, p.Quant)
	fmt.Println("in the interval:", p.Interval90[0] < p.Measured && p.Measured < p.Interval90[1])
	// Output:
	// galaxys23 llama.cpp-cpu llama3.2-1b q4_0
	// in the interval: true
}
