package weights

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/engine/weights/gguf"
	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/memsim/memsim/internal/fault"
)

// dataAlign is what tensor data begins at a multiple of: far enough apart that
// models which differ in little have their tensors at the same addresses, whatever
// the sizes of their headers, and whole pages can be mapped.
const dataAlign = 512 << 10

// WriteGGUF writes the tensors of s as a GGUF file that llama.cpp loads. The
// file appears under its name once it is whole.
//
// Q and K are reordered if the architecture has another RoPE style in GGUF than
// s has; all other bytes are copied. The tokenizer is s's own, or, if s has
// none, a made-up one in which each byte is a token. Layer sharing is written
// to fields of memsim's own (see the package's caveats).
func WriteGGUF(path string, s Source) error {
	return Guard(func() error { return writeGGUF(path, s) })
}

func writeGGUF(path string, s Source) error {
	shape := s.Shape()
	arch, ok := model.ArchitectureOf(shape.Architecture)
	if !ok {
		return fault.Userf("model %s: architecture %q cannot be written as GGUF; %s can", s.Name(), shape.Architecture, strings.Join(model.Architectures(), ", "))
	}
	style := arch.Pairs
	about, err := describe(s)
	if err != nil {
		return err
	}
	fields := about.fields(shape, fileType(s.Quant()))
	if err := checkKeys(s.Name(), arch, fields); err != nil {
		return err
	}
	kinds := map[string]model.Tensor{}
	head := gguf.Header{Fields: fields}
	for _, want := range slots(shape) {
		t, err := held(s, want)
		if err != nil {
			return err
		}
		kinds[t.Name] = want
		head.Tensors = append(head.Tensors, gguf.Tensor{Name: t.Name, Type: t.Type, Rows: t.Rows, Cols: t.Cols, Stack: stackOf(want)})
	}
	head.Pad(dataAlign)
	head.Place()
	return writeFile(path, func(w io.Writer) error {
		return head.Write(w, func(placed gguf.Tensor) ([]byte, error) {
			t, _ := s.Tensor(placed.Name)
			return reorder(t, kinds[t.Name], shape, style), nil
		})
	})
}

// held returns a tensor with its bytes.
func held(s Source, want model.Tensor) (Tensor, error) {
	t, ok := s.Tensor(want.Name())
	switch {
	case !ok:
		return t, fmt.Errorf("model %s: tensor %q: missing", s.Name(), want.Name())
	case t.Data == nil:
		return t, fmt.Errorf("model %s: tensor %q: has no data, since the model was opened shape-only", s.Name(), t.Name)
	}
	return t, nil
}

// describe returns the metadata that s brings along.
func describe(s Source) (metadata, error) {
	if own, ok := s.(*source); ok && len(own.metadata.tokenizer) > 0 {
		return own.metadata, nil
	}
	m := metadata{title: s.Name()}
	vocab := s.Shape().Vocab
	v, err := s.Vocabulary()
	if err != nil {
		return m, err
	}
	if v == nil {
		m.tokenizer = madeUpTokenizer(vocab)
		return m, nil
	}
	table, err := v.table()
	if err != nil {
		return m, err
	}
	if len(table.Tokens) > vocab {
		return m, fault.Userf("model %s: its tokenizer has %d tokens, its embedding only %d; they do not belong together", s.Name(), len(table.Tokens), vocab)
	}
	m.tokenizer = vocabularyFields(padded(table, vocab))
	return m, nil
}

// madeUpTokenizer returns the fields of a tokenizer for a model that has none.
func madeUpTokenizer(vocab int) []gguf.Value {
	if syntheticFits(vocab) {
		return syntheticFields(vocab)
	}
	return noTokenizer()
}

// guessedFileType is llama.cpp's number for "look at the tensors".
const guessedFileType = 1024

// fileType returns the number of the scheme that a label names, or whose base
// it is.
func fileType(label string) int {
	for _, s := range schemes {
		if s.Name == label || string(s.Base) == label {
			return s.FileType
		}
	}
	return guessedFileType
}

// reorder returns the bytes of a tensor with the values of each head of Q and K
// in the order that a RoPE style asks for. The order of rows is no matter of
// their format, so quantized rows are moved as they are.
func reorder(t Tensor, kind model.Tensor, s model.Shape, style model.RoPEStyle) []byte {
	if s.RoPEStyle == style || !kind.Rotated() {
		return t.Data
	}
	row := t.Type.RowBytes(t.Cols)
	if kind.Vector() {
		row /= t.Cols // its values are what is moved
	}
	out := make([]byte, len(t.Data))
	half := s.HeadDim / 2
	for i := range len(t.Data) / row {
		head, at := i/s.HeadDim*s.HeadDim, i%s.HeadDim
		to := at/2 + at%2*half // pairs (2i, 2i+1) become (i, i + half)
		if style == model.Interleaved {
			to = at%half*2 + at/half
		}
		copy(out[(head+to)*row:][:row], t.Data[i*row:])
	}
	return out
}

// writeFile writes a file that appears under its name when it is whole. An
// unwritable place is the user's error.
func writeFile(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fault.Userf("cannot write %s: it is no regular file; give another name", path)
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return fault.Userf("cannot write %s: %w", path, err)
	}
	defer f.Abort()
	w := bufio.NewWriterSize(f, 1<<20)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Commit()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
