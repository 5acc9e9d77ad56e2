package main

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What happens to the program that runs as a child of a test before it begins.
const (
	withFileLimit = "RUN_WITH_FILE_LIMIT" // bytes that a file may have: a disk that is full
	withoutRoot   = "RUN_WITHOUT_ROOT"    // permissions count, as they do not for root
)

const nobody = 65534

func init() {
	if os.Getenv(asProgram) == "" {
		return
	}
	if n, err := strconv.ParseUint(os.Getenv(withFileLimit), 10, 64); err == nil {
		setLimit(syscall.RLIMIT_FSIZE, n)
	}
	if os.Getenv(withoutRoot) != "" && os.Getuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			panic(err)
		}
	}
}

// child runs the program in the test's folder as a process of its own.
func child(t *testing.T, environ []string, args ...string) reply {
	t.Helper()
	cmd := exec.Command(program(t), args...)
	cmd.Env = append(os.Environ(), environ...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return reply{cmd.ProcessState.ExitCode(), out.String(), stderr.String()}
}

// writers are jobs that write files, each with what it writes. Their files are
// the same whenever they run.
var writers = map[string]struct {
	args  []string
	files []string
}{
	"main job":        {[]string{"--device", "iphone13", "--model", "small.yaml", "--shape-only", "--timeline", "--samples", "3", "--out", "out"}, []string{"out/report.html", "out/results.json", "out/run.json", "out/profile.pb.gz", "out/1-small.yaml.parquet", "out/1-small.timeline.json"}},
	"trace":           {[]string{"trace", "--model", "small.yaml", "--shape-only", "--tokens", "400", "--out", "t.parquet"}, []string{"t.parquet"}},
	"replay":          {[]string{"replay", "given.parquet", "--device", "iphone13", "--samples", "3", "--out", "out"}, []string{"out/report.html", "out/results.json"}},
	"export":          {[]string{"export", "given.parquet", "--to", "csv", "--out", "t.csv"}, []string{"t.csv"}},
	"models make":     {[]string{"models", "make", "small.yaml", "--layers", "30", "--out", "m.gguf"}, []string{"m.gguf"}},
	"models make dir": {[]string{"models", "make", "small.yaml", "--layers", "30", "--quant", "f16", "--out", "m"}, []string{"m/model.safetensors", "m/config.json"}},
}

// givenTrace makes what replay and export read.
func givenTrace(t *testing.T) {
	t.Helper()
	mustMemsim(t, "trace", "--model", "small.yaml", "--shape-only", "--tokens", "100", "--out", "given.parquet")
}

// contents reads files; those that are not there have none.
func contents(t *testing.T, names []string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		all[name] = string(data)
	}
	return all
}

