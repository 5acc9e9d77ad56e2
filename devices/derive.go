package devices

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/units"
)

// The rules by which numbers follow from others. A profile of version 2 leaves
// such a number out, or states one that it knows better. Each rule stands once,
// here, with its reason in the source of the number that it writes.
const (
	readEnergyAtMiB = 0.22 // pJ/bit; grows with the square root of the capacity
	leakagePerMiB   = 1.5  // mW
	sliceBandwidth  = 85   // GB/s of a system cache for each 16 bits of DRAM bus
	portBytes       = 32   // that a core moves from its second level in a clock
	cacheLine       = "64 B"
)

// A deriver fills in the numbers of one document.
type deriver struct {
	*document
	dram *DRAMPart // nil: not known
}

// derive fills in what the document of a phone or a SoC leaves out. dram is the
// part behind its memory, nil if that is unknown.
func (d *document) derive(dram *DRAMPart) {
	x := deriver{d, dram}
	x.defaults(d.root, "dram", [][2]string{{"refresh", "per"}, {"page_policy", "open"}})
	x.ranks()
	x.each("units", x.unit)
	x.each("sram", x.sram)
	x.each("runtimes", x.runtime)
	if n := d.child(d.root, "dram"); n != nil && n.Kind == yaml.MappingNode {
		x.fill(n, "dram.app_budget", "10 %", Estimated, "MobileLLM's advice, figure 2 (arXiv 2402.14905): an app stays under a tenth of DRAM", "")
	}
	if d.child(d.root, "soc") != nil {
		x.fill(d.root, "system_power", "1 W", Estimated, "display at middle brightness, radios idle, conversion losses", "0.5 W, 1.5 W")
	}
}

// each visits the named elements of a list of the document.
func (x deriver) each(list string, visit func(n *yaml.Node, name string)) {
	n := x.child(x.root, list)
	if n == nil {
		return
	}
	for _, e := range n.Content {
		if name := x.child(e, "name"); e.Kind == yaml.MappingNode && name != nil {
			visit(e, name.Value)
		}
	}
}

// defaults sets words that are left out in a group of the document.
func (x deriver) defaults(root *yaml.Node, group string, defaults [][2]string) {
	n := root
	if group != "" {
		n = x.child(root, group)
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for _, w := range defaults {
		if x.child(n, w[0]) == nil {
			setNode(n, w[0], scalarNode(w[1]))
		}
	}
}

// fill writes a number at path, under the last key of it in n, if it is left
// out. span is "low, high", or empty. No value means that what it follows from is
// at fault, so that its absence is no fault of its own.
func (x deriver) fill(n *yaml.Node, path, value string, kind Kind, source, span string) {
	key := path[strings.LastIndexByte(path, '.')+1:]
	switch {
	case x.child(n, key) != nil:
	case value == "":
		x.faulty[path] = true
	default:
		setNode(n, key, quantityNode(value, kind, source, span))
	}
}

// quantityNode is a number as a file writes it.
func quantityNode(value string, kind Kind, source, span string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	text := &yaml.Node{Kind: yaml.ScalarNode, Value: source, Tag: "!!str", Style: yaml.DoubleQuotedStyle}
	n.Content = append(n.Content, scalarNode("value"), scalarNode(value), scalarNode("kind"), scalarNode(string(kind)), scalarNode("source"), text)
	if span != "" {
		low, high, _ := strings.Cut(span, ", ")
		ends := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{scalarNode(low), scalarNode(high)}}
		n.Content = append(n.Content, scalarNode("range"), ends)
	}
	return n
}

// amountOf reads the value of the quantity under key of n, in the unit of U; ok is
// false if there is none or it cannot be read.
func amountOf[U any](x deriver, n *yaml.Node, key string) (v float64, ok bool) {
	if n == nil || n.Kind != yaml.MappingNode {
		return 0, false
	}
	q := x.child(n, key)
	if q == nil || q.Kind != yaml.MappingNode {
		return 0, false
	}
	value := x.child(q, "value")
	if value == nil || value.Kind != yaml.ScalarNode {
		return 0, false
	}
	out := reflect.New(reflect.TypeFor[U]()).Elem()
	if parseInto(out, value.Value) != nil {
		return 0, false
	}
	return magnitude(out), true
}

