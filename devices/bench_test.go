package devices

import "testing"

func BenchmarkLoad(b *testing.B) { benchmarkLoad(b) }

// One number that the user sets makes a device be composed and checked again.
func BenchmarkLoadWithSet(b *testing.B) { benchmarkLoad(b, "dram.channels=2") }

func benchmarkLoad(b *testing.B, sets ...string) {
	for b.Loop() {
		if _, err := Load("pixel8pro", sets); err != nil {
			b.Fatal(err)
		}
	}
}
