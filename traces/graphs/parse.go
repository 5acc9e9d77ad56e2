package graphs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// Operand is a tensor as an operator names it.
type Operand struct {
	Name string
	Dims [4]int64 // innermost first
	Type string   // storage format, lower case; "" where it is not printed
}

// Elements returns the number of values.
func (o *Operand) Elements() int64 { return o.Dims[0] * o.Dims[1] * o.Dims[2] * o.Dims[3] }

// Node is an operator as the engine launched it.
type Node struct {
	Line    int    // of the file, for errors
	Op      string // the engine's own name, such as MUL_MAT
	Result  Operand
	Sources []Operand

	// What only tables say.
	Name   string // for the trace; "" is found from Op and the operands
	Layer  *int32 // nil: found from the operands' names
	HostNS int64  // time that it took, 0 if that is not known
	MACs   int64  // 0: found from Op and the operands
}

// Pass is one evaluation of the graph.
type Pass struct {
	Nodes    []Node
	Phase    traces.Phase // "": by the number of tokens
	Position int64        // of its first token, if Phase is given
}

// Graph is what a log holds.
type Graph struct {
	Name   string  // of the file, for errors
	Passes []Pass  // in order
	Prompt []int32 // token ids of the first pass, nil if the log does not say
}

const (
	maxLine  = 1 << 20 // bytes of a line
	maxNodes = 1 << 20 // operators of a log
	maxDim   = 1 << 40 // values along all dimensions of an operand
)

// marks stand before an operator in logs; a line with one is an operator's, whole
// or cut.
var marks = []string{"_cb_eval:", "ggml_debug:"}

var (
	operatorLine = regexp.MustCompile(`^\s*(.*?) = \((\w+)\)\s+(\w+)\((.*)\) = \{(\d+), (\d+), (\d+), (\d+)\}\s*$`)
	operandText  = regexp.MustCompile(`\{(\d+), (\d+), (\d+), (\d+)\}(?::(\w+))?`)
	promptLine   = regexp.MustCompile(`number of input tokens = (\d+)`)
)

// ReadLog reads what llama-eval-callback prints: a line for each operator with its
// operands, among sampled values and other messages. Lines without the program's
// mark, and operands with their type behind the shape, are taken too. A log that
// ends within a graph is refused: what is missing nobody could tell from what is
// there.
func ReadLog(name string, r io.Reader) (*Graph, error) {
	p := logParser{graph: Graph{Name: name}}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for lines.Scan() {
		p.line++
		if err := p.read(lines.Text()); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fault.Userf("%s:%d: a line of more than %d bytes; that is no log of llama-eval-callback", name, p.line+1, maxLine)
	} else if err != nil {
		return nil, err
	}
	return p.end()
}

type logParser struct {
	graph Graph
	line  int
	nodes []Node // of the pass being read
	count int    // of all passes
	ids   int    // token ids that follow
}

func (p *logParser) mistake(format string, args ...any) error {
	return fault.Userf("%s:%d: %w", p.graph.Name, p.line, fmt.Errorf(format, args...))
}

func (p *logParser) read(line string) error {
	marked := false
	for _, mark := range marks {
		if _, rest, ok := strings.Cut(line, mark); ok {
			line, marked = rest, true
		}
	}
	if !marked && p.ids > 0 && p.tokenID(line) {
		return nil
	}
	match := operatorLine.FindStringSubmatch(line)
	switch {
	case match != nil:
		return p.operator(match)
	case marked:
		return p.mistake("%q is no operator with a result and operands; the log is cut or damaged here", strings.TrimSpace(line))
	}
	if prompt := promptLine.FindStringSubmatch(line); prompt != nil && p.graph.Prompt == nil {
		p.ids, _ = strconv.Atoi(prompt[1])
	}
	return nil
}

