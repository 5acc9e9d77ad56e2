package devices

import (
	"reflect"
	"slices"

	"github.com/memsim/memsim/units"
)

// EnergyAssumption replaces a device's own energy figures by one flat cost of
// the memory path, to compare with publications that reckon so.
type EnergyAssumption struct {
	Schema     int                              `yaml:"schema"`
	Name       string                           `yaml:"name"`
	Title      string                           `yaml:"title"`
	References []Reference                      `yaml:"references"`
	MemoryPath Quantity[units.PicojoulesPerBit] `yaml:"memory_path"` // of every bit to or from DRAM; nothing else costs anything
}

var (
	// Where an assumption is asked for, "device" stands for none: the figures of
	// the device.
	assumptions    = library{folder: "energy", noun: "energy assumption", also: []string{"device"}}
	assumptionForm = form[EnergyAssumption]{
		library: assumptions, bounds: assumptionBounds, references: func(a *EnergyAssumption) []Reference { return a.References },
		shelf: &shelf[EnergyAssumption]{},
	}
	// Above 1 nJ a bit even the DRAM of thirty years ago was cheaper.
	assumptionBounds = map[string]bound{"memory_path": {"0.01 pJ/bit", "1000 pJ/bit"}}
)

// EnergyAssumptions returns the names of the shipped assumptions, sorted.
func EnergyAssumptions() []string { return slices.Clone(assumptions.names()) }

// LoadEnergyAssumption reads a shipped assumption by name, or one by the path
// of its YAML file. Its errors are as those of Load.
func LoadEnergyAssumption(nameOrPath string) (*EnergyAssumption, error) {
	return loadPart(nameOrPath, assumptionForm)
}

// Numbers lists every number of the assumption.
func (a *EnergyAssumption) Numbers() []NumberRow {
	return rowsOf(reflect.ValueOf(a).Elem(), "", a.References)
}
