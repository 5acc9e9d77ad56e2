package main

import (
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/fidelity/fit"
)

func main() {
	ctx := context.Background()
	rows, _ := corpus.Published()
	corpus.Hold(rows, corpus.Shipped())
	cases, err := fit.Cases(ctx, rows, 2, nil)
	if err != nil { panic(err) }
	space := fit.SpaceOf(cases)
	p := &fit.Problem{Sigma: space.Sigma, Rows: space.Rows(cases)}
	s, err := p.Solve(ctx, nil, 2)
	if err != nil { panic(err) }
	w, err := p.Without(s, func(int) bool { return false })
	if err != nil { panic(err) }
	type d struct{ id string; x float64 }
	var l []d
	for j := range w.Theta { l = append(l, d{space.IDs[j], w.Theta[j]-s.Theta[j]}) }
	sort.Slice(l, func(a, b int) bool { return math.Abs(l[a].x) > math.Abs(l[b].x) })
	for _, x := range l[:5] { fmt.Println(x) }; fmt.Println("cost", s.Cost)
}
