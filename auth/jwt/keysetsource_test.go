package jwt

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
)

func TestSourceAddress(t *testing.T) {
	for address, fine := range map[string]bool{
		"https://id.example.com/keys":          true,
		"https://id.example.com:8443/a?b=c":    true,
		"http://127.0.0.1:8080/keys":           true,
		"http://127.9.9.9/keys":                true,
		"http://[::1]:8080/keys":               true,
		"http://localhost:8080/keys":           true,
		"http://id.example.com/keys":           false,
		"http://10.0.0.1/keys":                 false,
		"http://localhost.example.com/keys":    false,
		"http://127.0.0.1.example.com/keys":    false,
		"file:///etc/passwd":                   false,
		"https://user:hunter2@id.example.com/": false,
		"https:///keys":                        false,
		"id.example.com":                       false,
		"https://id.example.com/#keys":         false,
		"https://id.example.com/%":             false,
	} {
		err := KeySetSource{URL: address}.Validate()
		if (err == nil) != fine {
			t.Errorf("%s: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error contains the password: %v", err)
		}
	}
}

// serveTLS starts a server, and returns the file with its certificate.
func serveTLS(t *testing.T, h http.Handler) (address, caFile string) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, caFile
}

func fetchFrom(t *testing.T, s KeySetSource, timeout time.Duration) (*response, error) {
	t.Helper()
	transport, err := s.newTransport()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	return s.fetch(ctx, transport)
}

func TestFetch(t *testing.T) {
	set := keySet(t, map[string]any{"k": &p256.PublicKey})
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, set) }))
	defer plain.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=90")
		fmt.Fprint(w, set)
	})
	redirect := func(path, to string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
	}
	redirect("/moved", "/keys")
	redirect("/loop", "/loop")
	redirect("/plain", plain.URL)
	redirect("/elsewhere", "http://id.example.com/keys")
	redirect("/file", "file:///etc/passwd")
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := fmt.Fprint(w, strings.Repeat(" ", maxBody/10)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "{")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // without it, the end of the response races with the client's timeout
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "{")
	})
	mux.HandleFunc("/header", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Huge", strings.Repeat("x", 100<<10))
		fmt.Fprint(w, set)
	})
	address, ca := serveTLS(t, mux)
	for path, want := range map[string]string{
		"/keys": "", "/moved": "",
		"/loop":      "more than 3 redirects",
		"/plain":     "away from https",
		"/elsewhere": "away from https",
		"/file":      "away from https",
		"/huge":      "larger than 1048576 bytes",
		"/slow":      "deadline exceeded",
		"/cut":       "unexpected EOF",
		"/header":    "header",
		"/nothing":   "404",
	} {
		timeout := waittest.Limit
		if path == "/slow" {
			timeout = 100 * time.Millisecond
		}
		resp, err := fetchFrom(t, KeySetSource{URL: address + path + "?key=hunter2", CAFile: ca}, timeout)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), address+path) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil && (string(resp.body) != set || resp.maxAge != 90*time.Second) {
			t.Errorf("%s: %+v", path, resp)
		}
	}
	if _, err := fetchFrom(t, KeySetSource{URL: address + "/keys"}, waittest.Limit); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of an unknown authority is accepted: %v", err)
	}
	if err := os.Chmod(ca, 0o664); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"/nonexistent": "no such file", "keysetsource_test.go": "no certificate", ca: "chmod go-w"} {
		if _, err := NewRemoteKeySet(KeySetSource{URL: address, CAFile: file}, nil); err == nil || !strings.Contains(err.Error(), "ca_file: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("ca_file %s: error %v, want one with %q", file, err, want)
		}
	}
}

func TestDiscover(t *testing.T) {
	set := keySet(t, map[string]any{"k": &p256.PublicKey})
	var configuration string
	mux := http.NewServeMux()
	mux.HandleFunc("/realm/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, configuration) })
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, set) })
	address, ca := serveTLS(t, mux)
	issuer := address + "/realm"
	for _, tt := range []struct{ name, issuer, configuration, want string }{
		{"good", issuer, fmt.Sprintf(`{"issuer":%q,"jwks_uri":"%s/keys"}`, issuer, address), ""},
		{"with a slash", issuer + "/", fmt.Sprintf(`{"issuer":"%s/","jwks_uri":"%s/keys"}`, issuer, address), ""},
		{"another issuer", issuer, fmt.Sprintf(`{"issuer":"https://evil.example/","jwks_uri":"%s/keys"}`, address), "evil.example"},
		{"the slash is missing", issuer + "/", fmt.Sprintf(`{"issuer":%q,"jwks_uri":"%s/keys"}`, issuer, address), "not"},
		{"no issuer", issuer, fmt.Sprintf(`{"jwks_uri":"%s/keys"}`, address), "issuer"},
		{"issuer twice", issuer, fmt.Sprintf(`{"issuer":"x","issuer":%q,"jwks_uri":"%s/keys"}`, issuer, address), "JSON"},
		{"no keys", issuer, fmt.Sprintf(`{"issuer":%q}`, issuer), "jwks_uri"},
		{"keys over http", issuer, fmt.Sprintf(`{"issuer":%q,"jwks_uri":"http://id.example.com/"}`, issuer), "over https"},
		{"keys on this machine", issuer, fmt.Sprintf(`{"issuer":%q,"jwks_uri":"http://127.0.0.1/"}`, issuer), "away from https"},
		{"no JSON", issuer, "<html>", "JSON"},
	} {
		configuration = tt.configuration
		resp, err := fetchFrom(t, KeySetSource{Issuer: tt.issuer, CAFile: ca}, waittest.Limit)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err == nil && string(resp.body) != set {
			t.Errorf("%s: %s", tt.name, resp.body)
		}
	}
}
