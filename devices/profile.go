// Package devices holds phones as data: typed profiles of a device's memory,
// storage, compute units and runtimes, and of the parts they are built from,
// read strictly from YAML files.
//
// The mental model: a phone is a SoC, runtimes and a board. A SoC has clusters of
// cores (Core, Cluster), on-chip memories (SRAM), compute units that see some of
// them (Unit) and a memory controller; a Runtime makes something of a unit, on
// every phone that has one; the phone adds a DRAMPart, a FlashPart, battery and
// heat. A Device is the three composed. Every number is a Quantity: a value in a
// stated unit, the kind of knowledge it is (spec, measured, estimated,
// calibrated) and the source that says so.
//
//	phones/*.yaml ───┐
//	socs/, cores/ ───┤             ┌─▶ check ─▶ Device (typed, whole, consistent)
//	runtimes/*.yaml ─┼─▶ compose ──┤
//	fit/*.csv ───────┤   derive    └─▶ or every fault at once, with its line
//	--set path=value─┘
//
// Reading takes five steps. The YAML trees of a phone's SoC, cores and runtimes
// are joined into one (compose.go). Fits, the phone's own overrides and --set
// replace numbers of it. Numbers that a profile leaves out because they follow
// from others are filled in (derive.go). The tree is checked against the Go
// types and fills them: keys, units, kinds, bounds, sources; what is faulty is noted
// and stays empty. At last rules about what contradicts itself judge
// whatever is sound. So one run names all faults, and no fault causes a second.
//
// Shipped profiles are embedded in the binary; a user's own file is read by its
// path. Adding a phone, a SoC, a runtime or a part needs a YAML file and no Go.
// README.md in this folder documents the schema.
//
// # Caveats
//
// A profile is one operating point: no frequency scaling beyond Thermal, no
// temperature dependence. Private caches of a CPU's cores are one memory of their
// sum. Runtime.Fused takes the names that memsim's engine gives to operators:
// what a trace of another program calls otherwise is never fused.
package devices

import "github.com/memsim/memsim/units"

// SchemaVersion is the version of the profile schema that files are written in
// now. Devices of version 1, which hold their units and runtimes themselves, are
// read as well; parts have not changed since version 1.
const SchemaVersion = 2

// Kind is the kind of knowledge behind a number.
type Kind string

// The kinds of knowledge, from the most to the least certain; Override is a
// value that the user set for one run, and is refused in a file.
const (
	Spec       Kind = "spec"       // a public document of the maker or a standard
	Measured   Kind = "measured"   // somebody's measurement
	Estimated  Kind = "estimated"  // derived; the source says how
	Calibrated Kind = "calibrated" // fitted; the source says to what
	Override   Kind = "override"   // set by the user for this run
)

// Quantity is one number of a profile and where it comes from.
type Quantity[U any] struct {
	Value  U      `yaml:"value"` // in U's unit
	Kind   Kind   `yaml:"kind"`
	Source string `yaml:"source"` // key of a Reference, or a sentence that says how it was derived
	Text   string `yaml:"text"`   // Value as the profile writes it, with its unit; filled by the loader

	// Range is where the value plausibly lies, nil if the profile says nothing.
	// A calibration may move what is estimated or calibrated within its range,
	// and leaves alone what has none.
	Range *Range[U] `yaml:"range"`
	// Uncertainty is the relative standard error of a calibrated value, 0 if
	// none is known.
	Uncertainty units.Ratio `yaml:"uncertainty"`
}

// Range is an interval of plausible values, both ends within it.
type Range[U any] struct {
	Low  U `yaml:"low"`
	High U `yaml:"high"`
}

// Reference is a document that sources of a profile name by its key.
type Reference struct {
	Key  string `yaml:"key"`
	Text string `yaml:"text"`
	URL  string `yaml:"url,omitempty"`
}

