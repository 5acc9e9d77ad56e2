package devices

import (
	"maps"
	"math/bits"
	"regexp"
	"slices"
	"strings"

	"github.com/memsim/memsim/units"
)

// checkDevice records what contradicts itself in a device whose fields, one by
// one, are sound. A rule keeps silent on fields that are faulty already.
func checkDevice(doc *document, d *Device) {
	checkMapping(doc, "dram.mapping", d.DRAM.Mapping)
	checkCapacity(doc, d)
	checkAppMemory(doc, d)
	checkDefaultUnit(doc, d)
	for i := range d.SRAM {
		checkSRAM(doc, d, &d.SRAM[i])
	}
	for i := range d.Units {
		checkUnit(doc, d, &d.Units[i])
	}
	for i := range d.Runtimes {
		checkRuntime(doc, d, &d.Runtimes[i])
	}
	if !doc.sound("units", "runtimes") || d.strays() {
		return // what has no runtime may only be misspelt
	}
	for _, u := range d.Units {
		if len(d.RuntimesOf(u.Name)) == 0 {
			doc.failAt("units."+u.Name, "no runtime uses this unit; add one to runtimes with unit: %s", u.Name)
		}
	}
	checkDefaultRuntime(doc, d)
}

// strays reports whether a runtime names a unit that is not there.
func (d *Device) strays() bool {
	return slices.ContainsFunc(d.Runtimes, func(r Runtime) bool { return !slices.Contains(d.unitNames(), r.Unit) })
}

// checkMapping wants each part of a DRAM address to be named, from high bits to
// low; a part may come in pieces, such as Co4 and later Co.
func checkMapping(doc *document, at, mapping string) {
	if !doc.sound(at) {
		return
	}
	order, hashes, _ := strings.Cut(mapping, "+")
	if order == "MOP4CLXOR" {
		order = "RoBaRaCoCh"
	}
	parts := mappingParts.FindAllString(order, -1)
	whole := strings.Join(parts, "")
	for _, part := range []string{"Ro", "Ba", "Ra", "Co", "Ch"} {
		if !strings.Contains(whole, part) {
			whole = ""
		}
	}
	if hashes != "" && !mappingHashes.MatchString("+"+hashes) || strings.HasSuffix(mapping, "+") {
		doc.failAt(at, "%q ends in no hash; write +xor, or a bit of a part and a mask of address bits, such as +Bg0^0x12000", mapping)
		return
	}
	if whole != order || repeated(parts) {
		doc.failAt(at, "%q is not a bit order; name Ro, Ba, Ra, Co and Ch (and Bg, if bank groups lie apart) from the high bits to the low, such as RoBaRaCoCh", mapping)
	}
}

var mappingParts = regexp.MustCompile(`(Ro|Ba|Bg|Ra|Co|Ch)([1-9][0-9]?)?`)

var mappingHashes = regexp.MustCompile(`^(\+xor|\+(Ro|Ba|Bg|Ra|Co|Ch)[0-9]{1,2}\^(0x[0-9a-fA-F]+|[0-9]+))+$`)

// repeated reports whether a part that takes all bits that are left comes twice.
func repeated(parts []string) bool {
	slices.Sort(parts)
	return len(slices.Compact(parts)) < len(parts)
}

// checkCapacity wants the chips to hold what the device claims to have. A run
// that overrides their number asks what fewer channels would do to bandwidth,
// and not where the bytes would lie.
func checkCapacity(doc *document, d *Device) {
	part := d.DRAM.Spec
	if part == nil || !doc.sound("dram.capacity", "dram.channels", "dram.ranks") {
		return
	}
	if d.DRAM.Channels.Kind == Override || d.DRAM.Ranks.Kind == Override || part.Rows.Kind == Override {
		return
	}
	rank := float64(part.Rows.Value) * float64(part.RowBytes.Value) * float64(part.Banks())
	most := rank * float64(d.DRAM.Channels.Value) * float64(d.DRAM.Ranks.Value)
	if float64(d.DRAM.Capacity.Value) > most {
		doc.failAt("dram.capacity", "%s is more than %d channels of %d ranks of %s hold (%.4g GiB); raise dram.ranks, or name a part with more rows",
			d.DRAM.Capacity.Text, d.DRAM.Channels.Value, d.DRAM.Ranks.Value, part.Name, most/float64(units.GiB))
	}
}

// checkAppMemory wants no app to be left more than the device has.
func checkAppMemory(doc *document, d *Device) {
	m := d.AppMemory
	if m == nil || !doc.sound("app_memory", "dram.capacity") {
		return
	}
	for _, f := range []struct {
		path  string
		bytes Quantity[units.Bytes]
	}{{"app_memory.limit", m.Limit}, {"app_memory.mapped", m.Mapped}, {"app_memory.free", m.Free}} {
		if doc.sound(f.path) && f.bytes.Value > d.DRAM.Capacity.Value && f.bytes.Kind != Override && d.DRAM.Capacity.Kind != Override {
			doc.failAt(f.path, "%s is more than the DRAM's %s; one of them is wrong", f.bytes.Text, d.DRAM.Capacity.Text)
		}
	}
}

