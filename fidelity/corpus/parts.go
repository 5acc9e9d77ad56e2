package corpus

import (
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/internal/fault"
)

//go:embed parts/*.csv
var parts embed.FS

// Origin is what all measurements of parts have.
type Origin struct {
	ID     string
	Device string // as its source spells it
	SoC    string
	Source string // whose figure, file and version
	Note   string
}

// Flash is the rate of reads from a phone's storage.
type Flash struct {
	Origin
	Pattern    string // random
	BlockBytes int64
	Lanes      int     // reads in flight; 0: not stated
	BytesPerS  float64 // all lanes together
	LatencyUS  float64 // mean of a read; 0: not stated
	State      string  // cold, hot
}

// Memory is what one core, or several, reach in memory: a bandwidth, or the
// latency of dependent loads.
type Memory struct {
	Origin
	Core      string // type of core, such as Cortex-A76; "": not stated
	CPU       string // number of the core, such as cpu4
	Operation string // read, copy, fill, stream add, gemv, latency, ...
	Threads   int    // 0: not stated
	Bytes     int64  // of the buffer, or of the working set; 0: not stated
	BytesPerS float64
	NS        float64 // of a load, where Operation is latency
	SpreadPct float64 // 0: not stated
	Test      string
}

// Kernel is the time of one operator.
type Kernel struct {
	Origin
	Runtime, Unit string
	Threads       int
	Operator      string // matmul, or as its source names it
	Shape         string // as its source writes it
	M, K, N       int    // of a matmul: rows of activations, columns, rows of weights
	Format        string // as its source spells it
	WeightBytes   int64
	// Measures is what was timed: total (call to finish), device (the unit's own
	// clock), dispatch (the call alone), token (sum over a token), phase.
	Measures string
	TimeUS   float64
	State    string // "", or unsteady: only neighbours compare
}

// Clock is the power of one core under CoreMark at one clock, above idle.
type Clock struct {
	Origin
	CPU            string
	MHz            float64
	PowerMW        float64
	CoreMarkPerS   float64
	GaugeIsChecked bool // its source has verified the phone's fuel gauge
}

// FlashReads returns the shipped rates of storage.
func FlashReads() ([]Flash, error) { return shippedPart("flash", ReadFlash) }

// Memories returns the shipped bandwidths and latencies of memory.
func Memories() ([]Memory, error) { return shippedPart("memory", ReadMemory) }

// Kernels returns the shipped times of operators.
func Kernels() ([]Kernel, error) { return shippedPart("kernels", ReadKernels) }

// Clocks returns the shipped powers of cores.
func Clocks() ([]Clock, error) { return shippedPart("clocks", ReadClocks) }

func shippedPart[T any](name string, read func(string, io.Reader) ([]T, error)) ([]T, error) {
	f, err := parts.Open("parts/" + name + ".csv")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(name+".csv", f)
}

// ReadFlash reads rates of storage in the columns of parts/flash.csv.
func ReadFlash(name string, r io.Reader) ([]Flash, error) {
	return readPart(name, r, "pattern block_bytes lanes bytes_per_s latency_us state", func(c *line) Flash {
		return Flash{
			Origin: c.origin(), Pattern: c.text("pattern"), BlockBytes: int64(c.whole("block_bytes")), Lanes: c.whole("lanes"),
			BytesPerS: c.above("bytes_per_s"), LatencyUS: c.number("latency_us"), State: c.text("state"),
		}
	})
}

// ReadMemory reads bandwidths and latencies in the columns of parts/memory.csv.
func ReadMemory(name string, r io.Reader) ([]Memory, error) {
	return readPart(name, r, "core cpu operation threads bytes value unit spread_pct test", func(c *line) Memory {
		m := Memory{
			Origin: c.origin(), Core: c.text("core"), CPU: c.text("cpu"), Operation: c.text("operation"), Threads: c.whole("threads"),
			Bytes: int64(c.whole("bytes")), SpreadPct: c.number("spread_pct"), Test: c.text("test"),
		}
		switch unit := c.text("unit"); unit {
		case "bytes_per_s":
			m.BytesPerS = c.above("value")
		case "ns":
			m.NS = c.above("value")
		default:
			c.wrong("unit", "%q is neither bytes_per_s nor ns", unit)
		}
		return m
	})
}

