package config

import (
	"slices"
	"strings"
	"testing"
)

// mistakesIn returns the lines of the error of a file, without its directory.
func mistakesIn(t *testing.T, text string) []string {
	t.Helper()
	file := write(t, text)
	_, err := (&Flags{Config: file}).Load()
	if err == nil {
		return nil
	}
	return strings.Split(strings.ReplaceAll(err.Error(), file, "louche.yaml"), "\n")
}

const fine = "apps: [{schema: A, discovery: {prefix: a}}]\n"

// Errors about types have the position, and say what the key wants in the terms of the
// configuration.
func TestConfigWrongTypes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"listen: [1]\n", "1:9: listen: wants text"},
		{"listen: {a: b}\n", "1:9: listen: wants text"},
		{"shutdown_grace: soon\n", "1:17: shutdown_grace: wants a time, such as 500ms, 30s or 2m"},
		{"shutdown_grace: 30\n", "1:17: shutdown_grace: wants a time, such as 500ms, 30s or 2m"},
		{"limits: {body: big}\n", "1:16: limits.body: wants a whole number"},
		{"limits: {body: 1.5}\n", "1:16: limits.body: wants a whole number"},
		{"limits: {body: 99999999999999999999}\n", "1:16: limits.body: wants a whole number"},
		{"limits: 3\n", "1:9: limits: wants keys with their values, such as {key: value}"},
		{"limits: {bodyy: 3}\n", "1:10: limits.bodyy: there is no such key; is it body?"},
		{"trusted_proxies: [::1/128, 10.0.0.5]\n", "1:28: trusted_proxies[1]: wants a network, such as 10.0.0.0/8; this address alone is 10.0.0.5/32"},
		{"trusted_proxies: [\"::1\"]\n", "1:19: trusted_proxies[0]: wants a network, such as 10.0.0.0/8; this address alone is ::1/128"},
		{"trusted_proxies: [all]\n", "1:19: trusted_proxies[0]: wants a network, such as 10.0.0.0/8"},
		{"trusted_proxies: 10.0.0.0/8\n", "1:18: trusted_proxies: wants a list, such as [a, b]"},
		{"tls: {cert_file: *c}\n", "1:18: there is no anchor of this name before it"},
		{"node: {cookie: s3cr3t}\n", "1:8: node.cookie: there is no such key; is it cookie_file?"},
		{"xylophone: 1\n", "1:1: xylophone: there is no such key"},
	} {
		if got := mistakesIn(t, c.text+fine); len(got) != 1 || got[0] != "louche.yaml:"+c.want {
			t.Errorf("%s%s", c.text, strings.Join(got, "\n"))
		}
	}
	for _, c := range []struct{ text, want string }{
		{"forms: maybe", "wants true or false"},
		{"retry: {budget: much}", "wants a number"},
		{"breaker: {calls: -1}", "wants a whole number from 0 to 4294967295"},
		{"discovery: {port: 70000}", "wants a whole number from 0 to 65535"},
		{"context: {a: {header: X, type: [1, 2]}}", "list of one of them, such as [integer]"},
		{"context: {a: {headre: X}}", "is it header?"},
	} {
		got := mistakesIn(t, "apps:\n  - schema: A\n    "+c.text+"\n")
		if len(got) == 0 || !strings.HasPrefix(got[0], "louche.yaml:3:") || !strings.Contains(got[0], c.want) {
			t.Errorf("%s: %s", c.text, strings.Join(got, "\n"))
		}
	}
}

