package docs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// changed matches the file that a part of a diff changes or makes.
var changed = regexp.MustCompile(`(?m)^\+\+\+ b/(\S+)$`)

// ofCode says whether a diff changes memsim itself, and not a file of one's own.
func (b block) ofCode() bool {
	first := changed.FindStringSubmatch(b.text())
	return b.info == "diff" && first != nil && strings.HasSuffix(first[1], ".go")
}

func (b block) text() string { return strings.Join(b.lines, "\n") + "\n" }

// apply applies a diff to the files in dir.
func apply(t *testing.T, dir string, b block) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git: install the Debian package git")
	}
	git := exec.Command("git", "apply", "--unidiff-zero", "-")
	git.Dir = dir
	git.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	git.Stdin = strings.NewReader(b.text())
	if out, err := git.CombinedOutput(); err != nil {
		t.Fatalf("the diff in line %d does not apply: %v\n%s", b.first, err, out)
	}
}

func TestADevicePartAndRuntimeAreFilesOfOnesOwn(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if err := os.CopyFS(filepath.Join(s.dir, "devices"), os.DirFS("../devices")); err != nil { // the page starts from its files
		t.Fatal(err)
	}
	checkConsole(t, "extending.md", s)
}

func TestTheShapeOfThePageIsAModel(t *testing.T) {
	s := newShell(t)
	for _, b := range blocks(readPage(t, "extending.md")) {
		if b.info == "yaml" {
			if err := os.WriteFile(filepath.Join(s.dir, "thin.yaml"), []byte(b.text()), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out, err := s.run("memsim models show thin.yaml"); err != nil || !strings.Contains(out, "thin") {
		t.Errorf("%v\n%s", err, out)
	}
}

// patched is memsim with the diffs of code on the page applied: copies of the
// changed files stand in for the originals while it is built and tested.
type patched struct{ overlay string }

func patch(t *testing.T) patched {
	t.Helper()
	copies := t.TempDir()
	replace := map[string]string{}
	for _, b := range blocks(readPage(t, "extending.md")) {
		if b.info != "diff" || !b.ofCode() {
			continue
		}
		for _, match := range changed.FindAllStringSubmatch(b.text(), -1) {
			path := filepath.FromSlash(match[1])
			original, err := filepath.Abs(filepath.Join("..", path))
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(original)
			if os.IsNotExist(err) {
				replace[original] = filepath.Join(copies, path)
				continue // a new file
			}
			if err != nil {
				t.Fatal(err)
			}
			if replace[original] != "" {
				t.Fatalf("%s is changed twice", match[1])
			}
			replace[original] = filepath.Join(copies, path)
			if err := os.MkdirAll(filepath.Dir(replace[original]), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(replace[original], data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		apply(t, copies, b)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	p := patched{filepath.Join(copies, "overlay.json")}
	if err := os.WriteFile(p.overlay, text, 0o666); err != nil {
		t.Fatal(err)
	}
	return p
}

// goTest runs one test with the patched files.
func (p patched) goTest(t *testing.T, folder, test string) {
	t.Helper()
	if out := p.goCommand(t, "test", folder, "-run", "^"+test+"$"); strings.Contains(out, "no tests to run") {
		t.Errorf("%s has no %s", folder, test)
	}
}

// goCommand runs go with the patched files, in the repository, and returns what
// it prints.
func (p patched) goCommand(t *testing.T, command string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{command, "-overlay", p.overlay}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s %s: %v\n%s", command, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestTheOperatorAndTheArchitectureOfThePageWork(t *testing.T) {
	t.Parallel()
	p := patch(t)
	p.goTest(t, "./engine", "TestTraceIsWhatKernelsTouch")
	p.goTest(t, "./devices", "TestOperatorsAreThoseOfTheEngine")

	bin := t.TempDir()
	p.goCommand(t, "build", "-o", bin, "./cmd/memsim")
	s := newShell(t)
	s.bin = bin
	for _, c := range []struct {
		name, command, want string
	}{
		{"the operator is traced", `sed 's/^source/clip_qkv: 8\n&/' small.yaml > capped.yaml
			memsim trace --model capped.yaml --tokens 1 -o t.parquet && memsim inspect t.parquet`, "\nattn_q_clip "},
		{"it keeps the queries", `memsim run --model capped.yaml --prompt-ids 1,5 --tokens 1 --temperature 0`, "generated 1"},
		{"the architecture is read", `sed 's/^architecture: llama/architecture: glm4/' small.yaml > glm.yaml
			memsim models make glm.yaml --quant f16 -o glm.gguf && memsim models show glm.gguf`, "glm4"},
		{"and computed", `memsim run --model glm.gguf --prompt-ids 1,5 --tokens 1 --temperature 0`, "generated 1"},
	} {
		if err := os.WriteFile(filepath.Join(s.dir, "small.yaml"), []byte(smallShape), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := s.run(c.command); err != nil || !strings.Contains(out, c.want) {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
	}
}

const smallShape = `name: small
architecture: llama
layers: 2
dim: 64
ffn: 160
heads: 4
kv_heads: 2
vocab: 256
tied_embedding: true
norm_eps: 1e-5
rope_base: 10000
context: 512
source: made up for tests
`
