package hostbench

import (
	"bytes"
	_ "embed" // the template
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/memsim/memsim/engine/quant"
)

//go:embed host.yaml.tmpl
var profileText string

var profileTemplate = template.Must(template.New("host").Parse(profileText))

// Runtime names the engine with a number of threads in a host's profile.
func Runtime(threads int) string { return fmt.Sprintf("memsim-%dt", threads) }

// cacheSize is a cache of the machine as its system reports it.
type cacheSize struct {
	Name      string
	Bytes     int64
	Ways      int64
	Bandwidth string
}

// Profile returns the machine as the YAML of a device profile with a runtime for
// each of rates.
func Profile(rates []Rates) ([]byte, error) {
	v := struct {
		Caches   []cacheSize
		Runtimes []runtimeRates
		Title    string
		Stream   string
		Peak     string
		Cached   string
		Share    string
		Capacity int64
	}{Title: fmt.Sprintf("this machine, %s/%s", runtime.GOOS, runtime.GOARCH)}
	peak, cached, far := 0.0, 0.0, 0.0
	for _, r := range rates {
		cached = max(cached, r.Cached)
		far = max(far, r.Reads[len(r.Reads)-1].GBps)
		for _, w := range r.Weights {
			peak = max(peak, w)
		}
	}
	share := math.Floor(1e3*min(1, far/ddrGBps)) / 1e3 // rounded down, so that no cache is slower
	v.Peak, v.Cached, v.Stream, v.Share = gmacs(peak), gmacs(cached), number(far), number(share)
	v.Capacity = 64
	threads := rates[len(rates)-1].Threads
	v.Caches = cachesOf("/sys/devices/system/cpu/cpu0/cache", threads)
	for i := range v.Caches {
		c := &v.Caches[i]
		c.Bandwidth = number(max(far, readAt(rates, c.Bytes/2)))
	}
	for _, r := range rates {
		v.Runtimes = append(v.Runtimes, runtimeOf(r, peak))
	}
	var out bytes.Buffer
	if err := profileTemplate.Execute(&out, v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// ddrGBps is the peak of the template's DRAM.
const ddrGBps = 153.6

type runtimeRates struct {
	Name     string
	Dispatch string
	Formats  []formatRate
}

type formatRate struct {
	DType, Compute, Dequant, Rate string
}

// runtimeOf puts what was measured of each format as extra operations beside
// the fastest one's.
func runtimeOf(r Rates, peak float64) runtimeRates {
	out := runtimeRates{Name: Runtime(r.Threads), Dispatch: strconv.FormatInt(r.Dispatch.Nanoseconds(), 10)}
	for _, t := range Formats {
		f := formatRate{DType: string(t), Compute: "int8", Dequant: number(peak/r.Weights[t] - 1), Rate: number(r.Weights[t] / 1e9)}
		if t == quant.F16 {
			f.Compute = "f16"
		}
		out.Formats = append(out.Formats, f)
	}
	return out
}

// readAt is the best bandwidth at the largest working set within size.
func readAt(rates []Rates, size int64) float64 {
	best := 0.0
	for _, r := range rates {
		at := r.Reads[0].GBps
		for _, x := range r.Reads {
			if int64(x.Bytes) <= size {
				at = x.GBps
			}
		}
		best = max(best, at)
	}
	return best
}

// cachesOf reads the caches of level 2 and 3 from Linux's description of a core:
// those of level 2 are private, and count once for each thread. Elsewhere a
// megabyte and 32 of them are assumed.
func cachesOf(folder string, threads int) []cacheSize {
	sizes := map[string]int64{"2": 1 << 20, "3": 32 << 20}
	indices, err := filepath.Glob(filepath.Join(folder, "index*"))
	if err == nil {
		for _, index := range indices {
			level := readWord(filepath.Join(index, "level"))
			size, err := strconv.ParseInt(strings.TrimSuffix(readWord(filepath.Join(index, "size")), "K"), 10, 64)
			if _, known := sizes[level]; known && err == nil && size > 0 {
				sizes[level] = size << 10
			}
		}
	}
	var out []cacheSize
	for _, c := range []struct {
		name, level string
		times       int64
	}{{"l2", "2", int64(threads)}, {"l3", "3", 1}} {
		bytes := sizes[c.level] * c.times
		out = append(out, cacheSize{Name: c.name, Bytes: bytes, Ways: waysOf(bytes)})
	}
	return out
}

func readWord(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// waysOf finds an associativity with which a cache of lines of 64 bytes has a
// power of two of sets; 0 (any line anywhere) if there is none.
func waysOf(bytes int64) int64 {
	lines := bytes / 64
	ways := []int64{16, 15, 12, 20, 11, 10, 8, 24, 14, 18, 22, 26, 28, 30, 32}
	i := slices.IndexFunc(ways, func(w int64) bool {
		sets := lines / w
		return lines%w == 0 && sets > 0 && sets&(sets-1) == 0
	})
	if i < 0 {
		return 0
	}
	return ways[i]
}

func gmacs(rate float64) string { return number(rate / 1e9) }

func number(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }
