package devices

import (
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/memsim/memsim/units"
)

// Multiplier is one thing that a fit to measurements may scale: a number of a
// runtime wherever it runs, of a SoC's unit in all phones that have it, or of one
// phone with one runtime. Its logarithm has a normal prior around zero.
type Multiplier struct {
	Scope  string  // runtime, soc or phone
	Name   string  // of the runtime (and the family of its GPU or NPU), of the SoC and its unit, of the phone and its runtime
	Number string  // bandwidth_share, launch, q4_0@i8mm.dequant, ...
	Sigma  float64 // of the prior, of the logarithm

	unit, runtime string // that it belongs to in its device
	apply         func(v *variant, factor float64)
}

// ID is what a fit knows the multiplier by: the same in all devices that share it.
func (m Multiplier) ID() string { return m.Scope + "/" + m.Name + "/" + m.Number }

// Field is the number that the multiplier scales, as a path of its device; of one that
// scales several, the group that they are in.
func (m Multiplier) Field() string {
	switch m.Scope {
	case "runtime", "phone":
		return "runtimes." + m.runtime + "." + m.Number
	case "soc":
		return "units." + m.unit + "." + m.Number
	case "core":
		return "cores." + m.Name + "." + m.Number
	}
	return m.Number
}

// spread is how far machines are from what their public data say, in logarithms, by
// the kind of unit: prior widths that no profile states. They are what measurements
// of the corpus scatter by, from SoC to SoC and from phone to phone with the same SoC:
// sustained clocks, governor, heat, board and build. A CPU is known best; of GPUs and
// NPUs kernels differ and little is published.
type spread struct {
	socBandwidth, socRate                  float64
	phoneBandwidth, phoneRate, phoneLaunch float64
	phonePrompt                            float64 // of products with many tokens from those with one
	isa                                    float64 // of a format on one instruction set from what its profile says
	format                                 float64 // of one format from the others of a runtime, where its profile does not tell them apart
	architecture, model                    float64 // of the time of a kind of model, and of one shape
	prompt                                 float64 // times the last two in prefill
	decodeMonth, prefillMonth              float64 // of builds of a runtime that are a month apart
	run, runPrompt                         float64 // of one measurement from the next, with all else the same
}

func spreadOf(unit string) spread {
	switch unit {
	case "cpu":
		return spread{socBandwidth: 0.15, socRate: 0.12, phoneBandwidth: 0.08, phoneRate: 0.12, phoneLaunch: 0.30, phonePrompt: 0.12,
			isa: 0.35, format: 0.25, architecture: 0.07, model: 0.04, prompt: 1.3, decodeMonth: 0.03, prefillMonth: 0.09, run: 0.07, runPrompt: 0.12}
	case "npu":
		return spread{socBandwidth: 0.22, socRate: 0.40, phoneBandwidth: 0.10, phoneRate: 0.20, phoneLaunch: 0.35, phonePrompt: 0.20,
			format: 0.35, architecture: 0.15, model: 0.08, prompt: 1.5, decodeMonth: 0.04, prefillMonth: 0.12, run: 0.10, runPrompt: 0.16}
	}
	return spread{socBandwidth: 0.15, socRate: 0.35, phoneBandwidth: 0.10, phoneRate: 0.25, phoneLaunch: 0.40, phonePrompt: 0.20,
		format: 0.40, architecture: 0.13, model: 0.08, prompt: 1.5, decodeMonth: 0.04, prefillMonth: 0.18, run: 0.10, runPrompt: 0.16}
}

// variant is the unit and the runtime of a device that a fit may change.
type variant struct {
	device  *Device
	unit    *Unit
	runtime *Runtime

	fitted string  // source of the numbers that change, "" if they are not to be marked
	sigma  float64 // standard error of the multiplier at hand
}

