package devices

import "testing"

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load("pixel8pro", nil); err != nil {
			b.Fatal(err)
		}
	}
}
