package sweeps

import (
	"bytes"
	"encoding/json"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/sim/sweep"
)

// JSON returns a row as one object: the axes, the keys of a result, and the
// columns behind them that apply.
func (l Layout) JSON(r *sweep.Row) (json.RawMessage, error) {
	var o object
	for i, a := range l.Axes {
		name := sweep.Column(a.Name)
		if r.Invalid == nil && isKey(name) {
			continue // the result says it
		}
		value := r.Point.Values[i]
		if a.Numeric() && json.Valid([]byte(value)) {
			o.add(name, json.RawMessage(value))
		} else {
			o.add(name, value)
		}
	}
	if r.Invalid != nil {
		o.add(refusal, profiles.Clean(r.Invalid.Error()))
		return o.end()
	}
	o.embed(&r.Result)
	if a := Published(&r.Result); len(a) > 0 {
		o.add(accuracyColumn, a[0].Percent)
		o.add(trainingColumn, a[0].Training)
	}
	if l.Front != nil {
		o.add(frontColumn, l.Front[r.Index])
	}
	return o.end()
}

func isKey(name string) bool {
	for _, c := range profiles.Columns() {
		if c == name {
			return true
		}
	}
	return false
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
