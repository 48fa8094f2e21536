package nonblock

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// maxTransfer is the most bytes of one system call: about 20 µs of copying.
const maxTransfer = 64 << 10

// Wrap returns a connection over the same socket whose Read and Write keep the thread's P. If
// conn is not a [*net.TCPConn], the result is conn itself. Results, errors, deadlines and Close
// are those of [net.TCPConn].
func Wrap(conn net.Conn) net.Conn {
	socket, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return conn
	}
	c := &tcpConn{TCPConn: socket, raw: raw}
	c.reading.try, c.writing.try = c.reading.read, c.writing.write
	return c
}

type tcpConn struct {
	*net.TCPConn
	raw     syscall.RawConn
	reading transfer
	writing transfer
}

// A transfer is the Read or the Write in progress.
type transfer struct {
	mu    sync.Mutex // one at a time, as in package net
	try   func(fd uintptr) (done bool)
	bytes []byte
	n     int // bytes moved
	err   error
}

// Read reads up to len(b) bytes.
func (c *tcpConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return c.TCPConn.Read(b)
	}
	n, err := c.reading.run(b, c.raw.Read)
	switch {
	case err != nil:
		return n, c.opError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write writes all of b, unless it returns an error.
func (c *tcpConn) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return c.TCPConn.Write(b)
	}
	n, err := c.writing.run(b, c.raw.Write)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

// run moves bytes from or to b. wait calls try whenever the socket is ready, until try is done,
// the deadline passes or the socket is closed.
func (t *transfer) run(b []byte, wait func(func(fd uintptr) bool) error) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes, t.n, t.err = b, 0, nil
	err := wait(t.try)
	if err == nil {
		err = t.err
	}
	t.bytes = nil
	return t.n, err
}

// read makes one successful call.
func (t *transfer) read(fd uintptr) (done bool) {
	t.n, t.err = retry(read, fd, t.bytes)
	return t.err != syscall.EAGAIN
}

// write makes calls until all bytes are written.
func (t *transfer) write(fd uintptr) (done bool) {
	for t.n < len(t.bytes) {
		n, err := retry(write, fd, t.bytes[t.n:])
		if err != nil {
			t.err = err
			return err != syscall.EAGAIN
		}
		t.n += n
	}
	t.err = nil
	return true
}

// retry calls until no signal interrupts the call.
func retry(call func(uintptr, []byte) (int, error), fd uintptr, b []byte) (int, error) {
	b = b[:min(len(b), maxTransfer)]
	for {
		n, err := call(fd, b)
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}

// opError gives an error the form that it has in package net.
func (c *tcpConn) opError(op string, err error) error {
	if waiting, ok := errors.AsType[*net.OpError](err); ok {
		err = waiting.Err
	} else {
		err = os.NewSyscallError(op, err)
	}
	return &net.OpError{Op: op, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}
