package dram

import (
	"testing"

	"github.com/memsim/memsim/devices"
)

// TestShippedParts builds each shipped part, and checks that its peak is data
// rate times width.
func TestShippedParts(t *testing.T) {
	for _, name := range devices.DRAMParts() {
		part, err := devices.LoadDRAMPart(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := PartSpec(part, "RoBaRaCoCh", AllBank, Open)
		if err != nil {
			t.Error(err)
			continue
		}
		want := float64(part.ChannelBandwidth())
		if got := float64(s.PeakBandwidth()); got < want*0.9999 || got > want*1.0001 {
			t.Errorf("%s: peak %g B/s, want %g", name, got, want)
		}
	}
}