// short writes v with three significant digits.
func short(v float64) string {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return "0"
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	if digits <= 0 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(math.Round(v*math.Pow10(digits))/math.Pow10(digits), 'f', -1, 64)
}

// ranks gives each channel the ranks that the capacity needs.
func (x deriver) ranks() {
	n := x.child(x.root, "dram")
	capacity, ok := amountOf[units.Bytes](x, n, "capacity")
	channels, known := amountOf[units.Count](x, n, "channels")
	if !ok || !known || x.dram == nil || channels <= 0 {
		if n != nil && n.Kind == yaml.MappingNode {
			x.fill(n, "dram.ranks", "", Estimated, "", "")
		}
		return
	}
	rank := float64(x.dram.Rows.Value) * float64(x.dram.RowBytes.Value) * float64(x.dram.Banks())
	need := math.Ceil(capacity / (channels * rank))
	need = math.Pow(2, math.Ceil(math.Log2(max(1, need))))
	x.fill(n, "dram.ranks", short(need), Estimated, fmt.Sprintf("as many as the capacity needs over %g channels of %s", channels, x.dram.Name), "")
}

// bus is the width of the DRAM in bits, 0 if it is not known.
func (x deriver) bus() float64 {
	if channels, ok := amountOf[units.Count](x, x.child(x.root, "dram"), "channels"); ok && x.dram != nil {
		return channels * float64(x.dram.ChannelWidth.Value)
	}
	memory := x.child(x.root, "memory")
	channels, ok := amountOf[units.Count](x, memory, "channels")
	width, known := amountOf[units.Count](x, memory, "channel_width")
	if !ok || !known {
		return 0
	}
	return channels * width
}

// sram fills in an on-chip memory.
func (x deriver) sram(n *yaml.Node, name string) {
	x.defaults(n, "", [][2]string{{"type", "cache"}, {"policy", "lru"}, {"inclusion", "none"}})
	at := "sram." + name
	x.fill(n, at+".line", cacheLine, Spec, "the line of Arm's cores", "")
	switch name {
	case "l2":
		x.privateL2(n)
	case "slc":
		x.systemCache(n)
	}
	x.ways(n, at)
	capacity, ok := amountOf[units.Bytes](x, n, "capacity")
	mib := capacity / float64(units.MiB)
	energy, leakage, span := "", "", ""
	if ok {
		pj := readEnergyAtMiB * math.Sqrt(mib)
		energy, leakage = short(pj)+" pJ/bit", short(leakagePerMiB*mib)+" mW"
		span = fmt.Sprintf("%s pJ/bit, %s pJ/bit", short(pj/2), short(pj*2))
	}
	x.fill(n, at+".read_energy", energy, Estimated,
		"0.22 pJ/bit at 1 MB and 7 nm (Jouppi et al., TPUv4i, ISCA 2021, table 2), times the square root of the capacity in MiB; later nodes save little on SRAM", span)
	x.fill(n, at+".write_energy", energy, Estimated, "as a read", span)
	x.fill(n, at+".static_power", leakage, Estimated, "leakage of about 1.5 mW a mebibyte", "")
}

// systemCache fills in what follows from the DRAM behind a system cache.
func (x deriver) systemCache(n *yaml.Node) {
	bandwidth, source, span := "", "", ""
	if bus := x.bus(); bus > 0 {
		slices := bus / 16
		bandwidth = short(sliceBandwidth*slices) + " GB/s"
		source = fmt.Sprintf("one rule for all phones: a slice for each 16 bits of DRAM bus, 64 bytes a clock at 1.33 GHz, × %g", slices)
		span = fmt.Sprintf("%s GB/s, %s GB/s", short(18*slices), short(250*slices))
	}
	x.fill(n, "sram.slc.bandwidth", bandwidth, Estimated, source, span)
	half := ""
	for _, group := range []string{"dram", "memory"} { // of a phone, of a SoC
		if latency, ok := amountOf[units.Picoseconds](x, x.child(x.root, group), "latency"); ok {
			half = short(latency/2000) + " ns"
		}
	}
	x.fill(n, "sram.slc.latency", half, Estimated, "half the way to DRAM", "")
}