// Device is one phone (or other machine).
type Device struct {
	Schema         int                     `yaml:"schema"`
	Name           string                  `yaml:"name"`           // as typed: "pixel8pro"
	Title          string                  `yaml:"title"`          // as read: "Google Pixel 8 Pro"
	SoC            string                  `yaml:"soc"`            // as read: "Google Tensor G3"
	Chip           string                  `yaml:"chip,omitempty"` // name of the SoC; "" in files of version 1
	DefaultUnit    string                  `yaml:"default_unit"`
	DefaultRuntime string                  `yaml:"default_runtime"` // of the default unit
	References     []Reference             `yaml:"references"`
	Battery        *Quantity[units.Joules] `yaml:"battery"` // nil: runs on mains
	DRAM           DRAM                    `yaml:"dram"`
	AppMemory      *AppMemory              `yaml:"app_memory"` // nil: an app may use all of DRAM
	Flash          Flash                   `yaml:"flash"`
	SRAM           []SRAM                  `yaml:"sram"`
	Units          []Unit                  `yaml:"units"`
	Runtimes       []Runtime               `yaml:"runtimes"`
	SystemPower    Quantity[units.Watts]   `yaml:"system_power"` // rest of the phone while generating; counts in the whole-phone figure only
	Thermal        *Thermal                `yaml:"thermal"`      // nil: does not throttle, or nothing is known of it

	stretches map[string]float64 // of times, by the ID of an architecture's multiplier
}

// Thermal is the heat that a device stands: it may draw more than
// SustainedPower until it has taken up Burst, then it slows down until it draws
// no more, but never below Floor of its cold speed.
type Thermal struct {
	SustainedPower Quantity[units.Watts]  `yaml:"sustained_power"` // whole device, at which it stays below its limit for good
	Burst          Quantity[units.Joules] `yaml:"burst"`           // heat taken up above that before it slows down
	Floor          Quantity[units.Ratio]  `yaml:"floor"`           // of the cold speed
}

// DRAM is a device's main memory: how many channels of which part, and how its
// controller uses them.
type DRAM struct {
	Part       string                      `yaml:"part"` // name of a DRAMPart
	Channels   Quantity[units.Count]       `yaml:"channels"`
	Ranks      Quantity[units.Count]       `yaml:"ranks"` // per channel
	Capacity   Quantity[units.Bytes]       `yaml:"capacity"`
	AppBudget  Quantity[units.Ratio]       `yaml:"app_budget"`  // share of Capacity that one app is advised to stay under
	Mapping    string                      `yaml:"mapping"`     // bit order from high to low, such as RoBaRaCoCh
	PagePolicy string                      `yaml:"page_policy"` // open, closed, timeout
	Refresh    string                      `yaml:"refresh"`     // none, all, per
	Latency    Quantity[units.Picoseconds] `yaml:"latency"`     // unit to controller and back, beside the part's own timing
	Spec       *DRAMPart                   `yaml:"-"`           // the named part, resolved by the loader
}

// AppMemory is what the system leaves one app in the foreground, other apps at
// rest.
type AppMemory struct {
	Limit      Quantity[units.Bytes]  `yaml:"limit"`      // of memory that cannot be dropped; beyond it the system kills the app
	Unentitled *Quantity[units.Bytes] `yaml:"unentitled"` // Limit of an app without iOS's entitlement to more memory
	Mapped     Quantity[units.Bytes]  `yaml:"mapped"`     // of all that the app holds, while pages that it maps from files stay
	Free       Quantity[units.Bytes]  `yaml:"free"`       // before other apps have to go
	Own        Quantity[units.Bytes]  `yaml:"own"`        // of an app and its runtime beside the model
}

// Cycles is a time of a DRAM standard: a count of clocks, or a time that is
// rounded up to clocks.
type Cycles struct {
	Clocks int64             // if Time is zero
	Time   units.Picoseconds // if set, rounded up to clocks of the part
}

// DRAMPart is one DRAM die at one speed, seen as one channel.
type DRAMPart struct {
	Schema        int                         `yaml:"schema"`
	Name          string                      `yaml:"name"`     // "lpddr5-6400"
	Standard      string                      `yaml:"standard"` // LPDDR4X, LPDDR5, LPDDR5X, LPDDR6, DDR5
	References    []Reference                 `yaml:"references"`
	DataRate      Quantity[units.Hertz]       `yaml:"data_rate"`     // transfers a second on a pin
	Clock         Quantity[units.Picoseconds] `yaml:"clock"`         // tCK
	ChannelWidth  Quantity[units.Count]       `yaml:"channel_width"` // bits
	BurstLength   Quantity[units.Count]       `yaml:"burst_length"`
	BurstPayload  *Quantity[units.Bytes]      `yaml:"burst_payload"` // data of a burst; nil: all that the pins move
	BankGroups    Quantity[units.Count]       `yaml:"bank_groups"`
	BanksPerGroup Quantity[units.Count]       `yaml:"banks_per_group"`
	Rows          Quantity[units.Count]       `yaml:"rows"` // per bank
	RowBytes      Quantity[units.Bytes]       `yaml:"row_bytes"`
	Timing        []DRAMTiming                `yaml:"timing"`
	Energy        DRAMEnergy                  `yaml:"energy"`
}

