package graphs

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// ReadTable reads a profiler's table of operators as CSV with a heading, in the
// order in which they ran; traces/FORMAT.md describes its columns. The weights that
// it names no tensor of m for are added to m behind its own.
func ReadTable(name string, r io.Reader, m *Model) (*Graph, error) {
	rows := csv.NewReader(r)
	rows.TrimLeadingSpace, rows.ReuseRecord, rows.FieldsPerRecord = true, true, -1
	t := table{graph: Graph{Name: name}, model: m, rows: rows}
	heading, err := rows.Read()
	if err != nil {
		return nil, t.damaged(err)
	}
	if err := t.head(heading); err != nil {
		return nil, err
	}
	for {
		record, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, t.damaged(err)
		}
		t.line, _ = rows.FieldPos(0)
		if err := t.row(record); err != nil {
			return nil, fault.Userf("%s:%d: %w", name, t.line, err)
		}
	}
	if len(t.graph.Passes) == 0 {
		return nil, fault.Userf("%s: a heading and no operator below it", name)
	}
	return &t.graph, nil
}

type table struct {
	graph   Graph
	model   *Model
	rows    *csv.Reader
	columns map[string]int
	unit    string // of times
	line    int
	count   int
	token   int64
}

func (t *table) damaged(err error) error {
	var at *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return fault.Userf("%s: empty; give a CSV table with the columns operator, shape, type and time", t.graph.Name)
	case errors.As(err, &at):
		return fault.Userf("%s:%d: %w", t.graph.Name, at.Line, at.Err)
	}
	return err
}

// timeColumns are the names that the column of times may have, with the unit of
// its numbers: of plain ones in "time" nanoseconds.
var timeColumns = map[string]string{"time": "", "host_ns": "ns", "time_ns": "ns", "time_us": "us", "time_ms": "ms", "time_s": "s"}

func (t *table) head(heading []string) error {
	t.columns = map[string]int{}
	for i, cell := range heading {
		name := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(cell, "\ufeff")))
		if unit, ok := timeColumns[name]; ok {
			name, t.unit = "time", unit
		}
		if name == "op" {
			name = "operator"
		}
		if _, twice := t.columns[name]; twice {
			return fault.Userf("%s:1: two columns %q", t.graph.Name, name)
		}
		t.columns[name] = i
	}
	for _, name := range []string{"operator", "shape", "type", "time"} {
		if _, ok := t.columns[name]; !ok {
			return fault.Userf("%s:1: no column %q among %s", t.graph.Name, name, strings.Join(heading, ", "))
		}
	}
	return nil
}

func (t *table) cell(record []string, column string) string {
	i, ok := t.columns[column]
	if !ok || i >= len(record) {
		return ""
	}
	return strings.TrimSpace(record[i])
}

func (t *table) row(record []string) error {
	if t.count++; t.count > maxNodes {
		return fmt.Errorf("more than %d operators; import fewer at a time", maxNodes)
	}
	n := Node{Line: t.line, Op: t.cell(record, "operator"), Name: t.cell(record, "operator")}
	if n.Op == "" {
		return errors.New("operator is empty")
	}
	all, err := t.shapes(record)
	if err != nil {
		return err
	}
	n.Sources, n.Result = all[:len(all)-1], all[len(all)-1]
	if n.HostNS, err = t.nanoseconds(t.cell(record, "time")); err != nil {
		return err
	}
	kinds, err := t.kinds(record, &n)
	if err != nil {
		return err
	}
	if err := t.name(&n, kinds, t.cell(record, "tensor")); err != nil {
		return err
	}
	n.MACs = productOf(&n)
	return t.append(record, n)
}

// append puts an operator into the pass of its token.
func (t *table) append(record []string, n Node) error {
	phase := traces.Phase(t.cell(record, "phase"))
	switch phase {
	case "":
		phase = traces.Decode
	case traces.Prefill, traces.Decode:
	default:
		return fmt.Errorf("phase %q is not prefill or decode", phase)
	}
	token := t.token
	if text := t.cell(record, "token"); text != "" {
		var err error
		if token, err = strconv.ParseInt(text, 10, 32); err != nil || token < t.token {
			return fmt.Errorf("token %q is no position, or one before that of the row above", text)
		}
	}
	if layer := t.cell(record, "layer"); layer != "" {
		number, err := strconv.ParseInt(layer, 10, 32)
		if err != nil || number < outside {
			return fmt.Errorf("layer %q is no number from -1 on", layer)
		}
		at := int32(number)
		n.Layer = &at
	}
	last := len(t.graph.Passes) - 1
	if last < 0 || token != t.token || t.graph.Passes[last].Phase != phase {
		t.graph.Passes = append(t.graph.Passes, Pass{Phase: phase, Position: token})
		last++
	}
	t.token = token
	t.graph.Passes[last].Nodes = append(t.graph.Passes[last].Nodes, n)
	return nil
}

