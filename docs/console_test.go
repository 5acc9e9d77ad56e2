// Package docs holds what is to be read about memsim, and tests that hold it to
// what the program does: commands are run and their output compared, diffs are
// applied, names are looked up.
package docs

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the output of commands into the pages")

// block is a fenced block of a page.
type block struct {
	info  string // what stands behind the fence: "console", "yaml"
	lines []string
	first int // index of the first line in the page
}

// blocks returns the fenced blocks of a page.
func blocks(page string) []block {
	var list []block
	inside := false
	for i, line := range strings.Split(page, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && !inside:
			list = append(list, block{info: fence, first: i + 1})
			inside = true
		case isFence:
			inside = false
		case inside:
			b := &list[len(list)-1]
			b.lines = append(b.lines, line)
		}
	}
	return list
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// shell runs the commands of console blocks, in a folder of their own where
// memsim is on the path.
type shell struct {
	dir string // where commands run
	bin string // where memsim is
}

// built is the folder of the program, which all tests run.
var built string

func TestMain(m *testing.M) {
	flag.Parse()
	lookAtSources()
	os.Exit(func() int {
		var err error
		if built, err = os.MkdirTemp("", "memsim-docs-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(built)
		build := exec.Command("go", "build", "-o", built, "../cmd/memsim")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// lookAtSources looks at all that the program is made of: go test runs tests again
// when a file that they looked at has changed, and takes no notice of go build.
func lookAtSources() {
	filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != ".." {
			return filepath.SkipDir
		}
		if err == nil && d.Type().IsRegular() && !strings.HasSuffix(path, "_test.go") {
			os.Stat(path)
		}
		return nil
	})
}

func newShell(t *testing.T) *shell {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash: install the Debian package bash")
	}
	return &shell{t.TempDir(), built}
}

// run returns what a command prints on stdout and stderr. Settings of whoever
// runs the tests do not count.
func (s *shell) run(command string) (string, error) {
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = s.dir
	settings := func(line string) bool { return strings.HasPrefix(line, "MEMSIM_") }
	cmd.Env = append(slices.DeleteFunc(os.Environ(), settings), "PATH="+s.bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// session runs a console block: lines that begin with "$ " are commands, and
// behind a backslash they go on. It returns the block with the output that came.
func (s *shell) session(t *testing.T, page string, b block) []string {
	t.Helper()
	var lines []string
	for i := 0; i < len(b.lines); i++ {
		line := b.lines[i]
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		lines = append(lines, line)
		for strings.HasSuffix(b.lines[i], `\`) && i+1 < len(b.lines) {
			i++
			lines = append(lines, b.lines[i])
			command += "\n" + b.lines[i]
		}
		out, err := s.run(command)
		if err != nil {
			t.Fatalf("%s, line %d: %s: %v\n%s", page, b.first+i+1, command, err, out)
		}
		if out = strings.TrimRight(out, "\n"); out != "" {
			for line := range strings.SplitSeq(out, "\n") {
				lines = append(lines, strings.TrimRight(line, " "))
			}
		}
	}
	return lines
}

// number matches a figure in output, and space what lies between columns.
var (
	number = regexp.MustCompile(`\d+(\.\d+)?`)
	space  = regexp.MustCompile(`[ ─]+`)
)

var prefixed = regexp.MustCompile(`# ?[kMG]\b`)

// same says whether a command printed what the page says. Figures may be two
// percent off, so that the page need not change with each refinement of a model;
// those of a block marked "timed", which are of the machine it ran on, may be any.
func same(info string, page, printed []string) bool {
	a, b := strings.Join(page, "\n"), strings.Join(printed, "\n")
	words := func(text string) string {
		return space.ReplaceAllString(number.ReplaceAllString(text, "#"), " ")
	}
	if strings.HasSuffix(info, " timed") { // of any size: the prefix of a unit is of the machine too
		scaled := func(text string) string { return prefixed.ReplaceAllString(words(text), "#") }
		return scaled(a) == scaled(b)
	}
	if words(a) != words(b) {
		return false
	}
	was, is := number.FindAllString(a, -1), number.FindAllString(b, -1)
	return slices.EqualFunc(was, is, near)
}

// near says whether two figures differ by two percent, or by one in the last
// decimal, at most.
func near(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	digit := 0.0
	if _, decimals, ok := strings.Cut(a, "."); ok {
		digit = 1.0001 * math.Pow10(-len(decimals))
	}
	return errors.Join(errX, errY) == nil && math.Abs(x-y) <= max(0.02*max(x, y), digit)
}

// checkConsole runs the console blocks of a page in order, and applies the diffs
// of files between them. What a block prints is what the page says, or with -update
// becomes it.
func checkConsole(t *testing.T, name string, s *shell) {
	t.Helper()
	page := readPage(t, name)
	lines := strings.Split(page, "\n")
	var out bytes.Buffer
	done := 0
	for _, b := range blocks(page) {
		if b.info == "diff" && !b.ofCode() {
			apply(t, s.dir, b)
		}
		if !strings.HasPrefix(b.info, "console") {
			continue
		}
		got := s.session(t, name, b)
		if !same(b.info, b.lines, got) && !*update {
			t.Errorf("%s, line %d: the commands print\n\n%s\n\nIf that is right, write it into the page: go test ./docs -update", name, b.first+1, strings.Join(got, "\n"))
		}
		if strings.HasSuffix(b.info, " timed") && same(b.info, b.lines, got) {
			got = b.lines // figures of a machine are not written anew each time
		}
		fmt.Fprintln(&out, strings.Join(append(lines[done:b.first:b.first], got...), "\n"))
		done = b.first + len(b.lines)
	}
	out.WriteString(strings.Join(lines[done:], "\n"))
	if done == 0 {
		t.Fatalf("%s shows no command", name)
	}
	if *update {
		if err := os.WriteFile(name, out.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheWalkthroughShowsWhatTheCommandsPrint(t *testing.T) {
	t.Parallel()
	checkConsole(t, "walkthrough.md", newShell(t))
}

func TestFiguresMayBeTwoPercentOff(t *testing.T) {
	for _, c := range []struct {
		info, page, printed string
		want                bool
	}{
		{"console", "latency  8.394 ms", "latency 8.390 ms", true},
		{"console", "latency  8.394 ms", "latency 8.950 ms", false},
		{"console", "latency  8.394 ms", "delay  8.394 ms", false},
		{"console", "flash 0.04", "flash 0.05", true},
		{"console", "layers 30", "layers 31", false},
		{"console", "1 layer", "1 layer, 2 heads", false},
		{"console timed", "─── 12 tokens", "─ 99.5 tokens", true},
		{"console timed", "12 tokens", "12 layers", false},
	} {
		if got := same(c.info, []string{c.page}, []string{c.printed}); got != c.want {
			t.Errorf("%q and %q: %t", c.page, c.printed, got)
		}
	}
}