// Load reports all mistakes, each once and at its position.
func TestConfigReportsAllMistakes(t *testing.T) {
	got := mistakesIn(t, `
admin: [1]
shutdown_grace: soon
log: {level: loud}
limits:
  answer: -1
apps:
  - &first
    schema: my.app
    timeout: 30
    load: {in_flight: -1}
    discovery: {dns: [a@b, c], prefix: a}
  - <<: *first
    path: /other
    schema: B
    load: {}
    discovery: {nodes: []}
  - path: graphql
    schema: my.other
    compress: [lz4]
    context_from: build
    discovery: {prefix: c}
    auth: {anonymous: perhaps, operations: [{kind: mutations}, {name: 9x}]}
    context: {a: {claim: sub}, b: {}, c: {fields: {d: {}}}}
  - hunter2
`)
	want := []string{
		"louche.yaml:2:8: admin: wants text",
		"louche.yaml:3:17: shutdown_grace: wants a time, such as 500ms, 30s or 2m",
		"louche.yaml:10:14: apps[0].timeout: wants a time, such as 500ms, 30s or 2m",
		"louche.yaml:25:5: apps[3]: wants keys with their values, such as {key: value}",
		`louche.yaml:4:7: log.level is not one of debug, info, warn and error`,
		"louche.yaml:6:3: limits.answer is negative; write a number of bytes, such as 67108864",
		`louche.yaml:9:5: apps[0].schema is not a module such as MyApp.Schema`,
		"louche.yaml:11:12: apps[0].load.in_flight is negative; write a number of calls, such as 1000",
		"louche.yaml:12:23: apps[0].discovery.dns[0]: contains '@'; write a host name or an IP address here (full node names go into nodes)",
		"louche.yaml:17:5: apps[1].discovery.prefix: is not set; write the prefix of the application's node names (prefix: my-app), because one host may run nodes of several applications",
		`louche.yaml:18:5: apps[2].path is not a path such as /graphql`,
		"louche.yaml:20:5: apps[2].compress is not a list of zstd, br and gzip",
		`louche.yaml:19:5: apps[2].schema is not a module such as MyApp.Schema`,
		`louche.yaml:21:5: apps[2].context_from is not a function such as MyApp.Gateway.build_context`,
		`louche.yaml:23:12: apps[2].auth.anonymous is not allow or refuse`,
		"louche.yaml:23:5: apps[2].auth.methods is empty, and auth.require and auth.operations need claims; add a method",
		`louche.yaml:23:46: apps[2].auth.operations[0].kind is not one of query, mutation, subscription`,
		`louche.yaml:23:65: apps[2].auth.operations[1].name is not a name of an operation`,
		"louche.yaml:24:15: apps[2].context.a uses a claim, and no method provides claims; add one to auth.methods",
		"louche.yaml:24:32: apps[2].context.b needs one of value, claim, header, cookie, request and fields",
		"louche.yaml:24:52: apps[2].context.c.fields.d needs one of value, claim, header, cookie, request and fields",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Aliases and merge keys are read as if their values were written out.
func TestConfigAnchors(t *testing.T) {
	cfg, err := (&Flags{Config: write(t, `
apps:
  - &first
    schema: A
    timeout: 7s
    discovery: &where {prefix: a}
  - <<: *first
    path: /other
    schema: B
  - {path: /third, schema: C, discovery: *where, context: {a: {value: {b: &v [1, x]}}, c: {value: *v}}}
`)}).Load()
	if err != nil {
		t.Fatal(err)
	}
	second, third := cfg.Apps[1], cfg.Apps[2]
	if second.Schema != "B" || second.Timeout != cfg.Apps[0].Timeout || second.Discovery.Prefix != "a" || third.Discovery.Prefix != "a" {
		t.Errorf("%+v", cfg.Apps)
	}
	if c := third.Context["c"].Value; c == nil || len((*c).([]any)) != 2 {
		t.Errorf("%+v", third.Context)
	}
}

func TestConfigWithoutContent(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "null\n"} {
		if got := mistakesIn(t, text); len(got) != 1 || !strings.Contains(got[0], "no application") {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// A value at the wrong place may be a secret.
func TestConfigMistakesShowNoValue(t *testing.T) {
	for _, text := range []string{
		"node: s3cr3t", "node: {net_ticktime: s3cr3t}", "node: {cookie: s3cr3t}", "node: {cookie_file: [s3cr3t]}", "tls: s3cr3t",
		"tls: {key_file: {s3cr3t: 1}}", "limits: {body: s3cr3t}", "trusted_proxies: [s3cr3t]", "trusted_proxies: s3cr3t",
		"apps: s3cr3t", "apps: [s3cr3t]", "apps: [{auth: s3cr3t}]", "apps: [{auth: {methods: s3cr3t}}]", "apps: [{auth: {methods: [s3cr3t]}}]",
		"apps: [{context: s3cr3t}]", "apps: [{context: {a: s3cr3t}}]", "apps: [{context: {a: {required: s3cr3t}}}]",
		"node: {cookie_file: 's3cr3t}", "node: {cookie_file: \"s3cr3t}", "node: [s3cr3t", "s3cr3t", "- s3cr3t", "node:\n  s3cr3t\n x: 1",
	} {
		got := strings.Join(mistakesIn(t, text), "\n")
		if got == "" || strings.Contains(got, "s3cr3t") && !strings.Contains(text, "{s3cr3t:") {
			t.Errorf("%s: %s", text, got)
		}
		t.Setenv("LOUCHE_APPS_0_AUTH", text)
		got = strings.Join(mistakesIn(t, ""), "\n")
		if !strings.Contains(got, "LOUCHE_APPS_0_AUTH:") || strings.Contains(got, "s3cr3t") {
			t.Errorf("in the environment, %s: %s", text, got)
		}
	}
}
