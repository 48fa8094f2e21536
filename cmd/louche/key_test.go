package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
)

// The output of louche key is an entry of a file of API keys.
func TestKey(t *testing.T) {
	var entries, secrets bytes.Buffer
	for _, c := range []keyCommand{
		{Name: "billing", Claims: "{scope: read write, level: 3}"},
		{Name: "reports: all", Claims: ""},
	} {
		if err := c.make(&entries, &secrets); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(path, entries.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := auth.Config{Methods: []auth.MethodConfig{{APIKeys: &auth.APIKeysConfig{File: path}}}}
	cfg.SetDefaults()
	asking, err := auth.NewAuthenticator(cfg, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("%v\n%s", err, entries.String())
	}
	defer asking.Close()
	keys := strings.Fields(secrets.String())
	for i, want := range []map[string]any{
		{"sub": "billing", "scope": "read write", "level": int64(3)},
		{"sub": "reports: all"},
	} {
		who, err := asking.Authenticate(t.Context(), &auth.Request{Header: http.Header{"X-Api-Key": keys[i : i+1]}})
		if err != nil || !reflect.DeepEqual(who.Claims, want) {
			t.Errorf("%+v, %v", who, err)
		}
		if strings.Contains(entries.String(), keys[i]) {
			t.Error("the key is in its entry")
		}
	}
}

func TestKeyErrors(t *testing.T) {
	for _, c := range []keyCommand{{Name: ""}, {Name: "a", Claims: "read"}, {Name: "a", Claims: "{sub: b}"}} {
		var out bytes.Buffer
		if err := c.make(&out, &out); err == nil || out.Len() > 0 {
			t.Errorf("%+v: %v, %s", c, err, out.String())
		}
	}
}
