package corpus

import (
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
)

//go:embed mapping/*.csv
var mapping embed.FS

// tables lead from the spellings of sources to the names of memsim.
type tables struct {
	metrics  map[string]metricName
	devices  []deviceName
	phones   map[string]string // by key
	socs     map[string]string // phone by key of the SoC
	runtimes []runtimeName
	models   map[string]modelName // by reduced key
	formats  map[string]string    // by runtime, a space and the spelling
	lengths  []assumedLength
	forms    []lengthForm
	notes    []noteFlag
	flags    map[string]Exclusion
	sources  []sourceFlag
}

type sourceFlag struct{ source, device, runtime, flag string }

type metricName struct {
	metric string
	factor float64
}

type deviceName struct{ key, soc, phone string }

type runtimeName struct {
	words                               []string
	unit, maker, phase, runtime, reason string
}

type modelName struct{ preset, reason string }

type assumedLength struct {
	runtime                 string
	prompt, context, tokens int
}

type lengthForm struct {
	pattern *regexp.Regexp
	fields  [4]string // prompt, context, tokens, window
}

type noteFlag struct{ phrase, flag string }

// loaded are the tables that are part of the program.
var loaded = sync.OnceValues(loadTables)

// names returns the tables. A test reads them, so one that does not parse is a
// build error; until then look-ups find nothing.
func names() *tables {
	t, err := loaded()
	if err != nil {
		return &tables{}
	}
	return t
}

func loadTables() (*tables, error) {
	t := &tables{
		metrics: map[string]metricName{}, phones: map[string]string{}, socs: map[string]string{},
		models: map[string]modelName{}, formats: map[string]string{}, flags: map[string]Exclusion{},
	}
	load := []struct {
		file string
		line func(cells []string) error
	}{
		{"metrics", t.addMetric}, {"devices", t.addDevice}, {"socs", t.addSoC}, {"runtimes", t.addRuntime},
		{"models", t.addModel}, {"formats", t.addFormat}, {"lengths", t.addLength}, {"lengthforms", t.addForm},
		{"notes", t.addNote}, {"flags", t.addFlag},
		{"sources", t.addSource},
	}
	var problems []error
	for _, l := range load {
		problems = append(problems, eachLine("mapping/"+l.file+".csv", l.line))
	}
	for _, name := range devices.Names() {
		t.phones[key(name)] = name
	}
	for _, name := range model.Presets() {
		t.models[modelKey(name)] = modelName{preset: name}
	}
	return t, errors.Join(problems...)
}

// eachLine reads an embedded table, its heading aside.
func eachLine(file string, add func(cells []string) error) error {
	f, err := mapping.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comment = '#'
	if _, err := in.Read(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := add(cells); err != nil {
			line, _ := in.FieldPos(0)
			return fmt.Errorf("%s:%d: %w", file, line, err)
		}
	}
}

func (t *tables) addMetric(c []string) error {
	factor, err := strconv.ParseFloat(c[2], 64)
	t.metrics[c[0]] = metricName{c[1], factor}
	return err
}

func (t *tables) addDevice(c []string) error {
	phone := firstShipped(c[2])
	t.devices = append(t.devices, deviceName{key(c[0]), c[1], phone})
	t.phones[key(phone)] = phone
	return nil
}

// firstShipped returns the first name of a list that is a shipped phone, or the
// last.
func firstShipped(list string) string {
	candidates := strings.Fields(list)
	shipped := devices.Names()
	for _, name := range candidates {
		if slices.Contains(shipped, name) {
			return name
		}
	}
	return candidates[len(candidates)-1]
}

func (t *tables) addSoC(c []string) error {
	if _, twice := t.socs[key(c[0])]; twice {
		return fmt.Errorf("SoC %s stands twice", c[0])
	}
	phone := firstShipped(c[1])
	t.socs[key(c[0])] = phone
	t.phones[key(phone)] = phone
	return nil
}

func (t *tables) addRuntime(c []string) error {
	if (c[4] == "") == (c[5] == "") {
		return fmt.Errorf("%s: a runtime or a reason why there is none", c[0])
	}
	t.runtimes = append(t.runtimes, runtimeName{strings.Fields(c[0]), c[1], c[2], c[3], c[4], c[5]})
	return nil
}

func (t *tables) addModel(c []string) error {
	if (c[1] == "") == (c[2] == "") {
		return fmt.Errorf("%s: a preset or a reason why there is none", c[0])
	}
	k, m := modelKey(c[0]), modelName{c[1], c[2]}
	if old, twice := t.models[k]; twice && old != m {
		return fmt.Errorf("%s is spelt as another model, %s%s", c[0], old.preset, old.reason)
	}
	t.models[k] = m
	if m.preset != "" {
		t.models[modelKey(m.preset)] = modelName{preset: m.preset}
	}
	return nil
}

func (t *tables) addFormat(c []string) error {
	k := c[0] + " " + c[1]
	if _, twice := t.formats[k]; twice {
		return fmt.Errorf("format %s stands twice", k)
	}
	t.formats[k] = c[2]
	return nil
}

func (t *tables) addLength(c []string) error {
	var n [3]int
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(c[1+i]); err != nil {
			return err
		}
	}
	t.lengths = append(t.lengths, assumedLength{c[0], n[0], n[1], n[2]})
	return nil
}

func (t *tables) addForm(c []string) error {
	pattern, err := regexp.Compile(`^(?:` + c[0] + `)$`)
	t.forms = append(t.forms, lengthForm{pattern, [4]string(c[1:5])})
	return err
}

func (t *tables) addNote(c []string) error {
	t.notes = append(t.notes, noteFlag{c[0], c[1]})
	return nil
}

func (t *tables) addFlag(c []string) error {
	if c[1] != "" && !slices.Contains(Kinds, c[1]) {
		return fmt.Errorf("flag %s: kind %q is not one of %s", c[0], c[1], strings.Join(Kinds, ", "))
	}
	t.flags[c[0]] = Exclusion{Kind: c[1], Reason: c[2]}
	return nil
}

func (t *tables) addSource(c []string) error {
	t.sources = append(t.sources, sourceFlag{c[0], c[1], c[2], c[3]})
	return nil
}
