package erldist

import (
	"context"
	"crypto/md5" // #nosec G501 -- the protocol has no other
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Node is this side of a connection. It prints as its name, to keep Cookie secret.
type Node struct {
	// Name is the full node name, name@host. It becomes an atom on the peer, which is
	// never freed: use few different ones.
	Name string
	// Creation identifies this incarnation of the node. It must differ at every start
	// and not be 0.
	Creation uint32
	// Cookie is the shared secret. It is never sent.
	Cookie string `json:"-"`
	// Flags are the offered capabilities. 0 means [HiddenFlags].
	Flags Flags
	// Reconnect says that an earlier connection of this node to the peer is dead. A
	// peer that has not noticed yet answers "alive". Reconnect makes it drop the old
	// connection; otherwise the handshake fails with [ErrAlive].
	Reconnect bool
}

func (n Node) String() string   { return n.Name }
func (n Node) GoString() string { return n.Name }

// Peer is the other side of a connection, as it introduced itself.
type Peer struct {
	Name     string
	Creation uint32
	Flags    Flags
}

// Errors of a handshake, for [errors.Is].
var (
	// ErrCookie: the cookies of both sides differ.
	ErrCookie = errors.New("wrong cookie")
	// ErrAlive: the peer already has a connection from a node of this name.
	ErrAlive = errors.New("node name is in use")
	// ErrNotAllowed: the peer refuses connections from this node name.
	ErrNotAllowed = errors.New("not allowed")
	// ErrFlags: one side lacks a flag that the other requires.
	ErrFlags = errors.New("missing distribution flags")
	// ErrProtocol: the bytes are not a handshake of version 6.
	ErrProtocol = errors.New("not a distribution handshake of version 6")
)

// A HandshakeError says in which step a handshake failed, and why. It wraps one of the
// errors above or the error of the connection.
type HandshakeError struct {
	Step string // the step's name in the protocol's documentation
	Err  error
	Hint string // what to check; may be empty
}

func (e *HandshakeError) Error() string {
	s := "distribution handshake, " + e.Step + ": " + e.Err.Error()
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *HandshakeError) Unwrap() error { return e.Err }

func failed(step string, err error, hint string) *HandshakeError {
	return &HandshakeError{Step: step, Err: err, Hint: hint}
}

// Initiate performs the handshake as the dialling side ("The Handshake in Detail",
// node A). It reads nothing beyond the handshake; [New] takes the connection from
// there. The end of ctx ends the handshake. A failure leaves the connection open.
//
// Errors are of type [*HandshakeError].
func Initiate(ctx context.Context, conn net.Conn, local Node) (Peer, error) {
	defer bindContext(ctx, conn)()
	peer, err := initiate(conn, local)
	return peer, withCause(ctx, err)
}

// Accept performs the handshake as the listening side (node B). It is otherwise like
// [Initiate].
func Accept(ctx context.Context, conn net.Conn, local Node) (Peer, error) {
	defer bindContext(ctx, conn)()
	peer, err := accept(conn, local)
	return peer, withCause(ctx, err)
}

// bindContext interrupts reads and writes of conn at the end of ctx, until the
// returned function is called.
func bindContext(ctx context.Context, conn net.Conn) func() {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return func() {
		if stop() {
			conn.SetDeadline(time.Time{})
		}
	}
}

// withCause replaces the timeout that the end of ctx caused by the cause of ctx.
func withCause(ctx context.Context, err error) error {
	var failure *HandshakeError
	if cause := context.Cause(ctx); cause != nil && errors.As(err, &failure) {
		failure.Err = cause
	}
	return err
}

func initiate(conn net.Conn, local Node) (Peer, error) {
	name := appendName([]byte{'N'}, local, nil)
	if err := writePacket(conn, name); err != nil {
		return Peer{}, failed("send_name", err, "")
	}
	if err := recvStatus(conn, local); err != nil {
		return Peer{}, err
	}
	peer, challenge, err := recvChallenge(conn)
	if err != nil {
		return Peer{}, err
	}
	ours := newChallenge()
	reply := binary.BigEndian.AppendUint32([]byte{'r'}, ours)
	reply = append(reply, digest(local.Cookie, challenge)...)
	if err := writePacket(conn, reply); err != nil {
		return Peer{}, failed("send_challenge_reply", err, "")
	}
	ack, err := readPacket(conn)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || isReset(err) {
		return Peer{}, failed("recv_challenge_ack", ErrCookie, peer.Name+" rejected our cookie")
	}
	if err != nil {
		return Peer{}, failed("recv_challenge_ack", err, "")
	}
	if len(ack) != 17 || ack[0] != 'a' {
		return Peer{}, failed("recv_challenge_ack", ErrProtocol, "")
	}
	if subtle.ConstantTimeCompare(ack[1:], digest(local.Cookie, ours)) != 1 {
		return Peer{}, failed("recv_challenge_ack", ErrCookie, peer.Name+" has another cookie")
	}
	return peer, nil
}

func recvStatus(conn net.Conn, local Node) error {
	const step = "recv_status"
	status, err := readPacket(conn)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isReset(err) {
		return failed(step, ErrFlags, "the peer closed the connection after our name and flags; it may be older than OTP 23, require TLS, or not be an Erlang node")
	}
	if err != nil {
		return failed(step, err, "")
	}
	if len(status) == 0 || status[0] != 's' {
		return failed(step, ErrProtocol, "")
	}
	switch text := string(status[1:]); {
	case text == "ok", text == "ok_simultaneous":
		return nil
	case text == "nok":
		return failed(step, ErrAlive, "another handshake with "+local.Name+" is in progress at the peer")
	case text == "alive":
		answer := "sfalse"
		if local.Reconnect {
			answer = "strue"
		}
		if err := writePacket(conn, []byte(answer)); err != nil {
			return failed("send_status", err, "")
		}
		if !local.Reconnect {
			return failed(step, ErrAlive, "the peer has a connection from "+local.Name+": another node of this name, or this one, which reached the peer at another address")
		}
		return nil
	case text == "not_allowed":
		return failed(step, ErrNotAllowed, "net_kernel:allow/1 on the peer does not list "+local.Name)
	case strings.HasPrefix(text, "named:"):
		return failed(step, ErrProtocol, "the peer assigned a dynamic name without a request")
	default:
		return failed(step, ErrProtocol, "unknown status "+strconv.Quote(text))
	}
}

func recvChallenge(conn net.Conn) (Peer, uint32, error) {
	const step = "recv_challenge"
	packet, err := readPacket(conn)
	if err != nil {
		return Peer{}, 0, failed(step, err, "")
	}
	// 'N', Flags 8, Challenge 4, Creation 4, Nlen 2, Name, and additions of later
	// versions.
	if len(packet) < 19 || packet[0] != 'N' {
		return Peer{}, 0, failed(step, ErrProtocol, "")
	}
	peer := Peer{
		Flags:    Flags(binary.BigEndian.Uint64(packet[1:])),
		Creation: binary.BigEndian.Uint32(packet[13:]),
	}
	if peer.Name, err = nodeName(packet[17:]); err != nil {
		return Peer{}, 0, failed(step, err, "")
	}
	if err := checkFlags(peer.Flags); err != nil {
		return Peer{}, 0, failed(step, err, peer.Name)
	}
	return peer, binary.BigEndian.Uint32(packet[9:]), nil
}

func accept(conn net.Conn, local Node) (Peer, error) {
	peer, err := recvName(conn)
	if err != nil {
		return Peer{}, err
	}
	if err := writePacket(conn, []byte("sok")); err != nil {
		return Peer{}, failed("send_status", err, "")
	}
	challenge := newChallenge()
	packet := appendName([]byte{'N'}, local, &challenge)
	if err := writePacket(conn, packet); err != nil {
		return Peer{}, failed("send_challenge", err, "")
	}
	reply, err := readPacket(conn)
	if err != nil {
		return Peer{}, failed("recv_challenge_reply", err, "")
	}
	if len(reply) != 21 || reply[0] != 'r' {
		return Peer{}, failed("recv_challenge_reply", ErrProtocol, "")
	}
	if subtle.ConstantTimeCompare(reply[5:], digest(local.Cookie, challenge)) != 1 {
		return Peer{}, failed("recv_challenge_reply", ErrCookie, peer.Name)
	}
	ack := append([]byte{'a'}, digest(local.Cookie, binary.BigEndian.Uint32(reply[1:]))...)
	if err := writePacket(conn, ack); err != nil {
		return Peer{}, failed("send_challenge_ack", err, "")
	}
	return peer, nil
}

func recvName(conn net.Conn) (Peer, error) {
	const step = "recv_name"
	packet, err := readPacket(conn)
	if err != nil {
		return Peer{}, failed(step, err, "")
	}
	// 'N', Flags 8, Creation 4, Nlen 2, Name. Only OTP 23 and 24 nodes without EPMD
	// send the old 'n'; they are not supported.
	if len(packet) < 15 || packet[0] != 'N' {
		return Peer{}, failed(step, ErrProtocol, "")
	}
	peer := Peer{
		Flags:    Flags(binary.BigEndian.Uint64(packet[1:])),
		Creation: binary.BigEndian.Uint32(packet[9:]),
	}
	if peer.Flags&FlagNameMe != 0 {
		writePacket(conn, []byte("snot_allowed"))
		return Peer{}, failed(step, ErrNotAllowed, "the peer asks for a dynamic node name")
	}
	if peer.Name, err = nodeName(packet[13:]); err != nil {
		return Peer{}, failed(step, err, "")
	}
	if err := checkFlags(peer.Flags); err != nil {
		writePacket(conn, []byte("snot_allowed"))
		return Peer{}, failed(step, err, peer.Name)
	}
	return peer, nil
}

// appendName appends the common part of send_name, which has no challenge, and
// send_challenge.
func appendName(b []byte, local Node, challenge *uint32) []byte {
	flags := local.Flags
	if flags == 0 {
		flags = HiddenFlags
	}
	b = binary.BigEndian.AppendUint64(b, uint64(flags))
	if challenge != nil {
		b = binary.BigEndian.AppendUint32(b, *challenge)
	}
	b = binary.BigEndian.AppendUint32(b, local.Creation)
	b = binary.BigEndian.AppendUint16(b, uint16(len(local.Name)))
	return append(b, local.Name...)
}

// nodeName reads Nlen and Name from the start of b.
func nodeName(b []byte) (string, error) {
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	if n > len(b) {
		return "", fmt.Errorf("%w: a name of %d bytes in a packet with %d left", ErrProtocol, n, len(b))
	}
	name := string(b[:n])
	local, host, ok := strings.Cut(name, "@")
	printable := utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
	if !ok || local == "" || host == "" || !printable || utf8.RuneCountInString(name) > 255 {
		return "", fmt.Errorf("%w: %q is not a node name", ErrProtocol, name)
	}
	return name, nil
}

func checkFlags(f Flags) error {
	if missing := requiredFlags &^ f; missing != 0 {
		return fmt.Errorf("%w: the peer does not offer %v", ErrFlags, missing)
	}
	return nil
}

// digest is gen_digest of the documentation: the MD5 of the cookie followed by the
// challenge in decimal.
func digest(cookie string, challenge uint32) []byte {
	sum := md5.Sum(strconv.AppendUint([]byte(cookie), uint64(challenge), 10)) // #nosec G401 -- the protocol has no other
	return sum[:]
}

func newChallenge() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])
}

// lengthSize is the size of the length before a handshake message: two bytes, or four
// over TLS, since inet_tls_dist sets {packet, 4} from the start.
func lengthSize(conn any) int {
	if _, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		return 4
	}
	return 2
}

func writePacket(w io.Writer, b []byte) error {
	length := binary.BigEndian.AppendUint32(nil, uint32(len(b)))
	_, err := w.Write(append(length[4-lengthSize(w):], b...))
	return err
}

func readPacket(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[4-lengthSize(r):]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > 1<<16-1 {
		return nil, fmt.Errorf("%w: a message of %d bytes", ErrProtocol, n)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	return b, nil
}
