package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// writeArchive writes the binary and its documentation, in a folder of the archive's name.
func writeArchive(file string, b binary, docs map[string][]byte) error {
	program, err := os.ReadFile(b.path)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	compressed, _ := gzip.NewWriterLevel(&archive, gzip.BestCompression)
	t := tar.NewWriter(compressed)
	err = addFile(t, b.base()+"/louche", 0o755, b.time, program)
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		err = cmp.Or(err, addFile(t, b.base()+"/"+name, 0o644, b.time, docs[name]))
	}
	if err := cmp.Or(err, t.Close(), compressed.Close()); err != nil {
		return err
	}
	return os.WriteFile(file, archive.Bytes(), 0o644)
}

// addFile adds a file of root to an archive.
func addFile(t *tar.Writer, name string, mode int64, modified time.Time, content []byte) error {
	header := &tar.Header{Name: name, Mode: mode, ModTime: modified, Size: int64(len(content)), Format: tar.FormatPAX}
	if err := t.WriteHeader(header); err != nil {
		return err
	}
	_, err := t.Write(content)
	return err
}

// writeChecksums writes SHA256SUMS of the files in a folder, which sha256sum -c checks.
func writeChecksums(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "louche_*"))
	if err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), filepath.Base(file))
	}
	return os.WriteFile(filepath.Join(folder, "SHA256SUMS"), sums.Bytes(), 0o644)
}
