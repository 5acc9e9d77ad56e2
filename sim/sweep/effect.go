package sweep

import "math"

// Effect is what a parameter of the device does to a figure of a result at one
// point.
type Effect struct {
	Path       string  `json:"path"` // of the parameter, as --set takes it
	Value      string  `json:"value"`
	Low        string  `json:"low"` // ends of the parameter's plausible range, with units
	High       string  `json:"high"`
	Base       float64 `json:"base"` // the figure as the profile is
	AtLow      float64 `json:"at_low"`
	AtHigh     float64 `json:"at_high"`
	Elasticity float64 `json:"elasticity"` // percent of the figure for a percent of the parameter, at its value
}

// Swing is how far the figure moves within the parameter's range.
func (e Effect) Swing() float64 {
	low, high := min(e.AtLow, e.AtHigh, e.Base), max(e.AtLow, e.AtHigh, e.Base)
	return math.Abs(high - low)
}
