package devices

import "testing"

// Every shipped phone loads, with the fit and without.
func TestEveryShippedPhoneLoads(t *testing.T) {
	for _, name := range Names() {
		if _, err := Load(name, nil); err != nil {
			t.Error(err)
		}
	}
}
