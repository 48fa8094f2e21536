package discovery

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The EPMD protocol (ERTS User's Guide, "Distribution Protocol", section "EPMD Protocol"). A
// request follows its length in two bytes. An answer ends where EPMD closes the connection.
const (
	tagNamesReq       = 110
	tagPort2Resp      = 119
	tagPortPlease2Req = 122

	nodeTypeHidden = 72
	nodeTypeNormal = 77

	// minVersion is the version of the distribution protocol of OTP 23.
	minVersion = 6

	// maxAnswer bounds an answer, in bytes. EPMD's select loop holds about a thousand
	// nodes; with names of 255 characters they take 279,000 bytes.
	maxAnswer = 320 << 10
)

// entry is a node in an EPMD. It is untrusted: any process of the host can register any name
// and any port, including 0.
type entry struct {
	name string
	port uint16
}

// epmdNames asks the EPMD at addr for all nodes (NAMES_REQ).
func epmdNames(ctx context.Context, addr netip.AddrPort, timeout time.Duration) ([]entry, error) {
	answer, err := converse(ctx, addr, timeout, []byte{tagNamesReq})
	if err != nil {
		return nil, err
	}
	return parseNames(answer)
}

// epmdPort asks the EPMD at addr for the port of a node (PORT_PLEASE2_REQ).
func epmdPort(ctx context.Context, addr netip.AddrPort, timeout time.Duration, short string) (uint16, error) {
	answer, err := converse(ctx, addr, timeout, append([]byte{tagPortPlease2Req}, short...))
	if err != nil {
		return 0, err
	}
	return parsePort(answer, short)
}

// converse sends a request of at most 64 KiB and reads the whole answer.
func converse(ctx context.Context, addr netip.AddrPort, timeout time.Duration, request []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no complete answer within %s: %w", timeout, context.DeadlineExceeded))
	defer cancel()
	answer, err := exchange(ctx, addr, request)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, context.Cause(ctx))
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w: %w; is EPMD running there? (set discovery.port for releases without EPMD)", ErrUnreachable, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, maxAnswer)
	}
	return answer, nil
}

// exchange reads at most maxAnswer+1 bytes.
func exchange(ctx context.Context, addr netip.AddrPort, request []byte) ([]byte, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	framed := binary.BigEndian.AppendUint16(nil, uint16(len(request)))
	if _, err := conn.Write(append(framed, request...)); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(conn, maxAnswer+1))
}

// parseNames reads a NAMES_RESP: EPMD's own port in four bytes, then a line
// "name %s at port %d\n" for each node. A malformed line refuses the whole answer: a
// truncated answer must not look as if nodes were gone.
func parseNames(answer []byte) ([]entry, error) {
	if len(answer) < 4 {
		return nil, fmt.Errorf("%w: %d bytes are less than the 4 of EPMD's port; is it an EPMD?", ErrMalformed, len(answer))
	}
	if port := binary.BigEndian.Uint32(answer); port > 65535 {
		return nil, fmt.Errorf("%w: begins with %q instead of a port; is it an EPMD?", ErrMalformed, answer[:4])
	}
	var entries []entry
	for line := range bytes.Lines(answer[4:]) {
		e, err := parseNameLine(string(line))
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrMalformed, len(entries)+1, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func parseNameLine(line string) (entry, error) {
	line, whole := strings.CutSuffix(line, "\n")
	rest, named := strings.CutPrefix(line, "name ")
	i := strings.LastIndex(rest, " at port ")
	if !whole || !named || i < 1 {
		return entry{}, fmt.Errorf("%.80q is not \"name ... at port ...\" and a line end", line)
	}
	name, digits := rest[:i], rest[i+len(" at port "):]
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || strconv.FormatUint(port, 10) != digits {
		return entry{}, fmt.Errorf("%.80q is not a port", digits)
	}
	return entry{name: name, port: uint16(port)}, nil
}

// parsePort reads a PORT2_RESP for a node: tag, result and, if the result is 0, port (2
// bytes), node type, protocol, highest and lowest version (2 each), name and extra (each
// after its length in 2).
func parsePort(answer []byte, short string) (uint16, error) {
	if len(answer) < 2 || answer[0] != tagPort2Resp {
		return 0, fmt.Errorf("%w: %.16q is not a PORT2_RESP; is it an EPMD?", ErrMalformed, answer)
	}
	if answer[1] != 0 {
		return 0, ErrNotRegistered
	}
	cut := fmt.Errorf("%w: a PORT2_RESP of %d bytes is truncated or too long", ErrMalformed, len(answer))
	if len(answer) < 10 {
		return 0, cut
	}
	port := binary.BigEndian.Uint16(answer[2:])
	nodeType := answer[4]
	highest := binary.BigEndian.Uint16(answer[6:])
	name, rest, named := cutCounted(answer[10:])
	_, rest, whole := cutCounted(rest)
	if !named || !whole || len(rest) > 0 {
		return 0, cut
	}

	switch {
	case string(name) != short:
		return 0, fmt.Errorf("%w: the request is for %q, the answer for %.80q", ErrMalformed, short, name)
	case nodeType != nodeTypeNormal && nodeType != nodeTypeHidden:
		return 0, fmt.Errorf("%w: node type %d is neither normal (77) nor hidden (72)", ErrMalformed, nodeType)
	case port == 0:
		return 0, fmt.Errorf("%w: the node is registered at port 0", ErrMalformed)
	case highest < minVersion:
		return 0, fmt.Errorf("%w: its highest version of the distribution protocol is %d, not %d", ErrTooOld, highest, minVersion)
	}
	return port, nil
}

// cutCounted cuts a field after its length in two bytes off the front of b.
func cutCounted(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if len(b)-2 < n {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}
