package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/memsim/memsim/internal/atomicfile"
)

// A write that fails leaves the earlier file.
func ExampleWrite() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "results.json")
	write := func(text string, fails error) error {
		return atomicfile.Write(path, func(w io.Writer) error {
			io.WriteString(w, text)
			return fails
		})
	}
	fmt.Println(write(`{"points": 3}`, nil))
	fmt.Println(write(`{"poi`, errors.New("interrupted")))
	text, err := os.ReadFile(path)
	fmt.Println(string(text), err)
	// Output:
	// <nil>
	// interrupted
	// {"points": 3} <nil>
}