// Multipliers lists what may be scaled in predictions of a unit and a runtime for a
// model whose weights have these formats. Numbers that are facts, and those without
// a range, are not among them. What falls back to another runtime brings that one's.
func (d *Device) Multipliers(u Unit, r Runtime, formats []string) []Multiplier {
	own, other := r.divide(formats)
	out := slices.Concat(ofRuntime(u, r, own), d.ofSoC(u, u.Working(), r.Name), d.ofPhone(r))
	if back, unit := d.FallbackOf(r); back != nil && len(other) > 0 {
		out = slices.Concat(out, ofRuntime(*unit, *back, other), d.ofSoC(*unit, unit.Working(), back.Name), d.ofPhone(*back))
	}
	return out
}

// divide sorts formats into those that the runtime computes with and those that it
// does not.
func (r Runtime) divide(formats []string) (own, other []string) {
	for _, f := range formats {
		if slices.ContainsFunc(r.Arithmetic, func(a Arithmetic) bool { return a.DType == f }) {
			own = append(own, f)
		} else {
			other = append(other, f)
		}
	}
	return own, other
}

// FallbackOf returns the runtime that takes what r has no arithmetic for, and its
// unit; nil if the device has none.
func (d *Device) FallbackOf(r Runtime) (*Runtime, *Unit) {
	if r.Fallback == "" {
		return nil, nil
	}
	for i := range d.Runtimes {
		if back := &d.Runtimes[i]; back.Name == r.Fallback {
			if u, err := d.Unit(back.Unit); err == nil {
				return back, u
			}
		}
	}
	return nil, nil
}

func ofRuntime(u Unit, r Runtime, formats []string) []Multiplier {
	name := r.Name
	if u.Family != "" {
		name += " " + u.Family
	}
	l := listing{scope: "runtime", name: name, unit: u.Name, program: r.Name}
	l.runtime(r)
	for _, f := range slices.Sorted(slices.Values(formats)) {
		l.format(r, f)
	}
	return l.found
}

// ofSoC lists what all runtimes on a unit share, and what all SoCs share that have
// these clusters' cores.
func (d *Device) ofSoC(u Unit, clusters []Cluster, runtime string) []Multiplier {
	chip := d.Chip
	if chip == "" {
		chip = d.Name
	}
	l := listing{scope: "soc", name: chip + " " + u.Name, unit: u.Name, program: runtime}
	l.soc(u)
	var seen []string
	for _, c := range clusters {
		if c.Core == "" || slices.Contains(seen, c.Core) {
			continue
		}
		seen = append(seen, c.Core)
		l.scope, l.name = "core", c.Core
		l.core(c)
	}
	return l.found
}

func (d *Device) ofPhone(r Runtime) []Multiplier {
	l := listing{scope: "phone", name: d.Name + " " + r.Name, unit: r.Unit, program: r.Name}
	s := spreadOf(r.Unit)
	l.add("bandwidth", s.phoneBandwidth, scaleShares)
	l.add("rate", s.phoneRate, scaleWork)
	l.add("prompt_rate", s.phonePrompt, scaleMatMul)
	l.add("launch", s.phoneLaunch, scaleLaunch)
	return l.found
}

// Scaled returns a device in which each multiplier's number is times e to the power
// of its logarithm. The device itself stays as it is. Multipliers of one list are of
// this device.
func (d *Device) Scaled(m []Multiplier, logs []float64) *Device {
	out := *d
	out.SRAM = slices.Clone(d.SRAM)
	if d.Thermal != nil {
		thermal := *d.Thermal
		out.Thermal = &thermal
	}
	out.Units, out.Runtimes = d.only(m)
	v := variant{device: &out}
	for i := range m {
		if v.choose(m[i].unit, m[i].runtime) {
			m[i].apply(&v, math.Exp(logs[i]))
		}
	}
	return &out
}

// only copies the units of the device and those of its runtimes that multipliers are
// of: a prediction on a unit with a runtime needs no others.
func (d *Device) only(m []Multiplier) (units []Unit, runtimes []Runtime) {
	units = slices.Clone(d.Units)
	for i := range units {
		units[i].Rates = slices.Clone(units[i].Rates)
		units[i].Clusters = slices.Clone(units[i].Clusters)
	}
	for i := range d.Runtimes {
		r := &d.Runtimes[i]
		if slices.ContainsFunc(m, func(m Multiplier) bool { return m.runtime == r.Name && m.unit == r.Unit }) {
			runtimes = append(runtimes, *r)
			last := &runtimes[len(runtimes)-1]
			last.Arithmetic = slices.Clone(r.Arithmetic)
		}
	}
	return units, runtimes
}

