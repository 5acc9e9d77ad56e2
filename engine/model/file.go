package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/fault"
)

// maxFileBytes is far above any shape file; a larger file is not one.
const maxFileBytes = 1 << 20

// LoadShape reads a shape file: YAML with the keys that Shape's tags name. It is
// strict: unknown and repeated keys, wrong types, missing fields and values that
// make no model are all reported in one error, each with its line.
func LoadShape(path string) (Shape, error) {
	f, err := os.Open(path)
	if err != nil {
		return Shape{}, fault.Userf("shape file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return Shape{}, fmt.Errorf("shape file: %w", err)
	}
	return ParseShape(path, data)
}

// ParseShape is LoadShape for data in memory; name stands for the file in
// errors.
func ParseShape(name string, data []byte) (Shape, error) {
	if len(data) > maxFileBytes {
		return Shape{}, fault.Userf("%s: larger than %d bytes, so no shape file", name, maxFileBytes)
	}
	lines, err := fieldLines(data)
	if err != nil {
		return Shape{}, fault.Userf("%s: %w", name, err)
	}
	var s Shape
	faults := decodeStrictly(data, &s)
	faults = append(faults, fractions(data)...)
	if len(faults) > 0 {
		return Shape{}, fault.Userf("%s: %s", name, strings.Join(faults, "; "))
	}
	for _, f := range missing(lines) {
		faults = append(faults, fmt.Sprintf("%s: missing", f))
	}
	if line := lines["sharing"]; line > 0 && s.Sharing != NoSharing && lines["repeat"] == 0 {
		faults = append(faults, fmt.Sprintf("line %d: sharing: %q needs a field repeat, how often each block runs, such as 2", line, s.Sharing))
	}
	if f := nameFault(s.Name); f != nil {
		faults = append(faults, fmt.Sprintf("line %d: %s", lines["name"], f.Error()))
	}
	for _, f := range s.faults() {
		if line, ok := lines[f.Field]; ok {
			faults = append(faults, fmt.Sprintf("line %d: %s", line, f.Error()))
		} else if !slices.Contains(required, f.Field) {
			faults = append(faults, f.Error())
		}
	}
	if len(faults) > 0 {
		return Shape{}, fault.Userf("%s: %s", name, strings.Join(faults, "; "))
	}
	return s.Resolved(), nil
}

// nameFault refuses what would be no name of a file or a row of a table.
func nameFault(name string) error {
	strange := func(r rune) bool { return r == '/' || r == '\\' || !unicode.IsPrint(r) }
	if strings.ContainsFunc(name, strange) || strings.HasPrefix(name, ".") {
		return Fault{"name", fmt.Sprintf("%q may not hold slashes or control characters, nor start with a dot", name)}
	}
	return nil
}

// required are the fields that no default can stand for.
var required = []string{"name", "layers", "dim", "ffn", "heads", "vocab"}

func missing(lines map[string]int) []string {
	var names []string
	for _, field := range required {
		if lines[field] == 0 {
			names = append(names, field)
		}
	}
	return names
}

// fieldLines returns the line of each top-level key. A key without a value is
// an error: YAML would read it as zero.
func fieldLines(data []byte) (map[string]int, error) {
	var doc yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty; a shape needs " + strings.Join(required, ", "))
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one YAML document; a shape file holds one")
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: expected keys and values, such as \"layers: 30\"", root.Line)
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if value.Tag == "!!null" {
			return nil, fmt.Errorf("line %d: %s: has no value", key.Line, key.Value)
		}
		lines[key.Value] = key.Line
	}
	return lines, nil
}

// decodeStrictly fills s and returns what did not fit, a line each.
func decodeStrictly(data []byte, s *Shape) []string {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	err := decoder.Decode(s)
	if err == nil {
		return nil
	}
	var typeError *yaml.TypeError
	if !errors.As(err, &typeError) {
		return []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	faults := make([]string, len(typeError.Errors))
	for i, text := range typeError.Errors {
		faults[i] = plain(text)
	}
	return faults
}

// fractions reports whole-number fields that hold a fraction: the YAML library
// cuts it off without a word.
func fractions(data []byte) []string {
	var fields map[string]yaml.Node
	if yaml.Unmarshal(data, &fields) != nil {
		return nil // reported by decodeStrictly
	}
	t := reflect.TypeFor[Shape]()
	var faults []string
	for i, key := range yamlKeys(t) {
		value := fields[key]
		if t.Field(i).Type.Kind() == reflect.Int && value.Tag == "!!float" {
			faults = append(faults, fmt.Sprintf("line %d: %s: %s is no whole number", value.Line, key, value.Value))
		}
	}
	return faults
}

var unknownField = regexp.MustCompile(`^(line \d+): field (\S+) not found in type model\.(\S+)$`)

// plain rewords the YAML library's complaint for somebody who knows the file
// format and not our types.
func plain(text string) string {
	m := unknownField.FindStringSubmatch(text)
	if m == nil {
		return strings.NewReplacer("!!", "", "into", "is no", "cannot unmarshal ", "").Replace(text)
	}
	known := yamlKeys(reflect.TypeFor[Shape]())
	if m[3] == "Scaling" {
		known = yamlKeys(reflect.TypeFor[Scaling]())
	}
	return fmt.Sprintf("%s: unknown field %q; nearest: %s", m[1], m[2], strings.Join(nearest(m[2], known), ", "))
}

func yamlKeys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("yaml"))
	}
	return keys
}