// privateL2 sums up the second levels that the working cores have each.
func (x deriver) privateL2(n *yaml.Node) {
	cpu := x.unitNode("cpu")
	var bytes, bandwidth, fastest float64
	var said []string
	for _, c := range x.workingClusters(cpu) {
		count, _ := amountOf[units.Count](x, c, "count")
		clock, _ := amountOf[units.Hertz](x, c, "clock")
		if l2, ok := amountOf[units.Bytes](x, c, "l2"); ok {
			bytes += count * l2
			said = append(said, fmt.Sprintf("%g × %g KiB", count, l2/1024))
		}
		bandwidth += count * clock * portBytes
		fastest = max(fastest, clock)
	}
	if bytes > 0 {
		x.fill(n, "sram.l2.capacity", strconv.FormatFloat(bytes/1024, 'f', -1, 64)+" KiB", Estimated,
			strings.Join(said, " + ")+", private to the cores, each of which keeps the rows that it computes", "")
	}
	if bandwidth > 0 {
		x.fill(n, "sram.l2.bandwidth", short(bandwidth/1e9)+" GB/s", Estimated, "32 bytes a clock on each working core", "")
		x.fill(n, "sram.l2.latency", short(11/fastest*1e9)+" ns", Estimated, "11 clocks of the fastest core", "")
	}
}

// ways gives a cache a number of ways that divides it into whole sets, a power
// of two of them where it can.
func (x deriver) ways(n *yaml.Node, at string) {
	capacity, ok := amountOf[units.Bytes](x, n, "capacity")
	line, known := amountOf[units.Bytes](x, n, "line")
	value := ""
	if ok && known && line > 0 {
		if ways := divisor(int64(capacity / line)); ways > 0 {
			value = strconv.FormatInt(ways, 10)
		}
	}
	x.fill(n, at+".ways", value, Estimated, "a number that makes whole sets of the capacity, a power of two of them if one does", "")
}

// divisor returns the number of ways, 16 at most and 8 at least if that can be,
// that divides lines into a power of two of sets, or else into whole ones.
func divisor(lines int64) int64 {
	var whole int64
	for ways := int64(16); ways >= 1; ways-- {
		if lines%ways != 0 {
			continue
		}
		if ways >= 8 && powerOfTwo(lines/ways) {
			return ways
		}
		whole = max(whole, ways)
	}
	return whole
}

// unit fills in a compute unit.
func (x deriver) unit(n *yaml.Node, name string) {
	x.fill(n, "units."+name+".buffers", "2", Estimated, "double buffering: prefetchers or asynchronous copies keep one tile ahead", "")
	if name == "cpu" {
		x.cpu(n)
	}
	rates := x.child(n, "rates")
	if rates == nil {
		return
	}
	for _, r := range rates.Content {
		dtype := x.child(r, "dtype")
		if r.Kind != yaml.MappingNode || dtype == nil {
			continue
		}
		if e, ok := operationEnergy[name+" "+dtype.Value]; ok {
			x.fill(r, "units."+name+".rates."+dtype.Value+".energy", e.pj, Estimated, e.source, e.span)
		}
	}
}

