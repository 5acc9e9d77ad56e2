package dram_test

import (
	"fmt"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim/dram"
	"github.com/memsim/memsim/units"
)

// A tile of 256 KiB is read from one channel of LPDDR5-6400 at 80 % of its peak:
// bursts to one bank group are four clocks apart, and only while two rows overlap
// in the queue do groups take turns.
func Example() {
	part, err := devices.LoadDRAMPart("lpddr5-6400")
	if err != nil {
		fmt.Println(err)
		return
	}
	spec, err := dram.PartSpec(part, "RoBaRaCoCh", dram.AllBank, dram.Open)
	if err != nil {
		fmt.Println(err)
		return
	}
	memory := dram.New(spec)
	t := memory.Move(0, []dram.Extent{{Bytes: 256 * units.KiB}})
	rate := 256 * 1024 / (t.Done - t.Start).Seconds()
	fmt.Printf("%.0f %% of peak, %d hits, %d misses, %d refreshes\n",
		100*rate/float64(memory.PeakBandwidth()), t.Counts.RowHits, t.Counts.RowMisses, t.Counts.AllBankRefreshes)
	// Output: 79 % of peak, 8053 hits, 108 misses, 6 refreshes
}