func checkSRAM(doc *document, d *Device, s *SRAM) {
	at := "sram." + s.Name
	if doc.sound(at+".capacity", "dram.capacity") && s.Capacity.Value >= d.DRAM.Capacity.Value {
		doc.failAt(at+".capacity", "%s is not less than the DRAM's %s; one of them is wrong", s.Capacity.Text, d.DRAM.Capacity.Text)
	}
	if doc.sound(at+".line") && !powerOfTwo(int64(s.Line.Value)) {
		doc.failAt(at+".line", "%s is not a power of two; a line is 64 B or 128 B as a rule", s.Line.Text)
	}
	if s.Type == "cache" {
		checkSets(doc, s, at)
	}
}

// checkSets wants a cache to be made of whole sets that its policy can handle.
func checkSets(doc *document, s *SRAM, at string) {
	if !doc.sound(at + ".ways") {
		return
	}
	ways := int64(s.Ways.Value)
	if doc.sound(at+".capacity", at+".line") && int64(s.Capacity.Value)%(int64(s.Line.Value)*max(1, ways)) != 0 {
		doc.failAt(at+".capacity", "%s is no whole number of sets of %d ways of %s; change one of the three", s.Capacity.Text, max(1, ways), s.Line.Text)
	}
	switch {
	case !doc.sound(at + ".policy"):
	case ways == 0 && s.Policy != "lru":
		doc.failAt(at+".policy", "only lru can be fully associative (ways 0), not %s; give ways, or choose lru", s.Policy)
	case s.Policy == "tree-plru" && !powerOfTwo(ways):
		doc.failAt(at+".policy", "tree-plru needs a power of two of ways, not %d; choose lru or srrip", ways)
	}
}

func powerOfTwo(n int64) bool { return n > 0 && bits.OnesCount64(uint64(n)) == 1 }

func checkUnit(doc *document, d *Device, u *Unit) {
	at := "units." + u.Name
	if doc.sound(at+".caches", "sram") {
		for _, name := range u.Caches {
			i := slices.IndexFunc(d.SRAM, func(s SRAM) bool { return s.Name == name })
			if i < 0 {
				doc.failAt(at+".caches", "%q is no memory of the sram list; %s", name, suggest(name, d.sramNames()))
				continue
			}
			checkPath(doc, d, u, &d.SRAM[i])
		}
	}
	if doc.sound(at+".rates") && len(u.Rates) == 0 {
		doc.failAt(at+".rates", "is empty; give the unit's rate for at least one dtype")
	}
}

// checkPath wants a memory to be no slower than what the unit draws from DRAM
// through it.
func checkPath(doc *document, d *Device, u *Unit, s *SRAM) {
	if d.DRAM.Spec == nil || !doc.sound("dram.channels", "units."+u.Name+".bandwidth", "sram."+s.Name+".bandwidth") {
		return
	}
	need := float64(d.PeakBandwidth()) * float64(u.Bandwidth.Value)
	if float64(s.Bandwidth.Value) < need {
		doc.failAt("sram."+s.Name+".bandwidth", "%s is less than the %.4g GB/s that unit %s draws from DRAM through it; one of them is wrong", s.Bandwidth.Text, need/1e9, u.Name)
	}
}

// checkSoC records what contradicts itself in a SoC.
func checkSoC(doc *document, s *SoC) {
	var names []string
	for _, u := range s.Units {
		names = append(names, u.Name)
	}
	if doc.sound("units", "clusters") && len(s.Clusters) > 0 && !slices.Contains(names, "cpu") {
		doc.failAt("units", "holds no cpu, whose clusters are given; add one with its caches and its share of bandwidth")
	}
	var memories []string
	for _, m := range s.SRAM {
		memories = append(memories, m.Name)
		if m.Type == "cache" {
			checkSets(doc, &m, "sram."+m.Name)
		}
	}
	for _, u := range s.Units {
		for _, name := range u.Caches {
			if doc.sound("units."+u.Name+".caches", "sram") && !slices.Contains(memories, name) {
				doc.failAt("units."+u.Name+".caches", "%q is no memory of the sram list; %s", name, suggest(name, memories))
			}
		}
	}
	checkMapping(doc, "memory.mapping", s.Memory.Mapping)
}

// checkRuntimeFile records what contradicts itself in a runtime's own file.
func checkRuntimeFile(doc *document, r *runtimeFile) {
	if kinds := deviceChoices["units.*.name"]; doc.sound("unit") && !slices.Contains(kinds, r.Unit) {
		doc.failAt("unit", "%q is no kind of unit; %s", r.Unit, suggest(r.Unit, kinds))
	}
	if doc.sound("arithmetic") && len(r.Arithmetic) == 0 {
		doc.failAt("arithmetic", "is empty; say how the runtime computes with at least one storage format")
	}
}

