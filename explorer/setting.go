package explorer

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/study"
)

// Setting is one question: what does a token of this model cost on this device?
// The zero value of a field is the default of what it belongs to.
type Setting struct {
	Device  string
	Unit    string
	Runtime string
	Energy  string
	SRAMMiB float64 // capacity of the outermost on-chip memory of the unit; 0 is the device's own
	Sets    []string

	Model     string
	Overrides model.Overrides
	Quant     string

	Prompt int
	Tokens int
}

// What a run is unless the setting says more.
const (
	defaultPrompt = 16
	defaultTokens = 2
)

// field is one key of a setting in a URL.
type field struct {
	key string
	get func(*Setting) string
	set func(*Setting, string) error
}

// textField is a field whose value is checked where it is used.
func textField(key string, at func(*Setting) *string) field {
	return field{key, func(s *Setting) string { return *at(s) }, func(s *Setting, v string) error {
		*at(s) = v
		return nil
	}}
}

// countField is a whole number from 1 to most.
func countField(key string, most int, at func(*Setting) *int) field {
	get := func(s *Setting) string {
		if *at(s) == 0 {
			return ""
		}
		return strconv.Itoa(*at(s))
	}
	return field{key, get, func(s *Setting, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > most {
			return fault.Userf("%s: %q is not a whole number from 1 to %d", key, v, most)
		}
		*at(s) = n
		return nil
	}}
}

// fields are all keys of a setting, in the order of its canonical query. Sets,
// which repeat, are beside them.
var fields = []field{
	textField("device", func(s *Setting) *string { return &s.Device }),
	textField("unit", func(s *Setting) *string { return &s.Unit }),
	textField("runtime", func(s *Setting) *string { return &s.Runtime }),
	textField("energy", func(s *Setting) *string { return &s.Energy }),
	{"sram_mib", func(s *Setting) string {
		if s.SRAMMiB == 0 {
			return ""
		}
		return strconv.FormatFloat(s.SRAMMiB, 'f', -1, 64)
	}, setSRAM},
	textField("model", func(s *Setting) *string { return &s.Model }),
	countField("layers", maxLayers, func(s *Setting) *int { return &s.Overrides.Layers }),
	countField("dim", maxDim, func(s *Setting) *int { return &s.Overrides.Dim }),
	countField("ffn", maxFFN, func(s *Setting) *int { return &s.Overrides.FFN }),
	countField("heads", maxHeads, func(s *Setting) *int { return &s.Overrides.Heads }),
	countField("kv_heads", maxHeads, func(s *Setting) *int { return &s.Overrides.KVHeads }),
	countField("vocab", maxVocab, func(s *Setting) *int { return &s.Overrides.Vocab }),
	textField("sharing", func(s *Setting) *string { return (*string)(&s.Overrides.Sharing) }),
	countField("repeat", maxLayers, func(s *Setting) *int { return &s.Overrides.Repeat }),
	textField("quant", func(s *Setting) *string { return &s.Quant }),
	countField("prompt_tokens", maxPrompt, func(s *Setting) *int { return &s.Prompt }),
	countField("tokens", maxTokens, func(s *Setting) *int { return &s.Tokens }),
}

// setKey is the key of an override of the device's profile.
const setKey = "set"

func setSRAM(s *Setting, v string) error {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || !(n > 0 && n <= maxSRAMMiB) {
		return fault.Userf("sram_mib: %q is not a number of MiB above 0, up to %d", v, maxSRAMMiB)
	}
	s.SRAMMiB = n
	return nil
}

// keys are the names of all fields.
func keys() []string {
	list := make([]string, 0, len(fields)+1)
	for _, f := range fields {
		list = append(list, f.key)
	}
	return append(list, setKey)
}

