package devices

import "testing"

// 0.1 J for 1e9 parameters of 8 bits.
func TestThePapersAssumptionIsATenthOfAJouleForABillionBytes(t *testing.T) {
	a, err := LoadEnergyAssumption("paper")
	if err != nil {
		t.Fatal(err)
	}
	if joules := float64(a.MemoryPath.Value) * 1e-12 * 8e9; joules != 0.1 {
		t.Errorf("1e9 bytes cost %g J, want 0.1", joules)
	}
	if rows := a.Numbers(); len(rows) != 1 || rows[0].Path != "memory_path" || rows[0].Kind != Estimated {
		t.Errorf("numbers are %+v", rows)
	}
}
