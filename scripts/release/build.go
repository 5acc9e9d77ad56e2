package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// billOfMaterials is the program that reads a binary's modules.
const billOfMaterials = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"

// release is one release in the making.
type release struct {
	commit    string
	out       string
	platforms []string
	materials bool

	work    string    // scratch folder
	source  string    // clone of the commit, in work
	time    time.Time // of the commit
	version string    // as the source states it
}

// clone checks the commit out, away from the working tree and its changes.
func (r *release) clone(ctx context.Context) error {
	here, err := run(ctx, "", nil, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	hash, err := run(ctx, "", nil, "git", "rev-parse", "--verify", r.commit+"^{commit}")
	if err != nil {
		return err
	}
	r.source = filepath.Join(r.work, "memsim")
	if _, err := run(ctx, "", nil, "git", "clone", "--quiet", "--no-checkout", here, r.source); err != nil {
		return err
	}
	if _, err := run(ctx, r.source, nil, "git", "checkout", "--quiet", "--detach", hash); err != nil {
		return err
	}
	seconds, err := run(ctx, r.source, nil, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	r.time = time.Unix(n, 0).UTC()
	return err
}

// sharedFiles are what every archive holds beside the program. The manual and
// the completions are made by the program itself, built for this machine.
func (r *release) sharedFiles(ctx context.Context) ([]entry, error) {
	program := filepath.Join(r.work, "memsim-here")
	if err := r.compile(ctx, program); err != nil {
		return nil, err
	}
	if err := r.readVersion(ctx, program); err != nil {
		return nil, err
	}
	var files []entry
	for _, name := range []string{"README.md", "CHANGELOG.md", "LICENSE"} {
		data, err := os.ReadFile(filepath.Join(r.source, name))
		if err != nil {
			return nil, err
		}
		files = append(files, entry{name, 0o644, data})
	}
	for shell, file := range map[string]string{"bash": "memsim.bash", "zsh": "_memsim", "fish": "memsim.fish", "powershell": "memsim.ps1"} {
		text, err := output(ctx, r.work, nil, program, "completion", shell)
		if err != nil {
			return nil, err
		}
		files = append(files, entry{"completions/" + file, 0o644, text})
	}
	pages := filepath.Join(r.work, "man")
	if _, err := run(ctx, r.work, nil, program, "man", pages); err != nil {
		return nil, err
	}
	manual := os.DirFS(pages)
	err := fs.WalkDir(manual, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(manual, path)
		files = append(files, entry{"man/" + path, 0o644, data})
		return err
	})
	return files, err
}

// readVersion asks the program its version, which a tag of the commit must bear.
func (r *release) readVersion(ctx context.Context, program string) error {
	text, err := output(ctx, r.work, nil, program, "version", "--format", "json")
	if err != nil {
		return err
	}
	var reply struct {
		Memsim string `json:"memsim"`
	}
	if err := json.Unmarshal(text, &reply); err != nil {
		return err
	}
	r.version = reply.Memsim
	tags, err := run(ctx, r.source, nil, "git", "tag", "--points-at", "HEAD", "v*")
	if err != nil {
		return err
	}
	for _, tag := range strings.Fields(tags) {
		if tag != "v"+r.version {
			return fmt.Errorf("the commit is tagged %s, but its source says it is version %s: change const version in cmd/memsim, or the tag", tag, r.version)
		}
	}
	return nil
}

// buildSettings are what a build takes instead of the settings of whoever makes
// it: those of Go that change a program's bytes, and the file that go env -w
// writes.
var buildSettings = []string{
	"CGO_ENABLED=0", "GOENV=off", "GOFLAGS=", "GOWORK=off",
	"GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GOFIPS140=off",
}

// compile builds the program into file, for the GOOS and GOARCH in platform or
// else for this machine.
func (r *release) compile(ctx context.Context, file string, platform ...string) error {
	_, err := run(ctx, r.source, slices.Concat(buildSettings, platform), "go", "build", "-trimpath", "-mod=readonly", "-buildvcs=true", "-ldflags=-s -w -buildid=", "-o", file, "./cmd/memsim")
	return err
}

// build makes the archive of one platform, with shared files beside the program.
func (r *release) build(ctx context.Context, platform string, shared []entry) error {
	system, machine, ok := strings.Cut(platform, "/")
	if !ok {
		return fmt.Errorf("write a platform as GOOS/GOARCH, such as linux/arm64")
	}
	target := []string{"GOOS=" + system, "GOARCH=" + machine}
	name := fmt.Sprintf("memsim_%s_%s_%s", r.version, system, machine)
	program := "memsim"
	if system == "windows" {
		program += ".exe"
	}
	file := filepath.Join(r.work, name, program)
	if err := r.compile(ctx, file, target...); err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	licenses, err := r.licenses(ctx, target...)
	if err != nil {
		return err
	}
	entries := slices.Concat([]entry{{program, 0o755, data}}, shared, licenses)
	if r.materials {
		if err := r.writeMaterials(ctx, file, filepath.Join(r.out, name+".cdx.json")); err != nil {
			return err
		}
	}
	if system == "windows" {
		return writeArchive(filepath.Join(r.out, name+".zip"), zipArchive, name, entries, r.time)
	}
	return writeArchive(filepath.Join(r.out, name+".tar.gz"), tarArchive, name, entries, r.time)
}

// writeMaterials writes the modules that a program is made of, as CycloneDX.
func (r *release) writeMaterials(ctx context.Context, program, path string) error {
	_, err := run(ctx, r.work, []string{"GOFLAGS=-trimpath", "GOWORK=off"}, "go", "run", billOfMaterials,
		"bin", "-json", "-std", "-noserial", "-notimestamp", "-version", "v"+r.version, "-output", path, program)
	return err
}

// run runs a program in a folder and returns what it prints, without the space
// around it.
func run(ctx context.Context, dir string, settings []string, name string, args ...string) (string, error) {
	text, err := output(ctx, dir, settings, name, args...)
	return string(bytes.TrimSpace(text)), err
}

func output(ctx context.Context, dir string, settings []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), settings...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, errs.Bytes())
	}
	return text, nil
}
