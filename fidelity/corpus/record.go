package corpus

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Record is one line of a file of measurements, in its source's spelling. Empty
// cells are zero.
type Record struct {
	File string
	Line int

	ID, Device, SoC, RAM, Runtime, Version, Unit, Threads string
	Model, Shape, Quant, Buffers, KV                      string
	Metric, Length, Spread                                string
	Source, In, Date, Grade, Flags, Note                  string // In: the file or issue of the source
	Overrides, Energy, Disputed                           string

	Printed                         string // Value as it stands in the file
	Value                           float64
	WeightBytes, Resize             int64
	Window, Prompt, Context, Tokens int
	Runs                            int
	Fitted                          bool

	stated map[string]bool // names of the columns that were not empty
}

// A column of a file: its name, the names that others give it, and where its
// cells go.
type column struct {
	name     string
	also     []string
	required bool
	set      func(*Record, string) error
}

func text(field func(*Record) *string) func(*Record, string) error {
	return func(r *Record, s string) error { *field(r) = s; return nil }
}

// columns of a file, in any order.
var columns = []column{
	{"id", nil, false, text(func(r *Record) *string { return &r.ID })},
	{"device", []string{"phone"}, true, text(func(r *Record) *string { return &r.Device })},
	{"soc", nil, false, text(func(r *Record) *string { return &r.SoC })},
	{"ram_gb", nil, false, text(func(r *Record) *string { return &r.RAM })},
	{"runtime", nil, false, text(func(r *Record) *string { return &r.Runtime })},
	{"version", []string{"runtime_version_or_date"}, false, text(func(r *Record) *string { return &r.Version })},
	{"unit", nil, false, text(func(r *Record) *string { return &r.Unit })},
	{"threads", nil, false, text(func(r *Record) *string { return &r.Threads })},
	{"model", nil, true, text(func(r *Record) *string { return &r.Model })},
	{"shape", []string{"arch_note"}, false, text(func(r *Record) *string { return &r.Shape })},
	{"quant", nil, false, text(func(r *Record) *string { return &r.Quant })},
	{"weight_bytes", nil, false, whole(func(r *Record) *int64 { return &r.WeightBytes })},
	{"bytes", nil, false, whole(func(r *Record) *int64 { return &r.Resize })},
	{"buffers", nil, false, text(func(r *Record) *string { return &r.Buffers })},
	{"kv", nil, false, text(func(r *Record) *string { return &r.KV })},
	{"window", nil, false, count(func(r *Record) *int { return &r.Window })},
	{"metric", nil, true, text(func(r *Record) *string { return &r.Metric })},
	{"value", nil, true, setValue},
	{"spread", []string{"stddev_or_range", "stddev"}, false, text(func(r *Record) *string { return &r.Spread })},
	{"runs", nil, false, count(func(r *Record) *int { return &r.Runs })},
	{"length", []string{"context_or_prompt_tokens"}, false, text(func(r *Record) *string { return &r.Length })},
	{"prompt", nil, false, count(func(r *Record) *int { return &r.Prompt })},
	{"context", nil, false, count(func(r *Record) *int { return &r.Context })},
	{"tokens", nil, false, count(func(r *Record) *int { return &r.Tokens })},
	{"source", []string{"source_repo_or_url"}, false, text(func(r *Record) *string { return &r.Source })},
	{"file", []string{"file_or_issue"}, false, text(func(r *Record) *string { return &r.In })},
	{"date", []string{"commit_or_date"}, false, text(func(r *Record) *string { return &r.Date })},
	{"grade", nil, false, text(func(r *Record) *string { return &r.Grade })},
	{"flags", nil, false, text(func(r *Record) *string { return &r.Flags })},
	{"note", nil, false, text(func(r *Record) *string { return &r.Note })},
	{"fitted", nil, false, setFitted},
	{"overrides", nil, false, text(func(r *Record) *string { return &r.Overrides })},
	{"energy", nil, false, text(func(r *Record) *string { return &r.Energy })},
	{"disputed", nil, false, text(func(r *Record) *string { return &r.Disputed })},
}

// named reports whether a heading means the column.
func (c column) named(heading string) bool {
	if c.name == heading {
		return true
	}
	for _, name := range c.also {
		if name == heading {
			return true
		}
	}
	return false
}

func count(field func(*Record) *int) func(*Record, string) error {
	return func(r *Record, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is not a whole number of tokens", s)
		}
		*field(r) = n
		return nil
	}
}

func whole(field func(*Record) *int64) func(*Record, string) error {
	return func(r *Record, s string) error {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is not a whole number of bytes", s)
		}
		*field(r) = n
		return nil
	}
}

func setValue(r *Record, s string) error {
	v, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a number; write it without a unit, which the metric states", s)
	case !(v > 0) || math.IsInf(v, 0):
		return fmt.Errorf("%q is not above zero", s)
	}
	r.Value, r.Printed = v, s
	return nil
}

func setFitted(r *Record, s string) error {
	switch strings.ToLower(s) {
	case "no", "false", "0":
		r.Fitted = false
	case "yes", "true", "1":
		r.Fitted = true
	default:
		return fmt.Errorf("%q is neither true nor false", s)
	}
	return nil
}

// check reports what a record lacks to mean anything.
func (r Record) check() error {
	var problems []error
	if r.Device == "" {
		problems = append(problems, errors.New("device is empty; name a profile, as pixel8pro"))
	}
	if r.Model == "" {
		problems = append(problems, errors.New("model is empty; name a preset, as tinyllama-1.1b"))
	}
	if _, err := names().metric(r.Metric); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// spread of a measurement relative to its value, of a standard deviation
// ("±3.6", "CV 1.9 %") or a range ("12.1..14.0", "12.1 to 14.0").
func spread(text string, value float64) float64 {
	text = strings.TrimSpace(text)
	if m := plusMinus.FindStringSubmatch(text); m != nil {
		return number(m[1]) / value
	}
	if m := variation.FindStringSubmatch(text); m != nil {
		return number(m[1]) / 100
	}
	if m := between.FindStringSubmatch(text); m != nil {
		if low, high := number(m[1]), number(m[2]); high > low {
			return (high - low) / 2 / value
		}
	}
	return 0
}

var (
	plusMinus = regexp.MustCompile(`^(?:±|\+-|\+/-)\s*([\d.]+)$`)
	variation = regexp.MustCompile(`(?i)^cv\s+([\d.]+)`)
	between   = regexp.MustCompile(`([\d.]+\d)\s*(?:\.\.|–|to|-)\s*(\d[\d.]*)`)
)

// number of a text that a pattern has found to be one; 0 where it has two points.
func number(s string) float64 {
	v, err := strconv.ParseFloat(strings.Trim(s, "."), 64)
	if err != nil {
		return 0
	}
	return v
}
