package fit

import (
	"context"
	"math"

	"github.com/memsim/memsim/fidelity/posterior"
)

// Forecast is what the outcome of a fit says of a case.
type Forecast struct {
	*Case
	Log   float64 // ln of the predicted seconds
	Sigma float64 // standard deviation of Log, with the error of the measurement
}

// Forecasts predicts cases with the estimates of a posterior, and says how sure each
// prediction is: by the multipliers' covariance to first order, by the priors of those
// that no measurement has told about, and by the error that a measurement of this
// campaign has.
func Forecasts(ctx context.Context, cases []Case, p *posterior.Posterior, workers int) ([]Forecast, error) {
	out := make([]Forecast, len(cases))
	return out, each(ctx, workers, len(cases), func(i int) error {
		c := &cases[i]
		multipliers := c.Multipliers()
		row := Row{Touches: make([]int, len(multipliers)), LogPredicted: c.LogSeconds}
		logs, slopes := make([]float64, len(multipliers)), make([]float64, len(multipliers))
		for k, m := range multipliers {
			logs[k] = p.Estimate(m.ID())
		}
		log, err := c.LogSeconds(logs)
		if err != nil {
			return err
		}
		for k := range multipliers {
			if slopes[k], err = row.slope(logs, k); err != nil {
				return err
			}
		}
		sigma := c.sigma()
		out[i] = Forecast{c, log, math.Sqrt(p.Variance(multipliers, slopes) + sigma*sigma)}
		return nil
	})
}
