package pprof_test

import (
	"bytes"
	"fmt"

	"github.com/google/pprof/profile"

	"github.com/memsim/memsim/profiles/pprof"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// A sample is an operand under its layer, operator, phase and model. The values
// of decode are per token.
func Example() {
	p := pprof.New("tiny", "pixel8pro")
	p.Add(&sim.Row{
		Phase: traces.Decode, Token: 7, Layer: 2, Block: 2, Op: "attn_q",
		Time: sim.TimeParts{DRAM: 4 * units.Microsecond},
		Operands: []sim.Operand{{Tensor: "blk.2.attn_q.weight", Kind: traces.Weight, Access: traces.Read,
			Bytes: sim.BytesByLevel{Requested: 64_000, DRAMRead: 64_000}, Time: 4 * units.Microsecond, Energy: 3 * units.Microjoule}},
	})
	var file bytes.Buffer
	if err := p.Write(&file); err != nil {
		panic(err)
	}

	prof, err := profile.Parse(&file)
	if err != nil {
		panic(err)
	}
	for i, t := range prof.SampleType[:5] {
		fmt.Println(t.Type, prof.Sample[0].Value[i], t.Unit)
	}
	for _, frame := range prof.Sample[0].Location {
		fmt.Println("in", frame.Line[0].Function.Name)
	}
	// Output:
	// time 4000 nanoseconds
	// dram_bytes 64000 bytes
	// sram_bytes 0 bytes
	// flash_bytes 0 bytes
	// energy 3000 nanojoules
	// in attn_q.weight
	// in layer 2
	// in attn_q
	// in decode
	// in tiny
}
