package hostbench

import (
	"bytes"
	"cmp"
	_ "embed" // the template
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"text/template"

	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/fidelity/topology"
)

//go:embed host.yaml.tmpl
var profileText string

var profileTemplate = template.Must(template.New("host").Parse(profileText))

// Runtime names the engine with a number of threads in a host's profile.
func Runtime(threads int) string { return fmt.Sprintf("memsim-%dt", threads) }

// RuntimeName names the engine with the threads and the cores of r.
func (r *Rates) RuntimeName() string {
	if r.Cores == "" {
		return Runtime(r.Threads)
	}
	return fmt.Sprintf("memsim-%s-%dt", r.Cores, r.Threads)
}

// cacheSize is a cache of the machine as its system reports it.
type cacheSize struct {
	Name      string
	Bytes     int64
	Ways      int64
	Bandwidth string
	Kind      string // measured or estimated
	Source    string
}

// host is what a profile says of a machine beside its rates.
type host struct {
	Name     string
	Title    string
	SoC      string
	Notes    []string // comments
	Capacity int64    // GiB
	Caches   []cacheSize
}

// Profile returns this machine as the YAML of a device profile with a runtime for
// each of rates.
func Profile(rates []Rates) ([]byte, error) {
	h := hostOf(topology.Read(os.DirFS("/"), runtime.NumCPU()))
	return h.profile(rates)
}

// mostGiB is what the modules of the profile's memory hold.
const mostGiB = 64

// hostOf describes a machine.
func hostOf(m topology.Machine) host {
	h := host{
		Name: "host", SoC: cmp.Or(m.SoC, "unknown"), Capacity: mostGiB,
		Title: cmp.Or(m.Model, "this machine") + fmt.Sprintf(", %s/%s", runtime.GOOS, runtime.GOARCH),
	}
	if m.MemBytes > 0 {
		h.Capacity = min(mostGiB, (m.MemBytes+1<<30-1)>>30)
	}
	h.Caches = cachesOf(m)
	return h
}

func (h host) profile(rates []Rates) ([]byte, error) {
	v := struct {
		host
		Runtimes []runtimeRates
		Stream   string
		Peak     string
		Cached   string
		Share    string
	}{host: h}
	peak, cached, far := 0.0, 0.0, 0.0
	for _, r := range rates {
		cached = max(cached, r.Cached)
		_, memory, _ := r.memory()
		far = max(far, memory)
		for _, w := range r.Weights {
			peak = max(peak, w)
		}
	}
	share := math.Floor(1e3*min(1, far/ddrGBps)) / 1e3 // rounded down, so that no cache is slower
	share = max(share, 1e-3)
	v.Peak, v.Cached, v.Stream, v.Share = gmacs(peak), gmacs(cached), number(far), number(share)
	v.Caches = slices.Clone(h.Caches)
	for i := range v.Caches {
		c := &v.Caches[i]
		c.Bandwidth = number(max(far, readAt(rates, c.Bytes/2)))
	}
	for _, r := range rates {
		v.Runtimes = append(v.Runtimes, runtimeOf(r, peak, far))
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
	Name      string
	Title     string
	Dispatch  string
	Bandwidth string // share of the unit's
	Stream    string // GB/s
	Overlap   string
	Error     string // of the fit, %
	Formats   []formatRate
}

type formatRate struct {
	DType, Compute, Dequant, Rate string
}

// runtimeOf puts what was measured of each format as extra operations beside
// the fastest one's.
func runtimeOf(r Rates, peak, far float64) runtimeRates {
	overlap, memory, misfit := r.memory()
	out := runtimeRates{
		Name: r.RuntimeName(), Dispatch: strconv.FormatInt(r.Dispatch.Nanoseconds(), 10), Title: r.title(),
		Bandwidth: number(max(1e-3, min(1, memory/far))), Stream: number(memory), Overlap: number(overlap), Error: strconv.FormatFloat(100*misfit, 'f', 1, 64),
	}
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

// cachesOf returns the caches of level 2, the private ones of all cores together,
// and of level 3. Where the system does not tell them, a megabyte for each core and
// 32 of level 3 are assumed, and without the latter on machines of other kinds of
// cores a sixteenth of that.
func cachesOf(m topology.Machine) []cacheSize {
	online := m.Online()
	assumed := []int64{int64(len(online)) << 20, 32 << 20}
	if len(m.Clusters()) > 1 {
		assumed = []int64{int64(len(online)) << 18, 4 << 20}
	}
	var out []cacheSize
	for i, name := range []string{"l2", "l3"} {
		c := cacheSize{Name: name, Bytes: m.CacheBytes(i+2, online), Kind: "measured", Source: "as the system reports it"}
		if c.Bytes == 0 {
			c.Bytes, c.Kind, c.Source = assumed[i], "estimated", "the system does not report it; as in processors of its kind"
		}
		c.Ways = waysOf(c.Bytes)
		out = append(out, c)
	}
	return out
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
