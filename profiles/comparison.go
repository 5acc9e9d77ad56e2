package profiles

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/memsim/memsim/sim"
)

// Comparison is the answer of one command: models on one device. Its JSON form
// is a contract with the scripts of users.
type Comparison struct {
	Memsim  string `json:"memsim"`            // version of the program
	Device  string `json:"device"`            // name of the profile, as typed
	Unit    string `json:"unit"`              // cpu, gpu, npu
	Title   string `json:"title,omitempty"`   // the device as people call it
	Runtime string `json:"runtime,omitempty"` // inference program whose costs were assumed
	Energy  string `json:"energy,omitempty"`  // device, or paper
	// Notes say what a reader must know to read the figures rightly: synthetic
	// weights, a calibrated number, a model that does not fit.
	Notes []string `json:"notes,omitempty"`
	// Results are in the order asked for; the first is the baseline.
	Results []sim.Result `json:"results"`
	// WhatIf are changes of the machine or of the first model, each replayed alone.
	WhatIf []WhatIf `json:"what_if,omitempty"`
}

// Validate reports the first figure that is not a finite number, which no
// output format could carry.
func (c Comparison) Validate() error {
	for i := range c.Results {
		for _, f := range Figures {
			if v := f.Value(&c.Results[i]); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("result %d (%s): %s is %v; a replay must yield finite numbers", i, c.Results[i].Model, f.Key, v)
			}
		}
	}
	return nil
}

// Heading names the device, the unit and the runtime on one line.
func (c Comparison) Heading() string {
	title := c.Title
	if title == "" {
		title = c.Device
	}
	parts := []string{title}
	for _, s := range []string{c.Unit, c.Runtime} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	heading := strings.Join(parts, ", ")
	if c.Energy != "" && c.Energy != "device" {
		heading += ", energy as " + c.Energy
	}
	return heading
}

// WriteJSON writes c as one indented JSON object with a final newline.
func WriteJSON(w io.Writer, c Comparison) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if c.Results == nil {
		c.Results = []sim.Result{} // "results": [], never null
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(c)
}