// parseSetting reads the fields of q; an empty value is as good as none.
func parseSetting(q url.Values) (Setting, error) {
	var s Setting
	for key := range q {
		if !slices.Contains(keys(), key) {
			return s, fault.Userf("%q is not a field of a setting; the fields are %s", key, strings.Join(keys(), ", "))
		}
	}
	for _, f := range fields {
		values := q[f.key]
		if len(values) > 1 {
			return s, fault.Userf("%s is given %d times", f.key, len(values))
		}
		if len(values) == 0 || values[0] == "" {
			continue
		}
		if err := f.set(&s, values[0]); err != nil {
			return s, err
		}
	}
	for _, set := range q[setKey] {
		if set = strings.TrimSpace(set); set != "" {
			s.Sets = append(s.Sets, set)
		}
	}
	return s, nil
}

// Query returns the setting as the query of a URL: the same setting, the same
// text.
func (s Setting) Query() string {
	var parts []string
	for _, f := range fields {
		if v := f.get(&s); v != "" {
			parts = append(parts, f.key+"="+url.QueryEscape(v))
		}
	}
	for _, set := range s.Sets {
		parts = append(parts, setKey+"="+url.QueryEscape(set))
	}
	return strings.Join(parts, "&")
}

// withDefaults fills in what a run needs and the setting leaves open.
func (s Setting) withDefaults(c *catalog) Setting {
	if s.Device == "" {
		s.Device = c.Devices[0].Name
	}
	if d, ok := c.device(s.Device); ok {
		if s.Unit == "" {
			s.Unit = d.Units[0].Name
		}
		if u, ok := d.unit(s.Unit); ok && s.Runtime == "" {
			s.Runtime = u.Runtimes[0]
		}
	}
	if s.Model == "" {
		s.Model = c.Models[0].Name
	}
	if s.Energy == "" {
		s.Energy = study.DeviceEnergy
	}
	if s.Prompt == 0 {
		s.Prompt = defaultPrompt
	}
	if s.Tokens == 0 {
		s.Tokens = defaultTokens
	}
	return s
}

// check refuses names that the catalog does not hold, before anything is opened.
func (s Setting) check(c *catalog) error {
	if _, ok := c.device(s.Device); !ok {
		return fault.Userf("device %q is not known; the devices are %s", s.Device, names(c.Devices))
	}
	if _, ok := c.model(s.Model); !ok {
		return fault.Userf("model %q is not known; the models are %s", s.Model, names(c.Models))
	}
	if s.Energy != study.DeviceEnergy && !slices.Contains(devices.EnergyAssumptions(), s.Energy) {
		return fault.Userf("energy %q is not known; it is %s or %s", s.Energy, study.DeviceEnergy, strings.Join(devices.EnergyAssumptions(), ", "))
	}
	if s.Quant != "" && !slices.Contains(weights.Schemes(), s.Quant) {
		return fault.Userf("quant %q is not known; the formats are %s", s.Quant, strings.Join(weights.Schemes(), ", "))
	}
	if s.Overrides.Sharing != "" && !slices.Contains(model.Sharings(), string(s.Overrides.Sharing)) {
		return fault.Userf("sharing %q is not known; it is one of %s", s.Overrides.Sharing, strings.Join(model.Sharings(), ", "))
	}
	return checkSets(s.Sets)
}

// checkSets keeps overrides small, and from naming a file: a part may be one.
func checkSets(sets []string) error {
	if len(sets) > maxSets {
		return fault.Userf("set is given %d times; at most %d fields can be overridden", len(sets), maxSets)
	}
	for _, set := range sets {
		path, value, _ := strings.Cut(set, "=")
		value = strings.TrimSpace(value)
		switch path = strings.TrimSpace(path); {
		case len(set) > maxSetBytes:
			return fault.Userf("set %.20q… is longer than %d bytes", set, maxSetBytes)
		case path == "dram.part" && !slices.Contains(devices.DRAMParts(), value):
			return fault.Userf("dram.part %q is not known; the parts are %s", value, strings.Join(devices.DRAMParts(), ", "))
		case path == "flash.part" && !slices.Contains(devices.FlashParts(), value):
			return fault.Userf("flash.part %q is not known; the parts are %s", value, strings.Join(devices.FlashParts(), ", "))
		}
	}
	return nil
}