// DRAMTiming is one timing parameter under its JEDEC name without the t:
// RCD, RP, RAS, CCD_L, ...
type DRAMTiming struct {
	Name     string           `yaml:"name"`
	Quantity Quantity[Cycles] `yaml:",inline"`
}

// DRAMEnergy is the energy of a part, of one rank of one channel.
type DRAMEnergy struct {
	ActivatePrecharge Quantity[units.Picojoules]       `yaml:"activate_precharge"` // one ACT and its PRE
	Read              Quantity[units.PicojoulesPerBit] `yaml:"read"`               // array to pin
	Write             Quantity[units.PicojoulesPerBit] `yaml:"write"`
	IO                Quantity[units.PicojoulesPerBit] `yaml:"io"`      // pin to SoC, either way
	Refresh           Quantity[units.Picojoules]       `yaml:"refresh"` // one all-bank REF; a per-bank one costs its share
	ActiveStandby     Quantity[units.Watts]            `yaml:"active_standby"`
	PrechargeStandby  Quantity[units.Watts]            `yaml:"precharge_standby"`
	PowerDown         Quantity[units.Watts]            `yaml:"power_down"`
	SelfRefresh       Quantity[units.Watts]            `yaml:"self_refresh"`
}

// Flash is a device's storage: the name of a part, and what it costs the
// processor to read from it.
type Flash struct {
	Part string     `yaml:"part"`
	Host *FlashHost `yaml:"host"` // nil: what was measured of the part includes it
	Spec *FlashPart `yaml:"-"`
}

// FlashHost is what reading storage costs the processor, on a big core.
type FlashHost struct {
	Issue    Quantity[units.Picoseconds] `yaml:"issue"`     // of a read: the call, the block layer, sleep and wake-up of its thread
	Direct   Quantity[units.Picoseconds] `yaml:"direct"`    // of each 4 KiB past the page cache (O_DIRECT)
	Cached   Quantity[units.Picoseconds] `yaml:"cached"`    // of each 4 KiB into the page cache, mapped
	SlowCore Quantity[units.Ratio]       `yaml:"slow_core"` // times as much on a little core
	Command  Quantity[units.Bytes]       `yaml:"command"`   // longest command that a read is cut into
	Faults   Quantity[units.Count]       `yaml:"faults"`    // windows of read-ahead that the threads of a runtime wait for at once
}

// FlashPart is a flash storage device: UFS or NVMe.
type FlashPart struct {
	Schema         int                              `yaml:"schema"`
	Name           string                           `yaml:"name"`      // "ufs-3.1"
	Interface      string                           `yaml:"interface"` // ufs, nvme, sd
	References     []Reference                      `yaml:"references"`
	LinkBandwidth  Quantity[units.BytesPerSecond]   `yaml:"link_bandwidth"`
	CommandLatency Quantity[units.Picoseconds]      `yaml:"command_latency"` // host and controller, per command
	QueueDepth     Quantity[units.Count]            `yaml:"queue_depth"`
	Channels       Quantity[units.Count]            `yaml:"channels"`
	DiesPerChannel Quantity[units.Count]            `yaml:"dies_per_channel"`
	PlanesPerDie   Quantity[units.Count]            `yaml:"planes_per_die"`
	PageBytes      Quantity[units.Bytes]            `yaml:"page_bytes"`
	PageRead       Quantity[units.Picoseconds]      `yaml:"page_read"` // tR
	ChannelRate    Quantity[units.BytesPerSecond]   `yaml:"channel_rate"`
	ReadAhead      Quantity[units.Bytes]            `yaml:"read_ahead"`
	HotShare       *Quantity[units.Ratio]           `yaml:"hot_share"` // of its speed that is left when the phone is hot; nil: not known
	ReadEnergy     Quantity[units.PicojoulesPerBit] `yaml:"read_energy"`
	IdlePower      Quantity[units.Watts]            `yaml:"idle_power"`
}

