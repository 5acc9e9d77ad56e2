// Package html writes a report: one HTML file that says in a line what a token
// costs and why, and shows it in charts.
//
// The mental model: a Report compares models on one device. Each model collects
// its ledger as it streams by, into sums by operator, layer and tensor and into
// a fixed number of time bins; Write turns those into charts (as options made
// with go-echarts), tables and data to download.
//
//	Report ──Model──▶ Model ◀──Add── sim.Row
//	   └────Write──▶ file: words, figures side by side, then for each model
//	                 traffic over time, by layer and kind; time and energy by
//	                 layer; operators; roofline; miss curve; tensors; and every
//	                 number of the device with its source
//
// The file is whole: the chart library is inside, a content security policy
// forbids any network access, and it opens from a mail attachment. Names come
// from model files and are not trusted: they reach the page as text, in JSON
// whose angle brackets are escaped, or through a template that escapes them.
//
// # Caveats
//
// Figures of layers and operators are means over the decode steps (over the
// prompt, in a run without any). Traffic is spread evenly over the span of an
// operator. The roofline counts the bytes that DRAM moved, so an operator whose
// weights stay in SRAM stands further right than its arithmetic alone would.
package html

import (
	"fmt"
	"io"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/totals"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// Report collects the models that it compares.
type Report struct {
	device  *devices.Device
	unit    string
	runtime string
	models  []*Model
}

// New returns an empty report. A nil device leaves out the roofs of the
// roofline and the table of the device's numbers; unit and runtime are names
// that the device has, "" its defaults.
func New(device *devices.Device, unit, runtime string) *Report {
	return &Report{device: device, unit: unit, runtime: runtime}
}

// Model is one model of a report.
type Model struct {
	report  *Report // whose device the rows are of
	header  traces.Header
	sums    totals.Totals
	traffic traffic
	misses  misses
	steps   []decodeStep
	closeUp closeUp
}

// Model adds a model; models stand in the order of the results given to Write.
func (r *Report) Model(h traces.Header) *Model {
	m := &Model{report: r, header: h, misses: newMisses(r.line())}
	r.models = append(r.models, m)
	return m
}

// Add adds a row of the model's ledger. It keeps no reference to row.
func (m *Model) Add(row *sim.Row) {
	m.sums.Add(row)
	m.traffic.add(row)
	m.misses.add(row)
	m.step(row)
	m.closeUp.add(row)
}

// Write writes the report. The results of c belong to the models of the report,
// in their order.
func (r *Report) Write(w io.Writer, c profiles.Comparison) error {
	if len(c.Results) != len(r.models) {
		return fmt.Errorf("report: %d results for %d models", len(c.Results), len(r.models))
	}
	if err := c.Validate(); err != nil {
		return err
	}
	p, err := r.page(c)
	if err != nil {
		return err
	}
	return layout().Write(w, p)
}