// choose points the variant to a unit and a runtime of its device; "" is none.
func (v *variant) choose(unit, runtime string) bool {
	if v.unit != nil && v.unit.Name == unit && v.runtime != nil && v.runtime.Name == runtime {
		return true
	}
	v.unit, v.runtime = nil, nil
	for i := range v.device.Units {
		if u := &v.device.Units[i]; u.Name == unit {
			v.unit = u
		}
	}
	for i := range v.device.Runtimes {
		if r := &v.device.Runtimes[i]; r.Name == runtime && r.Unit == unit {
			v.runtime = r
		}
	}
	return unit == "" || v.unit != nil && v.runtime != nil
}

// listing gathers multipliers of one scope and name.
type listing struct {
	scope, name   string
	unit, program string
	found         []Multiplier
}

func (l *listing) add(number string, sigma float64, apply func(v *variant, factor float64)) {
	if sigma > 0 {
		l.found = append(l.found, Multiplier{l.scope, l.name, number, sigma, l.unit, l.program, apply})
	}
}

// runtime lists what all models share.
func (l *listing) runtime(r Runtime) {
	if r.Launch != nil {
		l.add("launch", r.Launch.width(), func(v *variant, f float64) { v.runtime.Launch = multiplied(v, v.runtime.Launch, f) })
	} else {
		l.add("dispatch", r.Dispatch.width(), func(v *variant, f float64) { multiply(v, &v.runtime.Dispatch, f) })
	}
	if r.Barrier != nil {
		l.add("barrier", r.Barrier.PerThread.width(), func(v *variant, f float64) { v.runtime.Barrier = v.runtime.Barrier.times(v, f) })
	}
	if r.Overhead != nil {
		l.add("token_overhead", r.Overhead.width(), func(v *variant, f float64) { v.runtime.Overhead = multiplied(v, v.runtime.Overhead, f) })
	}
	if r.PromptOverhead != nil {
		l.add("prompt_overhead", r.PromptOverhead.width(), func(v *variant, f float64) {
			v.runtime.PromptOverhead = multiplied(v, v.runtime.PromptOverhead, f)
		})
	}
	if r.Handover != nil {
		l.add("handover", r.Handover.width(), func(v *variant, f float64) { v.runtime.Handover = multiplied(v, v.runtime.Handover, f) })
	}
	if r.Overlap != nil {
		l.add("overlap", exposedWidth(*r.Overlap), expose)
	}
	l.add("bandwidth_share", r.BandwidthShare.width(), func(v *variant, f float64) { multiply(v, &v.runtime.BandwidthShare, f) })
	l.add("half_bandwidth", r.HalfBandwidth.width(), func(v *variant, f float64) { multiply(v, &v.runtime.HalfBandwidth, f) })
	l.add("matvec_share", r.MatVecShare.width(), scaleMatVec)
	l.add("compute_share", r.ComputeShare.width(), scaleMatMul)
	if a := r.Attention; a != nil {
		l.add("attention.bandwidth_share", a.Bandwidth.width(), func(v *variant, f float64) {
			v.runtime.Attention = &Shares{*multiplied(v, &v.runtime.Attention.Bandwidth, f), v.runtime.Attention.Compute}
		})
		l.add("attention.compute_share", a.Compute.width(), func(v *variant, f float64) {
			v.runtime.Attention = &Shares{v.runtime.Attention.Bandwidth, *multiplied(v, &v.runtime.Attention.Compute, f)}
		})
	}
}

