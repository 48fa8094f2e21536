package erldist

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

var (
	initiator = Node{Name: "louche@127.0.0.1", Creation: 11, Cookie: "secret"}
	acceptor  = Node{Name: "my-app-01ABC@fdaa:0:1::3", Creation: 22, Cookie: "secret"}
)

// pair returns both ends of a connection with buffered writes.
func pair(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}

type outcome struct {
	peer Peer
	err  error
}

// accepting runs Accept on conn and closes it on failure, as a node would.
func accepting(t testing.TB, conn net.Conn, local Node) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		peer, err := Accept(t.Context(), conn, local)
		if err != nil {
			conn.Close()
		}
		done <- outcome{peer, err}
	}()
	return done
}

func TestHandshake(t *testing.T) {
	a, b := pair(t)
	accepted := accepting(t, b, acceptor)
	peer, err := Initiate(t.Context(), a, initiator)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Peer{acceptor.Name, 22, HiddenFlags}); peer != want {
		t.Errorf("the acceptor introduced itself as %v, want %v", peer, want)
	}
	got := <-accepted
	if want := (Peer{initiator.Name, 11, HiddenFlags}); got.err != nil || got.peer != want {
		t.Errorf("the initiator introduced itself as %v (%v), want %v", got.peer, got.err, want)
	}
	if peer.Flags&FlagPublished != 0 {
		t.Error("a node made with the default flags is published")
	}
}

func TestHandshakeWithWrongCookie(t *testing.T) {
	a, b := pair(t)
	wrong := acceptor
	wrong.Cookie = "other"
	accepted := accepting(t, b, wrong)
	if _, err := Initiate(t.Context(), a, initiator); !errors.Is(err, ErrCookie) {
		t.Errorf("initiator: %v, want ErrCookie", err)
	}
	if got := <-accepted; !errors.Is(got.err, ErrCookie) {
		t.Errorf("acceptor: %v, want ErrCookie", got.err)
	}
}

// An acceptor that takes any cookie is not trusted.
func TestHandshakeWithImpostor(t *testing.T) {
	a, b := pair(t)
	go func() {
		readPacket(b)
		writePacket(b, []byte("sok"))
		challenge := uint32(7)
		writePacket(b, appendName([]byte{'N'}, acceptor, &challenge))
		readPacket(b)
		writePacket(b, append([]byte{'a'}, make([]byte, 16)...))
	}()
	if _, err := Initiate(t.Context(), a, initiator); !errors.Is(err, ErrCookie) {
		t.Errorf("%v, want ErrCookie", err)
	}
}

func TestHandshakeWithMissingFlags(t *testing.T) {
	a, b := pair(t)
	lame := acceptor
	lame.Flags = HiddenFlags &^ FlagSpawn
	accepting(t, b, lame)
	_, err := Initiate(t.Context(), a, initiator)
	if !errors.Is(err, ErrFlags) || !strings.Contains(err.Error(), "SPAWN") {
		t.Errorf("%v, want ErrFlags that names SPAWN", err)
	}

	a, b = pair(t)
	accepted := accepting(t, b, acceptor)
	lame = initiator
	lame.Flags = HiddenFlags &^ FlagBigCreation
	if _, err := Initiate(t.Context(), a, lame); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("initiator: %v, want ErrNotAllowed", err)
	}
	if got := <-accepted; !errors.Is(got.err, ErrFlags) || !strings.Contains(got.err.Error(), "BIG_CREATION") {
		t.Errorf("acceptor: %v, want ErrFlags that names BIG_CREATION", got.err)
	}
}

// Every status that a node may answer with before it closes the connection.
func TestStatus(t *testing.T) {
	for status, want := range map[string]error{
		"nok":                           ErrAlive,
		"alive":                         ErrAlive,
		"not_allowed":                   ErrNotAllowed,
		"named:\x00\x03a@b\x00\x00\x00": ErrProtocol,
		"whatever":                      ErrProtocol,
		"":                              ErrProtocol,
	} {
		t.Run(status, func(t *testing.T) {
			a, b := pair(t)
			go func() {
				readPacket(b)
				writePacket(b, []byte("s"+status))
				readPacket(b)
				b.Close()
			}()
			_, err := Initiate(t.Context(), a, initiator)
			var failure *HandshakeError
			if !errors.Is(err, want) || !errors.As(err, &failure) {
				t.Errorf("%v, want a HandshakeError for %v", err, want)
			}
		})
	}
}

func TestStatusOkSimultaneous(t *testing.T) {
	a, b := pair(t)
	go func() {
		readPacket(b)
		writePacket(b, []byte("sok_simultaneous"))
		challenge := uint32(7)
		writePacket(b, appendName([]byte{'N'}, acceptor, &challenge))
		reply, _ := readPacket(b)
		ours := binary.BigEndian.Uint32(reply[1:])
		writePacket(b, append([]byte{'a'}, digest("secret", ours)...))
	}()
	if _, err := Initiate(t.Context(), a, initiator); err != nil {
		t.Error(err)
	}
}

