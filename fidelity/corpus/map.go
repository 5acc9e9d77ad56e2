package corpus

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/traces"
)

const prefill = traces.Prefill

// Map puts a record into the names and units of memsim. What stands in the way
// of a prediction is in the row's Exclude; the other fields are filled as far as
// they are known.
func Map(r Record) Row { return remap(r, "") }

// remap is Map of a record of a device that is known to be phone; "" is by its name.
func remap(r Record, phone string) Row {
	t := names()
	row := Row{
		ID: r.ID, Threads: leading(r.Threads), RAMGiB: leading(r.RAM), Overrides: r.Overrides, Resize: r.Resize, KVDType: strings.ToLower(r.KV),
		Source: sourceOf(r), Grade: r.Grade, Fitted: r.Fitted, Energy: r.Energy, Record: r,
	}
	if row.ID == "" {
		row.ID = fmt.Sprintf("%s:%d", path.Base(r.File), r.Line)
	}
	row.Build, row.Month = build(r), month(r)
	t.readNote(&row, &r)
	t.setFlags(&row, r)
	t.setMetric(&row, r)
	t.setNames(&row, r, phone)
	t.setLengths(&row, r)
	t.finishMetric(&row, r)
	return row
}

// leading is the first number of a cell such as "4 (default)"; 0 for none.
func leading(cell string) int {
	n := 0
	for _, c := range cell {
		if c < '0' || c > '9' || n > 1<<12 {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// build names the build of a record's runtime: what the source calls it, and its
// version, or else where it is spoken of.
func build(r Record) string {
	version := r.Version
	if version == "" {
		version = r.In
	}
	return strings.TrimSuffix(r.Runtime+", "+version, ", ")
}

var stated = regexp.MustCompile(`\b(20[23]\d)(?:-(0[1-9]|1[0-2]))?\b`)

// month is when a record's build was made, as far as it says; the middle of a year
// that is stated alone.
func month(r Record) int {
	for _, text := range []string{r.Version, r.Runtime, r.Date} {
		m := stated.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		year, _ := strconv.Atoi(m[1])
		of := 6
		if m[2] != "" {
			of, _ = strconv.Atoi(m[2])
		}
		return 12*(year-2020) + of
	}
	return 0
}

func sourceOf(r Record) string {
	parts := slices.DeleteFunc([]string{r.Source, r.In, r.Date}, func(s string) bool { return s == "" })
	return strings.Join(parts, ", ")
}

var (
	buffersNoted = regexp.MustCompile(`weights MiB by buffer ([^(;]*)`)
	kvNamed      = regexp.MustCompile(`(?i)(?:, KV (f16|f32|q8_0)$|\b(f16|f32|q8_0) KV\b)`)
	kvNoted      = regexp.MustCompile(`\bKV (f16|f32|q8_0|q4_0) [\d.]+ MiB at n_ctx (\d+)`)
)

// readNote takes from a remark what columns of our own files hold: buffers of
// weights, type and length of the KV cache.
func (t *tables) readNote(row *Row, r *Record) {
	list := r.Buffers
	if m := buffersNoted.FindStringSubmatch(r.Note); list == "" && m != nil {
		list = strings.NewReplacer(":", "=", "-REPACK", "_repack").Replace(m[1])
	}
	for _, field := range strings.Fields(list) {
		name, size, ok := strings.Cut(field, "=")
		if mib := number(size); ok && mib >= 0 {
			row.Buffers = append(row.Buffers, Buffer{strings.ToLower(name), mib})
		}
	}
	if m := kvNoted.FindStringSubmatch(r.Note); m != nil && row.KVDType == "" {
		row.KVDType, r.Window = m[1], int(number(m[2]))
		r.state("window")
	}
	for _, text := range []string{r.Quant, r.Note} {
		if m := kvNamed.FindStringSubmatch(text); m != nil && row.KVDType == "" {
			row.KVDType = strings.ToLower(m[1] + m[2])
		}
	}
	r.Quant = kvNamed.ReplaceAllString(r.Quant, "")
}

// setFlags collects the flags of a record and those that phrases of its remark
// set, and leaves the row out where one of them says so.
func (t *tables) setFlags(row *Row, r Record) {
	row.Flags = strings.Fields(r.Flags)
	note := strings.ToLower(r.Note)
	for _, n := range t.notes {
		if strings.Contains(note, n.phrase) && !row.has(n.flag) {
			row.Flags = append(row.Flags, n.flag)
		}
	}
	if strings.HasPrefix(r.Length, "sustained") && !row.has("sustained") {
		row.Flags = append(row.Flags, "sustained")
	}
	for _, s := range t.sources {
		if mentions(r.Source, s.source) && mentions(r.Device, s.device) && mentions(r.Runtime, s.runtime) && !row.has(s.flag) {
			row.Flags = append(row.Flags, s.flag)
		}
	}
	if r.Disputed != "" {
		row.exclude("disputed", r.Disputed)
	}
	for _, kind := range Kinds {
		for _, flag := range row.Flags {
			name, of, _ := strings.Cut(flag, "=")
			e, ok := t.flags[name]
			if !ok {
				row.exclude("unfit", fmt.Sprintf("flag %q is not known", name))
			}
			if e.Kind != kind {
				continue
			}
			if of != "" {
				e.Reason += ", " + of
			}
			row.exclude(e.Kind, e.Reason)
		}
	}
}

// mentions reports whether a text holds words, in any case.
func mentions(text, words string) bool { return strings.Contains(strings.ToLower(text), words) }

// setMetric sets metric and value. Decode speed of a warm device is a metric of
// its own.
func (t *tables) setMetric(row *Row, r Record) {
	m, err := t.metric(r.Metric)
	if err != nil { // ReadRecords refuses it; a record made by hand may hold it
		row.exclude("length", err.Error())
	}
	row.Metric, row.Value, row.Spread = m.metric, r.Value*m.factor, spread(r.Spread, r.Value)
	if row.Metric == prefillMS {
		row.Metric = FirstTokenMS // until the length of the prompt is known
	}
	if row.Metric == TokensPerS && row.has("sustained") {
		row.Metric = SustainedPerS
	}
}

// most is the time to first token at a full context, as one vendor states it
// beside that of one pass.
var most = regexp.MustCompile(`^max ([\d.]+)`)

const prefillMS = "prefill_ms"

// finishMetric does what needs the length of the prompt: a time to first token of
// an unknown prompt means nothing, and a time for a prompt becomes a speed.
func (t *tables) finishMetric(row *Row, r Record) {
	if row.Metric != FirstTokenMS {
		return
	}
	if m := most.FindStringSubmatch(r.Spread); m != nil && number(m[1]) == r.Value && row.Prompt < 1024 {
		row.exclude("length", "whether the prompt fills one pass or the whole context is not stated")
	}
	if slices.Contains(row.Assumed, "prompt") {
		row.exclude("length", "the length of the prompt is not stated")
	}
	if m, _ := t.metric(r.Metric); m.metric == prefillMS {
		row.Metric, row.Value = PrefillTokensPerS, 1e3*float64(row.Prompt)/row.Value
	}
}

// setNames sets phone, unit, runtime, model and format.
func (t *tables) setNames(row *Row, r Record, phone string) {
	var err error
	if row.Phone = phone; phone != "" {
	} else if row.Phone, row.StandIn, err = t.phone(r.Device, r.SoC); err != nil {
		row.exclude("phone", err.Error())
	}
	if row.Unit, err = unitName(r.Unit); err != nil {
		row.exclude("runtime", err.Error())
	}
	if row.Runtime, err = t.runtime(r.Runtime, row.Unit, row.Phone, row.Phase()); err != nil {
		row.exclude("runtime", err.Error())
	}
	if row.Model, err = t.model(r.Model); err != nil {
		row.exclude("model", err.Error())
	}
	if row.Quant, err = t.format(r.Quant, row.Runtime); err != nil {
		row.exclude("quant", err.Error())
	}
}
