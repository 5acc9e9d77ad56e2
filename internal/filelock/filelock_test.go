package filelock

import (
	"errors"
	"os"
	"runtime"
	"testing"
)

// Files and folders have one exclusive owner or any number of others, until they close
// them.
func TestLocksKeepOthersOut(t *testing.T) {
	dir := t.TempDir()
	open := func() *os.File {
		t.Helper()
		f, err := os.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	first, second, third := open(), open(), open()
	if err := Exclusive(first); err != nil {
		if runtime.GOOS == "linux" {
			t.Fatal(err)
		}
		t.Logf("there are no locks: %v", err)
		return
	}
	if err := Exclusive(second); !errors.Is(err, ErrHeld) {
		t.Errorf("a second exclusive owner: %v", err)
	}
	if err := Shared(second); !errors.Is(err, ErrHeld) {
		t.Errorf("a shared owner beside an exclusive one: %v", err)
	}
	if pid := Holder(second); runtime.GOOS == "linux" && pid != os.Getpid() {
		t.Errorf("process %d holds it, this is %d", pid, os.Getpid())
	}
	first.Close()
	if err := errors.Join(Shared(second), Shared(third)); err != nil {
		t.Errorf("two shared owners: %v", err)
	}
	if err := Exclusive(open()); !errors.Is(err, ErrHeld) {
		t.Errorf("an exclusive owner beside shared ones: %v", err)
	}
}
