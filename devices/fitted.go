package devices

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"
	"sync"
)

// Estimate is what a fit to measurements says of one multiplier.
type Estimate struct {
	ID    string
	Log   float64 // of the multiplier
	Sigma float64 // standard error of Log
	Rows  int     // measurements that told about it
}

//go:embed fit/multipliers.csv
var fitted string

// Estimates returns the multipliers of the shipped fit, in the order of its file.
var Estimates = sync.OnceValues(func() ([]Estimate, error) { return readEstimates(fitted) })

// estimatesByID is Estimates by ID.
var estimatesByID = sync.OnceValues(func() (map[string]Estimate, error) {
	list, err := Estimates()
	by := make(map[string]Estimate, len(list))
	for _, e := range list {
		by[e.ID] = e
	}
	return by, err
})

func readEstimates(text string) ([]Estimate, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment, r.FieldsPerRecord = '#', 4
	records, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("devices/fit/multipliers.csv: %w", err)
	}
	var out []Estimate
	for _, f := range records[min(1, len(records)):] {
		log, errLog := strconv.ParseFloat(f[1], 64)
		sigma, errSigma := strconv.ParseFloat(f[2], 64)
		rows, errRows := strconv.Atoi(f[3])
		if errLog != nil || errSigma != nil || errRows != nil {
			return nil, fmt.Errorf("devices/fit/multipliers.csv: %s: write the logarithm, its standard error and a count of rows", f[0])
		}
		out = append(out, Estimate{f[0], log, sigma, rows})
	}
	return out, nil
}

// FitSource begins the source of each number that the shipped fit changed.
const FitSource = "one fit to all measurements"

// calibrate puts the shipped fit's numbers in the place of the profile's own, and
// marks them as calibrated.
func (d *Device) calibrate() error {
	estimates, err := estimatesByID()
	if err != nil {
		return err
	}
	d.scaleBy(estimates)
	return nil
}

// LoadRefitted is Load with estimates that replace the shipped fit's or join them.
func LoadRefitted(nameOrPath string, estimates []Estimate) (*Device, error) {
	d, err := LoadPrior(nameOrPath, nil)
	if err != nil {
		return nil, err
	}
	shipped, err := estimatesByID()
	if err != nil {
		return nil, err
	}
	all := maps.Clone(shipped)
	for _, e := range estimates {
		all[e.ID] = e
	}
	d.scaleBy(all)
	return d, nil
}

// scaleBy scales the device's numbers by the estimates of multipliers, by ID.
func (d *Device) scaleBy(estimates map[string]Estimate) {
	d.stretches = map[string]float64{}
	for id, e := range estimates {
		if strings.HasPrefix(id, "model/") {
			d.stretches[id] = math.Exp(e.Log)
		}
	}
	for i := range d.Units {
		u := &d.Units[i]
		v := variant{device: d, unit: u}
		v.apply(d.ofSoC(*u, u.Clusters, ""), estimates)
		for j := range d.Runtimes {
			if r := &d.Runtimes[j]; r.Unit == u.Name {
				v.runtime = r
				v.apply(append(ofRuntime(*u, *r, r.formats()), d.ofPhone(*r)...), estimates)
				if r.Launch != nil {
					r.Dispatch.Value = r.LaunchOn(u.WithThreads(r.ThreadsOn(*u)))
					r.Dispatch.widen()
				}
			}
		}
	}
}

// OfModel lists the multipliers of the time that a runtime on a unit takes for a
// model in one phase, "prefill" or "decode": that of its kind, launches that an engine
// makes and ours does not, kernels that a backend lacks; and that of its shape.
// Models that differ in layers and sharing alone have one shape.
func OfModel(u Unit, r Runtime, m ModelShape, phase string) []Multiplier {
	name := r.Name
	if u.Family != "" {
		name += " " + u.Family
	}
	s := spreadOf(u.Name)
	if phase == "prefill" {
		s.architecture, s.model = s.architecture*s.prompt, s.model*s.prompt
	}
	shape := fmt.Sprintf("%s %s %dx%dx%d", name, m.Architecture, m.Dim, m.FFN, m.Vocab)
	none := func(*variant, float64) {}
	return []Multiplier{
		{Scope: "model", Name: name + " " + m.Architecture, Number: phase, Sigma: s.architecture, apply: none},
		{Scope: "model", Name: shape, Number: phase, Sigma: s.model, apply: none},
	}
}

// OfBuild lists the multipliers of the time that a build of a runtime takes in one
// phase, so many months from the one that the fit is of. Kernels get better, and now
// and then worse: how far two builds are apart grows with the root of the time between
// them. The build that the fit is of has none.
func OfBuild(u Unit, r Runtime, build string, months float64, phase string) []Multiplier {
	s := spreadOf(u.Name)
	sigma := s.decodeMonth
	if phase == "prefill" {
		sigma = s.prefillMonth
	}
	if sigma *= math.Sqrt(math.Abs(months)); sigma == 0 {
		return nil
	}
	return []Multiplier{{Scope: "build", Name: r.Name + " " + build, Number: phase, Sigma: sigma, apply: func(*variant, float64) {}}}
}

// Run is the multiplier of one run of a runtime on a device in one phase: what a
// measurement scatters by where nothing else is known of it. It is the same for all
// models of one run.
func (d *Device) Run(u Unit, phase string) Multiplier {
	s := spreadOf(u.Name)
	m := Multiplier{Scope: "run", Name: d.Name + " " + u.Name, Number: phase, Sigma: s.run, apply: func(*variant, float64) {}}
	if phase == "prefill" {
		m.Sigma = s.runPrompt
	}
	return m
}

// ModelShape is what tells models apart for a runtime.
type ModelShape struct {
	Architecture    string
	Dim, FFN, Vocab int
}

// Stretch is the factor that the shipped fit found for the time of a model on a
// runtime, 1 where no measurement told.
func (d *Device) Stretch(u Unit, r Runtime, m ModelShape, phase string) float64 {
	stretch := 1.0
	if len(d.stretches) == 0 {
		return stretch
	}
	for _, x := range OfModel(u, r, m, phase) {
		if f, ok := d.stretches[x.ID()]; ok {
			stretch *= f
		}
	}
	return stretch
}

// apply scales by the estimates of multipliers, as far as there are any.
func (v *variant) apply(multipliers []Multiplier, estimates map[string]Estimate) {
	for _, m := range multipliers {
		e, ok := estimates[m.ID()]
		if !ok {
			continue
		}
		v.sigma = e.Sigma
		v.fitted = fmt.Sprintf(FitSource+": %s × %.3g, of %d rows", m.ID(), math.Exp(e.Log), e.Rows)
		m.apply(v, math.Exp(e.Log))
	}
}

func (r Runtime) formats() []string {
	var out []string
	for _, a := range r.Arithmetic {
		out = append(out, a.DType)
	}
	return out
}
