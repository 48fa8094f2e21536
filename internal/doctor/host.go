package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/louche-graphql/louche/internal/config"
)

func (e *examination) checkCookie() (passed bool) {
	return e.result("cookie", "of node "+e.cfg.Node.Name, e.cfg.CheckCookie(), "give the nodes and the gateway the same random cookie, such as openssl rand -hex 32 prints")
}

func (e *examination) checkFiles() {
	e.result("files", "all that the configuration names can be read", e.cfg.CheckOtherFiles(), "correct the file, or the key that names it")
}

// expiryNotice is the time before the end of a certificate from which a warning is due.
const expiryNotice = 14 * 24 * time.Hour

// checkCertificates checks the dates of the gateway's own certificates. Unreadable files are
// findings of checkFiles.
func (e *examination) checkCertificates(now time.Time) {
	for _, file := range []string{e.cfg.TLS.CertFile, e.cfg.Node.TLS.CertFile, e.cfg.TLS.ClientCAFile, e.cfg.Node.TLS.CAFile} {
		text, err := os.ReadFile(file) // #nosec G703 -- the operator names the file
		if file == "" || err != nil {
			continue
		}
		for _, c := range certificates(text) {
			f := expiry(c, now)
			f.Detail = fmt.Sprintf("%s: %s: %s", file, c.Subject, f.Detail)
			e.report(f)
		}
	}
}

func certificates(text []byte) (found []*x509.Certificate) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return found
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			found = append(found, c)
		}
	}
}

func expiry(c *x509.Certificate, now time.Time) Finding {
	f := Finding{"certificate", Passed, "valid until " + c.NotAfter.UTC().Format(time.DateOnly), ""}
	switch {
	case now.Before(c.NotBefore):
		f.Status, f.Detail, f.Remedy = Failed, "not valid before "+c.NotBefore.UTC().Format(time.DateTime), "set the clock of this host (NTP), or issue the certificate again"
	case now.After(c.NotAfter):
		f.Status, f.Detail, f.Remedy = Failed, "expired on "+c.NotAfter.UTC().Format(time.DateOnly), "renew the certificate; the gateway reads the file again when it changes"
	case now.Add(expiryNotice).After(c.NotAfter):
		f.Status, f.Remedy = Warned, "renew the certificate; the gateway reads the file again when it changes"
	}
	return f
}

// checkListeners finds addresses that a gateway could not listen on. One that is in use may be
// that of the running gateway.
func (e *examination) checkListeners(ctx context.Context) {
	for key, address := range map[string]string{"listen": e.cfg.Listen, "admin": e.cfg.Admin} {
		path, isUnix := strings.CutPrefix(address, config.UnixPrefix)
		if isUnix {
			e.isRunning = e.isRunning || answers(ctx, path)
		}
		if isUnix || address == config.SystemdSocket {
			continue
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			e.isRunning = e.isRunning || errors.Is(err, syscall.EADDRINUSE)
			e.report(Finding{key, Warned, err.Error(), "is the gateway running already? Else give another address with the key " + key})
			continue
		}
		listener.Close()
		e.report(Finding{key, Passed, address, ""})
	}
}

// answers reports whether a program listens on a Unix socket.
func answers(ctx context.Context, path string) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
