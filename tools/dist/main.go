// Dist builds what a release consists of: static binaries, archives with man page and
// completions, an OCI image for all Linux platforms, a bill of materials, and checksums. Two
// builds of one commit with one release of Go give the same bytes: every name and time comes
// from the version that the Go toolchain puts into the binary. It needs no network, but for
// modules, and no Docker.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("dist: ")
	out := flag.String("out", "dist", "folder for the artifacts; it is emptied first")
	platforms := flag.String("platforms", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64", "operating systems and architectures")
	flag.Parse()
	if err := run(*out, strings.Split(*platforms, ",")); err != nil {
		log.Fatal(err)
	}
}

func run(out string, platforms []string) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	var binaries []binary
	for _, name := range platforms {
		b, err := build(out, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		binaries = append(binaries, b)
	}
	docs, err := documentation(binaries)
	if err != nil {
		return err
	}
	for _, b := range binaries {
		if err := writeArchive(filepath.Join(out, b.base()+".tar.gz"), b, docs); err != nil {
			return err
		}
	}
	if err := writeImage(filepath.Join(out, "image"), binaries); err != nil {
		return err
	}
	if err := writeBOM(filepath.Join(out, "louche_"+binaries[0].version+".cdx.json"), binaries[0]); err != nil {
		return err
	}
	return writeChecksums(out)
}

// documentation returns the files that archives have beside the binary, by name.
func documentation(binaries []binary) (map[string][]byte, error) {
	program, err := runnable(binaries)
	if err != nil {
		return nil, err
	}
	docs := make(map[string][]byte)
	var errs []error
	for _, name := range []string{"README.md", "LICENSE", "CHANGELOG.md"} {
		text, err := os.ReadFile(name)
		docs[name] = text
		errs = append(errs, err)
	}
	for name, command := range map[string][]string{
		"man/louche.1":            {"man"},
		"completions/louche.bash": {"completion", "bash"},
		"completions/_louche":     {"completion", "zsh"},
		"completions/louche.fish": {"completion", "fish"},
	} {
		text, err := output(program, command...)
		docs[name] = text
		errs = append(errs, err)
	}
	return docs, errors.Join(errs...)
}