func checkRuntime(doc *document, d *Device, r *Runtime) {
	at := "runtimes." + r.Name
	if !doc.sound(at+".unit", "units") {
		return
	}
	unit := slices.IndexFunc(d.Units, func(u Unit) bool { return u.Name == r.Unit })
	if unit < 0 {
		doc.failAt(at+".unit", "%q is no unit of this device; %s", r.Unit, suggest(r.Unit, d.unitNames()))
		return
	}
	if doc.sound(at+".arithmetic") && len(r.Arithmetic) == 0 {
		doc.failAt(at+".arithmetic", "is empty; say how the runtime computes with at least one storage format")
	}
	if !doc.sound("units." + r.Unit + ".rates") {
		return
	}
	var known []string
	for _, rate := range d.Units[unit].Rates {
		known = append(known, rate.DType)
	}
	for _, a := range r.Arithmetic {
		path := at + ".arithmetic." + a.DType
		if doc.sound(path+".compute") && !slices.Contains(known, a.Compute) {
			doc.failAt(path+".compute", "unit %s has no rate for %q; %s", r.Unit, a.Compute, suggest(a.Compute, known))
		}
	}
}

func checkDefaultUnit(doc *document, d *Device) {
	if doc.sound("default_unit", "units") && !slices.Contains(d.unitNames(), d.DefaultUnit) {
		doc.failAt("default_unit", "%q is no unit of this device; %s", d.DefaultUnit, suggest(d.DefaultUnit, d.unitNames()))
	}
}

func checkDefaultRuntime(doc *document, d *Device) {
	if !doc.sound("default_unit", "default_runtime") {
		return
	}
	var known []string
	for _, r := range d.RuntimesOf(d.DefaultUnit) {
		known = append(known, r.Name)
	}
	if !slices.Contains(known, d.DefaultRuntime) {
		doc.failAt("default_runtime", "%q is no runtime of unit %s; %s", d.DefaultRuntime, d.DefaultUnit, suggest(d.DefaultRuntime, known))
	}
}

// checkDRAMPart records what contradicts itself in a DRAM part.
func checkDRAMPart(doc *document, p *DRAMPart) {
	if doc.sound("row_bytes") && !powerOfTwo(int64(p.RowBytes.Value)) {
		doc.failAt("row_bytes", "%s is not a power of two", p.RowBytes.Text)
	}
	counts := map[string]Quantity[units.Count]{"bank_groups": p.BankGroups, "banks_per_group": p.BanksPerGroup}
	if p.BurstPayload == nil {
		counts["channel_width"], counts["burst_length"] = p.ChannelWidth, p.BurstLength
	}
	for _, path := range slices.Sorted(maps.Keys(counts)) {
		if doc.sound(path) && !powerOfTwo(int64(counts[path].Value)) {
			doc.failAt(path, "%d is not a power of two", counts[path].Value)
		}
	}
	checkPayload(doc, p)
	if doc.sound("clock", "data_rate") {
		checkClock(doc, p)
	}
	if doc.sound("row_bytes", "channel_width", "burst_length") && p.RowBytes.Value < p.BurstBytes() {
		doc.failAt("row_bytes", "%s is less than a burst of %d transfers on %d pins", p.RowBytes.Text, p.BurstLength.Value, p.ChannelWidth.Value)
	}
	if doc.sound("standard", "bank_groups") && p.Standard == "LPDDR4X" && p.BankGroups.Value > 1 {
		doc.failAt("bank_groups", "%d bank groups are none of LPDDR4X; write 1, and all banks of a rank as banks_per_group", p.BankGroups.Value)
	}
	checkTiming(doc, p)
}

// checkPayload wants the data of a burst to be a power of two that its transfers hold.
func checkPayload(doc *document, p *DRAMPart) {
	if p.BurstPayload == nil || !doc.sound("burst_payload", "channel_width", "burst_length") {
		return
	}
	switch {
	case !powerOfTwo(int64(p.BurstPayload.Value)):
		doc.failAt("burst_payload", "%s is not a power of two", p.BurstPayload.Text)
	case p.BurstPayload.Value > p.pinBytes():
		doc.failAt("burst_payload", "%s is more than the %d B that %d transfers on %d pins move", p.BurstPayload.Text, p.pinBytes(), p.BurstLength.Value, p.ChannelWidth.Value)
	}
}

// checkClock wants a whole number of transfers on a pin in a clock: 2 for
// LPDDR4X and DDR5, 4 for LPDDR6, 8 for LPDDR5 at its WCK to CK ratio of 4 to 1.
func checkClock(doc *document, p *DRAMPart) {
	perClock := float64(p.DataRate.Value) * p.Clock.Value.Seconds()
	for _, whole := range []float64{2, 4, 8} {
		if perClock > whole*0.99 && perClock < whole*1.01 {
			return
		}
	}
	doc.failAt("clock", "%s holds %.3g transfers at %s; a clock holds 2, 4 or 8", p.Clock.Text, perClock, p.DataRate.Text)
}

// checkFlashPart records what contradicts itself in a flash part.
func checkFlashPart(doc *document, p *FlashPart) {
	if doc.sound("page_bytes") && !powerOfTwo(int64(p.PageBytes.Value)) {
		doc.failAt("page_bytes", "%s is not a power of two", p.PageBytes.Text)
	}
}
