// Command release makes the archives of a release: for each platform the
// program, its manual pages and shell completions and the licences of what is in
// it, with a bill of materials (CycloneDX) and checksums.
//
//	go run ./scripts/release            # HEAD, all platforms, into dist/
//	go run ./scripts/release -commit v0.1.0 -platforms linux/arm64
//
// The mental model: a release is a function of a commit and a Go toolchain.
// What is built is a clone of the commit and never the working tree; paths are
// trimmed, every file bears the commit's time, and nothing else of the machine
// gets in. So who has the commit and the toolchain makes the same bytes, and can
// compare checksums.txt.
//
// # Caveats
//
// It needs git and, for the bill of materials, the Go module proxy. Settings made
// with go env -w do not count: name another proxy by GOPROXY in the environment.
// A tag "vX.Y.Z" on the commit must be the version that the source states. A bill
// of materials holds the hash of the program that made it, which is the same on
// machines of one kind only. Nothing is signed or published.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

// platforms are those that releases are made for.
const platforms = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var r release
	targets := ""
	flag.StringVar(&r.commit, "commit", "HEAD", "commit to release")
	flag.StringVar(&r.out, "o", "dist", "folder for the archives; it must be empty or not exist")
	flag.StringVar(&targets, "platforms", platforms, "what to build for, as GOOS/GOARCH with commas")
	flag.BoolVar(&r.materials, "sbom", true, "make a bill of materials of each program")
	flag.Parse()
	r.platforms = strings.Split(targets, ",")
	if err := r.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// run makes the release in r.out.
func (r *release) run(ctx context.Context) error {
	out, err := emptyFolder(r.out)
	if err != nil {
		return err
	}
	r.out = out
	if r.work, err = os.MkdirTemp("", "memsim-release-"); err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	if err := r.clone(ctx); err != nil {
		return err
	}
	shared, err := r.sharedFiles(ctx)
	if err != nil {
		return err
	}
	for _, platform := range r.platforms {
		if err := r.build(ctx, platform, shared); err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
	}
	return writeChecksums(r.out)
}

// emptyFolder makes path, or refuses one that holds files: an old archive would
// get a checksum as if it were new.
func emptyFolder(path string) (string, error) {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty: remove %s, or name another folder with -o", path, entries[0].Name())
	}
	return filepath.Abs(path)
}
