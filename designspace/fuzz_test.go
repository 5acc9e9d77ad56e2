package designspace

import (
	"os"
	"testing"

	"github.com/memsim/memsim/internal/fault/faulttest"
)

// FuzzLoadSpec looks for sweep files that panic, that take memory beyond their
// size, or that are accepted and then are no space.
func FuzzLoadSpec(f *testing.F) {
	f.Add([]byte("model: mobilellm-125m\nparams: 125M\nsolve: dim\naxes:\n  sharing: [none, immediate]\n  layers: [4, \"8:12:2\"]\n"))
	f.Add([]byte("axes: {dram.channels: 2,4, layers: 8:60:4}\nwhere: latency_ms_per_token < 20\npareto: [a, b]\nslurm: {chunk: 4, options: [--x]}\n"))
	f.Add([]byte("axes: &a {layers: *a}\n"))
	f.Add([]byte("axes: {dim: 1:99999999999}\n"))
	path := f.TempDir() + "/s.yaml"
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		faulttest.Bounded(t, 64<<20, 1<<12, len(data), func() {
			var s Spec
			if _, err := LoadSpec(path, &s); err != nil {
				faulttest.Refused(t, err, "s.yaml")
				return
			}
			if _, err := s.Space(); err != nil {
				faulttest.Refused(t, err)
			}
		})
	})
}
