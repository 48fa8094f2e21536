package config

import (
	"strings"
	"testing"
)

func TestSourcesOfValues(t *testing.T) {
	t.Setenv("RELEASE_COOKIE", "s3cret-of-the-release")
	t.Setenv("LOUCHE_LOG_LEVEL", "warn")
	t.Setenv("LOUCHE_APPS_0_RATE_LIMITS", "[{by: address, limit: 5, per: 1m}]")
	t.Setenv("LOUCHE_TEST_TOKEN", "s3cret-of-operators")
	file := write(t, `admin_token: {env: LOUCHE_TEST_TOKEN}
apps:
  - schema: MyApp.Schema
    timeout: 7s
    discovery: {dns: [a.internal,
      b.internal], prefix: a}
    context:
      "a key": {value: 1}
`)
	cfg, err := (&Flags{Config: file, Prefix: "my-app"}).Load()
	if err != nil {
		t.Fatal(err)
	}
	text, err := cfg.Show()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"shutdown_grace: 30s # default\n",
		"level: warn # LOUCHE_LOG_LEVEL\n",
		"env: LOUCHE_TEST_TOKEN # " + file + ":1\n",
		"timeout: 7s # " + file + ":4\n",
		"- a.internal # " + file + ":5\n",
		"- b.internal # " + file + ":6\n",
		"prefix: my-app # --prefix\n",
		"limit: 5 # LOUCHE_APPS_0_RATE_LIMITS\n",
		"value: 1 # " + file + ":8\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(string(text), "s3cret") || t.Failed() {
		t.Errorf("%s", text)
	}
}
