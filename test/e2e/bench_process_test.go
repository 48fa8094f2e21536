package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a process whose CPU time the benchmark measures.
type process struct {
	name string
	pid  int
}

// cpu returns the user and system time of the process: the sum over its threads, since
// /proc gives nanoseconds for threads only. It misses threads that have ended; neither the
// BEAM nor Go ends threads under load.
func (p process) cpu(b *testing.B) time.Duration {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.pid))
	if err != nil || len(threads) == 0 {
		b.Fatalf("no CPU times of process %d in /proc, which takes Linux: %v", p.pid, err)
	}
	var sum time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			b.Fatal(err)
		}
		var used time.Duration
		if _, err := fmt.Sscan(string(text), &used); err != nil {
			b.Fatalf("%s: %v", thread, err)
		}
		sum += used
	}
	return sum
}

// runGateway runs the gateway as a process until the benchmark ends. It returns its address
// for clients when a node can be called.
func runGateway(b *testing.B, yaml string) (address string, pid int) {
	file := filepath.Join(b.TempDir(), "louche.yaml")
	address = freeAddress(b)
	text := fmt.Sprintf("listen: %s\nadmin: %s\n%s", address, freeAddress(b), yaml)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := command(b, "serve", "--config", file)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			b.Errorf("serve: %v", err)
		}
		if b.Failed() {
			b.Logf("log of the gateway:\n%s", &log)
		}
	})
	eventually(b, "the gateway is ready", func() bool {
		resp, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return address, cmd.Process.Pid
}

// bareAnswer is the environment variable that makes the test binary a bare net/http server.
// Its value is the response body.
const bareAnswer = "TEST_BENCH_ANSWER"

// runNetHTTP runs such a server until the benchmark ends.
func runNetHTTP(b *testing.B, answer string) (address string, pid int) {
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), bareAnswer+"="+answer)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("the net/http server did not start: %v", err)
	}
	return strings.TrimSpace(address), cmd.Process.Pid
}

// serveBareAnswer prints its address and serves until its standard input ends.
func serveBareAnswer(answer string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		err := http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
			io.WriteString(w, answer)
		}))
		panic(err)
	}()
	io.Copy(io.Discard, os.Stdin)
}
