package config

import (
	"strings"
	"testing"
)

// Unknown variables are refused. Errors about variables do not contain their values.
func TestEnvironmentMistakes(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"LOUCHE_LISTN", "s3cr3t", "LOUCHE_LISTN: no key has this variable; is it LOUCHE_LISTEN?"},
		{"LOUCHE_NODE_COKIE", "s3cr3t", "LOUCHE_NODE_COKIE: no key has this variable; is it LOUCHE_NODE_COOKIE?"},
		{"LOUCHE_APPS_0_TIMEOT", "1s", "LOUCHE_APPS_0_TIMEOT: no key has this variable; is it LOUCHE_APPS_0_TIMEOUT?"},
		{"LOUCHE_APP_0_SCHEMA", "A", "LOUCHE_APP_0_SCHEMA: no key has this variable; is it LOUCHE_APPS_0_SCHEMA?"},
		{"LOUCHE_APPS_00_SCHEMA", "A", "LOUCHE_APPS_00_SCHEMA: no key has this variable; is it LOUCHE_APPS_0_SCHEMA?"},
		{"LOUCHE_APPS_0_AUTH_ANONYMOUS", "allow", "LOUCHE_APPS_0_AUTH_ANONYMOUS: no key has this variable"},
		{"LOUCHE_XYLOPHONE", "s3cr3t", "LOUCHE_XYLOPHONE: no key has this variable"},
		{"LOUCHE_PORT", "4000", "LOUCHE_PORT: no key has this variable"},
		{"LOUCHE_APPS_3_SCHEMA", "A", "there are variables LOUCHE_APPS_3_…, but none for apps[1]: applications are numbered from 0"},
		{"LOUCHE_APPS_0_TIMEOUT", "s3cr3t", "LOUCHE_APPS_0_TIMEOUT: wants a time, such as 500ms, 30s or 2m"},
		{"LOUCHE_APPS_0_FORMS", "s3cr3t", "LOUCHE_APPS_0_FORMS: wants true or false"},
		{"LOUCHE_LIMITS_BODY", "s3cr3t", "LOUCHE_LIMITS_BODY: wants a whole number"},
		{"LOUCHE_APPS_0_DISCOVERY_PORT", "70000", "LOUCHE_APPS_0_DISCOVERY_PORT: wants a whole number from 0 to 65535"},
		{"LOUCHE_TRUSTED_PROXIES", "s3cr3t", "LOUCHE_TRUSTED_PROXIES: wants a list, with commas between its elements, each a network, such as 10.0.0.0/8"},
		{"LOUCHE_APPS_0_CONTEXT", "{a: s3cr3t}", "LOUCHE_APPS_0_CONTEXT:1:5: a: wants keys with their values"},
		{"LOUCHE_APPS_0_AUTH", "{anonymuos: s3cr3t}", "LOUCHE_APPS_0_AUTH:1:2: anonymuos: there is no such key; is it anonymous?"},
		{"LOUCHE_APPS_0_AUTH", "[s3cr3t", "LOUCHE_APPS_0_AUTH:1:1: "},
		{"LOUCHE_NODE_COOKIE", "s3cr3t", "LOUCHE_NODE_COOKIE: node.cookie: the cookie has fewer than 8 characters"},
		{"LOUCHE_APPS_0_TIMEOUT", "-1s", "LOUCHE_APPS_0_TIMEOUT: apps[0].timeout is negative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			got := strings.Join(mistakesIn(t, fine), "\n")
			if !strings.Contains(got, c.want) || strings.Contains(got, "s3cr3t") {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Kubernetes sets such variables in every pod for a service of the gateway's name.
func TestEnvironmentOfKubernetes(t *testing.T) {
	for name, value := range map[string]string{
		"LOUCHE_SERVICE_HOST":         "10.0.0.1",
		"LOUCHE_SERVICE_PORT":         "4000",
		"LOUCHE_SERVICE_PORT_GRAPHQL": "4000",
		"LOUCHE_PORT":                 "tcp://10.0.0.1:4400",
		"LOUCHE_PORT_4400_TCP":        "tcp://10.0.0.1:4400",
		"LOUCHE_PORT_4400_TCP_PROTO":  "tcp",
		"LOUCHE_ADMIN_SERVICE_HOST":   "10.0.0.2",
		"LOUCHE_ADMIN_PORT":           "tcp://10.0.0.2:4401",
	} {
		t.Setenv(name, value)
	}
	if got := mistakesIn(t, fine); got != nil {
		t.Error(got)
	}
}