// A peer that holds our former connection drops it if we know that it is dead.
func TestStatusAliveOnReconnect(t *testing.T) {
	for reconnect, want := range map[bool]string{true: "strue", false: "sfalse"} {
		a, b := pair(t)
		answer := make(chan string, 1)
		go func() {
			readPacket(b)
			writePacket(b, []byte("salive"))
			packet, _ := readPacket(b)
			answer <- string(packet)
			b.Close()
		}()
		again := initiator
		again.Reconnect = reconnect
		_, err := Initiate(t.Context(), a, again)
		if got := <-answer; got != want {
			t.Errorf("Reconnect %t answers %q, want %q", reconnect, got, want)
		}
		if errors.Is(err, ErrAlive) == reconnect {
			t.Errorf("Reconnect %t fails with %v", reconnect, err)
		}
	}
}

// A peer of another protocol and a silent one have different errors.
func TestHandshakeWithStrangers(t *testing.T) {
	t.Run("closes at once", func(t *testing.T) {
		a, b := pair(t)
		go func() {
			readPacket(b)
			b.Close()
		}()
		if _, err := Initiate(t.Context(), a, initiator); !errors.Is(err, ErrFlags) {
			t.Error(err)
		}
	})
	t.Run("HTTP", func(t *testing.T) {
		a, b := pair(t)
		go func() {
			readPacket(b)
			io.WriteString(b, "HTTP/1.1 400 Bad Request\r\n\r\n"+strings.Repeat(" ", 1<<16))
		}()
		if _, err := Initiate(t.Context(), a, initiator); !errors.Is(err, ErrProtocol) {
			t.Error(err)
		}
	})
	t.Run("silent", func(t *testing.T) {
		a, _ := pair(t)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := Initiate(ctx, a, initiator); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	t.Run("dynamic name", func(t *testing.T) {
		a, b := pair(t)
		accepted := accepting(t, b, acceptor)
		nameless := initiator
		nameless.Flags = HiddenFlags | FlagNameMe
		if _, err := Initiate(t.Context(), a, nameless); !errors.Is(err, ErrNotAllowed) {
			t.Error(err)
		}
		if got := <-accepted; !errors.Is(got.err, ErrNotAllowed) {
			t.Error(got.err)
		}
	})
}

// The digest is what erlang:md5("secret4294967295") gives.
func TestDigest(t *testing.T) {
	want := []byte{93, 253, 24, 30, 105, 170, 88, 124, 200, 18, 235, 51, 62, 101, 54, 182}
	if got := digest("secret", 4294967295); !bytes.Equal(got, want) {
		t.Errorf("% x", got)
	}
}

// scripted is a connection with a fixed input.
type scripted struct {
	net.Conn
	in []byte
}

func (s *scripted) Read(b []byte) (int, error) {
	if len(s.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.in)
	s.in = s.in[n:]
	return n, nil
}

func (s *scripted) Write(b []byte) (int, error) { return len(b), nil }
func (s *scripted) SetDeadline(time.Time) error { return nil }
func (s *scripted) Close() error                { return nil }

// inet_tls_dist puts four bytes of length before handshake messages, plain TCP two.
func TestHandshakeOverTLS(t *testing.T) {
	a, b := pair(t)
	client, server := overTLS(t, a, b)
	accepted := accepting(t, server, acceptor)
	if _, err := Initiate(t.Context(), client, initiator); err != nil {
		t.Error(err)
	}
	if got := <-accepted; got.err != nil {
		t.Error(got.err)
	}

	a, b = pair(t)
	client, server = overTLS(t, a, b)
	go Initiate(t.Context(), client, initiator)
	var length [4]byte
	if _, err := io.ReadFull(server, length[:]); err != nil {
		t.Fatal(err)
	}
	if want := uint32(len(appendName([]byte{'N'}, initiator, nil))); binary.BigEndian.Uint32(length[:]) != want {
		t.Errorf("the first message begins with % x, want a length of %d in four bytes", length, want)
	}
}

// overTLS wraps both ends of a connection, with a certificate of its own.
func overTLS(t *testing.T, a, b net.Conn) (client, server net.Conn) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"node"}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Client(a, &tls.Config{RootCAs: roots, ServerName: "node"}),
		tls.Server(b, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: private}}})
}

// A Node never prints its cookie.
func TestNodePrintsNoCookie(t *testing.T) {
	node := Node{Name: "louche@127.0.0.1", Cookie: "s3cret-cookie"}
	encoded, err := json.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(node), fmt.Sprintf("%+v", node), fmt.Sprintf("%#v", node), fmt.Sprint(&node), string(encoded)} {
		if strings.Contains(text, "s3cret") || !strings.Contains(text, "louche@127.0.0.1") {
			t.Error(text)
		}
	}
}
