//go:build unix

package kernels

import (
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
)

// reading is a task whose parts each read a byte.
type reading struct {
	data  []byte
	parts int
	sum   atomic.Int64
}

func (r *reading) run(_, part int) { r.sum.Add(int64(r.data[part*len(r.data)/r.parts])) }

// A part that reads what is not there makes the caller panic, when no other part
// is under way any more; the pool goes on.
func TestAFaultOfAPartIsTheCallers(t *testing.T) {
	page := syscall.Getpagesize()
	data, err := syscall.Mmap(-1, 0, 8*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(data)
	for i := range data {
		data[i] = 1
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, threads := range []int{1, 2, 3} {
		p := newPool(threads)
		for round := range 200 {
			broken := round % 8 * page
			if err := syscall.Mprotect(data[broken:][:page], syscall.PROT_NONE); err != nil {
				t.Fatal(err)
			}
			if f := faultOf(p, &reading{data: data, parts: 16}, 16); f == nil {
				t.Fatalf("%d threads: nobody noticed that page %d is gone", threads, broken/page)
			}
			if err := syscall.Mprotect(data[broken:][:page], syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
				t.Fatal(err)
			}
			whole := &reading{data: data, parts: 16}
			if f := faultOf(p, whole, 16); f != nil || whole.sum.Load() != 16 {
				t.Fatalf("%d threads: a whole task ends with %v and a sum of %d, want 16", threads, f, whole.sum.Load())
			}
		}
		p.close()
	}
}

// faultOf runs a task and returns what it panics with.
func faultOf(p *pool, t task, parts int) (fault any) {
	defer func() { fault = recover() }()
	p.run(t, parts)
	return nil
}
