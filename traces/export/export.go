// Package export writes a trace in the formats of other programs: requests for
// DRAM simulators, a timeline for a trace viewer, rows for a spreadsheet.
//
// The mental model: a format is a function from a stream of operators to bytes,
// and Options choose the operators. DRAM simulators know bursts and no
// operands, so that an operand becomes the bursts that it touches, in order of
// address.
//
//	traces.Source ──Options──▶ ramulator2   LD 4096
//	                           dramsim3     0x1000 READ 0
//	                           chrome       a slice for each operator, by host time
//	                           csv          a row for each operand
//
// # Caveats
//
// Requests are those of the kernels: no cache has filtered them. Ramulator 2 and
// DRAMsim3 receive them as fast as they take them; when an operator ran is not
// in the file. One decode step of a 125 MB model is four million lines.
package export

import (
	"bufio"
	"context"
	"io"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// AllTokens selects every token.
const AllTokens int32 = -1

// Options choose what of a trace is written.
type Options struct {
	Phase traces.Phase // "" is all phases but load
	Token int32        // position of the token, or AllTokens
	Burst int64        // bytes of a DRAM request; 0 is 32, a burst of 16 bits × 16
}

// format writes operators.
type format struct {
	name  string
	begin func(*writer) error
	op    func(*writer, traces.Op)
	end   func(*writer)
}

// formats are the formats in the order in which they are listed.
var formats = []format{
	{"ramulator2", nothing, ramulator2, func(*writer) {}},
	{"dramsim3", nothing, dramsim3, func(*writer) {}},
	{"chrome", beginChrome, chrome, endChrome},
	{"csv", beginCSV, csvRows, func(*writer) {}},
}

// Formats returns the names of the formats.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// writer is an output under way.
type writer struct {
	*bufio.Writer
	head  traces.Header
	burst uint64
	now   int64 // host time so far, in ns
	some  bool  // an operator was written
}

func nothing(*writer) error { return nil }

// Write writes the chosen operators of src to w in the named format. A format
// that is not known, and a choice that the trace has nothing of, are the user's
// mistakes.
func Write(ctx context.Context, w io.Writer, src traces.Source, name string, o Options) error {
	f, err := find(name)
	if err != nil {
		return err
	}
	if o.Burst == 0 {
		o.Burst = 32
	}
	if o.Burst < 1 || o.Burst > 4096 || o.Burst&(o.Burst-1) != 0 {
		return fault.Userf("a burst of %d bytes is no power of two up to 4096", o.Burst)
	}
	out := &writer{Writer: bufio.NewWriterSize(w, 1<<18), head: src.Header(), burst: uint64(o.Burst)}
	if err := f.begin(out); err != nil {
		return err
	}
	for op, err := range src.Ops() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if o.chooses(&op[0]) {
			f.op(out, op)
			out.some = true
		}
	}
	if !out.some {
		return fault.Userf("the trace has no operator of the phase and the token asked for; see memsim inspect")
	}
	f.end(out)
	return out.Flush()
}

func find(name string) (format, error) {
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
	}
	return format{}, fault.Userf("format %q is not known: it must be one of %s", name, strings.Join(Formats(), ", "))
}

func (o Options) chooses(e *traces.Event) bool {
	if o.Phase == "" && e.Phase == traces.Load || o.Phase != "" && e.Phase != o.Phase {
		return false
	}
	return o.Token == AllTokens || e.Token == o.Token
}
