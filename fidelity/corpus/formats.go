package corpus

import (
	"fmt"
	"strings"
	"sync"

	"github.com/memsim/memsim/engine/weights"
)

// schemes are the formats that memsim knows, by key.
var schemes = sync.OnceValue(func() map[string]string {
	known := map[string]string{}
	for _, list := range [][]string{weights.RuntimeSchemes(), weights.Schemes()} {
		for _, name := range list {
			known[key(name)] = name
		}
	}
	return known
})

// gradeWords are how llama-bench writes the sizes of a mixture.
var gradeWords = strings.NewReplacer(" - medium", "_m", " - small", "_s", " - large", "_l", "_medium", "_m", "_small", "_s", "_large", "_l")

// format finds the format of ours that a source names under a runtime: "body",
// "body/output" or "body/output/embedding". A source that names none gets "",
// the model's own.
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

// plainFormat reads a format by its own name, or several of them with slashes
// between.
func plainFormat(text string) (string, bool) {
	parts := strings.Split(text, "/")
	for i, part := range parts {
		name, ok := schemes()[key(gradeWords.Replace(strings.TrimSpace(part)))]
		if !ok {
			return "", false
		}
		parts[i] = name
	}
	format := strings.Join(parts, "/")
	_, err := weights.ParseScheme(format)
	return format, err == nil
}
