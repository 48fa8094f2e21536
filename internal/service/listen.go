package service

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/louche-graphql/louche/internal/config"
)

// listen opens a listener. key is its key in the configuration, and the name of its flag.
// sockets are those of systemd.
func listen(key, address string, sockets map[string][]net.Listener) (net.Listener, error) {
	if address == config.SystemdSocket {
		return passed(key, sockets)
	}
	path, isUnix := strings.CutPrefix(address, config.UnixPrefix)
	if isUnix {
		return listenUnix(key, path)
	}
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: another program listens on %s; give another address with --%s ADDR or the key %s", key, address, key, key)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s: this user may not listen on %s; give a port from 1024 on with --%s ADDR or the key %s", key, address, key, key)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s: this machine does not have the address %s; give another one with --%s ADDR or the key %s", key, address, key, key)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return l, nil
}

// listenUnix opens a Unix socket. It replaces one that an earlier process has left, but not
// one that a process listens on.
func listenUnix(key, path string) (net.Listener, error) {
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("%s: another program listens on %s; give another path", key, path)
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path) // if it cannot, Listen says so
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return l, nil
}
