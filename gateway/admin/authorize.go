package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/internal/keypath"
)

// tokenHash is the SHA-256 of the operators' token. Comparing hashes takes the same time
// for every token, of whatever length.
type tokenHash [sha256.Size]byte

// minToken is the least length of the operators' token, in bytes: 16 random characters
// withstand guessing over a network.
const minToken = 16

// CheckToken returns why a token cannot be the operators' token. The error does not contain
// the token.
func CheckToken(token string) error {
	if len(token) < minToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return keypath.Errorf("admin_token", "is shorter than %d characters, or not one line of ASCII without spaces; make one with: openssl rand -hex 32", minToken)
	}
	return nil
}

// SetToken sets the token that operators send (Authorization: Bearer, RFC 6750).
func (a *Admin) SetToken(token string) {
	a.token.Store(new(tokenHash(sha256.Sum256([]byte(token)))))
}

// Authorize lets requests of operators pass, and refuses and logs the others.
func (a *Admin) Authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.authorize(r); err != nil {
			a.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// RefuseForeignOrigins refuses requests that a page of another origin made a browser send.
func (a *Admin) RefuseForeignOrigins(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.refuse(w, r, response.ForeignOrigin) }))
	return protection.Handler(next)
}

func (a *Admin) refuse(w http.ResponseWriter, r *http.Request, err *response.Error) {
	a.log.Warn("request of an operator refused", "code", err.Code, "client", r.RemoteAddr, "method", r.Method, "url", r.URL.Path)
	err.Write(w)
}

var (
	errOperatorsOnly  = &response.Error{Status: http.StatusUnauthorized, Failure: operation.Error{Code: "UNAUTHENTICATED", Message: "This is for operators: send the token of admin_token as Authorization: Bearer."}, Header: [2]string{"WWW-Authenticate", `Bearer realm="louche operators"`}}
	errTooManyGuesses = &response.Error{Status: http.StatusTooManyRequests, Failure: operation.Error{Code: "RATE_LIMITED", Message: "Too many wrong tokens were sent from this address.", RetryAfter: guessInterval}}
	errNamedHost      = &response.Error{Status: http.StatusForbidden, Failure: operation.Error{Code: "FORBIDDEN", Message: "Without admin_token, use an IP address or localhost as Host: another name in Host may belong to a web page (DNS rebinding)."}}
)

// authorize returns why a request is refused; nil: it is an operator's. Without a token the
// listener is on loopback, which browsers of the machine reach. To a browser, a page of a
// site whose name resolves to 127.0.0.1 (DNS rebinding) has the same origin. Its requests
// have that name as their Host.
func (a *Admin) authorize(r *http.Request) *response.Error {
	want := a.token.Load()
	if want == nil {
		if !isAddress(r.Host) {
			return errNamedHost
		}
		return nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); token == "" || !strings.EqualFold(scheme, "Bearer") {
		return errOperatorsOnly
	}
	return a.guesses.check(r.RemoteAddr, func() bool {
		sent := sha256.Sum256([]byte(token))
		return subtle.ConstantTimeCompare(sent[:], want[:]) == 1
	})
}

// isAddress reports whether a Host is an IP address or localhost, which means this machine
// to every browser.
func isAddress(hostport string) bool {
	host := (&url.URL{Host: hostport}).Hostname()
	_, err := netip.ParseAddr(host)
	return err == nil || strings.EqualFold(host, "localhost")
}
