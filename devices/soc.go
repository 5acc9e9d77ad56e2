package devices

import (
	"reflect"
	"slices"

	"github.com/memsim/memsim/units"
)

// Instruction sets of a core, from the least to the most that a kernel can use.
// DotProduct stands for the whole of Armv8.2: a core that has it computes in
// half precision too.
const (
	NEON       = "neon"
	DotProduct = "dotprod"
	I8MM       = "i8mm"
	SVE2       = "sve2"
	SME2       = "sme2"
)

var instructionSets = []string{NEON, DotProduct, I8MM, SVE2, SME2}

// Core is a type of CPU core, the same in every SoC.
type Core struct {
	Schema     int                            `yaml:"schema"`
	Name       string                         `yaml:"name"`  // "cortex-x3"
	Title      string                         `yaml:"title"` // "Cortex-X3"
	References []Reference                    `yaml:"references"`
	Little     bool                           `yaml:"little"` // runtimes leave it alone unless a user asks for more threads
	ISA        []string                       `yaml:"isa"`    // of instructionSets
	Pipes      Quantity[units.Count]          `yaml:"pipes"`  // for vectors of 128 bits, each a multiply-accumulate a clock
	Feed       *Quantity[units.Ratio]         `yaml:"feed"`   // of the pipes that a runtime's kernels keep as busy as those of a core with two; nil: by the number of pipes
	L1D        Quantity[units.Bytes]          `yaml:"l1d"`
	L2         *Quantity[units.Bytes]         `yaml:"l2"`     // private to a core, as usual; nil: shared by the cluster
	Stream     Quantity[units.BytesPerSecond] `yaml:"stream"` // that one core alone reads from DRAM
}

// Cluster is a number of like cores of a CPU at one clock. In the file of a SoC
// it names a Core; what it leaves out, Core says.
type Cluster struct {
	Name   string                         `yaml:"name"`  // "prime"
	Core   string                         `yaml:"core"`  // name of a Core
	Title  string                         `yaml:"title"` // of the core
	Count  Quantity[units.Count]          `yaml:"count"`
	Clock  Quantity[units.Hertz]          `yaml:"clock"`
	Little bool                           `yaml:"little"`
	ISA    []string                       `yaml:"isa"`
	Pipes  Quantity[units.Count]          `yaml:"pipes"`
	Feed   *Quantity[units.Ratio]         `yaml:"feed"`
	L1D    Quantity[units.Bytes]          `yaml:"l1d"`
	L2     *Quantity[units.Bytes]         `yaml:"l2"`
	Stream Quantity[units.BytesPerSecond] `yaml:"stream"`
}

// SoC is a system on a chip: all that phones with it have in common.
type SoC struct {
	Schema     int         `yaml:"schema"`
	Name       string      `yaml:"name"`   // "tensor-g3"
	Title      string      `yaml:"title"`  // "Google Tensor G3"
	Vendor     string      `yaml:"vendor"` // as read
	References []Reference `yaml:"references"`
	Clusters   []Cluster   `yaml:"clusters"` // of the unit cpu
	Memory     Controller  `yaml:"memory"`
	SRAM       []SRAM      `yaml:"sram"`
	Units      []Unit      `yaml:"units"`
}

// Controller is the memory controller of a SoC: what its phones have unless they
// say otherwise.
type Controller struct {
	Channels     Quantity[units.Count]       `yaml:"channels"`
	ChannelWidth Quantity[units.Count]       `yaml:"channel_width"` // bits
	DataRate     Quantity[units.Hertz]       `yaml:"data_rate"`     // that it can drive at most
	Mapping      string                      `yaml:"mapping"`
	PagePolicy   string                      `yaml:"page_policy"`
	Refresh      string                      `yaml:"refresh"`
	Latency      Quantity[units.Picoseconds] `yaml:"latency"`
}

// runtimeFile is a runtime as a file of its own, for every device that has a
// unit for it.
type runtimeFile struct {
	Schema     int         `yaml:"schema"`
	References []Reference `yaml:"references"`
	Runtime    `yaml:",inline"`
}

// SoCs returns the names of the shipped SoCs, sorted.
func SoCs() []string { return slices.Clone(socs.names()) }

// Cores returns the names of the shipped types of cores, sorted.
func Cores() []string { return slices.Clone(cores.names()) }

// Runtimes returns the names of the shipped runtimes, sorted.
func Runtimes() []string { return slices.Clone(runtimes.names()) }

// LoadSoC reads a shipped SoC by name, or one by the path of its YAML file. Its
// errors are as those of Load.
func LoadSoC(nameOrPath string) (*SoC, error) { return loadPart(nameOrPath, socForm) }

// LoadCore reads a shipped type of core by name, or one by the path of its YAML
// file. Its errors are as those of Load.
func LoadCore(nameOrPath string) (*Core, error) { return loadPart(nameOrPath, coreForm) }

// LoadRuntime reads a shipped runtime by name, or one by the path of its YAML
// file, with the references that its sources name. Its errors are as those of
// Load.
func LoadRuntime(nameOrPath string) (*Runtime, []Reference, error) {
	if alias, ok := runtimeAliases()[nameOrPath]; ok {
		nameOrPath = alias
	}
	f, err := loadPart(nameOrPath, runtimeForm)
	if err != nil {
		return nil, nil, err
	}
	return &f.Runtime, f.References, nil
}

// Numbers lists every number of the SoC, in the order of the schema.
func (s *SoC) Numbers() []NumberRow {
	return rowsOf(reflect.ValueOf(s).Elem(), "", s.References)
}

// Numbers lists every number of the type of core, in the order of the schema.
func (c *Core) Numbers() []NumberRow {
	return rowsOf(reflect.ValueOf(c).Elem(), "", c.References)
}

// Numbers lists every number of the runtime, in the order of the schema.
func (r *Runtime) Numbers(references []Reference) []NumberRow {
	return rowsOf(reflect.ValueOf(r).Elem(), "", references)
}
