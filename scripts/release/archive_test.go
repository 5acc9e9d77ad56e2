package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	commitTime = time.Date(2026, 11, 25, 1, 30, 2, 0, time.UTC)
	program    = entry{"memsim", 0o755, []byte("a program")}
	license    = entry{"LICENSE", 0o644, []byte("a licence")}
)

// written returns the bytes of an archive of entries.
func written(t *testing.T, format archiveFormat, entries ...entry) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "archive")
	if err := writeArchive(path, format, "memsim_1", entries, commitTime); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAnArchiveIsTheSameInWhateverOrderItsFilesCome(t *testing.T) {
	for _, format := range []archiveFormat{tarArchive, zipArchive} {
		if !bytes.Equal(written(t, format, program, license), written(t, format, license, program)) {
			t.Error("archives of the same files differ")
		}
	}
}

const contents = "memsim_1/LICENSE -rw-r--r-- 2026-11-25T01:30:02Z a licence; memsim_1/memsim -rwxr-xr-x 2026-11-25T01:30:02Z a program; "

func TestATarFileHoldsNamesModesAndTheCommitsTime(t *testing.T) {
	z, err := gzip.NewReader(bytes.NewReader(written(t, tarArchive, program, license)))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		data, _ := io.ReadAll(r)
		fmt.Fprintf(&got, "%s %s %s %s; ", h.Name, h.FileInfo().Mode(), h.ModTime.UTC().Format(time.RFC3339), data)
	}
	if got.String() != contents {
		t.Errorf("it holds %s, want %s", &got, contents)
	}
}

func TestAZipFileHoldsNamesModesAndTheCommitsTime(t *testing.T) {
	data := written(t, zipArchive, program, license)
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, f := range r.File {
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(file)
		fmt.Fprintf(&got, "%s %s %s %s; ", f.Name, f.Mode(), f.Modified.UTC().Format(time.RFC3339), data)
	}
	if got.String() != contents {
		t.Errorf("it holds %s, want %s", &got, contents)
	}
}

func TestChecksumsAreThoseOfSha256sum(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"b": "", "a": "abc"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeChecksums(dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "checksums.txt"))
	want := []string{
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a", // FIPS 180-2, B.1
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b",
	}
	if lines := strings.Split(strings.TrimSpace(string(got)), "\n"); err != nil || !slices.Equal(lines, want) {
		t.Errorf("checksums are %q (%v), want %q", lines, err, want)
	}
}

func TestAFolderWithFilesIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "memsim_0_linux_amd64.tar.gz"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := emptyFolder(dir); err == nil || !strings.Contains(err.Error(), "memsim_0_linux_amd64.tar.gz") {
		t.Errorf("error is %v", err)
	}
}