// operationEnergy is the energy of a multiply-accumulate by unit and type.
var operationEnergy = map[string]struct{ pj, span, source string }{
	"cpu f32":  {"8 pJ", "4 pJ, 16 pJ", "1.7 pJ at 7 nm (TPUv4i, ISCA 2021, table 2) and four times that for instructions and registers of an out-of-order core"},
	"cpu f16":  {"4 pJ", "2 pJ, 8 pJ", "half of single precision: twice the lanes an instruction"},
	"cpu int8": {"2 pJ", "0.7 pJ, 4 pJ", "half of half precision: twice the lanes an instruction"},
	"gpu f32":  {"2 pJ", "1 pJ, 4 pJ", "1.7 pJ at 7 nm (TPUv4i, ISCA 2021, table 2), with registers and instructions spread over a wide group"},
	"gpu f16":  {"1 pJ", "0.5 pJ, 2 pJ", "0.5 pJ at 7 nm (TPUv4i, ISCA 2021, table 2), with registers and instructions spread over a wide group"},
	"gpu int8": {"0.5 pJ", "0.2 pJ, 1 pJ", "half of half precision: packed dot products"},
	"npu f16":  {"0.7 pJ", "0.4 pJ, 1.4 pJ", "0.5 pJ at 7 nm (TPUv4i, ISCA 2021, table 2), with local memories"},
	"npu int8": {"0.15 pJ", "0.08 pJ, 0.4 pJ", "0.08 pJ at 7 nm (TPUv4i, ISCA 2021, table 2), with local memories"},
}

// cpu fills in what follows from the clusters of a CPU: its title, its first
// level and its rates.
func (x deriver) cpu(n *yaml.Node) {
	all := x.child(n, "clusters")
	if all == nil {
		return
	}
	if x.child(n, "title") == nil {
		var said []string
		for _, c := range all.Content {
			count, _ := amountOf[units.Count](x, c, "count")
			clock, _ := amountOf[units.Hertz](x, c, "clock")
			if title := x.child(c, "title"); title != nil {
				said = append(said, fmt.Sprintf("%g × %s at %s GHz", count, title.Value, short(clock/1e9)))
			}
		}
		setNode(n, "title", scalarNode(strings.Join(said, " + ")))
	}
	for _, c := range all.Content {
		x.feed(c)
	}
	var l1 float64
	peaks := map[string]float64{}
	var said []string
	for _, c := range x.workingClusters(n) {
		count, _ := amountOf[units.Count](x, c, "count")
		size, _ := amountOf[units.Bytes](x, c, "l1d")
		l1 += count * size
		f32, f16, int8 := x.clusterRates(c)
		peaks["f32"] += f32
		peaks["f16"] += f16
		peaks["int8"] += int8
		pipes, _ := amountOf[units.Count](x, c, "pipes")
		clock, _ := amountOf[units.Hertz](x, c, "clock")
		said = append(said, fmt.Sprintf("%g × %g pipes at %s GHz", count, pipes, short(clock/1e9)))
	}
	if l1 > 0 {
		x.fill(n, "units.cpu.buffer", short(l1/1024)+" KiB", Spec, "the L1 data caches of the working cores", "")
	}
	rates := x.child(n, "rates")
	if peaks["f32"] == 0 || rates == nil {
		return
	}
	for _, r := range rates.Content {
		dtype := x.child(r, "dtype")
		if dtype == nil || peaks[dtype.Value] == 0 {
			continue
		}
		x.fill(r, "units.cpu.rates."+dtype.Value+".peak", short(peaks[dtype.Value]/1e9)+" GMAC/s", Estimated,
			strings.Join(said, " + ")+", each "+lanesSaid[dtype.Value]+"; little cores left out", "")
	}
}

// Kernels of language models are bound by loads, unpacking and issue before they are
// bound by multipliers, and compilers schedule for two pipes: a core with twice the
// pipes does not do twice the work. Seven formats of llama.cpp make the same number of
// products a clock on a Cortex-A725 with two pipes and an Oryon with four, to 15 %
// (pocketpal); hand-written kernels gain more.
const (
	fedPipes     = 2    // pipes that every kernel keeps busy
	feedExponent = 0.25 // of the number of pipes beyond
	feedSpread   = 1.2  // either way
)

