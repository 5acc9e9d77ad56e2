package main

import (
	"context"
	"fmt"
	"os"
	"math"

	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/fidelity/fit"
)

func main() {
	phone := os.Args[1]
	ctx := context.Background()
	rows, _ := corpus.Published()
	corpus.Hold(rows, corpus.Shipped())
	cases, err := fit.Cases(ctx, rows, 2, nil)
	if err != nil { panic(err) }
	var in, out []fit.Case
	for _, c := range cases { if c.Row.Phone == phone { out = append(out, c) } else { in = append(in, c) } }
	space := fit.SpaceOf(cases)
	p := &fit.Problem{Sigma: space.Sigma, Rows: space.Rows(in)}
	s, err := p.Solve(ctx, nil, 2)
	if err != nil { panic(err) }
	q := space.Rows(out)
	sum, n := map[string]float64{}, map[string]int{}
	for i := range out {
		th := make([]float64, len(q[i].Touches))
		for k, j := range q[i].Touches { th[k] = s.Theta[j] }
		v, _ := q[i].LogPredicted(th)
		k := out[i].Row.Runtime+" "+string(out[i].Row.Phase())
		e := v - q[i].LogMeasured
		sum[k] += math.Abs(math.Expm1(e)); n[k]++
		if len(os.Args) > 2 && out[i].Row.Quant == os.Args[2] && out[i].Row.Model == os.Args[3] {
			fmt.Println(out[i].Row, e)
			for k, j := range q[i].Touches { if math.Abs(th[k])>0.02 { fmt.Printf("   %-60s %+.3f  prior sigma %.3f\n", space.IDs[j], th[k], space.Sigma[j]) } }
		}
	}
	for k := range sum { fmt.Printf("%s: %d rows %.0f %%\n", k, n[k], 100*sum[k]/float64(n[k])) }
}
