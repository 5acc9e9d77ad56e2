package explorer

import (
	"fmt"
	"math"
	"strings"

	"github.com/memsim/memsim/designspace"
	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
)

// Catalog is what a setting can name, and what the page's controls offer.
type Catalog struct {
	Devices  []DeviceEntry `json:"devices"`
	Models   []ModelEntry  `json:"models"`
	Sharings []string      `json:"sharings"`
	Quants   []string      `json:"quants"`
	Energies []string      `json:"energies"`
}

// DeviceEntry is a device of a catalog.
type DeviceEntry struct {
	Name  string      `json:"name"` // or the path that was given
	Title string      `json:"title"`
	Units []UnitEntry `json:"units"` // the default unit first
}

// UnitEntry is a compute unit of a device.
type UnitEntry struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Runtimes []string `json:"runtimes"` // the default one first
	SRAM     string   `json:"sram"`     // name of the outermost on-chip memory, "" without any
	SRAMMiB  float64  `json:"sram_mib"`

	setBytes int64 // of that memory: its capacity is a whole number of sets
}

// ModelEntry is a model of a catalog, with its own shape.
type ModelEntry struct {
	Name    string         `json:"name"` // or the path that was given
	Given   bool           `json:"given"`
	Shape   map[string]int `json:"shape"` // by the keys of a setting
	Sharing string         `json:"sharing"`
	Quant   string         `json:"quant"`
}

// preferredDevice and preferredModel come first unless others were given.
const (
	preferredDevice = "pixel8pro"
	preferredModel  = "mobilellm-125m"
)

// newCatalog opens everything that may be named once: all shipped devices and
// presets, and the files given.
func newCatalog(deviceFiles, modelFiles []string) (*Catalog, error) {
	c := &Catalog{Sharings: sharings, Quants: weights.Schemes(), Energies: append([]string{designspace.DeviceEnergy}, devices.EnergyAssumptions()...)}
	for _, name := range first(preferredDevice, deviceFiles, devices.Names()) {
		d, err := devices.Load(name, nil)
		if err != nil {
			return nil, err
		}
		entry, err := deviceEntry(name, d)
		if err != nil {
			return nil, err
		}
		c.Devices = append(c.Devices, entry)
	}
	for _, path := range modelFiles {
		src, err := weights.Open(path, weights.Options{ShapeOnly: true})
		if err != nil {
			return nil, err
		}
		entry := modelEntry(path, src.Shape(), src.Quant())
		entry.Given = true
		c.Models = append(c.Models, entry)
		if err := src.Close(); err != nil {
			return nil, err
		}
	}
	for _, name := range first(preferredModel, nil, model.Presets()) {
		shape, err := model.Preset(name)
		if err != nil {
			return nil, err
		}
		c.Models = append(c.Models, modelEntry(name, shape, weights.DefaultQuant))
	}
	return c, nil
}

// first lists given, then preferred, then the others, each once.
func first(preferred string, given, shipped []string) []string {
	var list []string
	seen := map[string]bool{}
	for _, name := range append(append(append([]string{}, given...), preferred), shipped...) {
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

func deviceEntry(name string, d *devices.Device) (DeviceEntry, error) {
	e := DeviceEntry{Name: name, Title: d.Title}
	for i := range d.Units {
		u := &d.Units[i]
		standard, err := d.Runtime("", u.Name)
		if err != nil {
			return e, fmt.Errorf("unit %s: %w", u.Name, err)
		}
		var others []string
		for _, r := range d.RuntimesOf(u.Name) {
			others = append(others, r.Name)
		}
		unit := UnitEntry{Name: u.Name, Title: u.Title, Runtimes: first(standard.Name, nil, others)}
		if n := len(u.Caches); n > 0 {
			cache, err := d.Cache(u.Caches[n-1])
			if err != nil {
				return e, err
			}
			unit.SRAM, unit.SRAMMiB = cache.Name, float64(cache.Capacity.Value)/(1<<20)
			unit.setBytes = max(1, int64(cache.Ways.Value)) * max(1, int64(cache.Line.Value))
		}
		if u.Name == d.DefaultUnit {
			e.Units = append([]UnitEntry{unit}, e.Units...)
		} else {
			e.Units = append(e.Units, unit)
		}
	}
	return e, nil
}

func modelEntry(name string, s model.Shape, quant string) ModelEntry {
	return ModelEntry{Name: name, Sharing: string(s.Sharing), Quant: quant, Shape: map[string]int{
		"layers": s.Layers, "dim": s.Dim, "ffn": s.FFN, "heads": s.Heads, "kv_heads": s.KVHeads, "vocab": s.Vocab, "repeat": s.Runs(),
	}}
}

func (c *Catalog) device(name string) (*DeviceEntry, bool) {
	for i := range c.Devices {
		if c.Devices[i].Name == name {
			return &c.Devices[i], true
		}
	}
	return nil, false
}

func (c *Catalog) model(name string) (*ModelEntry, bool) {
	for i := range c.Models {
		if c.Models[i].Name == name {
			return &c.Models[i], true
		}
	}
	return nil, false
}

func (d *DeviceEntry) unit(name string) (*UnitEntry, bool) {
	for i := range d.Units {
		if d.Units[i].Name == name {
			return &d.Units[i], true
		}
	}
	return nil, false
}

// capacity is the override of the profile that gives the unit's outermost
// memory about a size: the nearest whole number of sets.
func (u *UnitEntry) capacity(mib float64) string {
	sets := max(1, math.Round(mib*(1<<20)/float64(u.setBytes)))
	return fmt.Sprintf("sram.%s.capacity=%dB", u.SRAM, int64(sets)*u.setBytes)
}

// entry is something in a catalog that has a name.
type entry interface {
	DeviceEntry | ModelEntry
	label() string
}

func (d DeviceEntry) label() string { return d.Name }
func (m ModelEntry) label() string  { return m.Name }

func names[E entry](list []E) string {
	all := make([]string, len(list))
	for i, e := range list {
		all[i] = e.label()
	}
	return strings.Join(all, ", ")
}
