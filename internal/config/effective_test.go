package config

import (
	"strings"
	"testing"
)

func TestEffectiveConfiguration(t *testing.T) {
	t.Setenv("RELEASE_COOKIE", "s3cret-of-the-release")
	t.Setenv("LOUCHE_LOG_LEVEL", "warn")
	cfg, err := (&Flags{Config: write(t, strings.Replace(complete, "  cookie_file: /run/secrets/cookie\n", "", 1))}).Load()
	if err != nil {
		t.Fatal(err)
	}
	text, err := cfg.Effective()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"shutdown_grace: 10s\n",            // of the file
		"level: warn\n",                    // of the environment
		"persisted_bytes: 16777216\n",      // a default
		"schema: Other.Schema\n",           // of the second application
		"file: /run/secrets/admin_token\n", // where a secret is
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "s3cret") {
		t.Errorf("it has a secret:\n%s", text)
	}
}