// feed fills in which share of a core's pipes kernels feed.
func (x deriver) feed(cluster *yaml.Node) {
	pipes, ok := amountOf[units.Count](x, cluster, "pipes")
	name := x.child(cluster, "name")
	if !ok || pipes <= 0 || name == nil {
		return
	}
	share := math.Pow(max(1, pipes/fedPipes), feedExponent-1)
	percent := func(f float64) string { return short(100*f) + " %" }
	x.fill(cluster, "units.cpu.clusters."+name.Value+".feed", percent(share), Estimated,
		fmt.Sprintf("loads, unpacking and issue bind kernels before multipliers do: beyond two, %g pipes count with the power %g", pipes, feedExponent),
		percent(share/feedSpread)+", "+percent(share*feedSpread))
}

var lanesSaid = map[string]string{
	"f32":  "4 lanes",
	"f16":  "8 lanes where the core has Armv8.2, else 4",
	"int8": "32 products with i8mm, 16 with dotprod, else 8",
}

// clusterRates returns what all cores of a cluster do in a second, in
// multiply-accumulates.
func (x deriver) clusterRates(c *yaml.Node) (f32, f16, int8 float64) {
	count, _ := amountOf[units.Count](x, c, "count")
	clock, _ := amountOf[units.Hertz](x, c, "clock")
	pipes, _ := amountOf[units.Count](x, c, "pipes")
	var isa []string
	if n := x.child(c, "isa"); n != nil {
		for _, word := range n.Content {
			isa = append(isa, word.Value)
		}
	}
	half, byte8 := lanes(isa)
	vectors := count * clock * pipes
	return 4 * vectors, half * vectors, byte8 * vectors
}

// lanes is the number of multiply-accumulates in a 128-bit vector instruction:
// of half precision, and of 8-bit integers.
func lanes(isa []string) (f16, int8 float64) {
	f16, int8 = 4, 8
	if slices.Contains(isa, DotProduct) {
		f16, int8 = 8, 16
	}
	if slices.Contains(isa, I8MM) {
		int8 = 32
	}
	return f16, int8
}

// runtime fills in what an operator costs to launch: the fixed time, and a
// barrier between the threads that a runtime starts by itself.
func (x deriver) runtime(n *yaml.Node, name string) {
	launch, ok := amountOf[units.Picoseconds](x, n, "launch")
	if !ok {
		if x.child(n, "launch") != nil {
			x.faulty["runtimes."+name+".dispatch"] = true
		}
		return
	}
	source := "the runtime's launch"
	ps := launch
	if barrier := x.child(n, "barrier"); barrier != nil {
		cycles, slowest := x.barrierCycles(n, barrier)
		if slowest > 0 {
			ps += cycles / slowest * 1e12
			source = fmt.Sprintf("the runtime's launch and a barrier of %s cycles at %s GHz", short(cycles), short(slowest/1e9))
		}
	}
	x.fill(n, "runtimes."+name+".dispatch", short(ps/1e6)+" us", Estimated, source,
		fmt.Sprintf("%s us, %s us", short(ps/5e6), short(ps/2e5)))
}

// barrierCycles returns what a barrier takes between the threads that the
// runtime starts by itself, and the clock of the slowest core among them.
func (x deriver) barrierCycles(runtime, barrier *yaml.Node) (cycles, slowest float64) {
	unit := x.child(runtime, "unit")
	if unit == nil {
		return 0, 0
	}
	limit, limited := amountOf[units.Count](x, runtime, "threads")
	var threads, kinds float64
	for _, c := range x.workingClusters(x.unitNode(unit.Value)) {
		count, _ := amountOf[units.Count](x, c, "count")
		clock, _ := amountOf[units.Hertz](x, c, "clock")
		if limited {
			count = min(count, limit-threads)
		}
		if count <= 0 || clock <= 0 {
			continue
		}
		threads += count
		kinds++
		if slowest == 0 || clock < slowest {
			slowest = clock
		}
	}
	base, _ := amountOf[units.Count](x, barrier, "cycles")
	thread, _ := amountOf[units.Count](x, barrier, "per_thread")
	cluster, _ := amountOf[units.Count](x, barrier, "per_cluster")
	return base + max(0, threads-1)*thread + max(0, kinds-1)*cluster, slowest
}
