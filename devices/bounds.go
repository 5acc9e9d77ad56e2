package devices

import (
	"fmt"
	"reflect"
	"strings"
)

// A bound is the range in which a value is believable. Beyond it a value is
// refused as a slip of the pen: a unit too many, a digit too few.
type bound struct{ min, max string }

// excludes says why v, written as text, is out of bounds; "" if it is not.
// The zero bound excludes only what is negative.
func (b bound) excludes(v reflect.Value, text string) string {
	negative := strings.HasPrefix(strings.TrimSpace(text), "-")
	switch {
	case b == (bound{}) && negative:
		return fmt.Sprintf("%s is negative; write zero or more", text)
	case b == (bound{}):
		return ""
	case negative:
		return fmt.Sprintf("%s is negative; it lies between %s and %s", text, b.min, b.max)
	}
	low, high := reflect.New(v.Type()).Elem(), reflect.New(v.Type()).Elem()
	if parseInto(low, b.min) != nil || parseInto(high, b.max) != nil {
		return ""
	}
	if magnitude(v) < magnitude(low) || magnitude(v) > magnitude(high) {
		return fmt.Sprintf("%s is not believable; it lies between %s and %s", text, b.min, b.max)
	}
	return ""
}

// magnitude is the size of a value of any type of the dimensions table.
func magnitude(v reflect.Value) float64 {
	switch {
	case v.CanInt():
		return float64(v.Int())
	case v.CanFloat():
		return v.Float()
	}
	c := v.Interface().(Cycles)
	return float64(c.Clocks)*1000 + float64(c.Time) // a clock is about a nanosecond
}

// deviceBounds are the believable ranges of a device's numbers.
var deviceBounds = map[string]bound{
	"battery":      {"1 kJ", "2000 kJ"},
	"system_power": {"0 W", "50 W"},

	"thermal.sustained_power": {"0.1 W", "500 W"},
	"thermal.burst":           {"0 J", "1000 kJ"},
	"thermal.floor":           {"0.05", "1"},

	"dram.channels":   {"1", "64"},
	"dram.ranks":      {"1", "8"},
	"dram.capacity":   {"256 MiB", "1024 GiB"},
	"dram.app_budget": {"0.01", "1"},
	"dram.latency":    {"0 ns", "1 us"},

	"flash.host.issue":     {"0 us", "10 ms"},
	"flash.host.direct":    {"0 us", "1 ms"},
	"flash.host.cached":    {"0 us", "1 ms"},
	"flash.host.slow_core": {"1", "20"},
	"flash.host.command":   {"4 KiB", "64 MiB"},
	"flash.host.faults":    {"1", "1024"},

	"app_memory.limit":      {"64 MiB", "1024 GiB"},
	"app_memory.unentitled": {"64 MiB", "1024 GiB"},
	"app_memory.mapped":     {"64 MiB", "1024 GiB"},
	"app_memory.free":       {"16 MiB", "1024 GiB"},
	"app_memory.own":        {"0 B", "64 GiB"},

	"sram.*.capacity":     {"1 KiB", "1 GiB"},
	"sram.*.line":         {"16 B", "4 KiB"},
	"sram.*.ways":         {"0", "32"},
	"sram.*.bandwidth":    {"1 GB/s", "20000 GB/s"},
	"sram.*.latency":      {"0 ns", "1 us"},
	"sram.*.read_energy":  {"0 pJ/bit", "100 pJ/bit"},
	"sram.*.write_energy": {"0 pJ/bit", "100 pJ/bit"},
	"sram.*.static_power": {"0 W", "10 W"},

	"units.*.buffer":         {"1 KiB", "64 MiB"},
	"units.*.buffers":        {"1", "64"},
	"units.*.bandwidth":      {"0.01", "1"},
	"units.*.rates.*.peak":   {"0.1 GMAC/s", "1000 TMAC/s"},
	"units.*.rates.*.energy": {"0 pJ", "100 pJ"},
	"units.*.static_power":   {"0 W", "100 W"},

	"runtimes.*.dispatch":             {"0 ns", "100 ms"},
	"runtimes.*.bandwidth_share":      {"0.01", "1"},
	"runtimes.*.half_bandwidth":       {"0 B", "1 GiB"},
	"runtimes.*.compute_share":        {"0.001", "1"},
	"runtimes.*.matvec_share":         {"0.001", "1"},
	"runtimes.*.arithmetic.*.dequant": {"0", "100"},
}

