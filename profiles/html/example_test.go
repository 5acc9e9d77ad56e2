package html_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/memsim/memsim/profiles"
	"github.com/memsim/memsim/profiles/html"
	"github.com/memsim/memsim/sim"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/units"
)

// A model takes its ledger row by row as the simulator makes it, and the report
// takes the results in the end. Its first sentences say what the charts show.
func Example() {
	report := html.New(nil, "", "")
	tiny := report.Model(traces.Header{Model: "tiny", Tokens: 1})
	tiny.Add(&sim.Row{
		Phase: traces.Decode, Op: "attn_q", Time: sim.TimeParts{DRAM: 4 * units.Microsecond}, End: 4 * units.Microsecond,
		Operands: []sim.Operand{{Tensor: "blk.0.attn_q.weight", Kind: traces.Weight, Access: traces.Read,
			Bytes: sim.BytesByLevel{Requested: 64_000, DRAMRead: 64_000}, Time: 4 * units.Microsecond}},
	})
	c := profiles.Comparison{Title: "a phone", Results: []sim.Result{{
		Model: "tiny", LatencyMS: 0.004, LatencyPartsMS: sim.LatencyMS{DRAM: 0.004}, DRAMBytesPerToken: 64_000, PhoneEnergyMJ: 0.02,
	}}}

	var file bytes.Buffer
	if err := report.Write(&file, c); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("asks a network:", strings.Contains(file.String(), "<script src"))
	for _, sentence := range html.Answer(c) {
		fmt.Println(sentence)
	}
	// Output:
	// asks a network: false
	// A token of tiny takes 0.00400 ms: 100 % waiting for DRAM. It moves 0.0640 MB through DRAM.
	// tiny uses 0.0200 mJ per token on the whole phone.
}
