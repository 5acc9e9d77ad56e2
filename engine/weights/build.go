package weights

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/edsrzf/mmap-go"

	"github.com/memsim/memsim/engine/quant"
)

// finish fills in what follows from the tensors.
func (s *source) finish() {
	s.name = s.shape.Name
	s.index = make(map[string]int, len(s.tensors))
	for i, t := range s.tensors {
		s.index[t.Name] = i
	}
}

// forget drops the tensors' bytes if only their places are wanted.
func (s *source) forget(shapeOnly bool) {
	if !shapeOnly {
		return
	}
	for i := range s.tensors {
		s.tensors[i].Data = nil
	}
}

// filler makes the bytes of some rows of a tensor; dst has their size. Calls
// for different rows run at the same time.
type filler func(t Tensor, row, rows int, dst []byte) error

// arenaAlign is the alignment of tensors that are made in memory: a cache line.
const arenaAlign = 64

// fill gives memory to the tensors of s that have no Data yet, and has fill
// write it on all cores. The memory is not the garbage collector's: Close
// returns it to the system at once.
func (s *source) fill(fill filler) error {
	var made []*Tensor
	var total int64
	for i := range s.tensors {
		if t := &s.tensors[i]; t.Data == nil {
			made = append(made, t)
			total += (t.Bytes() + arenaAlign - 1) / arenaAlign * arenaAlign
		}
	}
	if total == 0 {
		return nil
	}
	arena, err := mmap.MapRegion(nil, int(total), mmap.RDWR, mmap.ANON, 0)
	if err != nil {
		return fmt.Errorf("memory for %d bytes of weights: %w", total, err)
	}
	useHugePages(arena)
	rest := arena
	for _, t := range made {
		n := t.Bytes()
		t.Data = rest[:n:n]
		rest = rest[(n+arenaAlign-1)/arenaAlign*arenaAlign:]
	}
	if err := inParallel(jobs(made), fill); err != nil {
		return errors.Join(err, arena.Unmap())
	}
	s.addCloser(arena.Unmap)
	return nil
}

// addCloser makes Close call f, too.
func (s *source) addCloser(f func() error) {
	before := s.close
	s.close = func() error {
		err := f()
		if before != nil {
			err = errors.Join(err, before())
		}
		return err
	}
}

// job is some rows of a tensor.
type job struct {
	tensor    Tensor
	row, rows int
}

// jobBytes is about what a job writes: enough that handing out jobs costs
// nothing, little enough that the cores finish together.
const jobBytes = 1 << 20

func jobs(tensors []*Tensor) []job {
	var all []job
	for _, t := range tensors {
		step := max(1, jobBytes/max(1, t.Type.RowBytes(t.Cols)))
		for row := 0; row < t.Rows; row += step {
			all = append(all, job{*t, row, min(step, t.Rows-row)})
		}
	}
	return all
}

// inParallel runs the jobs on all cores and returns the first error.
func inParallel(all []job, fill filler) error {
	var (
		next   atomic.Int64
		failed atomic.Pointer[error]
		group  sync.WaitGroup
	)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				j := all[i]
				stride := j.tensor.Type.RowBytes(j.tensor.Cols)
				if err := fill(j.tensor, j.row, j.rows, j.tensor.Data[j.row*stride:][:j.rows*stride]); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// requantize returns the tensors of s encoded in the scheme of o, laid out as a
// file of their own, and closes over s's bytes only while it runs.
func requantize(s *source, o Options) (*source, error) {
	scheme, err := ParseScheme(o.Quant)
	if err != nil {
		return nil, err
	}
	out := &source{
		shape:      s.shape,
		quant:      scheme.Name,
		synthetic:  s.synthetic,
		vocabulary: s.vocabulary,
		metadata:   s.metadata,
	}
	out.tensors, out.size = s.metadata.placed(s.shape, scheme)
	out.finish()
	if o.ShapeOnly {
		return out, nil
	}
	err = out.fill(func(t Tensor, row, rows int, dst []byte) error {
		from, ok := s.Tensor(t.Name)
		if !ok {
			return fmt.Errorf("tensor %q: missing", t.Name)
		}
		convert(dst, t.Type, from.Data[row*from.Type.RowBytes(from.Cols):], from.Type, rows, t.Cols)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// convert writes rows of cols values, stored in src as one type, to dst as
// another.
func convert(dst []byte, to quant.Type, src []byte, from quant.Type, rows, cols int) {
	write, read := to.RowBytes(cols), from.RowBytes(cols)
	if to == from {
		copy(dst[:rows*write], src)
		return
	}
	values := make([]float32, cols)
	for i := range rows {
		from.Decode(values, src[i*read:][:read])
		to.Encode(dst[i*write:][:write], values)
	}
}