// format lists what one storage format costs.
func (l *listing) format(r Runtime, dtype string) {
	i := slices.IndexFunc(r.Arithmetic, func(a Arithmetic) bool { return a.DType == dtype })
	if i < 0 {
		return
	}
	a, s := &r.Arithmetic[i], spreadOf(r.Unit)
	matvec := func(v *variant, f float64) {
		a := &v.runtime.Arithmetic[i]
		a.MatVecShare = multiplied(v, or(a.MatVecShare, v.runtime.MatVecShare), f)
	}
	matmul := func(v *variant, f float64) {
		a := &v.runtime.Arithmetic[i]
		a.ComputeShare = multiplied(v, or(a.ComputeShare, v.runtime.ComputeShare), f)
	}
	l.add(dtype+".dequant", a.Dequant.width(), func(v *variant, f float64) { multiply(v, &v.runtime.Arithmetic[i].Dequant, f) })
	l.add(dtype+".matvec_share", ownWidth(a.MatVecShare, s.format), matvec)
	l.add(dtype+".compute_share", ownWidth(a.ComputeShare, s.format), matmul)
	if isa := a.ISA; isa != "" {
		l.add(dtype+"@"+isa+".matvec_share", s.isa, matvec)
		l.add(dtype+"@"+isa+".compute_share", s.isa, matmul)
	}
}

func ownWidth(q *Quantity[units.Ratio], otherwise float64) float64 {
	if q == nil {
		return otherwise
	}
	return q.width()
}

// or is a format's own share, or the runtime's as a number of the format: that the
// profile's file calibrated the runtime's says nothing of the format.
func or(own *Quantity[units.Ratio], runtime Quantity[units.Ratio]) *Quantity[units.Ratio] {
	if own != nil {
		return own
	}
	if runtime.own() {
		runtime.Kind = Estimated
	}
	return &runtime
}

// soc lists what all runtimes on a unit share.
func (l *listing) soc(u Unit) {
	s := spreadOf(u.Name)
	l.add("bandwidth", max(s.socBandwidth, u.Bandwidth.width()), func(v *variant, f float64) { multiply(v, &v.unit.Bandwidth, f) })
	l.add("rate", s.socRate, scaleRates)
}

// core lists what SoCs with a core share.
func (l *listing) core(c Cluster) {
	each := func(apply func(v *variant, c *Cluster, f float64)) func(v *variant, f float64) {
		return func(v *variant, f float64) {
			for i := range v.unit.Clusters {
				if own := &v.unit.Clusters[i]; own.Core == c.Core {
					apply(v, own, f)
				}
			}
		}
	}
	l.add("stream", c.Stream.width(), each(func(v *variant, c *Cluster, f float64) { multiply(v, &c.Stream, f) }))
	if c.Feed != nil {
		l.add("feed", c.Feed.width(), each(func(v *variant, c *Cluster, f float64) { c.Feed = multiplied(v, c.Feed, f) }))
	}
}

func scaleRates(v *variant, f float64) {
	for i := range v.unit.Rates {
		multiply(v, &v.unit.Rates[i].Peak, f)
	}
}

// scaleShares scales what a runtime draws from DRAM.
func scaleShares(v *variant, f float64) {
	r := v.runtime
	multiply(v, &r.BandwidthShare, f)
	if a := r.Attention; a != nil {
		r.Attention = &Shares{*multiplied(v, &a.Bandwidth, f), a.Compute}
	}
}

// scaleWork scales what a runtime reaches of the unit's arithmetic.
func scaleWork(v *variant, f float64) {
	scaleMatVec(v, f)
	scaleMatMul(v, f)
	if a := v.runtime.Attention; a != nil {
		v.runtime.Attention = &Shares{a.Bandwidth, *multiplied(v, &a.Compute, f)}
	}
}

// scaleMatVec scales what products with one token reach, in every format.
func scaleMatVec(v *variant, f float64) {
	r := v.runtime
	multiply(v, &r.MatVecShare, f)
	for i := range r.Arithmetic {
		r.Arithmetic[i].MatVecShare = multiplied(v, r.Arithmetic[i].MatVecShare, f)
	}
}

// scaleMatMul scales what products with many tokens reach, in every format.
func scaleMatMul(v *variant, f float64) {
	r := v.runtime
	multiply(v, &r.ComputeShare, f)
	for i := range r.Arithmetic {
		r.Arithmetic[i].ComputeShare = multiplied(v, r.Arithmetic[i].ComputeShare, f)
	}
}

