package main

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/memsim/memsim/internal/atomicfile"
)

// entry is one file of an archive.
type entry struct {
	name string // with slashes, below the archive's folder
	mode fs.FileMode
	data []byte
}

// An archive format writes entries below folder, all of one time.
type archiveFormat func(w io.Writer, folder string, entries []entry, modified time.Time) error

// writeArchive writes entries, in the order of their names.
func writeArchive(path string, format archiveFormat, folder string, entries []entry, modified time.Time) error {
	entries = slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return atomicfile.Write(path, func(w io.Writer) error { return format(w, folder, entries, modified) })
}

// tarArchive writes a tar file behind gzip; owners are left out, and so is what
// gzip could say of the original.
func tarArchive(w io.Writer, folder string, entries []entry, modified time.Time) error {
	compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	for _, e := range entries {
		header := &tar.Header{Name: folder + "/" + e.name, Mode: int64(e.mode), Size: int64(len(e.data)), ModTime: modified, Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(e.data); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}

// zipArchive writes a zip file.
func zipArchive(w io.Writer, folder string, entries []entry, modified time.Time) error {
	archive := zip.NewWriter(w)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, e := range entries {
		header := &zip.FileHeader{Name: folder + "/" + e.name, Method: zip.Deflate, Modified: modified.UTC()}
		header.SetMode(e.mode)
		file, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := file.Write(e.data); err != nil {
			return err
		}
	}
	return archive.Close()
}

// writeChecksums writes checksums.txt of all files in dir, as sha256sum -c reads
// it, and prints it.
func writeChecksums(dir string) error {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	fmt.Print(lines.String())
	return atomicfile.Write(filepath.Join(dir, "checksums.txt"), func(w io.Writer) error {
		_, err := io.WriteString(w, lines.String())
		return err
	})
}