// shapes returns the operands of a row, the result last.
func (t *table) shapes(record []string) ([]Operand, error) {
	shapes := strings.Split(t.cell(record, "shape"), ";")
	types := strings.Split(t.cell(record, "type"), ";")
	if len(types) != 1 && len(types) != len(shapes) {
		return nil, fmt.Errorf("type %q: give one for all of the %d operands, or one for each, with semicolons between", t.cell(record, "type"), len(shapes))
	}
	out := make([]Operand, len(shapes))
	for i, text := range shapes {
		o := Operand{Name: fmt.Sprintf("%s-%d.%d", t.cell(record, "operator"), t.line, i), Type: dtypeOf(types[min(i, len(types)-1)])}
		if o.Type == "" {
			return nil, errors.New("type is empty; give f32, f16, q8_0 or the like")
		}
		var err error
		if o.Dims, err = shapeOf(text); err != nil {
			return nil, err
		}
		out[i] = o
	}
	return out, nil
}

// dtypeOf translates the names that frameworks have for storage formats.
func dtypeOf(text string) string {
	name := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "torch.")
	switch name {
	case "float32", "float", "fp32":
		return "f32"
	case "float16", "half", "fp16":
		return "f16"
	case "bfloat16":
		return "bf16"
	case "int64", "long":
		return "i64"
	case "int32", "int":
		return "i32"
	case "int8", "uint8", "char", "byte", "bool":
		return "i8" // plain bytes; the trace's int8 is a block format
	case "int4", "uint4":
		return "w4"
	}
	return name
}

// shapeOf parses a shape, outermost dimension first: 1x64x576 or [1, 64, 576].
// More than four dimensions are folded.
func shapeOf(text string) (d [4]int64, err error) {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune("[](){}x×*, ", r) })
	if len(fields) == 0 && strings.TrimSpace(text) == "" {
		return d, errors.New("shape is empty; give the operands' shapes with semicolons between, the result's last, as 64x576;1536x576;64x1536")
	}
	d = [4]int64{1, 1, 1, 1}
	product := 1.0
	for i, field := range slices.Backward(fields) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil || n < 0 {
			return d, fmt.Errorf("shape %q: %q is no dimension", text, field)
		}
		if product *= float64(max(n, 1)); product > maxDim {
			return d, fmt.Errorf("shape %q has more values than memory", text)
		}
		d[min(len(fields)-1-i, 3)] *= n
	}
	return d, nil
}

var nanosecondsOf = map[string]float64{"ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9}

// nanoseconds parses a time; empty is unknown.
func (t *table) nanoseconds(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number := strings.TrimRight(text, "nuµμms ")
	unit := strings.TrimSpace(text[len(number):])
	v, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil || !(v >= 0) || v > math.MaxInt32*1e9:
		return 0, fmt.Errorf("time %q is no time, such as 12.5us", text)
	case unit == "" && t.unit == "" && v != math.Trunc(v):
		return 0, fmt.Errorf("time %q has no unit; write 0.15ms or 12.5us, or name the column time_ms or time_us (plain whole numbers are nanoseconds)", text)
	case unit == "" && t.unit == "":
		unit = "ns"
	case unit == "":
		unit = t.unit
	}
	factor, ok := nanosecondsOf[unit]
	if !ok || v*factor > math.MaxInt64/2 {
		return 0, fmt.Errorf("time %q: %q is no unit of time; ns, us, ms and s are", text, unit)
	}
	return int64(math.Round(v * factor)), nil
}

// weighted are parts of the names of operators whose operands after the first are
// weights, unless the table says otherwise.
var weighted = []string{"linear", "addmm", "fully_connected", "fully connected", "conv", "embedding"}

// products are parts of the names of operators that multiply matrices.
var products = []string{"mul_mat", "matmul", "linear", "fully_connected", "fully connected", "mm", "gemm", "gemv"}

func named(op string, parts []string) bool {
	op = strings.ToLower(op)
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(op, part) })
}

