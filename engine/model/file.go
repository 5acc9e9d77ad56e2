package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
	"github.com/memsim/memsim/internal/spelling"
)

// maxFileBytes is far above any shape file; a larger file is not one.
const maxFileBytes = 1 << 20

// LoadShape reads a shape file: YAML with the keys that Shape's tags name. It is
// strict: unknown and repeated keys, wrong types, missing fields and values that
// make no model are all reported in one error, each with its line.
func LoadShape(path string) (Shape, error) {
	data, err := inputfile.Read(path, maxFileBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Shape{}, fault.Userf("shape file %s: no such file; give a shape file, or a preset's name", path)
	}
	if err != nil {
		return Shape{}, fault.Userf("shape file %s: cannot be read: %w", path, err)
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
	faults = append(faults, valueFaults(s, lines, faults)...)
	if len(faults) == 0 {
		return s.Resolved(), nil
	}
	slices.SortStableFunc(faults, func(a, b lineFault) int { return a.line - b.line })
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = f.String()
	}
	return Shape{}, fault.Userf("%s: %s", name, strings.Join(texts, "; "))
}

// lineFault is something wrong with a line of a file, or with the whole of it
// if the line is 0.
type lineFault struct {
	line int
	text string
}

func (f lineFault) String() string {
	if f.line == 0 {
		return f.text
	}
	return fmt.Sprintf("line %d: %s", f.line, f.text)
}

// valueFaults returns what is wrong with the values that were read, but for
// those on lines that have a fault already.
func valueFaults(s Shape, lines map[string]int, known []lineFault) []lineFault {
	reported := map[int]bool{}
	for _, f := range known {
		reported[f.line] = true
	}
	var found []lineFault
	for _, f := range append(s.Faults(), fileFaults(s, lines)...) {
		line := lines[f.Field]
		if line == 0 && slices.Contains(required, f.Field) {
			found = append(found, lineFault{0, f.Field + ": missing"})
		} else if line == 0 || !reported[line] {
			found = append(found, lineFault{line, f.Error()})
		}
	}
	return found
}

// fileFaults returns what is a mistake in a file though not in a shape.
func fileFaults(s Shape, lines map[string]int) []Fault {
	var c checker
	strange := func(r rune) bool { return r == '/' || r == '\\' || !unicode.IsPrint(r) }
	if s.Name == "" {
		c.add("name", "is empty")
	}
	if strings.ContainsFunc(s.Name, strange) || strings.HasPrefix(s.Name, ".") {
		c.add("name", "%q may not hold slashes or control characters, nor start with a dot", s.Name)
	}
	if lines["sharing"] > 0 && s.Sharing != NoSharing && lines["repeat"] == 0 {
		c.add("sharing", "%q needs a field repeat, how often each block runs, such as 2", s.Sharing)
	}
	return c
}

// required are the fields that no default can stand for.
var required = []string{"name", "layers", "dim", "ffn", "heads", "vocab"}

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

// decodeStrictly fills s and returns what did not fit.
func decodeStrictly(data []byte, s *Shape) []lineFault {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	err := decoder.Decode(s)
	if err == nil {
		return nil
	}
	var typeError *yaml.TypeError
	if !errors.As(err, &typeError) {
		return []lineFault{{0, strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	faults := make([]lineFault, len(typeError.Errors))
	for i, text := range typeError.Errors {
		faults[i] = plain(text)
	}
	return faults
}

// fractions reports whole-number fields that hold a fraction: the YAML library
// cuts it off without a word.
func fractions(data []byte) []lineFault {
	var fields map[string]yaml.Node
	if yaml.Unmarshal(data, &fields) != nil {
		return nil // reported by decodeStrictly
	}
	t := reflect.TypeFor[Shape]()
	var faults []lineFault
	for i, key := range yamlKeys(t) {
		value := fields[key]
		if t.Field(i).Type.Kind() == reflect.Int && value.Tag == "!!float" {
			faults = append(faults, lineFault{value.Line, fmt.Sprintf("%s: %s is no whole number", key, value.Value)})
		}
	}
	return faults
}

var (
	onLine       = regexp.MustCompile(`^line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type model\.(\S+)$`)
)

// plain rewords the YAML library's complaint for somebody who knows the file
// format and not our types.
func plain(complaint string) lineFault {
	m := onLine.FindStringSubmatch(complaint)
	if m == nil {
		return lineFault{0, complaint}
	}
	line, _ := strconv.Atoi(m[1]) // digits; 0 if too many for a line
	return lineFault{line, reword(m[2])}
}

func reword(text string) string {
	m := unknownField.FindStringSubmatch(text)
	if m == nil {
		return strings.NewReplacer("!!", "", "into", "is no", "cannot unmarshal ", "").Replace(text)
	}
	known := yamlKeys(reflect.TypeFor[Shape]())
	for _, part := range []reflect.Type{reflect.TypeFor[Scaling](), reflect.TypeFor[DeltaNet](), reflect.TypeFor[Experts]()} {
		if part.Name() == m[2] {
			known = yamlKeys(part)
		}
	}
	if near := spelling.Nearest(m[1], known, 3); len(near) > 0 {
		return fmt.Sprintf("unknown field %q; nearest: %s", m[1], strings.Join(near, ", "))
	}
	return fmt.Sprintf("unknown field %q; the fields are %s", m[1], strings.Join(known, ", "))
}

func yamlKeys(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("yaml"))
	}
	return keys
}