// ReadKernels reads times of operators in the columns of parts/kernels.csv.
func ReadKernels(name string, r io.Reader) ([]Kernel, error) {
	columns := "runtime unit threads operator shape m k n format weight_bytes measures time_us state"
	return readPart(name, r, columns, func(c *line) Kernel {
		return Kernel{
			Origin: c.origin(), Runtime: c.text("runtime"), Unit: c.text("unit"), Threads: c.whole("threads"), Operator: c.text("operator"),
			Shape: c.text("shape"), M: c.whole("m"), K: c.whole("k"), N: c.whole("n"), Format: c.text("format"),
			WeightBytes: int64(c.whole("weight_bytes")), Measures: c.text("measures"), TimeUS: c.above("time_us"), State: c.text("state"),
		}
	})
}

// ReadClocks reads powers of cores in the columns of parts/clocks.csv.
func ReadClocks(name string, r io.Reader) ([]Clock, error) {
	return readPart(name, r, "cpu mhz power_mw coremark_per_s gauge", func(c *line) Clock {
		return Clock{
			Origin: c.origin(), CPU: c.text("cpu"), MHz: c.above("mhz"), PowerMW: c.number("power_mw"),
			CoreMarkPerS: c.number("coremark_per_s"), GaugeIsChecked: c.text("gauge") == "verified",
		}
	})
}

// line is one line of a table of parts; what is wrong with its cells gathers in
// problems.
type line struct {
	column   map[string]int
	cells    []string
	problems []error
}

func (c *line) text(column string) string {
	if i, ok := c.column[column]; ok {
		return strings.TrimSpace(c.cells[i])
	}
	return ""
}

func (c *line) wrong(column, format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("%s %s", column, fmt.Sprintf(format, args...)))
}

// whole is a number from 0; an empty cell is 0.
func (c *line) whole(column string) int {
	s := c.text(column)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		c.wrong(column, "%q is not a whole number", s)
	}
	return n
}

// number is from 0; an empty cell is 0.
func (c *line) number(column string) float64 {
	s := c.text(column)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 0) {
		c.wrong(column, "%q is not a number from 0", s)
	}
	return v
}

// above is a number above 0.
func (c *line) above(column string) float64 {
	v := c.number(column)
	if v == 0 {
		c.wrong(column, "%q is not above zero", c.text(column))
	}
	return v
}

func (c *line) origin() Origin {
	source := slices.DeleteFunc([]string{c.text("source"), c.text("file"), c.text("date")}, func(s string) bool { return s == "" })
	o := Origin{ID: c.text("id"), Device: c.text("device"), SoC: c.text("soc"), Source: strings.Join(source, ", "), Note: c.text("note")}
	if o.Device == "" {
		c.wrong("device", "is empty")
	}
	return o
}

// always are the columns of every table of parts.
const always = "id device soc source file date note"

// readPart reads a table. Columns may stand in any order and be left out where
// a zero makes sense; an unknown one is the user's mistake, and so is every line
// that is wrong.
func readPart[T any](name string, r io.Reader, columns string, row func(*line) T) ([]T, error) {
	known := strings.Fields(always + " " + columns)
	in := csv.NewReader(r)
	in.Comment = '#'
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.Userf("%s is empty; its first line names the columns: %s", name, strings.Join(known, ", "))
	}
	if err != nil {
		return nil, fault.Userf("%s: %v", name, err)
	}
	column := map[string]int{}
	for i, cell := range head {
		cell = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(cell, "\ufeff")))
		if _, twice := column[cell]; twice || !slices.Contains(known, cell) {
			return nil, fault.Userf("%s: column %q is not known or stands twice; the columns are %s", name, cell, strings.Join(known, ", "))
		}
		column[cell] = i
	}
	var rows []T
	var problems []error
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, errors.Join(problems...)
		}
		if err != nil {
			return rows, errors.Join(append(problems, fault.Userf("%s: %v", name, err))...)
		}
		c := &line{column: column, cells: cells}
		rows = append(rows, row(c))
		if err := errors.Join(c.problems...); err != nil {
			at, _ := in.FieldPos(0)
			problems = append(problems, fault.User(fmt.Errorf("%s:%d: %w", name, at, err)))
		}
	}
}
