package jwt

import (
	"cmp"
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
	"github.com/louche-graphql/louche/internal/keypath"
)

const (
	fetchTimeout = 10 * time.Second // for all requests of one fetch
	maxBody      = 1 << 20
	maxRedirects = 3
)

// A KeySetSource locates the published keys of an issuer.
type KeySetSource struct {
	Issuer string
	// URL is the URL of the key set. Empty: the OpenID configuration of the issuer names it.
	URL string
	// CAFile has the CA certificates (PEM) for the issuer's server. Empty: those of the
	// system. Each fetch reads it again.
	CAFile string
	// Refresh is the time between two fetches. A shorter max-age of the response wins.
	Refresh time.Duration
}

// Validate reports an invalid URL.
func (s KeySetSource) Validate() error {
	_, err := parseURL(cmp.Or(s.URL, s.Issuer))
	return err
}

// parseURL accepts https, and http to loopback addresses. Over http an attacker on the
// network could replace the keys.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Fragment != "":
		return nil, errors.New("not a URL such as https://id.example.com/keys")
	case u.User != nil:
		return nil, errors.New("a URL must not contain a user or a password")
	}
	return u, checkScheme(u)
}

func checkScheme(u *url.URL) error {
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return errors.New("keys are fetched over https, or over http from a loopback address")
	}
	return nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// redactURL returns a URL for logs. It drops the query, which may contain a secret.
func redactURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// CheckFiles reports what is wrong with CAFile.
func (s KeySetSource) CheckFiles() error {
	_, err := s.newTransport()
	return err
}

// Check fetches the key set once, and returns the number of its keys.
func (s KeySetSource) Check(ctx context.Context) (keys int, err error) {
	transport, err := s.newTransport()
	if err != nil {
		return 0, err
	}
	resp, err := s.fetch(ctx, transport)
	if err != nil {
		return 0, err
	}
	set, _, err := ParseKeySet(resp.body)
	return set.Len(), err
}

// newTransport returns a transport for one fetch. It reads CAFile.
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
			return nil, keypath.In(err, "ca_file")
		}
		t.TLSClientConfig.RootCAs = authorities
	}
	return t, nil
}

// A response is the response to a fetch.
type response struct {
	url    *url.URL
	body   []byte
	maxAge time.Duration // of Cache-Control; negative: none
}

// fetch requests the key set. Errors name the URL that failed, without its query.
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

// discover reads the URL of the key set from the OpenID configuration of the issuer
// (OpenID Connect Discovery 1.0, 4). The configuration must name the same issuer (4.3).
func (s KeySetSource) discover(ctx context.Context, client *http.Client) (string, error) {
	resp, err := get(ctx, client, strings.TrimSuffix(s.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	var configuration struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if json.Unmarshal(resp.body, &configuration) != nil {
		return "", fmt.Errorf("%s: not an OpenID configuration, which is a JSON object", redactURL(resp.url))
	}
	if configuration.Issuer != s.Issuer {
		return "", fmt.Errorf("%s: the OpenID configuration is for the issuer %.200q, not for %q", redactURL(resp.url), configuration.Issuer, s.Issuer)
	}
	keys, err := parseURL(configuration.Keys)
	if err == nil && resp.url.Scheme == "https" && keys.Scheme != "https" {
		err = errors.New("it leads away from https")
	}
	if err != nil {
		return "", fmt.Errorf("%s: jwks_uri: %w", redactURL(resp.url), err)
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
		var withURL *url.Error // contains the query
		if errors.As(err, &withURL) {
			err = withURL.Err
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
		return fail(fmt.Errorf("the server responded with status %d", resp.StatusCode))
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return fail(err)
	case len(text) > maxBody:
		return fail(fmt.Errorf("the response is larger than %d bytes", maxBody))
	}
	return &response{u, text, maxAge(resp.Header)}, nil
}

// maxAge is max-age of Cache-Control (RFC 9111, 5.2.2.1); negative: there is none.
func maxAge(header http.Header) time.Duration {
	for directive := range strings.SplitSeq(strings.Join(header["Cache-Control"], ","), ",") {
		name, text, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if strings.EqualFold(name, "max-age") {
			if seconds, err := strconv.ParseUint(strings.Trim(text, `"`), 10, 31); err == nil {
				return time.Duration(seconds) * time.Second
			}
		}
	}
	return -1
}
