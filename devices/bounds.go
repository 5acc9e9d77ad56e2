package devices

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
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
var deviceBounds = joined(map[string]bound{
	"battery":      {"1 kJ", "2000 kJ"},
	"system_power": {"0 W", "50 W"},

	"thermal.sustained_power": {"0.1 W", "500 W"},
	"thermal.burst":           {"0 J", "1000 kJ"},
	"thermal.floor":           {"0.05", "1"},

	"dram.channels":   {"1", "64"},
	"dram.ranks":      {"1", "64"},
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
}, under("sram.*.", sramBounds), under("units.*.", unitBounds), under("runtimes.*.", runtimeBounds))

// socBounds are those of a SoC.
var socBounds = joined(map[string]bound{
	"memory.channels":      {"1", "64"},
	"memory.channel_width": {"8", "128"},
	"memory.data_rate":     {"100 MT/s", "20000 MT/s"},
	"memory.latency":       {"0 ns", "1 us"},
}, under("sram.*.", sramBounds), under("units.*.", unitBounds), under("clusters.*.", clusterBounds))

// sramBounds, unitBounds, clusterBounds and runtimeBounds are those of one of
// their kind.
var (
	sramBounds = map[string]bound{
		"capacity":     {"1 KiB", "1 GiB"},
		"line":         {"16 B", "4 KiB"},
		"ways":         {"0", "32"},
		"bandwidth":    {"1 GB/s", "20000 GB/s"},
		"latency":      {"0 ns", "1 us"},
		"read_energy":  {"0 pJ/bit", "100 pJ/bit"},
		"write_energy": {"0 pJ/bit", "100 pJ/bit"},
		"static_power": {"0 W", "10 W"},
	}
	unitBounds = joined(map[string]bound{
		"buffer":         {"1 KiB", "64 MiB"},
		"buffers":        {"1", "64"},
		"bandwidth":      {"0.01", "1"},
		"rates.*.peak":   {"0.1 GMAC/s", "1000 TMAC/s"},
		"rates.*.energy": {"0 pJ", "100 pJ"},
		"static_power":   {"0 W", "100 W"},
	}, under("clusters.*.", clusterBounds))
	clusterBounds = map[string]bound{
		"count":  {"1", "256"},
		"clock":  {"100 MHz", "10 GHz"},
		"pipes":  {"1", "16"},
		"feed":   {"1 %", "400 %"},
		"l1d":    {"1 KiB", "1 MiB"},
		"l2":     {"16 KiB", "64 MiB"},
		"stream": {"0.1 GB/s", "1000 GB/s"},
	}
	runtimeBounds = map[string]bound{
		"threads":                         {"1", "256"},
		"launch":                          {"0 ns", "100 ms"},
		"barrier.cycles":                  {"0", "10000000"},
		"barrier.per_thread":              {"0", "10000000"},
		"barrier.per_cluster":             {"0", "10000000"},
		"dispatch":                        {"0 ns", "100 ms"},
		"token_overhead":                  {"0 ns", "10 s"},
		"prompt_overhead":                 {"0 ns", "60 s"},
		"handover":                        {"0 ns", "100 ms"},
		"overlap":                         {"0", "1"},
		"kv.window":                       {"1", "16777216"},
		"attention.bandwidth_share":       {"0.001", "4"},
		"attention.compute_share":         {"0.0001", "4"},
		"bandwidth_share":                 {"0.01", "4"},
		"half_bandwidth":                  {"0 B", "1 GiB"},
		"compute_share":                   {"0.001", "4"},
		"matvec_share":                    {"0.001", "4"},
		"arithmetic.*.dequant":            {"0", "1000"},
		"arithmetic.*.compute_share":      {"0.0001", "4"},
		"arithmetic.*.matvec_share":       {"0.0001", "4"},
		"arithmetic.*.on.*.dequant":       {"0", "1000"},
		"arithmetic.*.on.*.compute_share": {"0.0001", "4"},
		"arithmetic.*.on.*.matvec_share":  {"0.0001", "4"},
	}
)

// under puts prefix before the patterns of a table.
func under[V any](prefix string, table map[string]V) map[string]V {
	out := map[string]V{}
	for pattern, v := range table {
		out[prefix+pattern] = v
	}
	return out
}

