package export

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/traces"
)

// ramulator2 writes the load/store trace of Ramulator 2's LoadStoreTrace
// frontend: LD or ST and a decimal address.
func ramulator2(w *writer, op traces.Op) {
	w.bursts(op, func(line []byte, addr uint64, access traces.Access) []byte {
		line = append(line, choose(access, "LD ", "ST ")...)
		return append(strconv.AppendUint(line, addr, 10), '\n')
	})
}

// dramsim3 writes the trace of DRAMsim3's TraceBasedCPU: hexadecimal address,
// READ or WRITE, and the cycle from which on it may be issued.
func dramsim3(w *writer, op traces.Op) {
	w.bursts(op, func(line []byte, addr uint64, access traces.Access) []byte {
		line = strconv.AppendUint(append(line, "0x"...), addr, 16)
		line = append(line, choose(access, " READ 0\n", " WRITE 0\n")...)
		return line
	})
}

func choose(access traces.Access, read, write string) string {
	if access == traces.Write {
		return write
	}
	return read
}

// bursts writes a line for each burst that an operand touches.
func (w *writer) bursts(op traces.Op, appendLine func(line []byte, addr uint64, access traces.Access) []byte) {
	var line []byte
	for i := range op {
		e := &op[i]
		if e.Bytes == 0 {
			continue
		}
		last := (e.Addr + uint64(e.Bytes) - 1) / w.burst
		for b := e.Addr / w.burst; b <= last; b++ {
			line = appendLine(line[:0], b*w.burst, e.Access)
			w.Write(line)
		}
	}
}

// slice is an operator in a Chrome trace (the trace event format's complete
// event); times are microseconds.
type slice struct {
	Name     string         `json:"name"`
	Category string         `json:"cat"`
	Phase    string         `json:"ph"`
	TS       float64        `json:"ts"`
	Duration float64        `json:"dur"`
	PID      int            `json:"pid"`
	TID      int            `json:"tid"`
	Args     map[string]any `json:"args"`
}

func beginChrome(w *writer) error {
	if w.head.ShapeOnly {
		return fault.Userf("the trace is shape-only and has no host times to draw; capture it without --shape-only, or see memsim replay --timeline")
	}
	w.WriteString(`{"displayTimeUnit":"ns","traceEvents":[`)
	return nil
}

// chrome draws the operators one after another, as they ran on the host.
func chrome(w *writer, op traces.Op) {
	e := &op[0]
	var read, written int64
	for i := range op {
		if op[i].Access == traces.Write {
			written += op[i].Bytes
		} else {
			read += op[i].Bytes
		}
	}
	text, err := json.Marshal(slice{
		Name: e.Op, Category: string(e.Phase), Phase: "X", TS: float64(w.now) / 1e3, Duration: float64(e.HostNS) / 1e3, PID: 1, TID: 1,
		Args: map[string]any{"token": e.Token, "layer": e.Layer, "block": e.Block, "read_bytes": read, "written_bytes": written, "macs": e.MACs},
	})
	if err != nil {
		return // numbers and text always have a JSON form
	}
	if w.some {
		w.WriteByte(',')
	}
	w.WriteByte('\n')
	w.Write(text)
	w.now += e.HostNS
}

func endChrome(w *writer) { w.WriteString("\n]}\n") }

// beginCSV writes the names of the columns of a trace file.
func beginCSV(w *writer) error {
	w.WriteString("seq,phase,token,op,layer,block,tensor,kind,access,addr,bytes,dtype,macs,host_ns,expert\n")
	return nil
}

func csvRows(w *writer, op traces.Op) {
	var line []byte
	number := func(n int64) { line = append(strconv.AppendInt(line, n, 10), ',') }
	text := func(s string) { line = append(append(line, quote(s)...), ',') }
	for i := range op {
		e := &op[i]
		line = line[:0]
		number(e.Seq)
		text(string(e.Phase))
		number(int64(e.Token))
		text(e.Op)
		number(int64(e.Layer))
		number(int64(e.Block))
		text(e.Tensor)
		text(string(e.Kind))
		text(string(e.Access))
		line = append(strconv.AppendUint(line, e.Addr, 10), ',')
		number(e.Bytes)
		text(e.DType)
		number(e.MACs)
		number(e.HostNS)
		line = append(strconv.AppendInt(line, int64(e.Expert), 10), '\n')
		w.Write(line)
	}
}

// quote makes s a field of CSV (RFC 4180).
func quote(s string) string {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
