package hostbench

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/memsim/memsim/engine/kernels"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/fidelity/topology"
)

// Far is what was measured of a format with weights that no cache holds, as those
// of the models that people run.
type Far struct {
	Type    quant.Type
	Weights float64 // that a matrix-vector product goes through a second
	GBps    float64 // at which plain reading goes through as many bytes
}

// Bounds of the weights beyond all caches: several times what a last cache holds,
// as far as a phone can spare it.
const (
	leastFar = 128 << 20
	mostFar  = 512 << 20
)

// farBytes returns how much memory no cache of llc bytes holds, and at most a
// sixteenth of the machine's.
func farBytes(llc, memory int64) int64 {
	n := max(leastFar, min(mostFar, 4*llc))
	if memory > 0 {
		n = min(n, max(memory/16, 16<<20))
	}
	return n
}

// hostOperands are the operands for a machine.
func hostOperands(m topology.Machine) (*operands, error) {
	return newOperands(m.CacheBytes(3, m.Online()), m.MemBytes)
}

// fars measures products from beyond all caches once more, and keeps the better
// figures.
func (b *bench) fars(ctx context.Context) error {
	for i, t := range Formats {
		if err := ctx.Err(); err != nil {
			return err
		}
		list := b.spread(b.streams[t])
		if len(list) == 0 {
			continue
		}
		bytes := len(list) * len(list[0].Data)
		f := Far{t, b.through(list), kernels.ReadRate(b.rates.Threads, b.far[:bytes])}
		b.beyond[t] = append(b.beyond[t], 1/f.Weights)
		if len(b.rates.Far) <= i {
			b.rates.Far = append(b.rates.Far, f)
			continue
		}
		best := &b.rates.Far[i]
		best.Weights, best.GBps = max(best.Weights, f.Weights), max(best.GBps, f.GBps)
	}
	return nil
}

// spread fills the far memory with copies of a stream's matrices.
func (b *bench) spread(s *stream) []kernels.Matrix {
	size := len(s.whole[0].Data)
	var list []kernels.Matrix
	for at := 0; at+size <= len(b.far); at += size {
		m := s.whole[len(list)%len(s.whole)]
		data := b.far[at : at+size : at+size]
		copy(data, m.Data)
		m.Data = data
		list = append(list, m)
	}
	return list
}

// through returns the weights a second of the quickest of several walks.
func (b *bench) through(list []kernels.Matrix) float64 {
	const enough, most = 200 * time.Millisecond, 40
	s := b.streams[list[0].Type]
	best := time.Duration(math.MaxInt64)
	for start, n := time.Now(), 0; n < 2 || n < most && time.Since(start) < enough; n++ {
		begin := time.Now()
		for _, m := range list {
			b.compute.MatMul(s.dst[:m.Rows], m, s.x)
		}
		best = min(best, time.Since(begin))
	}
	return float64(len(list)*list[0].Rows*list[0].Cols) / best.Seconds()
}

// plainTrust is what a bandwidth has to explain, relative to how far it is from that
// of plain reading: where arithmetic takes longer than fetch in all formats, many
// explain all.
const plainTrust = 0.02

// memory returns the bandwidth, in GB/s, and the overlap of fetch and arithmetic
// that explain best how fast each format goes through weights beyond all caches: a
// weight takes the longer of its arithmetic (as measured from the caches) and its
// fetch, and of the shorter one the share that does not overlap. misfit is the mean
// relative error of that.
func (r *Rates) memory() (overlap, gbps, misfit float64) {
	gbps = r.Reads[len(r.Reads)-1].GBps
	if len(r.Far) == 0 {
		return 1, gbps, 0
	}
	plain := 0.0
	for _, f := range r.Far {
		plain = max(plain, f.GBps)
	}
	best := math.Inf(1)
	for percent := 30; percent <= 160; percent++ {
		share := float64(percent) / 100
		for twentieth := 20; twentieth >= 0; twentieth-- {
			o := float64(twentieth) / 20
			e := r.misfit(o, share*plain)
			if doubt := e + plainTrust*math.Abs(math.Log(share)); doubt < best-1e-9 {
				overlap, gbps, misfit, best = o, share*plain, e, doubt
			}
		}
	}
	return overlap, gbps, misfit
}

// misfit is the mean relative error of a bandwidth and an overlap.
func (r *Rates) misfit(overlap, gbps float64) (sum float64) {
	for _, f := range r.Far {
		compute := 1e9 / r.Weights[f.Type] // ns a weight
		fetch := bytesOf(f.Type) / gbps
		predicted := max(compute, fetch) + (1-overlap)*min(compute, fetch)
		sum += math.Abs(math.Log(predicted * f.Weights / 1e9))
	}
	return sum / float64(len(r.Far))
}

// bytesOf returns the bytes of a weight.
func bytesOf(t quant.Type) float64 {
	l, _ := t.Layout()
	return float64(l.Bytes) / float64(l.Block)
}

// title describes the threads of a runtime.
func (r *Rates) title() string {
	text := "memsim's engine, " + strconv.Itoa(r.Threads) + " threads"
	if r.Threads == 1 {
		text = "memsim's engine, 1 thread"
	}
	if len(r.Pinned) > 0 {
		text += " on cores " + CoreList(r.Pinned)
	}
	return text
}

// CoreList writes core numbers as 0-3,7.
func CoreList(ids []int) string {
	var parts []string
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		part := strconv.Itoa(ids[i])
		if j > i {
			part += "-" + strconv.Itoa(ids[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}
