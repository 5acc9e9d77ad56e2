package sram

import (
	"fmt"
	"testing"

	"github.com/memsim/memsim/units"
)

// decodeStep is what one decode step of a model like MobileLLM-125M in Q8_0
// touches: the operands of its operators, in order.
func decodeStep(layers, repeat, position int) []access {
	const (
		dim, ffn, kv, vocab = 576, 1536, 192, 32000
		kvArena, actArena   = 1 << 32, 1 << 33
		context             = 2048
	)
	q8 := func(rows, cols int) units.Bytes { return units.Bytes(rows * cols / 32 * 34) }
	var list []access
	read := func(addr uint64, n units.Bytes) { list = append(list, access{addr, n, false}) }
	write := func(addr uint64, n units.Bytes) { list = append(list, access{addr, n, true}) }
	matrices := []struct{ rows, cols int }{{dim, dim}, {kv, dim}, {kv, dim}, {dim, dim}, {ffn, dim}, {ffn, dim}, {dim, ffn}}
	offset := uint64(1_234_592) + uint64(q8(vocab, dim))
	x, h, big := uint64(actArena), uint64(actArena+2304), uint64(actArena+8192+96)
	for layer := range layers {
		var size uint64
		for run := range repeat {
			at := offset
			k := uint64(kvArena + (layer*repeat+run)*2*context*kv*2)
			v := k + context*kv*2
			for i, m := range matrices {
				if i == 0 || i == 4 {
					read(x, dim*4)
					read(at, dim*4)
					write(h, dim*4)
					at += dim * 4
				}
				read(at, q8(m.rows, m.cols))
				read(h, units.Bytes(m.cols*4))
				write(big, units.Bytes(m.rows*4))
				at += uint64(q8(m.rows, m.cols))
				if i == 2 {
					write(k+uint64(position*kv*2), kv*2)
					write(v+uint64(position*kv*2), kv*2)
					read(k, units.Bytes((position+1)*kv*2))
					read(v, units.Bytes((position+1)*kv*2))
				}
			}
			read(x, dim*4)
			write(x, dim*4)
			size = at - offset
		}
		offset += size
	}
	read(1_234_592, q8(vocab, dim))
	write(big, vocab*4)
	return list
}

func pixelLike(p Policy) []Config {
	return []Config{
		{Name: "l3", Capacity: 4 * units.MiB, Line: 64, Ways: 16, Policy: p},
		{Name: "slc", Capacity: 8 * units.MiB, Line: 64, Ways: 16, Policy: p},
	}
}

func appleLike(p Policy) []Config {
	return []Config{
		{Name: "l2", Capacity: 12 * units.MiB, Line: 128, Ways: 12, Policy: p},
		{Name: "slc", Capacity: 32 * units.MiB, Line: 128, Ways: 16, Policy: p, Inclusion: Exclusive},
	}
}

// BenchmarkDecodeStep replays decode steps through two levels of cache.
func BenchmarkDecodeStep(b *testing.B) {
	policies := []struct {
		name string
		p    Policy
	}{{"lru", LRU}, {"tree-plru", TreePLRU}, {"srrip", SRRIP}, {"random", Random}}
	for _, policy := range policies {
		for _, chip := range []struct {
			name    string
			configs []Config
		}{{"pixel", pixelLike(policy.p)}, {"apple", appleLike(policy.p)}} {
			if policy.p == TreePLRU && chip.name == "apple" {
				chip.configs[0].Ways, chip.configs[0].Capacity = 16, 16*units.MiB
			}
			for _, repeat := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/%s/repeat=%d", chip.name, policy.name, repeat), func(b *testing.B) {
					h, err := NewHierarchy(chip.configs)
					if err != nil {
						b.Fatal(err)
					}
					position := 128
					var lines, miss units.Bytes
					for b.Loop() {
						position = 128 + (position+1)%512
						for _, a := range decodeStep(30, repeat, position) {
							o := h.Access(a.addr, a.n, a.write)
							miss += o.Miss
							lines += (a.n + h.configs[0].Line - 1) / h.configs[0].Line
						}
					}
					b.ReportMetric(float64(lines)/b.Elapsed().Seconds()/1e6, "Mlines/s")
					b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e3, "ms/token")
					b.ReportMetric(float64(miss)/float64(b.N)/1e6, "missMB/token")
					for _, c := range h.caches {
						if s, ok := c.store.(*spans); ok {
							b.ReportMetric(float64(len(s.list)), "spans"+h.configs[c.index].Name)
						}
					}
				})
			}
		}
	}
}
