package service

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// listen opens a listener. key is its key in the configuration, and the name of its flag.
func listen(key, address string) (net.Listener, error) {
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
