package weights

import (
	"errors"

	"github.com/memsim/memsim/engine/weights/gguf"
)

// Table calls use with the fields and the tensor table of a GGUF file, of all its
// parts together if it is split, whatever architecture it has: nothing of it is
// held against what the engine runs. The file is unmapped when use returns.
func Table(path string, use func(f *gguf.File) error) error {
	var maps []*mapping
	err := Guard(func() error {
		f, err := parseParts(path, func(name string) ([]byte, error) {
			m, err := mapFile(name)
			if err != nil {
				return nil, err
			}
			maps = append(maps, m)
			return m.data, nil
		})
		if err != nil {
			return err
		}
		return use(f)
	})
	for _, m := range maps {
		err = errors.Join(err, m.unmap())
	}
	return err
}
