package weights

import (
	"strconv"

	"github.com/memsim/memsim/engine/tokenizer"
	"github.com/memsim/memsim/engine/weights/gguf"
)

// reader reads metadata fields one after another and keeps the first error, so
// that a list of fields reads as one.
type reader struct {
	file *gguf.File
	err  error
}

// required returns a field that must be there.
func required[T any](r *reader, key string, get func(string) (T, error)) (value T) {
	if r.err != nil {
		return value
	}
	value, r.err = get(key)
	return value
}

// optional returns a field, or the zero value if it is absent.
func optional[T any](r *reader, key string, get func(string) (T, error)) (value T) {
	if !r.file.Has(key) {
		return value
	}
	return required(r, key, get)
}

func (r *reader) int(key string) int { return required(r, key, r.file.Uniform) }

func (r *reader) intOr(key string, otherwise int) int {
	if !r.file.Has(key) {
		return otherwise
	}
	return r.int(key)
}

func (r *reader) floatOr(key string, otherwise float64) float64 {
	if !r.file.Has(key) {
		return otherwise
	}
	return shortest(required(r, key, r.file.Float))
}

func (r *reader) text(key, otherwise string) string {
	if !r.file.Has(key) {
		return otherwise
	}
	return required(r, key, r.file.Text)
}

func (r *reader) flag(key string) *bool {
	if !r.file.Has(key) {
		return nil
	}
	v := required(r, key, r.file.Bool)
	return &v
}

// id returns a special token's id, tokenizer.None if the file has none.
func (r *reader) id(key string) int32 {
	if !r.file.Has(key) {
		return tokenizer.None
	}
	return int32(required(r, key, r.file.Int))
}

// shortest undoes the widening of a float32 field: 1e-5 stored in 32 bits is
// meant as 1e-5 and not as 9.99999974e-6.
func shortest(v float64) float64 {
	decimal, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 32), 64)
	if err != nil {
		return v
	}
	return decimal
}
