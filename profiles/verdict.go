package profiles

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/units"
)

// wait is a part of a token's latency and what it is called in a sentence.
type wait struct {
	ms   float64
	what string
}

// Limit says in a sentence what a token of r takes and what it waits for, the most
// of it first.
func Limit(r *sim.Result) string {
	if r.LatencyMS == 0 {
		return fmt.Sprintf("%s processes a prompt of %d tokens in %s ms; no token was decoded.", Clean(r.Model), r.PromptTokens, Number(r.PrefillMS))
	}
	waits := []wait{
		{r.LatencyPartsMS.DRAM, "waiting for DRAM"},
		{r.LatencyPartsMS.Flash, "waiting for flash, because the model does not fit the app's share of DRAM"},
		{r.LatencyPartsMS.Dispatch, "launching operators"},
		{r.LatencyPartsMS.Compute, "arithmetic"},
		{r.LatencyPartsMS.SRAM, "waiting for the caches"},
	}
	slices.SortStableFunc(waits, func(a, b wait) int { return cmp.Compare(b.ms, a.ms) })
	var parts []string
	for i, w := range waits {
		if share := 100 * w.ms / r.LatencyMS; i == 0 || share >= 10 {
			parts = append(parts, fmt.Sprintf("%.0f %% %s", share, w.what))
		}
	}
	var interval *[2]float64
	if s, ok := r.Interval90["latency_ms_per_token"]; ok {
		interval = &s
	}
	return fmt.Sprintf("A token of %s takes %s ms%s: %s. It moves %s MB through DRAM.",
		Clean(r.Model), Number(r.LatencyMS), span(interval, ""), strings.Join(parts, ", "), Number(r.DRAMBytesPerToken/1e6))
}

// verdict is what a terminal says above its table: what limits the first model, what
// would make it faster, and what sharing means for the first one that shares.
func verdict(c Comparison) []string {
	if len(c.Results) == 0 {
		return nil
	}
	sentences := []string{Limit(&c.Results[0])}
	if s := Lever(c); s != "" {
		sentences = append(sentences, s)
	}
	for i := range c.Results {
		if s := Sharing(c.Results, i); s != "" {
			return append(sentences, s)
		}
	}
	return sentences
}

// Sharing says what it costs and saves that result i runs its blocks more than once:
// beside the model with the same blocks run once, and beside one that has as many
// layers of its own, where there are such; "" if it shares nothing.
func Sharing(results []sim.Result, i int) string {
	shared := &results[i]
	if shared.LayersExecuted <= shared.LayersStored || shared.LatencyMS == 0 {
		return ""
	}
	name := Clean(shared.Model)
	s := fmt.Sprintf("%s runs %d layers with the weights of %d", name, shared.LayersExecuted, shared.LayersStored)
	once := counterpart(results, shared, shared.LayersStored)
	if once == nil && i > 0 {
		once = &results[0]
	}
	if once != nil {
		s += ", " + change(shared.LatencyMS, once.LatencyMS, "slower", "faster") + " than " + Clean(once.Model)
	}
	if deep := counterpart(results, shared, shared.LayersExecuted); deep != nil && once != nil && deep != once {
		s += fmt.Sprintf("; %d unshared layers would be %s and move %s the bytes", deep.LayersExecuted,
			change(deep.LatencyMS, once.LatencyMS, "slower", "faster"), Ratio(deep.DRAMBytesPerToken, once.DRAMBytesPerToken))
	}
	s += "."
	if fit := fitsText(shared); fit != "" {
		s += " " + fit
	}
	return s
}

// counterpart finds the unshared model of so many layers whose layers are those of
// shared; nil if there is none.
func counterpart(results []sim.Result, shared *sim.Result, layers int) *sim.Result {
	for i := range results {
		r := &results[i]
		if r.LayersExecuted == layers && r.LayersStored == layers && r.Dim == shared.Dim && r.FFN == shared.FFN && r.Quant == shared.Quant && r.LatencyMS > 0 {
			return r
		}
	}
	return nil
}

// fitsText says whether a block of a shared model stays in a cache between its runs.
// It speaks of blocks that run again at once: others have to wait for their turn.
func fitsText(r *sim.Result) string {
	if r.BlockBytes == 0 || len(r.Caches) == 0 || r.Sharing != "immediate" {
		return ""
	}
	block := Number(float64(r.BlockBytes) / 1e6)
	largest := r.Caches[0]
	for _, c := range r.Caches {
		if int64(c.Capacity) >= r.BlockBytes {
			return fmt.Sprintf("A block of %s MB fits %s (%s), so its next run reads next to nothing from DRAM.", block, Clean(c.Name), Capacity(c.Capacity))
		}
		if c.Capacity > largest.Capacity {
			largest = c
		}
	}
	return fmt.Sprintf("A block of %s MB is larger than %s (%s): each run reads it from DRAM again, and sharing saves no traffic on this device.",
		block, Clean(largest.Name), Capacity(largest.Capacity))
}

// Capacity writes the size of a cache in MiB, which it is a round number of, and in
// MB behind it.
func Capacity(n units.Bytes) string {
	if n < units.MiB {
		return Number(float64(n)/float64(units.KiB)) + " KiB"
	}
	return fmt.Sprintf("%s MiB, %s MB", Number(float64(n)/float64(units.MiB)), Number(float64(n)/1e6))
}

// change says by how much v differs from base.
func change(v, base float64, more, less string) string {
	if base == 0 {
		return "no " + more
	}
	percent := 100 * (v/base - 1)
	switch {
	case math.Abs(percent) < 0.05:
		return "no " + more
	case percent > 0:
		return percentText(percent) + " " + more
	}
	return percentText(-percent) + " " + less
}

func percentText(percent float64) string {
	if percent < 10 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", percent), ".0") + " %"
	}
	return fmt.Sprintf("%.0f %%", percent)
}
