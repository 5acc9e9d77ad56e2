package units

import (
	"slices"
	"testing"
)

func TestExtentsThatTouchAreOne(t *testing.T) {
	var got []Extent
	for _, r := range [][2]uint64{{10, 14}, {14, 20}, {21, 22}, {22, 22}, {30, 29}, {5, 10}} {
		got = AppendExtent(got, r[0], r[1])
	}
	if want := []Extent{{10, 10}, {21, 1}, {5, 5}}; !slices.Equal(got, want) {
		t.Errorf("extents are %v, want %v", got, want)
	}
	if end := got[0].End(); end != 20 {
		t.Errorf("the first ends at %d, want 20", end)
	}
}
