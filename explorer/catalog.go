package explorer

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/study"
)

// catalog is what a setting can name, and what the page's controls offer.
type catalog struct {
	Devices  []deviceEntry `json:"devices"`
	Models   []modelEntry  `json:"models"`
	Sharings []string      `json:"sharings"`
	Quants   []string      `json:"quants"`
	Energies []string      `json:"energies"`
}

// deviceEntry is a device of a catalog.
type deviceEntry struct {
	Name  string      `json:"name"` // or the path that was given
	Title string      `json:"title"`
	Units []unitEntry `json:"units"` // the default unit first
}

// unitEntry is a compute unit of a device.
type unitEntry struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Runtimes []string `json:"runtimes"` // the default one first
	SRAM     string   `json:"sram"`     // name of the outermost on-chip memory, "" without any
	SRAMMiB  float64  `json:"sram_mib"`

	setBytes int64 // of that memory: its capacity is a whole number of sets
}

// modelEntry is a model of a catalog, with its own shape.
type modelEntry struct {
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
func newCatalog(deviceFiles, modelFiles []string) (*catalog, error) {
	c := &catalog{Sharings: model.Sharings(), Quants: weights.Schemes(), Energies: study.Energies()}
	for _, name := range distinct(slices.Concat(deviceFiles, []string{preferredDevice}, devices.Names())...) {
		d, err := devices.Load(name, nil)
		if err != nil {
			return nil, err
		}
		entry, err := newDeviceEntry(name, d)
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
		entry := newModelEntry(path, src.Shape(), src.Quant())
		entry.Given = true
		c.Models = append(c.Models, entry)
		if err := src.Close(); err != nil {
			return nil, err
		}
	}
	for _, name := range distinct(slices.Concat([]string{preferredModel}, model.Presets())...) {
		shape, err := model.Preset(name)
		if err != nil {
			return nil, err
		}
		c.Models = append(c.Models, newModelEntry(name, shape, weights.DefaultQuant))
	}
	return c, nil
}

// distinct returns names in their order, each once.
func distinct(names ...string) []string {
	var list []string
	for _, name := range names {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func newDeviceEntry(name string, d *devices.Device) (deviceEntry, error) {
	e := deviceEntry{Name: name, Title: d.Title}
	for i := range d.Units {
		u := &d.Units[i]
		standard, err := d.Runtime("", u.Name)
		if err != nil {
			return e, fmt.Errorf("unit %s: %w", u.Name, err)
		}
		runtimes := []string{standard.Name}
		for _, r := range d.RuntimesOf(u.Name) {
			runtimes = append(runtimes, r.Name)
		}
		unit := unitEntry{Name: u.Name, Title: u.Title, Runtimes: distinct(runtimes...)}
		if n := len(u.Caches); n > 0 {
			cache, err := d.Cache(u.Caches[n-1])
			if err != nil {
				return e, err
			}
			unit.SRAM, unit.SRAMMiB = cache.Name, float64(cache.Capacity.Value)/(1<<20)
			unit.setBytes = max(1, int64(cache.Ways.Value)) * max(1, int64(cache.Line.Value))
		}
		if u.Name == d.DefaultUnit {
			e.Units = append([]unitEntry{unit}, e.Units...)
		} else {
			e.Units = append(e.Units, unit)
		}
	}
	return e, nil
}

func newModelEntry(name string, s model.Shape, quant string) modelEntry {
	return modelEntry{Name: name, Sharing: string(s.Sharing), Quant: quant, Shape: map[string]int{
		"layers": s.Layers, "dim": s.Dim, "ffn": s.FFN, "heads": s.Heads, "kv_heads": s.KVHeads, "vocab": s.Vocab, "repeat": s.Runs(),
	}}
}

func (c *catalog) device(name string) (*deviceEntry, bool) { return find(c.Devices, name) }
func (c *catalog) model(name string) (*modelEntry, bool)   { return find(c.Models, name) }
func (d *deviceEntry) unit(name string) (*unitEntry, bool) { return find(d.Units, name) }

// capacity is the override of the profile that gives the unit's outermost
// memory about a size: the nearest whole number of sets.
func (u *unitEntry) capacity(mib float64) string {
	sets := max(1, math.Round(mib*(1<<20)/float64(u.setBytes)))
	return fmt.Sprintf("sram.%s.capacity=%dB", u.SRAM, int64(sets)*u.setBytes)
}

// entry is something in a catalog that has a name.
type entry interface{ name() string }

func (d deviceEntry) name() string { return d.Name }
func (u unitEntry) name() string   { return u.Name }
func (m modelEntry) name() string  { return m.Name }

func find[E entry](list []E, name string) (*E, bool) {
	i := slices.IndexFunc(list, func(e E) bool { return e.name() == name })
	if i < 0 {
		return nil, false
	}
	return &list[i], true
}

func names[E entry](list []E) string {
	all := make([]string, len(list))
	for i, e := range list {
		all[i] = e.name()
	}
	return strings.Join(all, ", ")
}
