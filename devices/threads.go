package devices

import (
	"cmp"
	"slices"

	"github.com/memsim/memsim/units"
)

// WithThreads returns the unit with n of its cores at work, the fastest first:
// their rates, their L1 data caches, and what they draw from DRAM together. n is
// held to the cores that there are; 0 stands for all but the little ones. A unit
// without clusters, a GPU or a CPU of a profile of version 1, is the same for
// any n.
func (u Unit) WithThreads(n int) Unit {
	if len(u.Clusters) == 0 {
		return u
	}
	usual := u.atWork(0)
	u.threads = n
	used := u.atWork(n)
	u.Rates = slices.Clone(u.Rates)
	for i := range u.Rates {
		r := &u.Rates[i]
		if was := rateOf(usual, r.DType); was > 0 {
			r.Peak.Value = units.OpsPerSecond(float64(r.Peak.Value) * rateOf(used, r.DType) / was)
		}
	}
	var l1 units.Bytes
	var stream float64
	for _, c := range used {
		l1 += units.Bytes(c.Count.Value) * c.L1D.Value
		stream += float64(c.Count.Value) * float64(c.Stream.Value)
	}
	u.Buffer.Value = l1
	if u.peak > 0 && stream > 0 {
		u.Bandwidth.Value = min(u.Bandwidth.Value, units.Ratio(stream/float64(u.peak)))
	}
	return u
}

// Threads is the number of cores at work, 0 for a unit without clusters.
func (u Unit) Threads() int {
	n := 0
	for _, c := range u.atWork(u.threads) {
		n += int(c.Count.Value)
	}
	return n
}

// Cores is the number of cores that the unit has, 0 for one without clusters.
func (u Unit) Cores() int {
	n := 0
	for _, c := range u.Clusters {
		n += int(c.Count.Value)
	}
	return n
}

// Working lists the clusters at work, the fastest first, with the number of
// cores that work in each.
func (u Unit) Working() []Cluster { return u.atWork(u.threads) }

// LaunchOn is what the runtime takes to launch an operator on the unit: its fixed
// time, and a barrier between the threads of a CPU. Where the profile gives only
// Dispatch, that is it.
func (r Runtime) LaunchOn(u Unit) units.Picoseconds {
	if r.Launch == nil || r.Dispatch.Kind == Override || r.Dispatch.Kind == Calibrated || r.Dispatch.Kind == Measured {
		return r.Dispatch.Value
	}
	return r.Launch.Value + r.BarrierOn(u)
}

// BarrierOn is the time of one barrier between the threads at work on the unit:
// cycles of the slowest core among them. It is 0 without clusters.
func (r Runtime) BarrierOn(u Unit) units.Picoseconds {
	used := u.atWork(u.threads)
	if r.Barrier == nil || len(used) == 0 {
		return 0
	}
	slowest := used[0].Clock.Value
	kinds := map[string]bool{}
	for _, c := range used {
		slowest = min(slowest, c.Clock.Value)
		kinds[c.Name] = true
	}
	threads := 0
	for _, c := range used {
		threads += int(c.Count.Value)
	}
	cycles := float64(r.Barrier.Cycles.Value) + float64(threads-1)*float64(r.Barrier.PerThread.Value) + float64(len(kinds)-1)*float64(r.Barrier.PerCluster.Value)
	return units.Picoseconds(cycles / float64(slowest) * 1e12)
}

// ThreadsOn is the number of threads that the runtime starts on the unit unless
// it is told: its own number if it has one, else a thread for each core that is
// not little.
func (r Runtime) ThreadsOn(u Unit) int {
	n := u.WithThreads(0).Threads()
	if r.Threads != nil {
		n = min(n, int(r.Threads.Value))
	}
	return n
}

// atWork lists the clusters whose cores n threads run on, the fastest first; 0
// is all that are not little, or all if they all are.
func (u Unit) atWork(n int) []Cluster {
	sorted := slices.Clone(u.Clusters)
	slices.SortStableFunc(sorted, func(a, b Cluster) int { return cmp.Compare(b.speed(), a.speed()) })
	if n <= 0 {
		if big := slices.DeleteFunc(slices.Clone(sorted), func(c Cluster) bool { return c.Little }); len(big) > 0 {
			return big
		}
		return sorted
	}
	var used []Cluster
	for _, c := range sorted {
		if n == 0 {
			break
		}
		c.Count.Value = min(c.Count.Value, units.Count(n))
		n -= int(c.Count.Value)
		used = append(used, c)
	}
	return used
}

// speed orders cores: what one does in a second, those of one rate by their
// clock.
func (c Cluster) speed() float64 {
	return float64(c.Pipes.Value) * float64(c.Clock.Value)
}

// Fed is the share of the vector pipes at work that kernels feed, of all working
// cores together; 1 for a unit without clusters.
func (u Unit) Fed() float64 {
	var fed, all float64
	for _, c := range u.atWork(u.threads) {
		speed := float64(c.Count.Value) * c.speed()
		all += speed
		if c.Feed != nil {
			speed *= float64(c.Feed.Value)
		}
		fed += speed
	}
	if all == 0 {
		return 1
	}
	return fed / all
}

// rateOf is what clusters do in a second, in multiply-accumulates of a type.
func rateOf(clusters []Cluster, dtype string) float64 {
	var sum float64
	for _, c := range clusters {
		f16, int8 := lanes(c.ISA)
		perVector := map[string]float64{"f32": 4, "bf16": 4, "f16": f16, "int8": int8}[dtype]
		sum += float64(c.Count.Value) * c.speed() * perVector
	}
	return sum
}
