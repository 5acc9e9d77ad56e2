package corpus

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
)

// Known is what a prediction can be made for. A nil function knows everything.
type Known struct {
	Phone   func(name string) bool
	Runtime func(phone, runtime string) bool
	Model   func(name string) bool
	Quant   func(format string) bool
}

// Hold leaves out the rows whose phone, runtime, model or format is not known,
// each with its reason.
func Hold(rows []Row, k Known) {
	for i := range rows {
		r := &rows[i]
		if r.Exclude != nil {
			continue
		}
		switch {
		case k.Phone != nil && !k.Phone(r.Phone):
			r.exclude("phone", fmt.Sprintf("%s has no profile", r.Phone))
		case k.Runtime != nil && r.Runtime != "" && !k.Runtime(r.Phone, r.Runtime):
			r.exclude("runtime", fmt.Sprintf("%s has no runtime %s", r.Phone, r.Runtime))
		case k.Model != nil && !k.Model(r.Model):
			r.exclude("model", fmt.Sprintf("no preset has the shape of %q", r.Record.Model))
		case k.Quant != nil && r.Quant != "" && !k.Quant(r.Quant):
			r.exclude("quant", fmt.Sprintf("format %s is not described", r.Quant))
		}
	}
}

// Shipped knows the profiles, presets and formats that memsim has.
func Shipped() Known {
	phones, presets := devices.Names(), model.Presets()
	return Known{
		Phone:   func(name string) bool { return slices.Contains(phones, name) || isFile(name) },
		Runtime: runtimesOf(),
		Model:   func(name string) bool { return slices.Contains(presets, name) || isFile(name) },
		Quant: func(format string) bool {
			_, err := weights.ParseScheme(format)
			return err == nil
		},
	}
}

// isFile reports whether a name is meant as the path of a file or folder.
func isFile(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".gguf"}, path.Ext(name)) || strings.ContainsAny(name, `/\`)
}

// With is what k knows, and a device of the user's.
func (k Known) With(d *devices.Device) Known {
	phone, runtime := k.Phone, k.Runtime
	k.Phone = func(name string) bool { return name == d.Name || phone == nil || phone(name) }
	k.Runtime = func(name, r string) bool {
		if name == d.Name {
			return slices.ContainsFunc(d.Runtimes, func(own devices.Runtime) bool { return own.Name == r })
		}
		return runtime == nil || runtime(name, r)
	}
	return k
}

// Claim makes the row one of a device of the user's if it names that device, which the
// tables of names do not know.
func (r *Row) Claim(device string) {
	if r.Exclude != nil && r.Exclude.Kind == "phone" && key(r.Record.Device) == key(device) {
		*r = remap(r.Record, device)
	}
}

// runtimesOf looks up the runtimes of shipped phones, each loaded once.
func runtimesOf() func(phone, runtime string) bool {
	var mu sync.Mutex
	loaded := map[string]*devices.Device{}
	return func(phone, runtime string) bool {
		mu.Lock()
		defer mu.Unlock()
		d, ok := loaded[phone]
		if !ok {
			d, _ = devices.Load(phone, nil) // a phone that does not load has no runtimes
			loaded[phone] = d
		}
		if d == nil {
			return false
		}
		return slices.ContainsFunc(d.Runtimes, func(r devices.Runtime) bool { return r.Name == runtime })
	}
}
