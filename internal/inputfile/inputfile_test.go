package inputfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadsAFileUpToTheMost(t *testing.T) {
	path := write(t, "four")
	if data, err := Read(path, 4); err != nil || string(data) != "four" {
		t.Errorf("read %q, %v", data, err)
	}
	if data, err := Read(path, 3); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "larger than 3 bytes") || data != nil {
		t.Errorf("read %q, %v", data, err)
	}
}

func TestOpensThroughALink(t *testing.T) {
	path := write(t, "text")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Skip("this system makes no links: ", err)
	}
	f, err := Open(link)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if data, err := io.ReadAll(f); err != nil || string(data) != "text" {
		t.Errorf("read %q, %v", data, err)
	}
}

func TestWhatIsNotThereIsNotThere(t *testing.T) {
	var at *fs.PathError
	if _, err := Open(filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &at) {
		t.Error(err)
	}
}

func TestRefusesAFolder(t *testing.T) {
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "it is a folder") {
		t.Error(err)
	}
}
