package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/internal/nonblock"
)

// An HTTP load sends a request over and over on each of its connections, which stay open.
type HTTP struct {
	address string
	request []byte
	mark    int   // where the request differs each time; 0: nowhere
	cycle   int64 // how many different requests there are; 0: each is new
	differs atomic.Int64
	clients []*client
}

// Mark stands in a request where a number differs each time.
const Mark = "#########"

// NewHTTP returns a load of one request with its head and body.
func NewHTTP(address string, request []byte) *HTTP {
	return &HTTP{address: address, request: request, mark: max(0, bytes.Index(request, []byte(Mark)))}
}

// Run implements [Load].
func (l *HTTP) Run(callers int, duration time.Duration) (Run, error) {
	for len(l.clients) < callers {
		socket, err := net.Dial("tcp", l.address)
		if err != nil {
			return Run{}, err
		}
		socket = nonblock.Wrap(socket)
		l.clients = append(l.clients, &client{load: l, socket: socket, in: bufio.NewReaderSize(socket, 16<<10), request: bytes.Clone(l.request)})
	}
	var running sync.WaitGroup
	began := time.Now()
	for _, c := range l.clients[:callers] {
		running.Go(func() { c.run(began.Add(duration)) })
	}
	running.Wait()
	elapsed := time.Since(began)
	var latencies []time.Duration
	for _, c := range l.clients[:callers] {
		if c.err != nil {
			return Run{}, c.err
		}
		latencies = append(latencies, c.latencies...)
	}
	slices.Sort(latencies)
	n := len(latencies)
	return Run{Requests: n, Elapsed: elapsed, P50: latencies[n/2], P99: latencies[n*99/100]}, nil
}

// Close closes the connections.
func (l *HTTP) Close() {
	for _, c := range l.clients {
		c.socket.Close()
	}
	l.clients = nil
}

// A client is a minimal HTTP client: it leaves the CPU to the measured processes.
type client struct {
	load      *HTTP
	socket    net.Conn
	in        *bufio.Reader
	request   []byte
	latencies []time.Duration
	err       error
}

// run sends requests until the deadline, at least one.
func (c *client) run(deadline time.Time) {
	c.latencies, c.err = c.latencies[:0], nil
	for began := time.Now(); len(c.latencies) == 0 || began.Before(deadline); {
		if c.err = c.exchange(io.Discard); c.err != nil {
			return
		}
		ended := time.Now()
		c.latencies = append(c.latencies, ended.Sub(began))
		began = ended
	}
}

// exchange sends a request and copies the body of its response, which must be 200 with a
// Content-Length.
func (c *client) exchange(body io.Writer) error {
	if c.load.mark > 0 {
		n := c.load.differs.Add(1)
		if c.load.cycle > 0 {
			n %= c.load.cycle
		}
		copy(c.request[c.load.mark:], fmt.Sprintf("%0*d", len(Mark), n))
	}
	if _, err := c.socket.Write(c.request); err != nil {
		return err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answered with %q", line)
	}
	length := int64(-1)
	for len(line) > len("\r\n") {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return err
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("answered without Content-Length")
	}
	_, err = io.CopyN(body, c.in, length)
	return err
}

// Answer sends one request and returns the body of the response.
func (l *HTTP) Answer() ([]byte, error) {
	defer l.Close()
	if _, err := l.Run(1, 0); err != nil {
		return nil, err
	}
	var body bytes.Buffer
	err := l.clients[0].exchange(&body)
	return body.Bytes(), err
}
