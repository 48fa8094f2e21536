package transport

import (
	"strings"
	"testing"
)

func TestOriginsValidate(t *testing.T) {
	for text, fine := range map[string]bool{
		"https://app.example.com":         true,
		"http://localhost:3000":           true,
		"https://*.example.com":           true,
		"https://*.example.com:8443":      true,
		"http://[::1]:3000":               true,
		"http://127.0.0.1:3000":           true,
		"capacitor://localhost":           true,
		"*":                               true,
		"":                                false,
		"null":                            false,
		"app.example.com":                 false,
		"https://":                        false,
		"https://app.example.com/":        false,
		"https://app.example.com/x":       false,
		"https://app.example.com?x":       false,
		"https://a@app.example.com":       false,
		"https://App.example.com":         false,
		"https://app.example.com:443":     false,
		"http://app.example.com:80":       false,
		"https://app.example.com:0":       false,
		"https://*":                       false,
		"https://*.com":                   false,
		"https://*example.com":            false,
		"https://app.*.com":               false,
		"https://*.*.example.com":         false,
		"*://app.example.com":             false,
		"https://app.example.com:*":       false,
		" https://app.example.com":        false,
		"https://a.example.com,b.example": false,
	} {
		err := origins{text}.validate()
		if (err == nil) != fine || err != nil && !strings.HasPrefix(err.Error(), "origins[0] ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := (origins{"https://app.example.com", "*"}).validate(); err == nil {
		t.Error("* beside other origins is accepted")
	}
}

func TestOriginsAllow(t *testing.T) {
	listed := origins{"https://app.example.com", "https://*.example.org", "http://*.test.example:8080"}
	for origin, want := range map[string]bool{
		"https://app.example.com":             true,
		"https://a.example.org":               true,
		"http://a.test.example:8080":          true,
		"http://app.example.com":              false,
		"https://app.example.com:8443":        false,
		"https://app.example.com.evil.net":    false,
		"https://evil-app.example.com":        false,
		"https://example.org":                 false,
		"https://.example.org":                false,
		"https://a.b.example.org":             false,
		"https://evil.net/.example.org":       false,
		"https://evil.net:1.example.org":      false,
		"https://evil@x.example.org":          false,
		"http://a.test.example":               false,
		"null":                                false,
		"":                                    false,
		"*":                                   false,
		"https://*.example.org.evil.net":      false,
		"https://a.example.org https://b.net": false,
	} {
		if got := listed.allow(origin); got != want {
			t.Errorf("%q: %v", origin, got)
		}
	}
	if (origins{}).allow("https://app.example.com") || !(origins{"*"}).allow("https://app.example.com") || (origins{"*"}).allow("") {
		t.Error("an empty list or * does not allow what it should")
	}
}

func TestIsLoopback(t *testing.T) {
	for origin, want := range map[string]bool{
		"http://localhost":             true,
		"http://localhost:3000":        true,
		"https://localhost:5173":       true,
		"http://127.0.0.1:8080":        true,
		"http://127.9.9.9:8080":        true,
		"http://[::1]:3000":            true,
		"http://localhost.evil.net":    false,
		"http://127.0.0.1.evil.net":    false,
		"http://evil.net":              false,
		"http://evil.net:3000":         false,
		"http://localhost@evil.net":    false,
		"http://a@localhost":           false,
		"http://evil.net/localhost":    false,
		"http://localhost/":            false,
		"http://localhost#":            false,
		"http://192.168.0.1:3000":      false,
		"http://0.0.0.0:3000":          false,
		"http://[fe80::1]:3000":        false,
		"file://localhost":             false,
		"chrome-extension://localhost": false,
		"localhost:3000":               false,
		"null":                         false,
		"":                             false,
		"*":                            false,
	} {
		if got := isLoopback(origin); got != want {
			t.Errorf("%q: %v", origin, got)
		}
	}
}

// An allowed origin equals a listed one, with one label in the place of *.
func FuzzOrigins(f *testing.F) {
	f.Add("https://*.example.com", "https://a.example.com")
	f.Add("http://[::1]:3000", "http://[::1]:3000")
	f.Fuzz(func(t *testing.T, allowed, origin string) {
		o := origins{allowed}
		if o.validate() != nil || allowed == "*" || !o.allow(origin) {
			return
		}
		if strings.Count(origin, ".") != strings.Count(allowed, ".") || strings.Count(origin, ":") != strings.Count(allowed, ":") || strings.Contains(allowed, "*") != (origin != allowed) && !strings.Contains(origin, "*") {
			t.Errorf("%q allows %q", allowed, origin)
		}
	})
}
