package sweeps

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim/sweep"
)

// JSON makes rows objects: the axes, the keys of a result, and the columns
// behind them that apply.
type JSON struct {
	table table
	axes  []jsonAxis
}

type jsonAxis struct {
	name    string
	numeric bool
	figure  bool // the result says it
}

// NewJSON returns the encoder of a sweep's rows.
func NewJSON(l Layout) *JSON {
	j := &JSON{table: newTable(l)}
	for i, a := range l.Axes {
		name := sweep.Column(a.Name)
		j.axes = append(j.axes, jsonAxis{name, j.table.kinds[i] != text, slices.Contains(profiles.Columns(), name)})
	}
	return j
}

// Encode returns a row as one object.
func (j *JSON) Encode(r *sweep.Row) (json.RawMessage, error) {
	var o object
	for i, a := range j.axes {
		value := r.Point.Values[i]
		switch {
		case a.figure && r.Invalid == nil:
		case a.numeric && json.Valid([]byte(value)):
			o.add(a.name, json.RawMessage(value))
		default:
			o.add(a.name, value)
		}
	}
	machine := j.table.machine(r.Point)
	for i, name := range j.table.machineColumns() {
		o.add(name, machine[i])
	}
	if r.Invalid != nil {
		o.add(invalidColumn, profiles.Clean(r.Invalid.Error()))
		return o.end()
	}
	o.embed(&r.Result)
	if a := accuraciesOf(&r.Result); len(a) > 0 {
		o.add(accuracyColumn, a[0].Percent)
		o.add(trainingColumn, a[0].Training)
	}
	if j.table.Front != nil {
		o.add(frontColumn, j.table.Front[r.Index])
	}
	return o.end()
}

// object is a JSON object under way, with its keys in the order of adding.
type object struct {
	buffer bytes.Buffer
	err    error
}

func (o *object) add(key string, v any) {
	name, err := json.Marshal(key)
	if o.err == nil {
		o.err = err
	}
	data, err := json.Marshal(v)
	if o.err == nil {
		o.err = err
	}
	o.join()
	o.buffer.Write(name)
	o.buffer.WriteByte(':')
	o.buffer.Write(data)
}

// embed adds the fields of a struct.
func (o *object) embed(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		o.err = err
		return
	}
	o.join()
	o.buffer.Write(data[1 : len(data)-1])
}

func (o *object) join() {
	if o.buffer.Len() > 0 {
		o.buffer.WriteByte(',')
	}
}

func (o *object) end() (json.RawMessage, error) {
	if o.err != nil {
		return nil, o.err
	}
	return json.RawMessage("{" + o.buffer.String() + "}"), nil
}