func scaleLaunch(v *variant, f float64) {
	r := v.runtime
	if r.Launch == nil {
		multiply(v, &r.Dispatch, f)
	}
	r.Launch, r.Overhead, r.PromptOverhead = multiplied(v, r.Launch, f), multiplied(v, r.Overhead, f), multiplied(v, r.PromptOverhead, f)
	if r.Barrier != nil {
		r.Barrier = r.Barrier.times(v, f)
	}
}

func (b *Barrier) times(v *variant, f float64) *Barrier {
	out := *b
	multiply(v, &out.Cycles, f)
	multiply(v, &out.PerThread, f)
	multiply(v, &out.PerCluster, f)
	return &out
}

// expose scales the share of fetch and arithmetic that does not overlap.
func expose(v *variant, f float64) {
	out := *v.runtime.Overlap
	if out.Kind == Override {
		return
	}
	out.Value = units.Ratio(1 - min(1, (1-float64(out.Value))*f))
	if v.fitted != "" {
		out.Kind, out.Source = Calibrated, v.fitted
	}
	v.runtime.Overlap = &out
}

// amount is a value that can be scaled.
type amount interface{ ~int64 | ~float64 }

// multiply scales a number, unless the user set it for this run or a profile's own file
// has calibrated it.
func multiply[U amount](v *variant, q *Quantity[U], f float64) {
	if q.Kind == Override || q.own() {
		return
	}
	q.Value = U(float64(q.Value) * f)
	if v.fitted != "" {
		q.Value = U(fourDigits(float64(q.Value)))
	}
	if v.fitted != "" && q.Value != 0 {
		q.Kind, q.Source = Calibrated, v.fitted
		q.widen()
		q.Uncertainty = units.Ratio(math.Hypot(float64(q.Uncertainty), v.sigma))
	}
}

// own reports whether the number was calibrated by the profile's own file, and not by
// the shipped fit.
func (q *Quantity[U]) own() bool {
	return q.Kind == Calibrated && !strings.HasPrefix(q.Source, FitSource)
}

// widen extends the range of a number to hold its value.
func (q *Quantity[U]) widen() {
	if q.Range == nil {
		return
	}
	low, high := q.Range.Low, q.Range.High
	value := magnitude(reflect.ValueOf(q.Value))
	if value < magnitude(reflect.ValueOf(low)) {
		low = q.Value
	}
	if value > magnitude(reflect.ValueOf(high)) {
		high = q.Value
	}
	q.Range = &Range[U]{low, high}
}

// fourDigits rounds a fitted value to what is worth stating.
func fourDigits(x float64) float64 {
	if x == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(x)))-3)
	if unit < 1 {
		return math.Round(x*math.Round(1/unit)) / math.Round(1/unit)
	}
	return math.Round(x/unit) * unit
}

func multiplied[U amount](v *variant, q *Quantity[U], f float64) *Quantity[U] {
	if q == nil {
		return nil
	}
	out := *q
	multiply(v, &out, f)
	return &out
}

// central is how many standard deviations the central 90 % reach to each side.
const central = 1.6449

// logWidth is the standard deviation of the logarithm of a number whose range is the
// central 90 %.
func logWidth(value, low, high float64) float64 {
	if value <= 0 || high <= 0 {
		return 0
	}
	return math.Log(high/max(low, value/20)) / (2 * central)
}

// exposedWidth is width of what a share leaves.
func exposedWidth(q Quantity[units.Ratio]) float64 {
	if q.Range == nil || q.Kind == Override {
		return 0
	}
	least, most := 1-float64(q.Range.High), 1-float64(q.Range.Low)
	return math.Log(most/max(least, 0.02)) / (2 * central)
}

// Own reports whether the multiplier is one phone's alone: a copy of its profile under
// another name loses what was fitted to it.
func (m Multiplier) Own(phone string) bool {
	return m.Scope == "phone" && strings.HasPrefix(m.Name, phone+" ")
}
