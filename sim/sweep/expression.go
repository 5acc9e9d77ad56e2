package sweep

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/spelling"
	"github.com/memsim/memsim/sim"
)

// Expression computes something from a row of the space whose axes it was read
// for: the keys of a result, and the axes under the names of their columns, are
// its variables.
type Expression struct {
	text    string
	program *vm.Program
	axes    []variable
}

// variable is an axis as an expression sees it.
type variable struct {
	name    string // of its column; "" if an expression cannot name it
	numeric bool
}

// ParseCondition reads an expression that is true or false, such as
// "latency_ms_per_token < 20 && fits_dram_budget". A mistake in it is the
// user's, and names the key that was perhaps meant.
func ParseCondition(text string, axes []Axis) (*Expression, error) {
	return parse(text, axes, expr.AsBool())
}

// ParseFigure reads an expression that is a number, such as
// "latency_ms_per_token" or "energy_mj_per_token * tokens_per_s".
func ParseFigure(text string, axes []Axis) (*Expression, error) {
	return parse(text, axes, expr.AsFloat64())
}

func parse(text string, axes []Axis, kind expr.Option) (*Expression, error) {
	env := map[string]any{}
	var variables []variable
	for _, a := range axes {
		v := variable{Column(a.Name), a.Numeric()}
		if !isWord(v.name) {
			v.name = ""
		}
		v.set(env, a.Values[0])
		variables = append(variables, v)
	}
	set(env, &sim.Result{})
	program, err := expr.Compile(text, append(arithmetic(), expr.Env(env), kind)...)
	if err != nil {
		return nil, fault.Userf("expression %q: %s", text, explain(err, axes))
	}
	return &Expression{text, program, variables}, nil
}

// functions are those that an expression may call. The expression language has
// many more, but those that loop over a range, or repeat a text, let a short
// expression run for hours or take all memory.
var functions = []string{"abs", "ceil", "floor", "round", "max", "min", "int", "float", "string", "len", "lower", "upper", "hasPrefix", "hasSuffix"}

// arithmetic are the options of the expression language that keep an expression
// to operators and functions.
func arithmetic() []expr.Option {
	options := []expr.Option{expr.DisableAllBuiltins()}
	for _, name := range functions {
		options = append(options, expr.EnableBuiltin(name))
	}
	return options
}

// String returns the expression as it was typed.
func (e *Expression) String() string { return e.text }

// True evaluates a condition.
func (e *Expression) True(r *Row) (bool, error) {
	v, err := e.run(r)
	if err != nil {
		return false, err
	}
	return v.(bool), nil // the compiler saw to it
}

// Number evaluates a figure. One that is not finite is a user's mistake.
func (e *Expression) Number(r *Row) (float64, error) {
	v, err := e.run(r)
	if err != nil {
		return 0, err
	}
	n := v.(float64) // the compiler saw to it
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fault.Userf("expression %q is %v at %s", e.text, n, r.Point)
	}
	return n, nil
}

func (e *Expression) run(r *Row) (any, error) {
	env := map[string]any{}
	for i, v := range e.axes {
		v.set(env, r.Point.Values[i])
	}
	set(env, &r.Result)
	v, err := expr.Run(e.program, env)
	if err != nil {
		return nil, fault.Userf("expression %q at %s: %s", e.text, r.Point, plain(err))
	}
	return v, nil
}

// set puts a value of the axis into env: as a number if all of them are numbers.
func (v variable) set(env map[string]any, value string) {
	if v.name == "" {
		return
	}
	env[v.name] = value
	if v.numeric {
		env[v.name], _ = strconv.ParseFloat(value, 64)
	}
}

// Numeric reports whether all values of the axis are plain numbers.
func (a Axis) Numeric() bool {
	return !slices.ContainsFunc(a.Values, func(v string) bool {
		n, err := strconv.ParseFloat(v, 64)
		return err != nil || math.IsNaN(n) || math.IsInf(n, 0)
	})
}

// Column returns the name under which an axis stands in files and expressions:
// that of the figure, for an axis that has one. Paths of device fields stay as
// they are, and cannot be named in expressions.
func Column(axis string) string {
	if strings.Contains(axis, ".") {
		return axis
	}
	return strings.ReplaceAll(axis, "-", "_")
}

func isWord(s string) bool { return word.FindString(s) == s && s != "" }

var (
	word    = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	unknown = regexp.MustCompile(`unknown name (\w+)|has no field (\w+)`)
)

// explain says what is wrong with an expression, and which key was perhaps meant.
func explain(err error, axes []Axis) string {
	text := plain(err)
	m := unknown.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	name := m[1] + m[2]
	known := keys(axes)
	if near := spelling.Nearest(name, known, 1); len(near) > 0 {
		return fmt.Sprintf("%s is not a key of a result; did you mean %s?", name, near[0])
	}
	return fmt.Sprintf("%s is not a key of a result; the keys are %s", name, strings.Join(known, ", "))
}

// plain returns the message of an error of the expression library without the
// excerpt that it draws below.
func plain(err error) string {
	var located *file.Error
	if errors.As(err, &located) {
		return located.Message
	}
	return err.Error()
}