// SRAM is one on-chip memory.
type SRAM struct {
	Name        string                           `yaml:"name"` // "l2", "slc"
	Type        string                           `yaml:"type"` // cache or scratchpad
	Capacity    Quantity[units.Bytes]            `yaml:"capacity"`
	Line        Quantity[units.Bytes]            `yaml:"line"`
	Ways        Quantity[units.Count]            `yaml:"ways"`      // 0: fully associative
	Policy      string                           `yaml:"policy"`    // lru, tree-plru, srrip, random
	Inclusion   string                           `yaml:"inclusion"` // inclusive, exclusive, or none
	Bandwidth   Quantity[units.BytesPerSecond]   `yaml:"bandwidth"`
	Latency     Quantity[units.Picoseconds]      `yaml:"latency"`
	ReadEnergy  Quantity[units.PicojoulesPerBit] `yaml:"read_energy"`
	WriteEnergy Quantity[units.PicojoulesPerBit] `yaml:"write_energy"`
	StaticPower Quantity[units.Watts]            `yaml:"static_power"`
}

// Unit is one compute unit: a CPU, a GPU or an NPU.
type Unit struct {
	Name        string                `yaml:"name"`             // cpu, gpu, npu
	Title       string                `yaml:"title"`            // "1 × Cortex-X3 + 4 × Cortex-A715"
	Family      string                `yaml:"family,omitempty"` // adreno, mali, hexagon, ...: what runtimes ask for
	Caches      []string              `yaml:"caches"`           // names of SRAM, nearest first
	Buffer      Quantity[units.Bytes] `yaml:"buffer"`           // on-chip memory for tiles in flight (L1, threadgroup memory)
	Buffers     Quantity[units.Count] `yaml:"buffers"`          // tiles that Buffer is split into; 2 is double buffering
	Bandwidth   Quantity[units.Ratio] `yaml:"bandwidth"`        // share of DRAM peak that this unit alone can draw
	Rates       []Rate                `yaml:"rates"`
	StaticPower Quantity[units.Watts] `yaml:"static_power"`       // while it works, beside the energy of its operations
	Clusters    []Cluster             `yaml:"clusters,omitempty"` // of a CPU; none in files of version 1

	threads int                  // cores that work; 0: all but the little ones
	peak    units.BytesPerSecond // of the DRAM
}

// Rate is what a unit does with one arithmetic type.
type Rate struct {
	DType  string                       `yaml:"dtype"`  // f32, f16, int8
	Peak   Quantity[units.OpsPerSecond] `yaml:"peak"`   // multiply-accumulates a second
	Energy Quantity[units.Picojoules]   `yaml:"energy"` // per multiply-accumulate
}

// How a runtime holds weights in DRAM. Mapped from their file, they are pages
// that the system drops when the app goes over its budget and reads again when
// they are needed. Resident, copied or wired, they stay even beyond the budget.
const (
	WeightsMapped   = "mapped"
	WeightsResident = "resident"
)

