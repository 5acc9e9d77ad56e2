package devices

import "testing"

func TestShippedDevicesAreValid(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			d, err := Load(name, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d.Name != name {
				t.Errorf("the profile %s names itself %s", name, d.Name)
			}
		})
	}
}

func TestShippedPartsAreValid(t *testing.T) {
	for _, name := range DRAMParts() {
		if _, err := LoadDRAMPart(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range FlashParts() {
		if _, err := LoadFlashPart(name); err != nil {
			t.Error(err)
		}
	}
}
