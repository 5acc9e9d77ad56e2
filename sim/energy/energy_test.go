package energy

import (
	"testing"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/units"
)

func quantity[U any](v U) devices.Quantity[U] { return devices.Quantity[U]{Value: v} }

func TestAFlatAssumptionChargesMovedBitsAndNothingElse(t *testing.T) {
	got := Flat(12.5).Charge(Use{Time: units.Second, Moved: 1e9, DRAM: 7, Flash: 7, Compute: 7})
	if want := (Parts{DRAM: 100 * units.Millijoule}); got != want {
		t.Errorf("1 GB at 12.5 pJ/bit is %+v, want %+v", got, want)
	}
}

func TestADeviceChargesEachPartByItsOwnFigure(t *testing.T) {
	l2 := devices.SRAM{ReadEnergy: quantity(units.PicojoulesPerBit(1)), WriteEnergy: quantity(units.PicojoulesPerBit(2)), StaticPower: quantity(units.Watts(0.25))}
	slc := devices.SRAM{ReadEnergy: quantity(units.PicojoulesPerBit(3)), WriteEnergy: quantity(units.PicojoulesPerBit(4)), StaticPower: quantity(units.Watts(0.5))}
	unit := devices.Unit{StaticPower: quantity(units.Watts(1))}
	d := &devices.Device{SystemPower: quantity(units.Watts(2))}
	m := Of(d, unit, []devices.SRAM{l2, slc})

	got := m.Charge(Use{
		Time: units.Millisecond, DRAM: 11, Flash: 13, Compute: 17,
		Levels: []LevelUse{{Read: 100, Written: 10}, {Read: 1000, Written: 1}},
	})
	want := Parts{
		DRAM: 11, Flash: 13, Compute: 17,
		SRAM:   units.FromPicojoules(100*8*1 + 10*8*2 + 1000*8*3 + 1*8*4),
		Static: units.Femtojoules(1.75e12), // 1.75 W for 1 ms
	}
	if got != want {
		t.Errorf("charged %+v, want %+v", got, want)
	}
	if got := m.System(units.Millisecond); got != 2*units.Millijoule {
		t.Errorf("2 W over 1 ms is %d fJ", got)
	}
}

func TestPartsAddUp(t *testing.T) {
	p := Parts{DRAM: 1, SRAM: 20, Flash: 300, Compute: 4_000, Static: 50_000}
	if got := p.MemoryPath(); got != 321 {
		t.Errorf("the memory path takes %d fJ, want 321", got)
	}
	if got := p.Total(); got != 54_321 {
		t.Errorf("all parts take %d fJ, want 54321", got)
	}
	if got, want := p.Plus(Parts{1, 2, 3, 4, 5}), (Parts{2, 22, 303, 4_004, 50_005}); got != want {
		t.Errorf("the sum is %+v, want %+v", got, want)
	}
}
