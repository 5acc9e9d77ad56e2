package timeline_test

import (
	"os"

	"github.com/memsim/memsim/profiles/timeline"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// One operator: 1 µs to launch it, then 4 µs in which it waits for 64 KB of
// weights. It stands in a phase, a token and a layer; the rate of DRAM is over
// the whole of it. The two channels take 3 µs and a little less: the unit draws
// more slowly than they deliver.
func Example() {
	line := timeline.New(os.Stdout, "tiny", "pixel8pro")
	line.Add(&sim.Row{
		Phase: traces.Decode, Token: 7, Layer: 2, Block: 2, Op: "attn_q",
		Start: 0, End: 5 * units.Microsecond,
		Time: sim.TimeParts{Dispatch: units.Microsecond, DRAM: 4 * units.Microsecond},
		DMA:  sim.Interval{Start: units.Microsecond, End: 5 * units.Microsecond},
		DRAM: sim.DRAMCounts{Reads: 1000, RowHits: 992, RowMisses: 4, RowConflicts: 4, Activates: 8},
		MACs: 32_000,
		Energy: sim.EnergyParts{DRAM: 2500 * units.Nanojoule, SRAM: 500 * units.Nanojoule, Flash: 50 * units.Nanojoule,
			Compute: 1000 * units.Nanojoule, Static: 5000 * units.Nanojoule},
		Channels: []sim.ChannelUse{
			{Start: units.Microsecond, End: 4 * units.Microsecond, Bytes: 32_256, DRAM: sim.DRAMCounts{Reads: 504, RowHits: 500, RowMisses: 4, Activates: 4}},
			{Start: units.Microsecond, End: 3990 * units.Nanosecond, Bytes: 31_744, DRAM: sim.DRAMCounts{Reads: 496, RowHits: 492, RowMisses: 4, Activates: 4}},
		},
		Operands: []sim.Operand{{Tensor: "h", Kind: traces.Activation, Access: traces.Read}, {Tensor: "blk.2.attn_q.weight", Kind: traces.Weight, Access: traces.Read,
			Bytes: sim.BytesByLevel{Requested: 64_000, DRAMRead: 64_000}}},
	})
	if err := line.Close(); err != nil {
		panic(err)
	}
	// Output:
	// {"displayTimeUnit":"ns","otherData":{"device":"pixel8pro","model":"tiny"},"traceEvents":[
	// {"name":"process_name","ph":"M","ts":0.000,"pid":1,"tid":0,"args":{"name":"tiny on pixel8pro"}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":1,"args":{"name":"run"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":1,"args":{"sort_index":1}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":2,"args":{"name":"dispatch"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":2,"args":{"sort_index":2}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":3,"args":{"name":"flash"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":3,"args":{"sort_index":3}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":4,"args":{"name":"DRAM"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":4,"args":{"sort_index":4}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":5,"args":{"name":"SRAM"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":5,"args":{"sort_index":5}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":6,"args":{"name":"compute"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":6,"args":{"sort_index":6}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":7,"args":{"name":"DMA"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":7,"args":{"sort_index":7}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":8,"args":{"name":"DRAM ch 0"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":8,"args":{"sort_index":8}},
	// {"name":"thread_name","ph":"M","ts":0.000,"pid":1,"tid":9,"args":{"name":"DRAM ch 1"}},
	// {"name":"thread_sort_index","ph":"M","ts":0.000,"pid":1,"tid":9,"args":{"sort_index":9}},
	// {"name":"decode","ph":"B","ts":0.000,"pid":1,"tid":1},
	// {"name":"token 7","ph":"B","ts":0.000,"pid":1,"tid":1},
	// {"name":"layer 2","ph":"B","ts":0.000,"pid":1,"tid":1},
	// {"name":"attn_q","ph":"B","ts":0.000,"pid":1,"tid":1,"args":{"dram_read_bytes":64000,"energy_nj":9050,"macs":32000,"tensor":"blk.2.attn_q.weight"}},
	// {"name":"DRAM (GB/s)","ph":"C","ts":0.000,"pid":1,"tid":0,"args":{"read":12.8,"write":0}},
	// {"name":"SRAM hits (%)","ph":"C","ts":0.000,"pid":1,"tid":0,"args":{"hits":0}},
	// {"name":"DRAM row hits (%)","ph":"C","ts":0.000,"pid":1,"tid":0,"args":{"hits":99.2}},
	// {"name":"power (W)","ph":"C","ts":0.000,"pid":1,"tid":0,"args":{"DRAM":0.5,"SRAM":0.1,"compute":0.2,"flash":0.01,"static":1}},
	// {"name":"attn_q","ph":"X","ts":0.000,"dur":1.000,"pid":1,"tid":2},
	// {"name":"attn_q","ph":"X","ts":1.000,"dur":4.000,"pid":1,"tid":4},
	// {"name":"attn_q","ph":"X","ts":1.000,"dur":4.000,"pid":1,"tid":7},
	// {"name":"attn_q","ph":"X","ts":1.000,"dur":3.000,"pid":1,"tid":8,"args":{"activates":4,"bytes":32256,"read_bursts":504,"row_hits":500,"row_misses":4}},
	// {"name":"attn_q","ph":"X","ts":1.000,"dur":2.990,"pid":1,"tid":9,"args":{"activates":4,"bytes":31744,"read_bursts":496,"row_hits":492,"row_misses":4}},
	// {"name":"attn_q","ph":"E","ts":5.000,"pid":1,"tid":1},
	// {"name":"layer 2","ph":"E","ts":5.000,"pid":1,"tid":1},
	// {"name":"token 7","ph":"E","ts":5.000,"pid":1,"tid":1},
	// {"name":"decode","ph":"E","ts":5.000,"pid":1,"tid":1},
	// {"name":"DRAM (GB/s)","ph":"C","ts":5.000,"pid":1,"tid":0,"args":{"read":0,"write":0}},
	// {"name":"DRAM row hits (%)","ph":"C","ts":5.000,"pid":1,"tid":0,"args":{"hits":0}},
	// {"name":"power (W)","ph":"C","ts":5.000,"pid":1,"tid":0,"args":{"DRAM":0,"SRAM":0,"compute":0,"flash":0,"static":0}}
	// ]}
}
