package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// A binary is the program, built for one platform.
type binary struct {
	path     string
	os, arch string
	info     *debug.BuildInfo
	version  string    // without the v of the tag
	revision string    // the commit
	time     time.Time // of the commit
}

// base is the name of the platform's artifacts.
func (b *binary) base() string { return fmt.Sprintf("louche_%s_%s_%s", b.version, b.os, b.arch) }

// build compiles the program without paths of this machine, symbols and C.
func build(out, platform string) (b binary, err error) {
	b.os, b.arch, _ = strings.Cut(platform, "/")
	b.path = filepath.Join(out, "bin", b.os+"_"+b.arch, "louche")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w -buildid=", "-o", b.path, "./cmd/louche")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+b.os, "GOARCH="+b.arch, "GOAMD64=v1", "GOARM64=v8.0")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return b, err
	}
	return b, b.readInfo()
}

// readInfo reads what the toolchain put into the binary.
func (b *binary) readInfo() (err error) {
	if b.info, err = buildinfo.ReadFile(b.path); err != nil {
		return err
	}
	b.version = strings.TrimPrefix(b.info.Main.Version, "v")
	for _, setting := range b.info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.revision = setting.Value
		case "vcs.time":
			b.time, err = time.Parse(time.RFC3339, setting.Value)
		}
	}
	if err == nil && b.revision == "" {
		err = errors.New("the binary has no version: build in a clone of the repository")
	}
	return err
}

// runnable returns the path of a binary that runs on this machine.
func runnable(binaries []binary) (string, error) {
	for _, b := range binaries {
		if b.os == runtime.GOOS && b.arch == runtime.GOARCH {
			return b.path, nil
		}
	}
	return "", fmt.Errorf("the manual page comes from a binary that runs here: add %s/%s to -platforms", runtime.GOOS, runtime.GOARCH)
}

// output runs a program, and returns its standard output.
func output(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return text, nil
}
