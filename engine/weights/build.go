package weights

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/edsrzf/mmap-go"
	"golang.org/x/sync/errgroup"

	"github.com/memsim/memsim/engine/internal/memory"
	"github.com/memsim/memsim/engine/quant"
	"github.com/memsim/memsim/internal/fault"
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
type filler func(t Tensor, row, rows int, dst []byte)

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
	if free, ok := memory.Free(); ok && total > free {
		return fault.Userf("model %s: its weights need %.1f GB of memory, of which %.1f GB are free; give a smaller --quant or fewer --layers",
			s.name, float64(total)/1e9, float64(free)/1e9)
	}
	arena, err := mmap.MapRegion(nil, int(total), mmap.RDWR, mmap.ANON, 0)
	if err != nil {
		return fmt.Errorf("memory for %d bytes of weights: %w", total, err)
	}
	memory.UseHugePages(arena)
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

// inParallel runs the jobs on all cores.
func inParallel(all []job, fill filler) error {
	var (
		next  atomic.Int64
		group errgroup.Group
	)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			return Guard(func() error {
				for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
					j := all[i]
					stride := j.tensor.Type.RowBytes(j.tensor.Cols)
					fill(j.tensor, j.row, j.rows, j.tensor.Data[j.row*stride:][:j.rows*stride])
				}
				return nil
			})
		})
	}
	return group.Wait()
}

// requantize returns the tensors of s encoded in the scheme of o and laid out as
// a file of their own. It reads the bytes of s only while it runs.
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
	if err := checkEncodes(s.name, scheme, out.tensors); err != nil {
		return nil, err
	}
	err = out.fill(func(t Tensor, row, rows int, dst []byte) {
		from := s.tensors[s.index[t.Name]]
		convert(dst, t.Type, from.Data[row*from.Type.RowBytes(from.Cols):], from.Type, rows, t.Cols)
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
