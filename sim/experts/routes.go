package experts

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// Routes are the experts that a model's layers chose for each position of a run.
type Routes struct {
	Model string
	// Bytes of one expert, by layer; empty if the file does not say.
	Bytes   []units.Bytes
	Prompt  int // positions of the prompt
	Used    int // experts of a position in a layer
	Experts int // at least: one more than the highest number
	Layers  int
	chosen  [][][]int32 // by position and layer
}

// Positions returns how many positions the routes know.
func (r *Routes) Positions() int { return len(r.chosen) }

// At returns the experts that a layer chose at a position. It is the caller's
// mistake to ask for what Positions and Layers do not hold.
func (r *Routes) At(pos, layer int) []int32 { return r.chosen[pos][layer] }

// Batch returns the experts that a layer chose for positions from up to to, each
// once, in the order in which they came first.
func (r *Routes) Batch(from, to, layer int) []int32 {
	var all []int32
	for pos := from; pos < to; pos++ {
		for _, e := range r.chosen[pos][layer] {
			if !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	return all
}

// Choose fills dst with the experts of the positions from pos on, used of each: it
// is what a session without arithmetic asks. Where fewer were recorded, the last
// one stands for the rest; where none were, as in the last layer of a prompt of
// which only the end is wanted, the next position that has some stands for it.
func (r *Routes) Choose(dst []int32, used, layer, pos int) {
	for i := 0; i+used <= len(dst); i += used {
		p := min(pos+i/used, len(r.chosen)-1)
		for len(r.chosen[p][layer]) == 0 && p+1 < len(r.chosen) {
			p++
		}
		list := r.chosen[p][layer]
		for j := range used {
			dst[i+j] = 0
			if len(list) > 0 {
				dst[i+j] = list[min(j, len(list)-1)]
			}
		}
	}
}

// Fits reports, as the user's mistake, why the routes cannot be of a model.
func (r *Routes) Fits(experts, used, layers int) error {
	switch {
	case r.Layers > layers:
		return fault.Userf("the routes (%s) are of %d layers, the model has %d; give the model that they were recorded from", r.Model, r.Layers, layers)
	case r.Experts > experts:
		return fault.Userf("the routes (%s) name expert %d, the model has %d of them; give the model that they were recorded from", r.Model, r.Experts-1, experts)
	case r.Used > used:
		return fault.Userf("the routes (%s) choose %d experts a layer, the model %d; give the model that they were recorded from", r.Model, r.Used, used)
	case r.Layers < layers:
		return fault.Userf("the routes (%s) are of %d layers, the model has %d; give the model that they were recorded from", r.Model, r.Layers, layers)
	}
	return nil
}

// most a route file may say: beyond it a number is a slip.
const (
	mostLayers    = 1 << 10
	mostExperts   = 1 << 14
	mostPositions = 1 << 20
)

// ReadRoutes reads a route file: lines of # with facts about the model (model=,
// layer= with expert_bytes=), a line that names columns, and a row for each
// expert that was chosen. The columns phase (0 prompt, 1 decode), step (position),
// layer and expert are needed; turn must stay the same. Rows come in any order. A
// mistake is the user's and names its line.
func ReadRoutes(name string, in io.Reader) (*Routes, error) {
	p := routeParser{name: name, decoded: mostPositions}
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		p.line++
		if err := p.take(strings.TrimSpace(scanner.Text())); err != nil {
			return nil, err
		}
	}
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fault.Userf("%s:%d: a line is longer than any row of routes", name, p.line+1)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p.finish()
}

// routeParser is a route file while it is read.
type routeParser struct {
	name    string
	line    int
	columns map[string]int
	turn    string
	decoded int // first position of phase 1
	routes  Routes
}

func (p *routeParser) fail(format string, args ...any) error {
	return fault.Userf("%s:%d: %s", p.name, p.line, fmt.Sprintf(format, args...))
}

func (p *routeParser) take(line string) error {
	switch {
	case line == "":
		return nil
	case strings.HasPrefix(line, "#"):
		return p.fact(line[1:])
	}
	fields, err := csv.NewReader(strings.NewReader(line)).Read()
	if err != nil {
		return p.fail("is no line of comma-separated values")
	}
	if p.columns == nil {
		return p.head(fields)
	}
	return p.row(fields)
}

// fact reads a line of key=value pairs about the model.
func (p *routeParser) fact(line string) error {
	pairs := map[string]string{}
	for _, word := range strings.Fields(line) {
		if key, value, ok := strings.Cut(word, "="); ok {
			pairs[key] = value
		}
	}
	if model, ok := pairs["model"]; ok {
		p.routes.Model = model[strings.LastIndexByte(model, '/')+1:]
	}
	layer, isLayer := pairs["layer"]
	bytes, isBytes := pairs["expert_bytes"]
	if !isLayer || !isBytes {
		return nil
	}
	i, err := p.number("layer", layer, mostLayers)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(bytes, 10, 64)
	if err != nil || n < 0 {
		return p.fail("expert_bytes %q is no size in bytes", bytes)
	}
	for len(p.routes.Bytes) <= i {
		p.routes.Bytes = append(p.routes.Bytes, 0)
	}
	p.routes.Bytes[i] = units.Bytes(n)
	return nil
}

// head reads the names of the columns.
func (p *routeParser) head(fields []string) error {
	p.columns = map[string]int{}
	for i, f := range fields {
		p.columns[strings.TrimSpace(f)] = i
	}
	for _, need := range []string{"phase", "step", "layer", "expert"} {
		if _, ok := p.columns[need]; !ok {
			return p.fail("has no column %q; the columns are turn, phase, step, layer, slot, expert, and may be more", need)
		}
	}
	return nil
}

func (p *routeParser) number(what, text string, most int) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 || n >= most {
		return 0, p.fail("%s %q is not a whole number from 0 to %d", what, text, most-1)
	}
	return n, nil
}

