package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

func (versionCommand) Run(out output) error {
	fmt.Fprintln(out, "louche", version())
	return nil
}

// version returns the version that the Go toolchain put into the binary: a tag or a commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version + " " + info.GoVersion
}
