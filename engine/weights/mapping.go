package weights

import (
	"errors"
	"io/fs"
	"os"

	"github.com/edsrzf/mmap-go"

	"github.com/memsim/memsim/fault"
)

// mapping is a file's bytes in the address space of the process.
type mapping struct {
	data mmap.MMap
}

// mapFile maps a regular file for reading.
func mapFile(path string) (*mapping, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Userf("model %s: no such file", path)
	}
	if err != nil {
		return nil, fault.Userf("model %s: cannot be read: %w", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fault.Userf("model %s: not a regular file", path)
	}
	if info.Size() == 0 {
		return nil, fault.Userf("model %s: the file is empty; fetch it again", path)
	}
	data, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, &os.PathError{Op: "map", Path: path, Err: err}
	}
	return &mapping{data}, nil
}

func (m *mapping) close() error { return m.data.Unmap() }
