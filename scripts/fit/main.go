// Command fit fits the multipliers of all profiles to all measurements at once, and
// writes what it finds where the programs read it: devices/fit/multipliers.csv, and
// precision.csv and leftout.csv of fidelity/posterior. Run it from the root of the module when
// measurements, profiles or models of time have changed:
//
//	go run ./scripts/fit
//
// -residuals writes what each row was predicted to be, with its phone and with its
// model left out.
package main

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"os/signal"
	"runtime"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"github.com/memsim/memsim/fidelity/corpus"
	"github.com/memsim/memsim/fidelity/fit"
	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/traces"
)

var residuals = flag.String("residuals", "", "write each row's errors to this CSV file")

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	rows, err := corpus.Published()
	if err != nil {
		return err
	}
	corpus.Hold(rows, corpus.Shipped())
	workers := runtime.NumCPU()
	cases, err := fit.Cases(ctx, rows, fit.Setting{Workers: workers})
	if err != nil {
		return err
	}
	space := fit.SpaceOf(cases)
	problem := &fit.Problem{Sigma: space.Sigma, Rows: space.Rows(cases)}
	fmt.Printf("%d rows, of which %d can be predicted; %d multipliers\n", len(rows), len(cases), len(space.IDs))
	solution, err := problem.Solve(ctx, nil, workers)
	if err != nil {
		return err
	}
	fmt.Printf("cost %.1f\n", solution.Cost)
	if err := writeMultipliers(space, problem, solution); err != nil {
		return err
	}
	if err := writePrecision(solution.Precision); err != nil {
		return err
	}
	return report(ctx, problem, solution, cases)
}

// report prints how well rows are predicted that had no part in the fit: those of a
// phone from all other phones, those of a model from all other models.
func report(ctx context.Context, p *fit.Problem, s *fit.Solution, cases []fit.Case) error {
	var lists [][]fit.Held
	for _, left := range []struct {
		what  string
		group func(*fit.Case) string
	}{
		{"phone", func(c *fit.Case) string { return c.Row.Phone }},
		{"model", func(c *fit.Case) string { return c.Row.Model }},
	} {
		held, err := fit.LeaveOut(ctx, p, s, cases, left.group, runtime.NumCPU())
		if err != nil {
			return err
		}
		lists = append(lists, held)
		for _, unit := range []string{"cpu", "gpu", "npu"} {
			for _, phase := range []traces.Phase{traces.Decode, traces.Prefill} {
				x := fit.ScoreOf(held, func(h fit.Held) bool { return h.Case.Row.Unit == unit && h.Case.Row.Phase() == phase })
				fmt.Printf("%s left out, %s, %s: %d rows, mean error %.0f %%, median %.0f %%, %.0f %% in their 50 %% and %.0f %% in their 90 %% intervals, median half width %.0f %%\n",
					left.what, unit, phase, x.N, x.MAEPct, x.MedianPct, 100*x.Coverage50, 100*x.Coverage90, x.HalfWidthPct)
			}
		}
	}
	if err := reportFew(ctx, p, s, cases); err != nil {
		return err
	}
	if err := writeLeftOut(s, cases, lists[0], lists[1]); err != nil {
		return err
	}
	if *residuals == "" {
		return nil
	}
	prior, err := p.At(ctx, make([]float64, len(p.Sigma)), runtime.NumCPU())
	if err != nil {
		return err
	}
	return writeResiduals(*residuals, prior, s, cases, lists[0], lists[1])
}

// writeLeftOut writes what each row is predicted to be by the fit without its phone and
// by the one without its model.
func writeLeftOut(s *fit.Solution, cases []fit.Case, phone, model []fit.Held) error {
	return writeTable("fidelity/posterior/leftout.csv", []string{"id", "log", "phone_log", "phone_sigma", "model_log", "model_sigma"}, func(w *csv.Writer) error {
		for i := range cases {
			err := w.Write([]string{cases[i].Row.ID, number(s.Residual[i], 4), number(phone[i].Log, 4), number(phone[i].Sigma, 4), number(model[i].Log, 4), number(model[i].Sigma, 4)})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func writeResiduals(path string, prior, s *fit.Solution, cases []fit.Case, phone, model []fit.Held) error {
	header := []string{"id", "phone", "unit", "runtime", "threads", "model", "overrides", "quant", "metric", "prompt", "held", "measured_ms",
		"prior_log", "fitted_log", "phone_out_log", "phone_out_sigma", "model_out_log", "model_out_sigma"}
	return writeTable(path, header, func(w *csv.Writer) error {
		for i := range cases {
			r := cases[i].Row
			if err := w.Write([]string{r.ID, r.Phone, r.Unit, r.Runtime, strconv.Itoa(r.Threads), r.Model, r.Overrides, r.Quant, r.Metric,
				strconv.Itoa(r.Prompt), strconv.Itoa(r.Held()), number(1e3*r.Seconds(), 5), number(prior.Residual[i], 4), number(s.Residual[i], 4),
				number(phone[i].Log, 4), number(phone[i].Sigma, 4), number(model[i].Log, 4), number(model[i].Sigma, 4)}); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeMultipliers(space *fit.Space, p *fit.Problem, s *fit.Solution) error {
	var c mat.Cholesky
	if !c.Factorize(s.Precision) {
		return fmt.Errorf("the posterior has no covariance")
	}
	var covariance mat.SymDense
	if err := c.InverseTo(&covariance); err != nil {
		fmt.Println(err) // of the condition: still usable
	}
	rows := make([]int, len(space.IDs))
	for i := range p.Rows {
		for _, j := range p.Rows[i].Touches {
			rows[j]++
		}
	}
	return writeTable("devices/fit/multipliers.csv", []string{"id", "log", "sigma", "rows"}, func(w *csv.Writer) error {
		for j, id := range space.IDs {
			sigma := math.Sqrt(covariance.At(j, j))
			if err := w.Write([]string{id, number(s.Theta[j], 4), number(sigma, 3), strconv.Itoa(rows[j])}); err != nil {
				return err
			}
		}
		return nil
	})
}

func writePrecision(h *mat.SymDense) error {
	n := h.SymmetricDim()
	return writeTable("fidelity/posterior/precision.csv", []string{"row", "column", "value"}, func(w *csv.Writer) error {
		for i := range n {
			for j := i; j < n; j++ {
				if v := h.At(i, j); v != 0 {
					if err := w.Write([]string{strconv.Itoa(i), strconv.Itoa(j), number(v, 7)}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

func writeTable(path string, header []string, body func(w *csv.Writer) error) error {
	return atomicfile.Write(path, func(out io.Writer) error {
		w := csv.NewWriter(out)
		if err := w.Write(header); err != nil {
			return err
		}
		if err := body(w); err != nil {
			return err
		}
		w.Flush()
		return w.Error()
	})
}

func number(v float64, digits int) string { return strconv.FormatFloat(v, 'g', digits, 64) }
