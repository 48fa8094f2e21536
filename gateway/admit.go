package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/louche-graphql/louche/internal/keypath"
)

// tokenHash is what is kept of the operators' token. To compare hashes takes as long
// for every token, of whatever length.
type tokenHash [sha256.Size]byte

// leastToken is how long the operators' token has to be, in bytes. Nobody guesses 16
// random characters over a network.
const leastToken = 16

// CheckToken says what is wrong with a token of operators. The error does not hold it.
func CheckToken(token string) error {
	if len(token) < leastToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return keypath.Errorf("admin_token", "is shorter than %d characters, or not one line of ASCII without spaces; make one with: openssl rand -hex 32", leastToken)
	}
	return nil
}

// Admit has operators show this token from now on (Authorization: Bearer, RFC 6750).
func (g *Gateway) Admit(token string) {
	hash := tokenHash(sha256.Sum256([]byte(token)))
	g.operators.Store(&hash)
}

// admit lets through requests of operators, and logs the others.
func (g *Gateway) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refused := g.refuse(r); refused != nil {
			g.refuseOperator(w, r, refused)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses what a page of another origin made a browser send.
func (g *Gateway) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.refuseOperator(w, r, foreignOrigin) }))
	return protection.Handler(next)
}

// refuseOperator answers a request that is not taken for one of an operator, and logs it.
func (g *Gateway) refuseOperator(w http.ResponseWriter, r *http.Request, refused *failure) {
	g.log.Warn("request of an operator refused", "code", refused.code, "client", r.RemoteAddr, "method", r.Method, "url", r.URL.Path)
	refused.write(w)
}

// refuse says why a request is not taken for one of an operator; nil: it is. Where
// no token is configured, the listener is on loopback, but browsers of the machine
// reach it. To them, a page of a site whose name resolves to 127.0.0.1 (DNS rebinding)
// has the same origin; its requests have that name as their Host.
func (g *Gateway) refuse(r *http.Request) *failure {
	want := g.operators.Load()
	if want == nil {
		if !isAddress(r.Host) {
			return namedHost
		}
		return nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); token == "" || !strings.EqualFold(scheme, "Bearer") {
		return operatorsOnly
	}
	return g.guesses.check(r.RemoteAddr, func() bool {
		shown := sha256.Sum256([]byte(token))
		return subtle.ConstantTimeCompare(shown[:], want[:]) == 1
	})
}

// isAddress says whether a Host is an address, or the one name that means this
// machine to every browser.
func isAddress(hostport string) bool {
	host := (&url.URL{Host: hostport}).Hostname()
	_, err := netip.ParseAddr(host)
	return err == nil || strings.EqualFold(host, "localhost")
}