// dramPartBounds are the believable ranges of a DRAM part's numbers.
var dramPartBounds = map[string]bound{
	"data_rate":                 {"100 MT/s", "20000 MT/s"},
	"clock":                     {"100 ps", "20 ns"},
	"channel_width":             {"8", "128"},
	"burst_length":              {"1", "64"},
	"burst_payload":             {"8 B", "1 KiB"},
	"bank_groups":               {"1", "16"},
	"banks_per_group":           {"1", "64"},
	"rows":                      {"1024", "4194304"},
	"row_bytes":                 {"256 B", "64 KiB"},
	"timing.*":                  {"0 nCK", "1 ms"},
	"energy.activate_precharge": {"0 pJ", "1000 nJ"},
	"energy.read":               {"0 pJ/bit", "100 pJ/bit"},
	"energy.write":              {"0 pJ/bit", "100 pJ/bit"},
	"energy.io":                 {"0 pJ/bit", "100 pJ/bit"},
	"energy.refresh":            {"0 pJ", "100000 nJ"},
	"energy.active_standby":     {"0 W", "10 W"},
	"energy.precharge_standby":  {"0 W", "10 W"},
	"energy.power_down":         {"0 W", "10 W"},
	"energy.self_refresh":       {"0 W", "10 W"},
}

// flashPartBounds are the believable ranges of a flash part's numbers.
var flashPartBounds = map[string]bound{
	"link_bandwidth":   {"1 MB/s", "100 GB/s"},
	"command_latency":  {"0 us", "1 s"},
	"queue_depth":      {"1", "65536"},
	"channels":         {"1", "64"},
	"dies_per_channel": {"1", "64"},
	"planes_per_die":   {"1", "16"},
	"page_bytes":       {"512 B", "1 MiB"},
	"page_read":        {"1 us", "10 ms"},
	"channel_rate":     {"1 MB/s", "20 GB/s"},
	"read_ahead":       {"0 B", "64 MiB"},
	"hot_share":        {"0.05", "1"},
	"read_energy":      {"0 pJ/bit", "10000 pJ/bit"},
	"idle_power":       {"0 W", "10 W"},
}

// deviceChoices, dramPartChoices and flashPartChoices are the words that the
// fields which name a behaviour accept.
var (
	deviceChoices = map[string][]string{
		"dram.page_policy":   {"open", "closed", "timeout"},
		"dram.refresh":       {"none", "all", "per"},
		"sram.*.type":        {"cache", "scratchpad"},
		"sram.*.policy":      {"lru", "tree-plru", "srrip", "random"},
		"sram.*.inclusion":   {"inclusive", "exclusive", "none"},
		"units.*.name":       {"cpu", "gpu", "npu"},
		"runtimes.*.weights": {WeightsMapped, WeightsResident},

		"units.*.rates.*.dtype":           computeTypes,
		"runtimes.*.fused":                operators,
		"runtimes.*.arithmetic.*.dtype":   storageFormats,
		"runtimes.*.arithmetic.*.compute": computeTypes,
	}
	dramPartChoices  = map[string][]string{"standard": {"LPDDR4X", "LPDDR5", "LPDDR5X", "LPDDR6", "DDR5"}}
	flashPartChoices = map[string][]string{"interface": {"ufs", "nvme", "sd"}}
)

var (
	computeTypes   = []string{"f32", "f16", "bf16", "int8"}
	storageFormats = []string{"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q4_k", "q5_k", "q6_k"}
)

// operators are the names under which the engine traces a forward pass, in its
// order. A test holds them to the engine.
var operators = []string{
	"embed",
	"attn_norm", "attn_q", "attn_q_bias", "attn_k", "attn_k_bias", "attn_v", "attn_v_bias",
	"attn_q_norm", "attn_k_norm", "rope", "kv_store", "attention", "attn_output", "add",
	"ffn_norm", "ffn_gate", "ffn_up", "swiglu", "ffn_down",
	"output_norm", "output",
}
