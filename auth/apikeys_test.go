package auth_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/auth"
)

// keyFile writes a key file and returns its path.
func keyFile(tb testing.TB, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "keys.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}

func newKey(tb testing.TB, name string, claims map[string]any) (key string, kept auth.APIKey) {
	tb.Helper()
	key, kept, err := auth.NewAPIKey(name, claims)
	if err != nil {
		tb.Fatal(err)
	}
	return key, kept
}

func TestAPIKeys(t *testing.T) {
	billing, keptBilling := newKey(t, "billing", map[string]any{"scope": "read write", "level": int64(3), "tenants": []any{"a"}})
	reports, keptReports := newKey(t, "reports", nil)
	if billing == reports || !strings.HasPrefix(billing, "louche_") || len(billing) != len("louche_")+43 || strings.Contains(fmt.Sprint(keptBilling), billing) {
		t.Fatalf("%s, %+v", billing, keptBilling)
	}
	list, err := yaml.Marshal([]auth.APIKey{keptBilling})
	if err != nil {
		t.Fatal(err)
	}
	methods := fmt.Sprintf("{anonymous: allow, methods: [{api_keys: {file: %q, keys: [{name: reports, sha256: %s}]%%s}}]}", keyFile(t, string(list)), keptReports.SHA256)
	a := newAuthenticator(t, fmt.Sprintf(methods, ""))
	bearer := newAuthenticator(t, fmt.Sprintf(methods, ", header: authorization"))
	for _, tt := range []struct {
		name string
		a    *auth.Authenticator
		r    *auth.Request
		want string
	}{
		{"of the file", a, from("1.2.3.4", "X-Api-Key", billing), "api_keys billing"},
		{"of the configuration", a, from("1.2.3.4", "X-Api-Key", reports), "api_keys reports"},
		{"bearer", bearer, from("1.2.3.4", "Authorization", "Bearer "+billing), "api_keys billing"},
		{"none", a, from("1.2.3.4"), anonymous},
		{"an empty one", a, from("1.2.3.4", "X-Api-Key", ""), anonymous},
		{"in another header", a, from("1.2.3.4", "Authorization", "Bearer "+billing), anonymous},
		{"cut short", a, from("1.2.3.4", "X-Api-Key", billing[:49]), refused},
		{"longer", a, from("1.2.3.4", "X-Api-Key", billing+"A"), refused},
		{"in another case", a, from("1.2.3.4", "X-Api-Key", strings.ToUpper(billing)), refused},
		{"the hash", a, from("1.2.3.4", "X-Api-Key", keptBilling.SHA256), refused},
		{"too short", a, from("1.2.3.4", "X-Api-Key", "short"), refused},
		{"too long", a, from("1.2.3.4", "X-Api-Key", strings.Repeat("a", 513)), refused},
		{"two", a, from("1.2.3.4", "X-Api-Key", billing, "X-Api-Key", reports), refused},
	} {
		if got := outcome(t, tt.a, tt.r); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	identity, err := a.Authenticate(t.Context(), from("1.2.3.4", "X-Api-Key", billing))
	want := map[string]any{"sub": "billing", "scope": "read write", "level": int64(3), "tenants": []any{"a"}}
	if err != nil || !reflect.DeepEqual(identity.Claims, want) || !identity.Expires.IsZero() || a.UsesAmbientCredentials() {
		t.Errorf("%+v, %v", identity, err)
	}
	_, err = a.Authenticate(t.Context(), from("1.2.3.4", "X-Api-Key", strings.ToUpper(billing)))
	if strings.Contains(strings.ToLower(err.Error()), strings.ToLower(billing)) {
		t.Error("the key is in the error")
	}
}

// A short key is refused even if its hash is configured.
func TestShortAPIKey(t *testing.T) {
	// The hash of "password".
	a := newAuthenticator(t, "methods: [{api_keys: {keys: [{name: a, sha256: 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8}]}}]")
	if got := outcome(t, a, from("1.2.3.4", "X-Api-Key", "password")); got != refused {
		t.Error(got)
	}
}

func TestKeyFile(t *testing.T) {
	_, kept := newKey(t, "billing", nil)
	entry := "- name: billing\n  sha256: " + kept.SHA256 + "\n"
	open := func(path string) error {
		c := parse(t, fmt.Sprintf("methods: [{api_keys: {file: %q}}]", path))
		_, err := auth.NewAuthenticator(*c, nil, slog.New(slog.DiscardHandler))
		return err
	}
	for name, tt := range map[string]struct {
		text, want string // a part of the error after the path; empty: no error
	}{
		"one":            {entry, ""},
		"none":           {"[]\n", ""},
		"upper case":     {"- name: a\n  sha256: " + strings.ToUpper(kept.SHA256) + "\n", ""},
		"empty":          {"# nothing\n", " is empty"},
		"two of a name":  {entry + "- name: billing\n  sha256: " + strings.Repeat("0", 64) + "\n", ":3: name: two keys have the name billing"},
		"two of a hash":  {entry + "\n- name: reports\n  sha256: " + kept.SHA256 + "\n", ":4: sha256: reports has the same key as billing"},
		"not hex":        {entry + "- name: a\n  sha256: louche_secret\n", ":3: sha256 of a is not a hash of 64 hexadecimal digits"},
		"too short":      {entry + "- name: a\n  sha256: " + kept.SHA256[:62] + "\n", ":3: sha256 of a is not a hash of 64 hexadecimal digits"},
		"no hash":        {"- name: a\n", ":1: sha256 of a"},
		"no name":        {entry + "- sha256: " + kept.SHA256 + "\n", ":3: name is missing"},
		"unknown key":    {entry + "- name: a\n  sha: louche_secret\n", ": [4:3] unknown field \"sha\""},
		"unknown later":  {entry + "  scope: louche_secret\n", ": [3:3] unknown field \"scope\""},
		"no list":        {"name: a\n", ": [1:"},
		"claims no map":  {entry + "  claims: louche_secret\n", ": [3:"},
		"the claim sub":  {entry + "  claims: {sub: other}\n", ":1: claims of billing: sub is always the name"},
		"infinite claim": {entry + "  claims: {a: [.inf]}\n", ":1: claims of billing: a float is infinite"},
	} {
		path := keyFile(t, tt.text)
		err := open(path)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), "auth.methods[0].api_keys.file: "+path+tt.want)) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "louche_secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := keyFile(t, entry)
	for mode, fine := range map[os.FileMode]bool{0o400: true, 0o644: true, 0o664: false, 0o646: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := open(path); fine != (err == nil) || !fine && !strings.Contains(err.Error(), path) {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
	if err := open(path + ".none"); err == nil {
		t.Error("a missing file is accepted")
	}
}
