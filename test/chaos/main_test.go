// Package chaos tests from outside that callers of the gateway do not notice when
// nodes come, go, slow down or lie, and that the gateway survives overload and hostile
// clients. The README says how to run it.
package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// long is set for the full numbers.
var long = os.Getenv("TEST_CHAOS") == "long"

// form chooses between the short and the long form of a number.
func form[T any](inShort, inLong T) T {
	if long {
		return inLong
	}
	return inShort
}

// soakTime is the duration of the mixed load: TEST_CHAOS_SOAK.
func soakTime(t *testing.T) time.Duration {
	text := os.Getenv("TEST_CHAOS_SOAK")
	if text == "" {
		return form(15*time.Second, 30*time.Minute)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("TEST_CHAOS_SOAK: %v", err)
	}
	return d
}

// program is the gateway, built once, with the race detector if the tests have it;
// swift is built without. cookieFile is shared with the nodes.
var program, swift, cookieFile string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "louche-chaos-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	swift, cookieFile = filepath.Join(dir, "louche"), filepath.Join(dir, "cookie")
	program = swift
	if err := os.WriteFile(cookieFile, []byte(beamtest.DefaultCookie), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	builds := [][]string{{"-o", swift}}
	if raceDetector() {
		program = swift + "-race"
		builds = append(builds, []string{"-o", program, "-race"})
	}
	for _, flags := range builds {
		if out, err := exec.Command("go", append(append([]string{"build"}, flags...), "../../cmd/louche")...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the gateway: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// raceDetector reports whether the tests were built with the race detector.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

var eventually = waittest.Until