// tokenID takes a line of the list of the prompt's token ids.
func (p *logParser) tokenID(line string) bool {
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return false
	}
	id, err := strconv.ParseInt(fields[len(fields)-1], 10, 32)
	if err != nil || id < 0 {
		p.ids, p.graph.Prompt = 0, nil
		return false
	}
	p.graph.Prompt = append(p.graph.Prompt, int32(id))
	p.ids--
	return true
}

func (p *logParser) operator(match []string) error {
	n := Node{Line: p.line, Op: match[3], Result: Operand{Name: strings.TrimSpace(match[1]), Type: strings.ToLower(match[2])}}
	var err error
	if n.Result.Dims, err = dims(match[5:9]); err != nil {
		return p.mistake("%s: %w", n.Result.Name, err)
	}
	if n.Sources, err = operands(match[4]); err != nil {
		return p.mistake("%s: %w", n.Result.Name, err)
	}
	if p.count++; p.count > maxNodes {
		return p.mistake("more than %d operators; import fewer tokens at a time", maxNodes)
	}
	if startsPass(&n) && slices.ContainsFunc(p.nodes, func(o Node) bool { return startsPass(&o) }) {
		return p.mistake("a graph begins, and the one before did not come to result_output; the log is cut")
	}
	p.nodes = append(p.nodes, n)
	if endsPass(&n) {
		p.graph.Passes = append(p.graph.Passes, Pass{Nodes: p.nodes})
		p.nodes = nil
	}
	return nil
}

// startsPass reports whether n is the first operator of a language model's graph.
func startsPass(n *Node) bool {
	return n.Op == "GET_ROWS" && len(n.Sources) > 0 && n.Sources[0].Name == "token_embd.weight"
}

// endsPass reports whether n makes what a graph is evaluated for.
func endsPass(n *Node) bool {
	return n.Result.Name == "result_output" || strings.HasPrefix(n.Result.Name, "result_embd")
}

func (p *logParser) end() (*Graph, error) {
	switch {
	case len(p.nodes) > 0:
		last := p.nodes[len(p.nodes)-1]
		return nil, fault.Userf("%s:%d: the log ends after %s = %s without result_output: it is cut, as llama-eval-callback may lose its last lines; write it again",
			p.graph.Name, last.Line, last.Result.Name, last.Op)
	case len(p.graph.Passes) == 0:
		return nil, fault.Userf("%s: no operator in %d lines; give what llama-eval-callback prints, with lines as: norm-0 = (f32) RMS_NORM(embd{64, 24, 1, 1}, }) = {64, 24, 1, 1}", p.graph.Name, p.line)
	}
	return &p.graph, nil
}

// dims parses four dimensions.
func dims(texts []string) (d [4]int64, err error) {
	product := 1.0
	for i, text := range texts {
		if d[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return d, fmt.Errorf("dimension %s is too large", text)
		}
		product *= float64(d[i])
		if float64(d[i]) > maxDim || product > maxDim {
			return d, fmt.Errorf("shape {%s} has more values than memory", strings.Join(texts, ", "))
		}
	}
	return d, nil
}

// operands parses the list between the parentheses: names, which may hold nearly
// anything, each with its shape, and perhaps a type, behind it.
func operands(list string) ([]Operand, error) {
	var out []Operand
	from := 0
	for _, at := range operandText.FindAllStringSubmatchIndex(list, -1) {
		o := Operand{Name: strings.TrimSpace(strings.TrimLeft(list[from:at[0]], "}, "))}
		var texts []string
		for i := 1; i <= 4; i++ {
			texts = append(texts, list[at[2*i]:at[2*i+1]])
		}
		var err error
		if o.Dims, err = dims(texts); err != nil {
			return nil, fmt.Errorf("operand %s: %w", o.Name, err)
		}
		if at[10] >= 0 {
			o.Type = strings.ToLower(list[at[10]:at[11]])
		}
		out = append(out, o)
		from = at[1]
	}
	return out, nil
}
