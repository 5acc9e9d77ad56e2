package hostbench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edsrzf/mmap-go"
)

// StorageRead is how fast storage was read with a load.
type StorageRead struct {
	Block  int64 // bytes of a read
	Depth  int   // reads at a time
	MBps   float64
	Direct bool // past the page cache; false: what the system keeps in memory may have served it
}

// Load describes the load.
func (r *StorageRead) Load() string {
	text := fmt.Sprintf("random reads of %d KiB, %d at a time", r.Block>>10, r.Depth)
	if !r.Direct {
		text += ", perhaps from the page cache"
	}
	return text
}

// storageLoads are the blocks and depths that storage is read with.
var storageLoads = []StorageRead{
	{Block: 4 << 10, Depth: 1}, {Block: 4 << 10, Depth: 32}, {Block: 64 << 10, Depth: 1}, {Block: 64 << 10, Depth: 8},
	{Block: 512 << 10, Depth: 1}, {Block: 512 << 10, Depth: 4}, {Block: 1 << 20, Depth: 8},
}

const (
	storageFile  = 192 << 20              // bytes that are written and read
	storageLimit = 350 * time.Millisecond // for each load
	storageChunk = 1 << 20
)

// measureStorage writes a file into folder, reads it back at random places, and
// removes it. Where the system can, the file has no name from the beginning on, so
// that nothing is left of it whatever happens.
func measureStorage(ctx context.Context, folder string, step func(string)) (out []StorageRead, err error) {
	f, err := os.CreateTemp(folder, "memsim-host-*.tmp")
	if err != nil {
		return nil, err
	}
	path := f.Name()
	defer func() { err = errors.Join(err, removed(path)) }()
	defer f.Close()
	direct, err := openDirect(path)
	if err == nil {
		defer direct.Close()
	}
	_ = os.Remove(path) // fails where open files keep their names: there it is removed at the end
	if err := fill(ctx, f); err != nil {
		return nil, err
	}
	for _, load := range storageLoads {
		step("storage: " + load.Load())
		load.Direct = direct != nil
		from := direct
		if from == nil {
			from = f
		}
		if load.MBps, err = readStorage(ctx, from, load); err != nil && direct != nil {
			direct, load.Direct = nil, false // some file systems open so, and do not read so
			load.MBps, err = readStorage(ctx, f, load)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, load)
	}
	return out, nil
}

// removed removes a file that may be gone already.
func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// fill writes noise, which no controller can compress.
func fill(ctx context.Context, f *os.File) error {
	chunk := make([]byte, storageChunk)
	noise := rand.NewChaCha8([32]byte{1})
	for range storageFile / storageChunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, _ = noise.Read(chunk) // never fails
		if _, err := f.Write(chunk); err != nil {
			return err
		}
	}
	return f.Sync()
}

// readStorage reads blocks at random places, as many at a time as the load says.
func readStorage(ctx context.Context, f *os.File, load StorageRead) (mbps float64, err error) {
	// Pages of their own are aligned, as reads past the page cache have to be.
	buffer, err := mmap.MapRegion(nil, int(load.Block)*load.Depth, mmap.RDWR, mmap.ANON, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, buffer.Unmap()) }()
	var bytes atomic.Int64
	var wait sync.WaitGroup
	failed := make([]error, load.Depth)
	begin := time.Now()
	for i := range load.Depth {
		wait.Go(func() {
			place := rand.New(rand.NewPCG(uint64(load.Block), uint64(i)))
			own := buffer[int64(i)*load.Block : int64(i+1)*load.Block]
			for time.Since(begin) < storageLimit && ctx.Err() == nil {
				if _, failed[i] = f.ReadAt(own, place.Int64N(storageFile/load.Block)*load.Block); failed[i] != nil {
					return
				}
				bytes.Add(load.Block)
			}
		})
	}
	wait.Wait()
	took := time.Since(begin)
	return float64(bytes.Load()) / 1e6 / took.Seconds(), errors.Join(append(failed, ctx.Err())...)
}
