package corpus

import (
	"fmt"
	"regexp"
	"strings"
)

// ggufFormats are the formats of GGUF by their usual names.
var ggufFormats = []string{"f32", "f16", "bf16", "q8_0", "q6_k", "q5_0", "q5_1", "q5_k_s", "q5_k_m", "q4_0", "q4_1", "q4_k_s", "q4_k_m",
	"q3_k_s", "q3_k_m", "q3_k_l", "q2_k", "q2_k_s", "iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq2_m", "iq3_xxs", "iq3_xs", "iq3_s", "iq3_m",
	"iq4_nl", "iq4_xs", "tq1_0", "tq2_0", "mxfp4"}

var (
	ggufByKey  = byKey(ggufFormats)
	groupwise  = regexp.MustCompile(`^(?:w\d(?:_g\d+)?(?:_zp)?|8da4w|q4f16_1|mlx_[48]bit|w8a8|w4a16)$`)
	gradeWords = strings.NewReplacer(" - medium", "_m", " - small", "_s", " - large", "_l", "_medium", "_m", "_small", "_s", "_large", "_l")
)

func byKey(list []string) map[string]string {
	m := make(map[string]string, len(list))
	for _, name := range list {
		m[key(name)] = name
	}
	return m
}

// format finds the format of ours that a source names under a runtime: "body",
// "body/output" or "body/output/embedding". A source that names none gets "", the model's
// own.
func (t *tables) format(spelling, runtime string) (string, error) {
	text := strings.ToLower(strings.Join(strings.Fields(spelling), " "))
	if text == "" {
		return "", nil
	}
	for _, form := range []string{text, strings.TrimSpace(brackets.ReplaceAllString(text, ""))} {
		for _, owner := range []string{runtime, ""} {
			if f, ok := t.formats[owner+" "+form]; ok {
				return f, nil
			}
		}
		if f, ok := plainFormat(form); ok {
			return f, nil
		}
	}
	return "", fmt.Errorf("format %q of %s is not known", spelling, orAny(runtime))
}

func orAny(runtime string) string {
	if runtime == "" {
		return "no runtime"
	}
	return runtime
}

// plainFormat reads a format of GGUF, a groupwise one or what a runtime calls its
// choice, or several of them with slashes between.
func plainFormat(text string) (string, bool) {
	if body, outer, two := strings.Cut(text, "/"); two {
		a, ok := plainFormat(body)
		b, also := plainFormat(outer)
		return a + "/" + b, ok && also
	}
	text = strings.TrimSpace(text)
	if groupwise.MatchString(text) {
		return text, true
	}
	f, ok := ggufByKey[key(gradeWords.Replace(text))]
	return f, ok
}