// row takes one chosen expert.
func (p *routeParser) row(fields []string) error {
	if len(fields) < len(p.columns) {
		return p.fail("has %d fields of %d", len(fields), len(p.columns))
	}
	var values [4]int
	for i, c := range []struct {
		name string
		most int
	}{{"phase", 2}, {"step", mostPositions}, {"layer", mostLayers}, {"expert", mostExperts}} {
		var err error
		if values[i], err = p.number(c.name, fields[p.columns[c.name]], c.most); err != nil {
			return err
		}
	}
	if at, ok := p.columns["turn"]; ok {
		if p.turn == "" {
			p.turn = fields[at]
		}
		if fields[at] != p.turn {
			return p.fail("begins turn %s after turn %s; give a file of one turn", fields[at], p.turn)
		}
	}
	return p.add(values[0], values[1], values[2], int32(values[3]))
}

func (p *routeParser) add(phase, step, layer int, expert int32) error {
	r := &p.routes
	for len(r.chosen) <= step {
		r.chosen = append(r.chosen, nil)
	}
	if phase == 0 {
		r.Prompt = max(r.Prompt, step+1)
	} else {
		p.decoded = min(p.decoded, step)
	}
	for len(r.chosen[step]) <= layer {
		r.chosen[step] = append(r.chosen[step], nil)
	}
	if slices.Contains(r.chosen[step][layer], expert) {
		return p.fail("expert %d is chosen twice by layer %d at position %d", expert, layer, step)
	}
	r.chosen[step][layer] = append(r.chosen[step][layer], expert)
	r.Layers = max(r.Layers, layer+1)
	r.Experts = max(r.Experts, int(expert)+1)
	r.Used = max(r.Used, len(r.chosen[step][layer]))
	return nil
}

// finish checks that positions are whole. Prompts may lack layers: a runtime that
// skips what no token needs records fewer of the last ones.
func (p *routeParser) finish() (*Routes, error) {
	r := &p.routes
	if len(r.chosen) == 0 {
		return nil, fault.Userf("%s: holds no row of routes; it needs the columns turn, phase, step, layer, slot, expert", p.name)
	}
	if p.decoded < r.Prompt {
		return nil, fault.Userf("%s: position %d is decoded, and position %d is of the prompt; give one prompt and what follows it", p.name, p.decoded, r.Prompt-1)
	}
	for pos := range r.chosen {
		if len(r.chosen[pos]) == 0 {
			return nil, fault.Userf("%s: position %d has no row, position %d has; is a part of the file missing?", p.name, pos, len(r.chosen)-1)
		}
		for len(r.chosen[pos]) < r.Layers {
			r.chosen[pos] = append(r.chosen[pos], nil)
		}
		for layer, list := range r.chosen[pos] {
			if pos >= r.Prompt && len(list) != r.Used && len(list) != 0 {
				return nil, fault.Userf("%s: position %d has %d experts in layer %d, others have %d; is the file cut off?", p.name, pos, len(list), layer, r.Used)
			}
		}
	}
	if len(r.Bytes) > 0 && len(r.Bytes) != r.Layers {
		r.Bytes = nil
	}
	return r, nil
}