// joined is one table of several.
func joined[V any](tables ...map[string]V) map[string]V {
	out := map[string]V{}
	for _, table := range tables {
		maps.Copy(out, table)
	}
	return out
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
	deviceChoices = joined(under("dram.", controllerChoices), under("sram.*.", sramChoices), under("units.*.", unitChoices), under("runtimes.*.", runtimeChoices))
	socChoices    = joined(under("memory.", controllerChoices), under("sram.*.", sramChoices), under("units.*.", unitChoices), under("clusters.*.", coreChoices))

	controllerChoices = map[string][]string{
		"page_policy": {"open", "closed", "timeout"},
		"refresh":     {"none", "all", "per"},
	}
	sramChoices = map[string][]string{
		"type":      {"cache", "scratchpad"},
		"policy":    {"lru", "tree-plru", "srrip", "random"},
		"inclusion": {"inclusive", "exclusive", "none"},
	}
	unitChoices = joined(map[string][]string{
		"name":          {"cpu", "gpu", "npu"},
		"family":        families,
		"rates.*.dtype": computeTypes,
	}, under("clusters.*.", coreChoices))
	coreChoices    = map[string][]string{"isa": instructionSets}
	runtimeChoices = map[string][]string{
		"families":                  families,
		"weights":                   {WeightsMapped, WeightsResident},
		"fused":                     operators,
		"kv.dtype":                  append(slices.Clone(storageFormats), "int8"),
		"arithmetic.*.dtype":        storageFormats,
		"arithmetic.*.compute":      computeTypes,
		"arithmetic.*.on.*.isa":     instructionSets,
		"arithmetic.*.on.*.compute": computeTypes,
	}
	dramPartChoices  = map[string][]string{"standard": {"LPDDR4X", "LPDDR5", "LPDDR5X", "LPDDR6", "DDR5"}}
	flashPartChoices = map[string][]string{"interface": {"ufs", "nvme", "sd"}}
)

var (
	computeTypes   = []string{"f32", "f16", "bf16", "int8"}
	storageFormats = []string{
		"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k",
		"iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s", "iq4_nl", "iq4_xs", "tq1_0", "tq2_0", "mxfp4",
		"w2", "w4", "w8",
		"w4_g32", "w4_g64", "w4_g128", "w4_g256", "w4_g32_zp", "w4_g64_zp", "w4_g128_zp",
		"w8_g64", "w8_g128", "w8_g64_zp",
	}
	// families are kinds of units that programs are written for.
	families = []string{
		"adreno", "mali", "powervr", "xclipse", "apple", "videocore", "ampere",
		"hexagon", "ane", "rknpu", "apu", "tpu", "exynos-npu",
	}
)

// operators are the names under which the engine traces forward passes, in their
// order. A test holds them to the engine, over every architecture.
var operators = []string{
	"embed", "embed_scale",
	"per_layer_embed", "per_layer_embed_scale", "per_layer_proj", "per_layer_proj_scale", "per_layer_norm",
	"per_layer_scale", "per_layer_split", "encode",

	"attn_norm", "attn_qkv", "attn_q", "attn_q_bias", "attn_k", "attn_k_bias", "attn_v", "attn_v_bias",
	"attn_q_norm", "attn_k_norm", "attn_v_norm", "rope", "attn_temperature", "kv_store", "attention", "attn_gate",
	"attn_output", "attn_output_bias", "attn_post_norm", "residual_scale", "add",
	"conv_in", "short_conv", "conv_out",
	"delta_qkv", "delta_gate", "delta_beta", "delta_alpha", "delta_conv", "delta_net", "delta_norm", "delta_out",

	"ffn_norm", "ffn_gate", "ffn_gate_bias", "ffn_up", "ffn_up_bias", "swiglu", "geglu", "clamped_glu",
	"ffn_down", "ffn_down_bias", "ffn_post_norm",
	"ffn_router", "ffn_router_bias", "ffn_route", "ffn_gate_exps", "ffn_gate_exps_bias", "ffn_up_exps", "ffn_up_exps_bias",
	"ffn_down_exps", "ffn_down_exps_bias", "ffn_combine", "ffn_shared_gate", "ffn_shared_up", "ffn_shared_down",
	"ffn_post_norm_1", "ffn_norm_2", "ffn_post_norm_2",
	"per_layer_gate", "per_layer_geglu", "per_layer_out", "per_layer_post_norm", "layer_scale",

	"output_norm", "output", "output_bias", "logit_scale", "logit_cap",
}
