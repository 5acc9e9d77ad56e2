package kernels

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// ReadBandwidth measures how fast the machine reads memory, in gigabytes (10^9
// bytes) a second: threads walk over a buffer of the given size, each its own
// part, as often as fits into a fifth of a second, and the fastest walk counts.
// It is the limit of a decode step, which reads each weight once.
//
// The buffer should be about as large as the weights that the figure is to be
// compared with: what fits into a cache is read at the cache's speed.
//
// The buffer lies in pages of the size that the system gives unasked. Where those
// are small, memory in pages of 2 MiB, which the engine asks for, can be read
// faster.
func ReadBandwidth(threads, bytes int) float64 {
	buffer := make([]uint64, max(bytes/8, readStep))
	for i := range buffer { // touch each page, or all would be one page of zeros
		buffer[i] = uint64(i)
	}
	return readRate(threads, buffer)
}

// ReadRate is ReadBandwidth of memory at hand, of at least 512 bytes.
func ReadRate(threads int, memory []byte) float64 {
	return readRate(threads, unsafe.Slice((*uint64)(unsafe.Pointer(&memory[0])), len(memory)/8))
}

func readRate(threads int, buffer []uint64) float64 {
	const enough = 200 * time.Millisecond
	p := newPool(max(threads, 1))
	defer p.close()
	t := &readTask{buffer: buffer}
	parts := p.threads * 8
	t.part = max(len(t.buffer)/parts/readStep*readStep, readStep)
	parts = len(t.buffer) / t.part
	best := time.Duration(1 << 62)
	for start := time.Now(); time.Since(start) < enough; {
		walk := time.Now()
		p.run(t, parts)
		best = min(best, time.Since(walk))
	}
	runtime.KeepAlive(t)
	return float64(parts*t.part*8) / best.Seconds() / 1e9
}

// readStep is the number of words that read takes at once.
const readStep = 64

type readTask struct {
	buffer []uint64
	part   int // words
}

func (t *readTask) run(_, part int) {
	read(t.buffer[part*t.part : (part+1)*t.part])
}

// readSink keeps the compiler from leaving out reads.
var readSink atomic.Uint64

// readPortable loads all words of b, eight at a time.
func readPortable(b []uint64) {
	var s0, s1, s2, s3 uint64
	for ; len(b) >= 8; b = b[8:] {
		s0 += b[0] ^ b[4]
		s1 += b[1] ^ b[5]
		s2 += b[2] ^ b[6]
		s3 += b[3] ^ b[7]
	}
	readSink.Store(s0 ^ s1 ^ s2 ^ s3)
}