// leftovers lists what is left of files under way.
func leftovers(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if strings.HasPrefix(d.Name(), ".") && path != "." {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Whenever a job is killed, each file is as it was before or as it should be, and
// the next run works and takes away what the killed one left.
func TestAKilledJobLeavesNoHalfFile(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	kills := 5
	if raceDetector {
		kills = 1
	}
	for name, job := range writers {
		t.Run(name, func(t *testing.T) {
			inFolder(t)
			smallShape(t)
			givenTrace(t)
			mustMemsim(t, append([]string{"--seed", "2"}, job.args...)...)
			before := contents(t, job.files)
			start := time.Now()
			if r := child(t, nil, job.args...); r.code != exitDone {
				t.Fatalf("exit code %d: %s", r.code, r.err)
			}
			took := time.Since(start)
			after := contents(t, job.files)
			mustMemsim(t, append([]string{"--seed", "2"}, job.args...)...)
			for range kills {
				killAfter(t, time.Duration(random.Int64N(int64(took))), job.args...)
				for file, text := range contents(t, job.files) {
					if text != before[file] && text != after[file] {
						t.Errorf("%s has %d bytes, neither the %d of before nor the %d of a whole run", file, len(text), len(before[file]), len(after[file]))
					}
				}
			}
			mustMemsim(t, job.args...)
			for file, text := range contents(t, job.files) {
				if text != after[file] {
					t.Errorf("%s is not as in an undisturbed run", file)
				}
			}
			if left := leftovers(t); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func killAfter(t *testing.T, d time.Duration, args ...string) {
	t.Helper()
	cmd := exec.Command(program(t), args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(d)
	cmd.Process.Kill() // it may be done already
	cmd.Wait()
}

// A full disk is a failure that names the place; what was there before stays, and
// nothing half-written does.
func TestAFullDiskIsAnErrorAndLeavesEverythingAsItWas(t *testing.T) {
	for name, job := range writers {
		t.Run(name, func(t *testing.T) {
			inFolder(t)
			smallShape(t)
			givenTrace(t)
			mustMemsim(t, append([]string{"--seed", "2"}, job.args...)...)
			before := contents(t, job.files)
			for _, limit := range []string{"0", "700", "4096"} {
				r := child(t, []string{withFileLimit + "=" + limit}, job.args...)
				if r.code != exitFailure || !strings.Contains(r.err, "too large") || strings.Contains(r.err, "goroutine ") {
					t.Errorf("files of %s bytes at most: exit code %d: %s", limit, r.code, r.err)
				}
				if strings.Contains(r.err, ".tmp") || strings.Contains(r.err, "/.memsim") || strings.Count(r.err, "\n") != 1 {
					t.Errorf("the error names a file that the user does not know: %s", r.err)
				}
				if left := leftovers(t); left != nil {
					t.Errorf("left behind: %v", left)
				}
				for file, text := range contents(t, job.files) {
					if text != before[file] {
						t.Errorf("%s is not as it was", file)
					}
				}
			}
		})
	}
}

func TestADeviceWithoutSpaceIsAnError(t *testing.T) {
	inFolder(t)
	smallShape(t)
	givenTrace(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, args := range [][]string{{"inspect", "given.parquet"}, {"models"}, {"export", "given.parquet", "--to", "csv", "--out", "-"}} {
		cmd := exec.Command(program(t), args...)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &stderr
		cmd.Run()
		if got := stderr.String(); cmd.ProcessState.ExitCode() != exitFailure || !strings.Contains(got, "/dev/stdout: no space left") || strings.Count(got, "\n") != 1 {
			t.Errorf("%v: %v: %s", args, cmd.ProcessState, got)
		}
	}
	r := child(t, nil, "export", "given.parquet", "--to", "csv", "--out", "/dev/full")
	if r.code != exitFailure || !strings.Contains(r.err, "cannot write to /dev/full: no space left") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

// The same where the system lets a small file system be made, as it does for
// root outside of most containers.
func TestADiskWithoutSpaceIsAnError(t *testing.T) {
	inFolder(t)
	smallShape(t)
	givenTrace(t)
	if err := os.Mkdir("disk", 0o777); err != nil {
		t.Fatal(err)
	}
	unmount, err := mountSmall("disk")
	if err != nil {
		t.Logf("no small file system can be mounted here (%v); a limit of file sizes stood for it in another test", err)
		return
	}
	defer unmount()
	for _, args := range [][]string{
		{"trace", "--model", "small.yaml", "--shape-only", "--tokens", "490", "--layers", "60", "--out", "disk/t.parquet"},
		{"--device", "iphone13", "--model", "small.yaml", "--shape-only", "--out", "disk"},
		{"export", "given.parquet", "--to", "csv", "--out", "disk/t.csv"},
		{"models", "make", "small.yaml", "--layers", "30", "--out", "disk/m.gguf"},
		append(append([]string{}, smallSweep...), "--out", "disk/sweep"),
	} {
		r := memsim(t, args...)
		if r.code != exitFailure || !strings.Contains(r.err, "no space left") || !strings.Contains(r.err, "disk") {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
		if left := leftovers(t); left != nil {
			t.Errorf("%v: left behind: %v", args, left)
		}
	}
}

// Whoever may not read or write is told what, and has made a mistake.
func TestPermissionsThatAreMissingAreNamed(t *testing.T) {
	inFolder(t)
	smallShape(t)
	givenTrace(t)
	mustMemsim(t, "models", "make", "small.yaml", "--out", "m.gguf")
	mustMemsim(t, "models", "make", "small.yaml", "--quant", "f16", "--out", "m")
	device, err := os.ReadFile(filepath.Join(testdata, "..", "..", "devices", "phones", "pixel8pro.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, "phone.yaml", string(device))
	writeText(t, "points.csv", "device,model,metric,value\n")
	writeText(t, "reads.txt", "LD 0\n")
	writeText(t, "space.yaml", "axes: {layers: [1]}\n")
	writeText(t, "settings.yaml", "tokens: 1\n")
	if err := errors.Join(os.Mkdir("locked", 0o555), os.Chmod(".", 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		locked string
		args   []string
	}{
		{"m.gguf", []string{"models", "show", "m.gguf"}},
		{"m/config.json", []string{"models", "show", "m"}},
		{"m/model.safetensors", []string{"models", "show", "m"}},
		{"small.yaml", []string{"models", "show", "small.yaml"}},
		{"given.parquet", []string{"inspect", "given.parquet"}},
		{"given.parquet", []string{"replay", "given.parquet", "--device", "iphone13"}},
		{"phone.yaml", []string{"devices", "show", "./phone.yaml"}},
		{"points.csv", []string{"validate", "--data", "points.csv"}},
		{"reads.txt", []string{"probe", "dram", "--part", "lpddr5-6400", "--trace", "reads.txt"}},
		{"space.yaml", []string{"sweep", "space.yaml", "--device", "iphone13"}},
		{"settings.yaml", []string{"--config", "settings.yaml", "--device", "iphone13"}},
		{"locked", []string{"trace", "--model", "small.yaml", "--shape-only", "--out", "locked/t.parquet"}},
		{"locked", []string{"--device", "iphone13", "--model", "small.yaml", "--shape-only", "--out", "locked"}},
		{"locked", []string{"--device", "iphone13", "--model", "small.yaml", "--shape-only", "--out", "locked/deep/er"}},
		{"locked", []string{"export", "given.parquet", "--to", "csv", "--out", "locked/t.csv"}},
		{"locked", []string{"models", "make", "small.yaml", "--out", "locked/m.gguf"}},
		{"locked", append(append([]string{}, smallSweep...), "--out", "locked/sweep")},
	} {
		mode := fs.FileMode(0o555)
		if c.locked != "locked" {
			mode = 0
		}
		if err := os.Chmod(c.locked, mode); err != nil {
			t.Fatal(err)
		}
		r := child(t, []string{withoutRoot + "=1"}, c.args...)
		if err := os.Chmod(c.locked, 0o755); err != nil {
			t.Fatal(err)
		}
		if r.code != exitMistake || r.out != "" || !strings.Contains(r.err, "permission denied") || !strings.Contains(r.err, c.locked) {
			t.Errorf("%v: exit code %d: %s%s", c.args, r.code, r.out, r.err)
		}
		if entries, err := os.ReadDir("locked"); err != nil || len(entries) > 0 {
			t.Fatalf("%v: left behind: %v (%v)", c.args, entries, err)
		}
	}
}

// A model file that is shortened under a running program ends it with an error,
// not with the signal that the system sends.
func TestAModelThatIsShortenedUnderARunIsAnError(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "models", "make", "small.yaml", "--layers", "60", "--dim", "256", "--quant", "f16", "--out", "m.gguf")
	cmd := exec.Command(program(t), "run", "--model", "m.gguf", "--prompt-ids", "1", "--tokens", "500", "--ignore-eos")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // the first token is there
		t.Fatal(err, stderr.String())
	}
	if err := os.Truncate("m.gguf", 100_000); err != nil {
		t.Fatal(err)
	}
	go func() { // so that it never waits for this end
		buffer := make([]byte, 1<<16)
		for err == nil {
			_, err = out.Read(buffer)
		}
	}()
	cmd.Process.Wait()
	cmd.Wait()
	if got := stderr.String(); !strings.Contains(got, "m.gguf: the file was shortened") || strings.Contains(got, "goroutine ") {
		t.Errorf("%s", got)
	}
}

func setLimit(resource int, n uint64) {
	if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}

// mountSmall mounts a file system of 64 KiB at dir.
func mountSmall(dir string) (unmount func(), err error) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		return nil, err
	}
	return func() { syscall.Unmount(dir, syscall.MNT_DETACH) }, nil
}

// Results that nobody can read are a failure: a shell that closes stdout is told.
func TestAClosedStdoutIsAnError(t *testing.T) {
	inFolder(t)
	t.Setenv("PROGRAM", program(t))
	for _, args := range []string{"models", "models --format json", "version", "--help"} {
		cmd := exec.Command("sh", "-c", `"$PROGRAM" `+args+` >&-; echo "exit code $?"`)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if string(out) != "exit code 1\n" || !strings.Contains(stderr.String(), "standard output is closed") {
			t.Errorf("memsim %s >&-: %s%s", args, out, stderr.String())
		}
	}
	for _, elsewhere := range []string{">/dev/null", ">out.txt"} {
		cmd := exec.Command("sh", "-c", `"$PROGRAM" models `+elsewhere+`; echo "exit code $?"`)
		if out, err := cmd.Output(); err != nil || string(out) != "exit code 0\n" {
			t.Errorf("memsim models %s: %s, %v", elsewhere, out, err)
		}
	}
}

// A command that is told to end does, whatever loop it is in, and leaves nothing: the
// model here would take minutes to make.
func TestACommandThatIsInterruptedEnds(t *testing.T) {
	inFolder(t)
	for _, args := range [][]string{
		{"models", "make", "mobilellm-1.5b", "--out", "m.gguf"},
		{"trace", "--model", "mobilellm-1b", "--out", "t.parquet"},
		{"--device", "pixel8pro", "--model", "mobilellm-1b", "--out", "out"},
	} {
		cmd := exec.Command(program(t), args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(stderr.String(), "interrupted") {
			t.Errorf("memsim %s: exit code %d: %s", strings.Join(args, " "), code, stderr.String())
		}
		entries, err := os.ReadDir(".")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			t.Errorf("memsim %s left %s", strings.Join(args, " "), e.Name())
		}
	}
}

// Nothing is left of a trace or an export that was killed.
func TestNothingIsLeftOfAKilledWriter(t *testing.T) {
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "trace", "--model", "small.yaml", "--shape-only", "--tokens", "400", "--out", "given.parquet")
	killAfter(t, 300*time.Millisecond, "trace", "--model", "mobilellm-1b", "--shape-only", "--tokens", "2000", "--out", "t.parquet")
	killAfter(t, 100*time.Millisecond, "export", "given.parquet", "--to", "csv", "--out", "t.csv")
	if left := leftovers(t); left != nil {
		t.Errorf("left behind: %v", left)
	}
}
