package devices

import "testing"

// What would half the channels cost? The chips of a phone are made for their
// number, and the question is about bandwidth all the same.
func TestChannelsCanBeOverriddenOnEveryDevice(t *testing.T) {
	for _, name := range someDevices {
		d, err := Load(name, []string{"dram.channels=2"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d.DRAM.Channels.Value != 2 {
			t.Errorf("%s has %d channels", name, d.DRAM.Channels.Value)
		}
	}
}
