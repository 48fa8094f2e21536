package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The environment variables that make the test binary a server: of the answers in a folder,
// or an httputil.ReverseProxy in front of a URL.
const (
	answersFolder = "TEST_BENCH_ANSWERS"
	proxiedURL    = "TEST_BENCH_PROXY"
)

// Serve serves if the environment says so. It reports whether it did.
func Serve() bool {
	var handler http.Handler
	if folder := os.Getenv(answersFolder); folder != "" {
		handler = answers(folder)
	} else if target := os.Getenv(proxiedURL); target != "" {
		u, err := url.Parse(target)
		if err != nil {
			panic(err)
		}
		handler = proxy(u)
	} else {
		return false
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	go func() { panic(http.Serve(listener, handler)) }()
	io.Copy(io.Discard, os.Stdin)
	return true
}

func proxy(target *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Else net/http may close the body while the proxy still looks for its end, and the
		// proxy then cuts the response off.
		http.NewResponseController(w).EnableFullDuplex()
		proxy.ServeHTTP(w, r)
	})
}

// answers answers with the file that the path names.
func answers(folder string) http.Handler {
	bodies := make(map[string][]byte)
	for _, w := range workloads {
		body, err := os.ReadFile(filepath.Join(folder, w.name))
		if err != nil {
			panic(err)
		}
		bodies["/"+w.name] = body
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		body := bodies[r.URL.Path]
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	})
}

// startServer runs the test binary as a server until the benchmark ends.
func startServer(t testing.TB, variable, value string) (address string, pid int) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), variable+"="+value)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	return strings.TrimSpace(address), cmd.Process.Pid
}
