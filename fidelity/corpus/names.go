package corpus

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/memsim/memsim/traces"
)

// key is what is compared of a name: letters and digits, in small letters, a
// plus as a word.
func key(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case c == '+':
			b.WriteString("plus")
		}
	}
	return b.String()
}

// metric finds a metric by a source's name for it.
func (t *tables) metric(name string) (metricName, error) {
	if m, ok := t.metrics[strings.ToLower(name)]; ok {
		return m, nil
	}
	known := slices.Sorted(maps.Keys(t.metrics))
	return metricName{}, fmt.Errorf("metric %q is not one of %s%s", name, strings.Join(Metrics, ", "), near(name, known))
}

var (
	brackets = regexp.MustCompile(`\s*[(\[][^)\]]*[)\]]`)
	revision = regexp.MustCompile(`(?i)\brev\.? [\d.]+`)
	makers   = words("samsung google apple xiaomi nvidia radxa motorola honor huawei qualcomm mediatek")
	generic  = words("board boards device phone handset tablet series class developer kit dev reference 5g 4g lte proxy edition with and ram " +
		"2gb 3gb 4gb 6gb 8gb 12gb 16gb 24gb 32gb 64gb gb 2 3 4 6 8 12 16 24 32")
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// deviceForms are the ways to read a device's name, the closest first: as it
// is, without what stands in brackets, up to a comma, without words for its
// maker or kind.
func deviceForms(name string) []string {
	plain := revision.ReplaceAllString(brackets.ReplaceAllString(name, ""), "")
	first, _, _ := strings.Cut(plain, ",")
	fields := strings.Fields(first)
	forms := []string{name, plain, first}
	for len(fields) > 1 && generic[strings.ToLower(fields[len(fields)-1])] {
		fields = fields[:len(fields)-1]
		forms = append(forms, strings.Join(fields, " "))
	}
	for _, form := range slices.Clone(forms) {
		if maker, rest, ok := strings.Cut(strings.TrimSpace(form), " "); ok && makers[strings.ToLower(maker)] {
			forms = append(forms, rest)
		}
	}
	return forms
}

// phone finds the profile of a device; standIn says that only its SoC is ours.
func (t *tables) phone(device, soc string) (name string, standIn bool, err error) {
	if ext := path.Ext(device); ext == ".yaml" || ext == ".yml" {
		return device, false, nil
	}
	for _, form := range deviceForms(device) {
		k := key(form)
		for _, d := range t.devices {
			if d.key == k && strings.Contains(strings.ToLower(soc), d.soc) {
				return d.phone, false, nil
			}
		}
		if phone, ok := t.phones[k]; ok {
			return phone, false, nil
		}
	}
	if phone := t.bySoC(device, soc); phone != "" {
		return phone, true, nil
	}
	return "", false, fmt.Errorf("no profile of %q, nor one with its SoC", device)
}

// shortestSoC is the length of the shortest name of a SoC that is looked for
// inside the name of a device.
const shortestSoC = 6

// bySoC finds the phone that stands for a SoC: the one that is stated, else the
// longest name of one that the device's name holds.
func (t *tables) bySoC(device, soc string) string {
	if strings.Contains(soc, " or ") {
		return "" // which one is not stated
	}
	for _, form := range deviceForms(soc) {
		if phone, ok := t.socs[key(form)]; ok {
			return phone
		}
	}
	best := ""
	for name := range t.socs {
		if len(name) >= shortestSoC && len(name) > len(best) && strings.Contains(key(device)+" "+key(soc), name) {
			best = name
		}
	}
	return t.socs[best]
}

// unitNames lead from what sources call a unit to what it is here.
var unitNames = map[string]string{
	"": "", "cpu": "cpu", "gpu": "gpu", "npu": "npu", "metal": "gpu", "adreno": "gpu", "mali": "gpu", "opencl": "gpu",
	"ane": "npu", "htp": "npu", "hexagon": "npu", "dsp": "npu", "tpu": "npu",
}

func unitName(unit string) (string, error) {
	name, ok := unitNames[strings.ToLower(strings.TrimRight(unit, "?"))]
	if !ok {
		return "", fmt.Errorf("unit %q is not one of cpu, gpu, npu", unit)
	}
	return name, nil
}

// runtime finds the runtime of ours that a source names. A source that names
// none gets "", the unit's own.
func (t *tables) runtime(spelling, unit, phone string, phase traces.Phase) (string, error) {
	if spelling == "" {
		return "", nil
	}
	maker := "other"
	if strings.HasPrefix(phone, "jetson") {
		maker = "nvidia"
	}
	if strings.HasPrefix(phone, "iphone") || strings.HasPrefix(phone, "ipad") || strings.HasPrefix(phone, "mac") {
		maker = "apple"
	}
	text := strings.ToLower(spelling)
	for _, r := range t.runtimes {
		if text == r.runtime {
			return r.runtime, nil
		}
	}
	for _, r := range t.runtimes {
		holds := func(word string) bool { return strings.Contains(text, word) }
		missing := func(word string) bool { return !holds(word) }
		if slices.ContainsFunc(r.words, missing) || !agree(r.unit, unit) || !agree(r.maker, maker) || !agree(r.phase, string(phase)) {
			continue
		}
		if r.runtime == "" {
			return "", fmt.Errorf("%s", r.reason)
		}
		return r.runtime, nil
	}
	return "", fmt.Errorf("runtime %q is not described", spelling)
}

func agree(rule, value string) bool { return rule == "" || rule == value }

var (
	noise = words("instruct it chat base hf gguf mlx litert lm litertlm task pte quantized gpu ane npu cpu onnx awq gptq int4 int8 fp16 " +
		"4bit 8bit 6bit 5bit 3bit 2bit bf16 f16 f32 fp32 meta google microsoft qat qlora lora spinquant eo8 seq128 q4 q8 w4a16 w8a8 dynamic " +
		"1.0 coder code math thinking reasoning non abliterated uncensored multi prefill ekv1024 ekv1280 ekv2048 ekv4096 q4f16 q4f16_1 preview 2507")
	suffix  = regexp.MustCompile(`(?i)[-_. ](?:i?q\d(?:_[a-z0-9]+)*|tq\d_\d|mxfp4|f16|bf16|f32)$`)
	version = regexp.MustCompile(`(^|[-_ ])v(\d)`)
	folders = regexp.MustCompile(`[-_ ]+`)
)

// modelKey is what is compared of a model's name: without its ending, format,
// publisher and words for its tuning.
func modelKey(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, ending := range []string{".gguf", ".litertlm", ".task", ".pte", ".bin"} {
		name = strings.TrimSuffix(name, ending)
	}
	name = suffix.ReplaceAllString(name, "")
	name = strings.TrimPrefix(name, "qwen_")
	name = version.ReplaceAllString(name, "$1$2")
	parts := folders.Split(name, -1)
	parts = slices.DeleteFunc(parts, func(p string) bool { return noise[p] })
	return key(strings.Join(parts, "-"))
}

// model finds the preset of a model.
func (t *tables) model(spelling string) (string, error) {
	forms := []string{spelling, brackets.ReplaceAllString(spelling, "")}
	if parts := strings.Split(spelling, "/"); len(parts) > 1 {
		forms = append(forms, parts[1:]...)
	}
	for _, form := range forms {
		m, ok := t.models[modelKey(form)]
		if !ok {
			continue
		}
		if m.preset == "" {
			return "", fmt.Errorf("%s: %s", spelling, m.reason)
		}
		return m.preset, nil
	}
	if m, ok := t.base(modelKey(spelling)); ok {
		return m, nil
	}
	if ext := path.Ext(spelling); ext == ".gguf" || ext == ".yaml" || ext == ".yml" || strings.HasPrefix(spelling, ".") || strings.HasPrefix(spelling, "/") {
		return spelling, nil // a file or folder of the user's
	}
	return "", fmt.Errorf("no preset has the shape of %q", spelling)
}

// shortestBase is the length of the shortest key of a model that is looked for
// inside the name of a fine-tune.
const shortestBase = 8

// base finds the model that the name of a fine-tune ends in, as
// "Dolphin3.0-Llama3.2-3B" in Llama 3.2 3B: the longest one.
func (t *tables) base(k string) (preset string, ok bool) {
	best := ""
	for name, m := range t.models {
		if m.preset != "" && len(name) >= shortestBase && len(name) > len(best) && len(name) < len(k) && strings.HasSuffix(k, name) {
			best = name
		}
	}
	return t.models[best].preset, best != ""
}
