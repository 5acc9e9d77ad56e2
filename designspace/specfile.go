package designspace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
	"github.com/memsim/memsim/sim/sweep"
)

// maxSpecBytes is far above any spec.
const maxSpecBytes = 16 << 20

// LoadSpec reads a spec from the YAML file at path into s, which holds what the
// file need not say. The error names every fault of the file with its line, and
// is a user's mistake unless reading failed. Said lists the fields that the file
// has, by their keys.
func LoadSpec(path string, s *Spec) (said []string, err error) {
	data, err := inputfile.Read(path, maxSpecBytes)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.Userf("%s does not exist; name a sweep's YAML file", path)
	}
	if err != nil {
		return nil, fault.Userf("cannot read the sweep: %w", err)
	}
	f := specFile{path: path}
	f.read(data, s)
	if len(f.faults) > 0 {
		return nil, fault.Userf("%s", strings.Join(f.faults, "\n"))
	}
	return f.said, nil
}

// specFile is a file while it is read.
type specFile struct {
	path   string
	faults []string
	said   []string
}

func (f *specFile) refuse(n *yaml.Node, format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf("%s:%d: %s", f.path, n.Line, fmt.Sprintf(format, args...)))
}

// readers take the value of a key; each says what it wants if it gets
// something else.
type readers map[string]func(*yaml.Node)

func (f *specFile) read(data []byte, s *Spec) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty; give at least axes")
		}
		f.faults = append(f.faults, fmt.Sprintf("%s: %s", f.path, strings.TrimPrefix(err.Error(), "yaml: ")))
		return
	}
	if !errors.Is(decoder.Decode(&second), io.EOF) {
		f.faults = append(f.faults, fmt.Sprintf("%s: holds more than one YAML document", f.path))
		return
	}
	f.mapping(document.Content[0], "the sweep", readers{
		"model": f.text(&s.Model), "quant": f.text(&s.Quant),
		"device": f.text(&s.Device), "unit": f.text(&s.Unit), "runtime": f.text(&s.Runtime), "energy": f.text(&s.Energy),
		"sustained":     func(n *yaml.Node) { f.flag(n, &s.Warm) },
		"set":           f.texts(&s.Sets),
		"prompt_tokens": f.count(&s.PromptTokens), "tokens": f.count(&s.Tokens),
		"seed":   func(n *yaml.Node) { f.seed(n, &s.Seed) },
		"params": f.text(&s.Params), "solve": f.text(&s.Solve),
		"axes":   func(n *yaml.Node) { f.axes(n, &s.Axes) },
		"where":  f.text(&s.Where),
		"pareto": func(n *yaml.Node) { f.joined(n, &s.Pareto) },
		"best":   f.text(&s.Best), "evaluations": f.count(&s.Evaluations), "sensitivity": f.text(&s.Sensitivity),
		"slurm": func(n *yaml.Node) { f.slurm(n, &s.Slurm) },
	})
}

// mapping hands the values of n to the readers of their keys.
func (f *specFile) mapping(n *yaml.Node, what string, r readers) {
	if n.Kind != yaml.MappingNode {
		f.refuse(n, "%s is a group of fields: %s", what, strings.Join(keysOf(r), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, ok := r[key.Value]
		switch {
		case !ok:
			f.refuse(key, "%s is not a field of %s; the fields are %s", key.Value, what, strings.Join(keysOf(r), ", "))
		case seen[key.Value]:
			f.refuse(key, "%s is there twice", key.Value)
		default:
			f.said = append(f.said, key.Value)
			read(follow(value))
		}
		seen[key.Value] = true
	}
}

func keysOf(r readers) []string {
	var keys []string
	for k := range r {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// follow returns the node that an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func (f *specFile) scalar(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || n.Value == "" {
		f.refuse(n, "a value is missing here; write one word or number")
		return "", false
	}
	return n.Value, true
}

func (f *specFile) text(target *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if v, ok := f.scalar(n); ok {
			*target = v
		}
	}
}

func (f *specFile) count(target *int) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, ok := f.scalar(n)
		if !ok {
			return
		}
		number, err := strconv.Atoi(v)
		if err != nil || number < 1 {
			f.refuse(n, "%s is not a whole number above zero", v)
			return
		}
		*target = number
	}
}

