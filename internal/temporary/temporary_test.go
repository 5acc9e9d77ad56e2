//go:build linux || darwin

package temporary

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// asMaker makes the test's program one that makes a file and a folder for the
// target in this variable, and hangs.
const asMaker = "MEMSIM_TEST_MAKER"

func TestMain(m *testing.M) {
	if target := os.Getenv(asMaker); target != "" {
		makeAndHang(target)
	}
	os.Exit(m.Run())
}

func makeAndHang(target string) {
	f, fileErr := named(filepath.Split(target))
	folder, folderErr := Inside(filepath.Dir(target), "out")
	if err := errors.Join(fileErr, folderErr); err != nil {
		panic(err)
	}
	os.WriteFile(filepath.Join(folder.Path, "inside"), nil, 0o666)
	os.Stdout.WriteString(f.Name() + "\n" + folder.Path + "\n")
	time.Sleep(time.Hour) // a program of which all goroutines wait for good may be ended
}

// maker starts a process that makes a file and a folder for target.
func maker(t *testing.T, target string) (process *exec.Cmd, file, folder string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	process = exec.Command(self)
	process.Env = append(os.Environ(), asMaker+"="+target)
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Process.Kill(); process.Wait() })
	lines := bufio.NewScanner(out)
	for _, name := range []*string{&file, &folder} {
		if !lines.Scan() {
			t.Fatal("the process made nothing")
		}
		*name = lines.Text()
	}
	return process, file, folder
}

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func TestWhatAKilledMakerLeftGoesWithTheNext(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "out.txt")
	process, file, folder := maker(t, target)
	makeBoth := func(target, base string) {
		t.Helper()
		f, err := Beside(target)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Remove()
		made, err := Inside(dir, base)
		if err != nil {
			t.Fatal(err)
		}
		if err := made.Remove(); err != nil {
			t.Error(err)
		}
	}
	makeBoth(target, "out")
	if !exists(t, file) || !exists(t, folder) {
		t.Fatalf("what a living process is making was taken away: file there %v, folder there %v", exists(t, file), exists(t, folder))
	}
	process.Process.Kill()
	process.Wait()
	makeBoth(filepath.Join(dir, "other.txt"), "other") // whatever it makes
	if exists(t, file) || exists(t, folder) {
		t.Errorf("%s and %s are still there", file, folder)
	}
}

func TestAFileTakesAwayFoldersThatKilledMakersLeft(t *testing.T) {
	target := filepath.Join(t.TempDir(), "out.txt")
	process, file, folder := maker(t, target)
	process.Process.Kill()
	process.Wait()
	f, err := Beside(filepath.Join(filepath.Dir(target), "other"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Remove()
	if exists(t, file) || exists(t, folder) {
		t.Errorf("%s and %s are still there", file, folder)
	}
}

func TestWhatIsNotOursStays(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "out.txt")
	for _, name := range []string{".out.txt.tmp", ".out.txt.elsewhere.1.tmp", "out.txt.tmp", "out.txt." + ofHost() + ".1.tmp", ".out.txt." + ofHost() + ".a-b.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	ours := newName(dir, "out.txt")
	if err := os.Symlink(target, ours); err != nil {
		t.Fatal(err)
	}
	f, err := named(filepath.Split(target))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Remove()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 7 {
		t.Errorf("there are %v", entries)
	}
}

func TestManyMakersOfOneTargetDoNotDisturbEachOther(t *testing.T) {
	target := filepath.Join(t.TempDir(), "out.txt")
	const makers, rounds = 8, 50
	failed := make(chan error, makers)
	for range makers {
		go func() {
			for range rounds {
				f, err := Beside(target)
				if err == nil {
					err = f.Place(target)
				}
				if err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	for range makers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

// A file that is placed has the permissions that the user's programs give, one that
// is removed leaves nothing, and RemoveAll removes what is under way.
func TestPlaceRemoveAndRemoveAll(t *testing.T) {
	for _, way := range []struct {
		name string
		make func(target string) (*File, error)
	}{
		{"as the system allows", Beside},
		{"under a name", func(target string) (*File, error) { return named(filepath.Split(target)) }},
	} {
		t.Run(way.name, func(t *testing.T) {
			dir := t.TempDir()
			target := filepath.Join(dir, "out.txt")
			create := func() *File {
				t.Helper()
				f, err := way.make(target)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.WriteString("text"); err != nil {
					t.Fatal(err)
				}
				return f
			}
			if err := create().Remove(); err != nil || exists(t, target) {
				t.Errorf("removed: %v", err)
			}
			create()
			folder, err := Inside(dir, "out")
			if err != nil {
				t.Fatal(err)
			}
			RemoveAll()
			if exists(t, folder.Path) {
				t.Error("the folder under way is still there")
			}
			if err := create().Place(target); err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(target); err != nil || string(text) != "text" {
				t.Errorf("placed %q, %v", text, err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 {
				t.Errorf("there are %v, %v", entries, err)
			}
		})
	}
}