// kinds returns the kind of each source.
func (t *table) kinds(record []string, n *Node) ([]traces.Kind, error) {
	kinds := make([]traces.Kind, len(n.Sources))
	for i := range kinds {
		kinds[i] = traces.Activation
		if i > 0 && named(n.Op, weighted) {
			kinds[i] = traces.Weight
		}
	}
	text := t.cell(record, "kind")
	if text == "" {
		return kinds, nil
	}
	given := strings.Split(text, ";")
	if len(given) > len(kinds)+1 {
		return nil, fmt.Errorf("kind %q names more operands than shape has", text)
	}
	for i, kind := range given {
		switch k := traces.Kind(strings.TrimSpace(kind)); k {
		case traces.Weight, traces.KV, traces.Activation:
			if i < len(kinds) {
				kinds[i] = k
			}
		case "":
		default:
			return nil, fmt.Errorf("kind %q is not weight, kv or activation", kind)
		}
	}
	return kinds, nil
}

// name names the operands, so that they are found: a tensor of the model, a weight
// of the table's own, a cache, or the result of the operator before if that has the
// shape.
func (t *table) name(n *Node, kinds []traces.Kind, tensor string) error {
	if tensor != "" {
		if err := t.tensor(n, kinds, tensor); err != nil {
			return err
		}
	}
	for i := range n.Sources {
		o := &n.Sources[i]
		switch {
		case o.Name == tensor:
		case kinds[i] == traces.Weight:
			t.add(o)
		case kinds[i] == traces.KV:
			o.Name = "cache_" + o.Name
		default:
			if before := t.before(); before != nil && before.Dims == o.Dims && before.Type == o.Type {
				o.Name = before.Name
			}
		}
	}
	return nil
}

// before returns the result of the row above.
func (t *table) before() *Operand {
	if len(t.graph.Passes) == 0 {
		return nil
	}
	nodes := t.graph.Passes[len(t.graph.Passes)-1].Nodes
	return &nodes[len(nodes)-1].Result
}

// tensor puts a tensor of the model in the place of the operand of its size, or
// beside the others.
func (t *table) tensor(n *Node, kinds []traces.Kind, name string) error {
	i := slices.IndexFunc(t.model.Tensors, func(w Tensor) bool { return w.Name == name })
	if i < 0 {
		in := t.model.Path
		if in == "" {
			return fmt.Errorf("tensor %s: give the model that it is of with --model", name)
		}
		return fmt.Errorf("tensor %s is not in %s", name, in)
	}
	w := &t.model.Tensors[i]
	o := Operand{Name: name, Dims: [4]int64{w.Cols, w.Rows, 1, 1}, Type: w.Type}
	for j := range n.Sources {
		if n.Sources[j].Elements() == o.Elements() {
			n.Sources[j] = o
			return nil
		}
	}
	return fmt.Errorf("tensor %s has %d × %d values, and no operand of shape has so many", name, w.Cols, w.Rows)
}

// add makes an operand a weight behind those of the model, one for all tokens that
// run the same operator on it.
func (t *table) add(o *Operand) {
	o.Name = fmt.Sprintf("%s.weight", o.Name)
	t.model.Tensors = append(t.model.Tensors, Tensor{
		Name: o.Name, Type: o.Type, Cols: o.Dims[0], Rows: o.Elements() / max(o.Dims[0], 1),
		Offset: uint64(t.model.Size), Bytes: traces.Bytes(o.Type, o.Elements()),
	})
	t.model.Size += int64(alignUp(uint64(traces.Bytes(o.Type, o.Elements())), operandAlign))
}

// productOf returns the multiply-accumulates of a row's operator: for each value
// of the result as many as the first matrix has columns, in a convolution as the
// filter of a channel has taps.
func productOf(n *Node) int64 {
	var taps int64
	switch {
	case len(n.Sources) < 2:
	case named(n.Op, []string{"conv"}):
		w := n.Sources[1]
		outermost := int64(1)
		for _, d := range w.Dims {
			if d > 1 {
				outermost = d
			}
		}
		taps = w.Elements() / max(outermost, 1)
	case named(n.Op, []string{"addmm"}):
		taps = n.Sources[1].Dims[0]
	case named(n.Op, products):
		taps = n.Sources[0].Dims[0]
	}
	return int64(min(float64(taps)*float64(n.Result.Elements()), traces.MaxMACs))
}
