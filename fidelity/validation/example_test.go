package validation_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/memsim/memsim/fidelity/validation"
)

// A measurement of one's own, and how far the prediction is off.
func Example() {
	points, err := validation.Read("mine.csv", strings.NewReader(
		`device,runtime,unit,model,quant,context,metric,value,fitted,source
iphone13,executorch-mps,gpu,mobilellm-ls-125m,f16,32,ms_per_token,16.0,no,"MobileLLM, table 7"
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var x validation.Predictor
	p, err := x.Predict(context.Background(), points[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("within 5 %%: %t\n", validation.ErrorPct(p.Value, points[0].Value) < 5)
	// Output: within 5 %: true
}