func (f *specFile) seed(n *yaml.Node, target *uint64) {
	v, ok := f.scalar(n)
	if !ok {
		return
	}
	number, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		f.refuse(n, "%s is not a seed; write a whole number", v)
		return
	}
	*target = number
}

// flag reads true or false.
func (f *specFile) flag(n *yaml.Node, target *bool) {
	v, ok := f.scalar(n)
	if ok && v != "true" && v != "false" {
		f.refuse(n, "%s is neither true nor false", v)
	}
	*target = v == "true"
}

// texts reads a list of words, or one word.
func (f *specFile) texts(target *[]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		items := []*yaml.Node{n}
		if n.Kind == yaml.SequenceNode {
			items = n.Content
		}
		var list []string
		for _, item := range items {
			if v, ok := f.scalar(follow(item)); ok {
				list = append(list, v)
			}
		}
		*target = list
	}
}

// joined reads a list of words as one text with commas.
func (f *specFile) joined(n *yaml.Node, target *string) {
	var list []string
	f.texts(&list)(n)
	*target = strings.Join(list, ",")
}

// axes reads a group of lists; the first axis varies slowest.
func (f *specFile) axes(n *yaml.Node, target *[]sweep.Axis) {
	if n.Kind != yaml.MappingNode {
		f.refuse(n, "axes is a group, with a list or a range for each axis, such as layers: 8:60:4")
		return
	}
	*target = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !known(key.Value) {
			f.refuse(key, "%s is not an axis; the axes are %s, %s, and the path of every number of a device",
				key.Value, strings.Join(ModelAxes, ", "), strings.Join(MachineAxes, ", "))
			continue
		}
		if slices.ContainsFunc(*target, func(a sweep.Axis) bool { return a.Name == key.Value }) {
			f.refuse(key, "axis %s is there twice", key.Value)
			continue
		}
		before := len(f.faults)
		var text string
		f.joined(follow(n.Content[i+1]), &text)
		if len(f.faults) > before {
			continue
		}
		axis, err := sweep.ParseAxis(key.Value, text)
		if err != nil {
			f.refuse(key, "%s", strings.TrimPrefix(err.Error(), "--"))
			continue
		}
		*target = append(*target, axis)
	}
}

func (f *specFile) slurm(n *yaml.Node, s *Slurm) {
	f.mapping(n, "slurm", readers{
		"chunk": f.count(&s.Chunk), "partition": f.text(&s.Partition), "time": f.text(&s.Time),
		"memory": f.text(&s.Memory), "cpus": f.count(&s.CPUs), "options": f.texts(&s.Options),
	})
}

// WriteFile writes the spec as a file that LoadSpec reads, at path.
func (s *Spec) WriteFile(path string) error {
	data, err := yaml.Marshal(s.node())
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// node is the spec as YAML.
func (s *Spec) node() *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range []struct{ key, value string }{
		{"model", s.Model}, {"quant", s.Quant}, {"device", s.Device}, {"unit", s.Unit}, {"runtime", s.Runtime}, {"energy", s.Energy},
	} {
		addText(n, f.key, f.value)
	}
	if s.Warm {
		add(n, "sustained", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
	}
	if len(s.Sets) > 0 {
		add(n, "set", list(s.Sets))
	}
	add(n, "prompt_tokens", number(strconv.Itoa(s.PromptTokens)))
	add(n, "tokens", number(strconv.Itoa(s.Tokens)))
	add(n, "seed", number(strconv.FormatUint(s.Seed, 10)))
	addText(n, "params", s.Params)
	addText(n, "solve", s.Solve)
	axes := &yaml.Node{Kind: yaml.MappingNode}
	for _, a := range s.Axes {
		add(axes, a.Name, list(a.Values))
	}
	add(n, "axes", axes)
	addText(n, "where", s.Where)
	addText(n, "pareto", s.Pareto)
	addText(n, "sensitivity", s.Sensitivity)
	if s.Best != "" {
		addText(n, "best", s.Best)
		add(n, "evaluations", number(strconv.Itoa(s.Evaluations)))
	}
	return n
}

func add(n *yaml.Node, key string, value *yaml.Node) {
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}

func addText(n *yaml.Node, key, value string) {
	if value != "" {
		add(n, key, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value})
	}
}

func number(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: text}
}

func list(words []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, w := range words {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: w})
	}
	return n
}