// Runtime is an inference program on one unit of the device. What software
// decides, launch cost and reached efficiency, belongs to it and not to the
// silicon. Fields that are optional say what holds without them.
type Runtime struct {
	Name     string   `yaml:"name"` // "llama.cpp-cpu"
	Title    string   `yaml:"title,omitempty"`
	Aliases  []string `yaml:"aliases,omitempty"`  // other names that users may type
	Families []string `yaml:"families,omitempty"` // of units that it runs on; none: any
	Order    int      `yaml:"order,omitempty"`    // among runtimes of a unit; the first is the default

	Unit     string                       `yaml:"unit"`
	Threads  *Quantity[units.Count]       `yaml:"threads"`        // of a CPU, unless the user says; nil: all but the little cores
	Launch   *Quantity[units.Picoseconds] `yaml:"launch"`         // fixed, for each operator that it launches; nil: in Dispatch
	Barrier  *Barrier                     `yaml:"barrier"`        // between the threads, for each such operator
	Dispatch Quantity[units.Picoseconds]  `yaml:"dispatch"`       // per operator that it launches: Launch and a barrier
	Overhead *Quantity[units.Picoseconds] `yaml:"token_overhead"` // per token, outside operators; nil: none
	// PromptOverhead is Overhead of a pass over a prompt; nil: Overhead.
	PromptOverhead *Quantity[units.Picoseconds] `yaml:"prompt_overhead"`
	// Fallback is the runtime that computes with weights of formats that Arithmetic does
	// not list, on its own unit; "": they are widened.
	Fallback string `yaml:"fallback,omitempty"`
	// Handover is what it costs to pass to the fallback or back: a queue that drains,
	// buffers that change hands; nil: nothing.
	Handover  *Quantity[units.Picoseconds] `yaml:"handover"`
	Fused     []string                     `yaml:"fused"`             // Operators that run within their predecessor's launch
	Prefetch  bool                         `yaml:"prefetch"`          // weights of the next operator are fetched while this one computes
	Overlap   *Quantity[units.Ratio]       `yaml:"overlap"`           // of the shorter of fetch and arithmetic, that hides behind the longer; nil: all
	Weights   string                       `yaml:"weights,omitempty"` // WeightsMapped (also if left out) or WeightsResident
	KV        *KVCache                     `yaml:"kv"`                // nil: f16, of the positions held
	Attention *Shares                      `yaml:"attention"`         // nil: as matrix-vector products

	BandwidthShare Quantity[units.Ratio] `yaml:"bandwidth_share"` // of the unit's reachable DRAM bandwidth, on large matrices
	HalfBandwidth  Quantity[units.Bytes] `yaml:"half_bandwidth"`  // operand size at which half of that share is reached
	ComputeShare   Quantity[units.Ratio] `yaml:"compute_share"`   // of the unit's peak rate, on matrix products with many tokens
	MatVecShare    Quantity[units.Ratio] `yaml:"matvec_share"`    // of the unit's peak rate, on matrix-vector products
	Arithmetic     []Arithmetic          `yaml:"arithmetic"`
}

// Barrier is what it costs the threads of a CPU to wait for each other, in
// cycles of the slowest core that takes part.
type Barrier struct {
	Cycles     Quantity[units.Count] `yaml:"cycles"`      // at least, of one thread alone
	PerThread  Quantity[units.Count] `yaml:"per_thread"`  // for each further thread
	PerCluster Quantity[units.Count] `yaml:"per_cluster"` // for each further kind of core
}

// KVCache is how a runtime keeps keys and values.
type KVCache struct {
	DType  string                 `yaml:"dtype"`  // f32, f16, q8_0, ...
	Static bool                   `yaml:"static"` // attention runs over all positions that are allocated
	Window *Quantity[units.Count] `yaml:"window"` // positions allocated unless the user says; nil: what the run needs
}

// Shares are shares of what a unit reaches, for one kind of operator.
type Shares struct {
	Bandwidth Quantity[units.Ratio] `yaml:"bandwidth_share"` // as Runtime.BandwidthShare
	Compute   Quantity[units.Ratio] `yaml:"compute_share"`   // of the unit's peak rate
}

// Arithmetic says how a runtime computes with weights of one storage format.
type Arithmetic struct {
	DType   string                `yaml:"dtype"`   // storage format: f32, f16, q8_0, q4_0, ...
	Compute string                `yaml:"compute"` // arithmetic type, one of the unit's Rates
	Dequant Quantity[units.Ratio] `yaml:"dequant"` // extra operations per weight, in multiply-accumulates

	// Shares of this format alone, nil if the runtime's own hold.
	ComputeShare *Quantity[units.Ratio] `yaml:"compute_share"`
	MatVecShare  *Quantity[units.Ratio] `yaml:"matvec_share"`

	// On says what is different on cores with an instruction set. A device holds
	// none: the best that its cores have is in the fields above, and named in ISA.
	On  []OnISA `yaml:"on,omitempty"`
	ISA string  `yaml:"isa,omitempty"`
}

// OnISA is what an instruction set changes of an Arithmetic.
type OnISA struct {
	ISA          string                 `yaml:"isa"`
	Compute      string                 `yaml:"compute,omitempty"`
	Dequant      *Quantity[units.Ratio] `yaml:"dequant"`
	ComputeShare *Quantity[units.Ratio] `yaml:"compute_share"`
	MatVecShare  *Quantity[units.Ratio] `yaml:"matvec_share"`
}
