package devices

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A document is a profile while it is read: the YAML tree, the problems found
// in it so far, and where each field stands, so that a later rule can name its
// line.
type document struct {
	file     string
	prefix   string     // where an override finds this profile: dram.part, or nothing
	document *yaml.Node // with the comments around the root
	root     *yaml.Node
	nodes    []yaml.Node // the whole tree as it was read; nil of one that is not to be joined to others
	bounds   map[string]bound
	choices  map[string][]string
	lenient  map[string]bool       // patterns of fields that may be missing although their type asks for them
	origin   map[*yaml.Node]string // the override that a node comes from, if it does
	at       map[string]*yaml.Node // by path
	faulty   map[string]bool       // paths that are missing or wrong: rules leave them alone
	sources  []sourceUse
	problems []problem

	foreigners []foreigners        // nodes of other files
	borrowed   map[*yaml.Node]bool // references of other files
	texts      map[string]string   // of references by key, once another file's are merged
}

// foreigners are the nodes of another file that were joined to a document.
type foreigners struct {
	file  string
	nodes []yaml.Node
}

// A sourceUse is a source to be looked up once the references are known.
type sourceUse struct{ path, source string }

// A place is where a value stands: its dotted path, and the same with * for the
// name of a list's element.
type place struct{ path, pattern string }

func (p place) field(name string) place {
	return place{join(p.path, name), join(p.pattern, name)}
}

func (p place) element(name string) place {
	return place{join(p.path, name), join(p.pattern, "*")}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func newDocument(file string) *document {
	return &document{
		file:   file,
		origin: map[*yaml.Node]string{},
		at:     map[string]*yaml.Node{},
		faulty: map[string]bool{},

		borrowed: map[*yaml.Node]bool{},
	}
}

// parseDocument reads the YAML of file.
func parseDocument(file string, content []byte) *document {
	d := newDocument(file)
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var root yaml.Node
	switch err := decoder.Decode(&root); {
	case err == io.EOF:
		d.problems = append(d.problems, problem{file: file, text: "the file is empty; see the schema page for a profile"})
		return d
	case err != nil:
		d.problems = append(d.problems, syntaxProblem(file, err))
		return d
	}
	if err := decoder.Decode(new(yaml.Node)); err != io.EOF {
		d.problems = append(d.problems, problem{file: file, text: "holds more than one YAML document; keep one profile a file"})
	}
	d.document, d.root = &root, root.Content[0]
	return d
}

// copied is the document as it was read, to be changed without changing d.
func (d *document) copied() *document {
	out := newDocument(d.file)
	if d.document == nil {
		return out
	}
	c := copier{}
	c.count(d.document)
	c.nodes, c.links = make([]yaml.Node, 0, c.total), make([]*yaml.Node, 0, c.total)
	out.document = c.copy(d.document)
	out.root, out.nodes = out.document.Content[0], c.nodes
	return out
}

// A copier copies a tree into one list of nodes.
type copier struct {
	total int
	nodes []yaml.Node
	links []*yaml.Node // the Content of all of them
}

func (c *copier) count(n *yaml.Node) {
	c.total++
	for _, child := range n.Content {
		c.count(child)
	}
}

// copy copies a tree without anchors; an alias stays one, which the check refuses.
func (c *copier) copy(n *yaml.Node) *yaml.Node {
	c.nodes = append(c.nodes, *n)
	out := &c.nodes[len(c.nodes)-1]
	from, to := len(c.links), len(c.links)+len(n.Content)
	c.links = append(c.links, n.Content...)
	out.Content = c.links[from:to:to]
	for i, child := range n.Content {
		out.Content[i] = c.copy(child)
	}
	return out
}

// syntaxProblem turns the YAML library's "yaml: line 3: ..." into a problem.
func syntaxProblem(file string, err error) problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	p := problem{file: file}
	if n, scanErr := fmt.Sscanf(text, "line %d:", &p.line); n == 1 && scanErr == nil {
		_, text, _ = strings.Cut(text, ": ")
	}
	if startsAbove.MatchString(text) {
		p.line++ // the library counts these lines, where the broken part begins, from zero
	}
	p.text = "not YAML: " + text + "; mend the syntax"
	return p
}

var startsAbove = regexp.MustCompile(`^did not find expected (key|'-' indicator|',' or '[\]}]')`)

// fail records a problem of the value n at path, and marks the path faulty.
func (d *document) fail(n *yaml.Node, path, format string, args ...any) {
	d.faulty[path] = true
	d.note(n, path, format, args...)
}

// note records a problem of the value n at path that leaves the rest of the
// value fit to be judged.
func (d *document) note(n *yaml.Node, path, format string, args ...any) {
	p := problem{file: d.file, path: path, text: fmt.Sprintf(format, args...)}
	if n != nil {
		p.file, p.line = d.fileOf(n), n.Line
		if origin, ok := d.origin[n]; ok {
			p.file, p.line, p.path = origin, 0, join(d.prefix, path)
		}
	}
	d.problems = append(d.problems, p)
}

// failAt records a problem of the field at path, which a rule found.
func (d *document) failAt(path, format string, args ...any) {
	d.fail(d.at[path], path, format, args...)
}

// sound reports whether nothing is wrong with the fields at paths, so that a
// rule can judge their values.
func (d *document) sound(paths ...string) bool {
	for _, path := range paths {
		for p := path; p != ""; p = parent(p) {
			if d.faulty[p] {
				return false
			}
		}
	}
	return true
}

func parent(path string) string {
	i := strings.LastIndexByte(path, '.')
	return path[:max(i, 0)]
}
