//go:build unix

package weights

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func mappedFile(t *testing.T, size int) *mapping {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.gguf")
	writeTo(t, path, make([]byte, size))
	return must(mapFile(path))(t)
}

func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error is %v, want one with %q", err, text)
		}
	}
}

func TestWhatIsGoneOfAMappedFileIsAnError(t *testing.T) {
	m := mappedFile(t, 1<<20)
	if err := os.Truncate(m.path, 10); err != nil {
		t.Fatal(err)
	}
	sum := byte(0)
	wantError(t, Guard(func() error {
		for _, b := range m.data {
			sum += b
		}
		return nil
	}), m.path, "was shortened")
	wantError(t, Guard(func() error { // the system reads it, not this program
		out := must(os.Create(filepath.Join(t.TempDir(), "copy")))(t)
		defer out.Close()
		_, err := out.Write(m.data[1<<16:])
		return err
	}), m.path, "written to while it was in use")
	wantError(t, m.close(), m.path, "written to while it was in use")
}

func TestAFileThatIsWrittenToIsFoundOutWhenItIsClosed(t *testing.T) {
	m := mappedFile(t, 100)
	if err := os.Chtimes(m.path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantError(t, m.close(), m.path, "written to")
}

// Whoever replaces a file by renaming leaves the old one to those who read it.
func TestAFileThatIsReplacedOrRemovedStaysMapped(t *testing.T) {
	m := mappedFile(t, 100)
	other := m.path + ".new"
	writeTo(t, other, []byte("new"))
	if err := os.Rename(other, m.path); err != nil {
		t.Fatal(err)
	}
	if err := m.close(); err != nil {
		t.Error(err)
	}
	m = mappedFile(t, 100)
	if err := os.Remove(m.path); err != nil {
		t.Fatal(err)
	}
	if err := m.close(); err != nil {
		t.Error(err)
	}
}

func TestGuardHidesNoOtherPanic(t *testing.T) {
	broken := errors.New("broken")
	if err := Guard(func() error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("the panic of a fault in the program is swallowed")
		}
	}()
	var nothing *mapping
	Guard(func() error { return nothing.close() })
}

// A folder's weights are encoded on all cores; each of them may come upon the end.
func TestAFileThatIsShortenedWhileItIsEncodedIsAnError(t *testing.T) {
	m := mappedFile(t, 1<<20)
	defer m.unmap()
	if err := os.Truncate(m.path, 10); err != nil {
		t.Fatal(err)
	}
	var all []job
	for row := range 64 {
		all = append(all, job{Tensor{Type: "f32", Rows: 64, Cols: 4, Data: make([]byte, 1024)}, row, 1})
	}
	wantError(t, inParallel(all, func(_ Tensor, row, _ int, dst []byte) { copy(dst, m.data[1<<14*(row+1)-16:]) }), m.path, "was shortened")
}
