package kernels

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// A task is one operator's work, cut into parts that may run at the same time.
type task interface {
	// run does a part. Worker numbers are below the pool's thread count; two
	// parts that run at once have different ones.
	run(worker, part int)
}

// pool runs tasks on the calling goroutine and on workers that live as long as
// the pool. A decode step has about two hundred tasks of 5 to 100 µs each, so
// handing one out must cost little: workers watch one atomic counter of parts
// not yet taken, and take parts by decrementing it.
//
// A worker that wakes late finds nothing to take, and costs nobody anything:
// the caller waits for parts that were taken, not for workers. A worker that
// finds nothing for a while parks, so that an idle pool uses no processor.
//
// Weights are mapped from files that others may shorten. Whichever goroutine
// faults on what is gone, it is the caller of run that panics, once nobody works
// on the task any more.
type pool struct {
	threads int
	spin    int // looks at the counter before a worker yields its processor

	_    [64]byte
	left atomic.Int64 // parts not yet taken; negative or 0: none
	_    [64]byte
	done atomic.Int64 // parts finished
	_    [64]byte

	work   task // of the current parts; read only after taking one
	fault  atomic.Pointer[memoryFault]
	parked atomic.Int32
	wake   chan struct{}
	closed atomic.Bool
	exited chan struct{}
}

// idleTime is how long a worker looks for work before it parks: longer than
// the pauses within a decode step, such as sampling.
const idleTime = 200 * time.Microsecond

func newPool(threads int) *pool {
	p := &pool{
		threads: threads,
		wake:    make(chan struct{}, threads),
		exited:  make(chan struct{}, threads),
	}
	if threads <= runtime.GOMAXPROCS(0) {
		p.spin = 200
	}
	for w := 1; w < threads; w++ {
		go p.worker(w)
	}
	return p
}

// close ends the workers and returns when they have ended.
func (p *pool) close() {
	if p.closed.Swap(true) {
		return
	}
	close(p.wake)
	for range p.threads - 1 {
		<-p.exited
	}
}

// run does parts 0 to parts-1 of t and returns when all are done.
func (p *pool) run(t task, parts int) {
	if p.threads == 1 || parts == 1 {
		for part := range parts {
			t.run(0, part)
		}
		return
	}
	p.work = t
	p.done.Store(0)
	p.left.Store(int64(parts))
	for n := p.parked.Load(); n > 0; n-- {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	p.take(0)
	for looks := 0; p.done.Load() != int64(parts); looks++ {
		p.relax(looks)
	}
	if f := p.fault.Swap(nil); f != nil {
		panic(f.memoryError)
	}
}

// memoryFault is what a goroutine panicked with that touched memory which is
// not there, as it does if debug.SetPanicOnFault is set.
type memoryFault struct{ memoryError }

type memoryError interface {
	runtime.Error
	Addr() uintptr
}

// take runs parts until none is left.
func (p *pool) take(worker int) {
	finished := int64(0)
	defer func() {
		if r := recover(); r != nil {
			finished += p.give(r)
		}
		if finished > 0 {
			p.done.Add(finished)
		}
	}()
	for {
		part := p.left.Add(-1)
		if part < 0 {
			return
		}
		p.work.run(worker, int(part))
		finished++
	}
}

// give keeps a fault for the caller of run, and returns how many parts nobody
// need do: the one that failed, and those not yet taken.
func (p *pool) give(recovered any) int64 {
	err, ok := recovered.(memoryError)
	if !ok {
		panic(recovered)
	}
	p.fault.CompareAndSwap(nil, &memoryFault{err})
	return 1 + max(0, p.left.Swap(0))
}

// relax passes a moment between two looks at a counter: on the processor for
// the first looks, then by letting other goroutines have it.
func (p *pool) relax(looks int) {
	if looks < p.spin {
		pause()
		return
	}
	runtime.Gosched()
}

func (p *pool) worker(worker int) {
	defer func() { p.exited <- struct{}{} }()
	debug.SetPanicOnFault(true)
	for looks := 0; ; looks++ {
		if p.closed.Load() {
			return
		}
		if p.left.Load() > 0 {
			p.take(worker)
			looks = 0
			continue
		}
		p.relax(looks)
		if looks >= p.spin && p.idle() {
			looks = 0
		}
	}
}

// idle watches for work for idleTime, then parks. It returns when there may be
// work.
func (p *pool) idle() bool {
	start := time.Now()
	for time.Since(start) < idleTime {
		for looks := range p.spin + 1 {
			if p.left.Load() > 0 || p.closed.Load() {
				return true
			}
			p.relax(looks)
		}
	}
	p.parked.Add(1)
	if p.left.Load() <= 0 && !p.closed.Load() {
		<-p.wake
	}
	p.parked.Add(-1)
	return true
}
