package jwt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"github.com/louche-graphql/louche/internal/certs"
)

const (
	fetchTimeout = 10 * time.Second // for all that a fetch asks
	maxBody      = 1 << 20
	maxRedirects = 3
)

// A KeySetSource is where an issuer publishes its keys.
type KeySetSource struct {
	Issuer string
	// URL is that of the key set; empty: as the issuer's OpenID configuration says.
	URL string
	// CAFile are certificates (PEM) that the server's is verified with; empty: those of
	// the system. It is read at every fetch.
	CAFile string
	// Refresh is the time between two fetches, unless the answer is for a shorter one.
	Refresh time.Duration
}

// Validate says what is wrong with the addresses.
func (s KeySetSource) Validate() error {
	text := s.URL
	if text == "" {
		text = s.Issuer
	}
	_, err := parseURL(text)
	return err
}

// parseURL takes addresses over which nobody else can slip in keys: https, or http on
// this machine.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Fragment != "":
		return nil, errors.New("it is no URL such as https://id.example.com/keys")
	case u.User != nil:
		return nil, errors.New("no user or password may be in it")
	}
	return u, checkScheme(u)
}

func checkScheme(u *url.URL) error {
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return fmt.Errorf("keys are fetched from %s over https only", u.Host)
	}
	return nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// shown is a URL as it is logged: a query might hold a key.
func redactURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// newTransport is made for each fetch: there is one in minutes, and it reads the file.
func (s KeySetSource) newTransport() (http.RoundTripper, error) {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: fetchTimeout}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if s.CAFile != "" {
		authorities, err := certs.ReadAuthorities(s.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		t.TLSClientConfig.RootCAs = authorities
	}
	return t, nil
}

// an answer is what a source said.
type response struct {
	url    *url.URL
	body   []byte
	maxAge time.Duration // Cache-Control; negative: it does not say
}

// fetch asks for the key set. Errors say which address failed, without its query.
func (s KeySetSource) fetch(ctx context.Context, transport http.RoundTripper) (*response, error) {
	client := &http.Client{Transport: transport, CheckRedirect: checkRedirect}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	location := s.URL
	if location == "" {
		var err error
		if location, err = s.discover(ctx, client); err != nil {
			return nil, err
		}
	}
	return get(ctx, client, location)
}

// discover reads where the keys are from the issuer's OpenID configuration (OpenID
// Connect Discovery 1.0, 4), which must be the issuer's own (4.3).
func (s KeySetSource) discover(ctx context.Context, client *http.Client) (string, error) {
	a, err := get(ctx, client, strings.TrimSuffix(s.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	var configuration struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if json.Unmarshal(a.body, &configuration) != nil {
		return "", fmt.Errorf("%s: it is no OpenID configuration: a JSON object", redactURL(a.url))
	}
	if configuration.Issuer != s.Issuer {
		return "", fmt.Errorf("%s: it is that of the issuer %.200q, not %q", redactURL(a.url), configuration.Issuer, s.Issuer)
	}
	keys, err := parseURL(configuration.Keys)
	if err == nil && a.url.Scheme == "https" && keys.Scheme != "https" {
		err = errors.New("it leads away from https")
	}
	if err != nil {
		return "", fmt.Errorf("%s: jwks_uri: %w", redactURL(a.url), err)
	}
	return configuration.Keys, nil
}

func checkRedirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case via[0].URL.Scheme == "https" && r.URL.Scheme != "https":
		return errors.New("a redirect leads away from https")
	}
	return checkScheme(r.URL)
}

func get(ctx context.Context, client *http.Client, location string) (*response, error) {
	u, err := parseURL(location)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*response, error) {
		var whole *url.Error // names the address with its query
		if errors.As(err, &whole) {
			err = whole.Err
		}
		return nil, fmt.Errorf("%s: %w", redactURL(u), err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return fail(err)
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := client.Do(r)
	if err != nil {
		return fail(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fail(fmt.Errorf("the answer is %d", resp.StatusCode))
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return fail(err)
	case len(text) > maxBody:
		return fail(fmt.Errorf("the answer is larger than %d bytes", maxBody))
	}
	return &response{u, text, maxAge(resp.Header)}, nil
}

// maxAge is how long an answer is fresh (RFC 9111, 5.2.2.1); negative: it does not say.
func maxAge(header http.Header) time.Duration {
	for _, directive := range strings.Split(strings.Join(header["Cache-Control"], ","), ",") {
		name, text, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if strings.EqualFold(name, "max-age") {
			if seconds, err := strconv.ParseUint(strings.Trim(text, `"`), 10, 31); err == nil {
				return time.Duration(seconds) * time.Second
			}
		}
	}
	return -1
}
