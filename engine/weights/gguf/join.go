package gguf

import (
	"fmt"
	"slices"

	"github.com/memsim/memsim/internal/fault"
)

// Parts returns the number of files that the model of f is split over by
// llama-gguf-split, 1 if it is whole.
func (f *File) Parts() (int, error) {
	if !f.Has("split.count") {
		return 1, nil
	}
	n, err := f.Int("split.count")
	if err != nil {
		return 0, fault.Userf("%s: %w", f.Name, err)
	}
	return max(1, n), nil
}

// Join returns the model that files hold together: the fields of the first, and
// the tensors of all. Offsets go on from one file to the next, each file from a
// multiple of its alignment. Fewer tensors than the first file states, or one that
// is in two files, is the user's error.
func Join(files []*File) (*File, error) {
	joined := *files[0]
	joined.Tensors, joined.parts = nil, files
	start, seen := uint64(0), map[string]bool{}
	for _, f := range files {
		align := uint64(f.Alignment)
		start = (start + align - 1) / align * align
		joined.starts = append(joined.starts, start)
		for _, t := range f.Tensors {
			if seen[t.Name] {
				return nil, fault.Userf("%s: tensor %q: is in another part, too; the parts are not of one model", f.Name, t.Name)
			}
			seen[t.Name] = true
			t.Offset += start
			joined.Tensors = append(joined.Tensors, t)
		}
		start += uint64(len(f.data))
	}
	joined.size = int64(start)
	if want, err := joined.Int("split.tensors.count"); err == nil && want != len(joined.Tensors) {
		return nil, fault.Userf("%s: field %q: %d, but its %d parts have %d; fetch them again", joined.Name, "split.tensors.count", want, len(files), len(joined.Tensors))
	}
	return &joined, nil
}

// part returns the file that holds a tensor's offset, and the offset in it.
func (f *File) part(offset uint64) (*File, uint64) {
	i, exact := slices.BinarySearch(f.starts, offset)
	if !exact {
		i--
	}
	return f.parts[i], offset - f.starts[i]
}

// PartName returns the name of part i, from 0, of n beside the file of a path, as
// llama-gguf-split names them: "NAME-00001-of-00003.gguf".
func PartName(path string, i, n int) (string, error) {
	suffix := func(i int) string { return fmt.Sprintf("-%05d-of-%05d.gguf", i+1, n) }
	for at := range n {
		if own := suffix(at); len(path) > len(own) && path[len(path)-len(own):] == own {
			return path[:len(path)-len(own)] + suffix(i), nil
		}
	}
	return "", fault.Userf("%s: one of %d parts of a model, and not named as such, as in NAME%s; give it the name that it had, or join the parts with llama-gguf-split --merge", path, n, suffix(0))
}
