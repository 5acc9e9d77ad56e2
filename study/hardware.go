package study

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/sim"
)

// DeviceEnergy is the assumption on energy that keeps the device's own figures.
const DeviceEnergy = "device"

// Energies lists the assumptions on energy that Hardware takes, the device's own
// figures first.
func Energies() []string { return append([]string{DeviceEnergy}, devices.EnergyAssumptions()...) }

// Hardware names a machine.
type Hardware struct {
	Device  string   // a shipped profile or a path
	Unit    string   // "" is the device's own choice
	Runtime string   // "" is the unit's own choice
	Energy  string   // DeviceEnergy or "", or a shipped assumption
	Sets    []string // fields of the profile, as path=value
	Warm    bool     // answer for a warm device as well
	Experts Experts  // how the runtime streams the experts of mixtures
}

// Load returns the device with its fields overridden.
func (h Hardware) Load() (*devices.Device, error) {
	if h.Device == "" {
		return nil, fault.Userf("name the device with --device: one of %s, or the path of a YAML file", strings.Join(devices.Names(), ", "))
	}
	if strings.Contains(h.Device, ",") && !strings.ContainsAny(h.Device, `/\`) {
		return nil, fault.Userf("--device %s names several devices, and takes one; in a sweep they are an axis: --axis device=%s", h.Device, h.Device)
	}
	return devices.Load(h.Device, h.Sets)
}

// Config resolves the names. A name or a value that cannot be is a user's
// mistake.
func (h Hardware) Config() (sim.Config, error) {
	device, err := h.Load()
	if err != nil {
		return sim.Config{}, err
	}
	c := sim.Config{Device: device, Unit: h.Unit, Runtime: h.Runtime, Sustained: h.Warm}
	if c.Experts, err = h.Experts.config(); err != nil {
		return sim.Config{}, err
	}
	if h.Energy != "" && h.Energy != DeviceEnergy {
		c.Energy, err = devices.LoadEnergyAssumption(h.Energy)
	}
	return c, err
}

// Machine sets the hardware up for replay. A name or a value that cannot be is a
// user's mistake.
func (h Hardware) Machine() (*sim.Machine, error) {
	c, err := h.Config()
	if err != nil {
		return nil, err
	}
	return sim.New(c)
}

// With returns h with further fields of the profile overridden.
func (h Hardware) With(sets ...string) Hardware {
	h.Sets = slices.Concat(h.Sets, sets)
	return h
}

// Key is the same for the same hardware, and for no other.
func (h Hardware) Key() string {
	return strings.Join(append([]string{h.Device, h.Unit, h.Runtime, h.Energy, strconv.FormatBool(h.Warm), fmt.Sprint(h.Experts)}, h.Sets...), "\x00")
}
