package sim_test

import (
	"context"
	"fmt"
	"log"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
)

// One matrix of 8 MiB, read twice in a row: the second time it is still in the
// system cache of an iPhone 13.
func Example() {
	device, err := devices.Load("iphone13", nil)
	if err != nil {
		log.Fatal(err)
	}
	machine, err := sim.New(sim.Config{Device: device, Unit: "gpu"})
	if err != nil {
		log.Fatal(err)
	}
	trace := &traces.Trace{Head: traces.Header{Model: "one matrix"}}
	for layer := range int32(2) {
		trace.Emit([]traces.Event{{
			Seq: int64(layer), Phase: traces.Decode, Op: "ffn_up", Layer: layer, Block: 0,
			Tensor: "blk.0.ffn_up.weight", Kind: traces.Weight, Access: traces.Read, Bytes: 8 << 20, DType: "f16", MACs: 4 << 20,
		}})
	}
	_, err = machine.Replay(context.Background(), trace, func(r *sim.Row) error {
		b := r.Bytes()
		fmt.Printf("layer %d: %d bytes from DRAM, %d from on-chip memory, shared repeat: %v\n", r.Layer, b.DRAMRead, b.SRAMHit, r.Repeated)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// layer 0: 8388608 bytes from DRAM, 0 from on-chip memory, shared repeat: false
	// layer 1: 0 bytes from DRAM, 8388608 from on-chip memory, shared repeat: true
}
