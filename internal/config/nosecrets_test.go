package config

import (
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/auth"
)

// misplaced is a secret that an operator may paste at any place.
const misplaced = "hunter2-Zm9vYmFyYmF6cXV4+Q=="

// mentions returns texts in YAML's flow style, with the secret at each place of a section
// in turn.
func mentions(t reflect.Type, depth int) (texts []string) {
	quoted := "'" + misplaced + "'"
	texts = append(texts, quoted, "["+quoted+"]", "{"+quoted+"}", "{"+quoted+": 1}", "{x: "+quoted+"}", "redis://:"+misplaced+"@10.0.0.1:6379", misplaced+"@10.0.0.1:6379")
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case depth > 7:
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		for _, inner := range mentions(t.Elem(), depth+1) {
			texts = append(texts, "["+inner+"]")
		}
	case t.Kind() == reflect.Map:
		for _, inner := range mentions(t.Elem(), depth+1) {
			texts = append(texts, "{k: "+inner+"}")
		}
	case t == reflect.TypeFor[netip.Prefix]():
	default:
		for key, of := range keysOf(t) {
			if t == reflect.TypeFor[auth.ContextField]() && key == "fields" && depth > 4 {
				continue // fields nest without end
			}
			for _, inner := range mentions(of, depth+1) {
				texts = append(texts, "{"+key+": "+inner+"}")
			}
		}
	}
	return texts
}

// usable has the keys that validation needs besides the tested one.
var usable = map[string]string{
	"trusted_proxies": "[127.0.0.0/8]",
	"apps":            "[{schema: A, discovery: {prefix: a}}]",
}

// usableApp is the same for an application.
var usableApp = map[string]string{
	"schema": "A", "discovery": "{prefix: a}", "auth": "{methods: [{api_keys: {file: /nonexistent/keys.yaml}}]}",
}

// with returns a section with one of its keys replaced by a text such as {key: value}.
func with(section map[string]string, text string) string {
	var b strings.Builder
	key, value, isKey := strings.Cut(strings.TrimPrefix(text, "{"), ": ")
	if !isKey || strings.ContainsAny(key, "'[/") {
		return text
	}
	fmt.Fprintf(&b, "{%s: %s", key, strings.TrimSuffix(value, "}"))
	for other, value := range section {
		if other != key {
			fmt.Fprintf(&b, ", %s: %s", other, value)
		}
	}
	return b.String() + "}"
}

// No error contains a value of the configuration.
func TestErrorsRepeatNoValue(t *testing.T) {
	t.Setenv("RELEASE_COOKIE", "a-long-random-cookie")
	texts := mentions(reflect.TypeFor[Config](), 0)
	for i, text := range texts {
		texts[i] = with(usable, text)
	}
	for _, text := range mentions(reflect.TypeFor[App](), 1) {
		texts = append(texts, with(usable, "{apps: ["+with(usableApp, text)+"]}"))
	}
	if len(texts) < 2000 {
		t.Fatalf("%d texts only", len(texts))
	}
	file := write(t, "")
	for _, text := range texts {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := check(file); err != nil && strings.Contains(err.Error(), misplaced) {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// No error contains the value of a variable.
func TestErrorsRepeatNoVariable(t *testing.T) {
	t.Setenv("RELEASE_COOKIE", "a-long-random-cookie")
	file := write(t, with(usable, "{listen: '127.0.0.1:1'}"))
	for _, name := range variableNames(t) {
		for _, value := range []string{misplaced, "{" + misplaced + "}", "[" + misplaced + "]", "{address: 'redis://:" + misplaced + "@h:1'}", "{password: " + misplaced + "}"} {
			t.Run(name, func(t *testing.T) {
				t.Setenv(name, value)
				if err := check(file); err != nil && strings.Contains(err.Error(), misplaced) {
					t.Errorf("%s: %v", value, err)
				}
			})
		}
	}
}

func variableNames(t *testing.T) (names []string) {
	t.Helper()
	var walk func(of reflect.Type, prefix string)
	walk = func(of reflect.Type, prefix string) {
		for field := range of.Fields() {
			switch {
			case field.Tag.Get("env") != "":
				names = append(names, prefix+field.Tag.Get("env"))
			case field.Type.Kind() == reflect.Slice:
				walk(field.Type.Elem(), prefix+field.Tag.Get("envPrefix")+"0_")
			case field.Type.Kind() == reflect.Struct && field.IsExported():
				walk(field.Type, prefix+field.Tag.Get("envPrefix"))
			}
		}
	}
	walk(reflect.TypeFor[Config](), "LOUCHE_")
	if len(names) < 50 || !slices.Contains(names, "LOUCHE_APPS_0_SCHEMA") {
		t.Fatalf("%d names: %v", len(names), names)
	}
	return names
}

// CheckFiles refuses the files and variables that the gateway would refuse. Load does not
// read them.
func TestCheckFiles(t *testing.T) {
	good := write(t, "a-long-random-cookie\n")
	app := "apps: [{schema: A, discovery: {prefix: a}%s}]\n"
	methods := ", auth: {methods: [%s]}"
	for name, c := range map[string]struct{ text, key, hint string }{
		"cookie":            {"node: {cookie_file: /nonexistent/cookie}\n" + fmt.Sprintf(app, ""), "node.cookie_file", "/nonexistent/cookie"},
		"cookie, directory": {"node: {cookie_file: " + t.TempDir() + "}\n" + fmt.Sprintf(app, ""), "node.cookie_file", "directory"},
		"cookie, short":     {"node: {cookie_file: " + write(t, "short") + "}\n" + fmt.Sprintf(app, ""), "node.cookie_file", "8 characters"},
		"CA of nodes":       {"node: {cookie_file: " + good + ", tls: {ca_file: /nonexistent/ca.pem}}\n" + fmt.Sprintf(app, ""), "node.tls.ca_file", "/nonexistent/ca.pem"},
		"token":             {"admin_token: {env: LOUCHE_TEST_UNSET}\n" + fmt.Sprintf(app, ""), "admin_token", "LOUCHE_TEST_UNSET"},
		"certificate":       {"tls: {cert_file: /nonexistent/a.pem, key_file: /nonexistent/b.pem}\n" + fmt.Sprintf(app, ""), "tls.cert_file", "/nonexistent/a.pem"},
		"password of Redis": {"redis: {address: '127.0.0.1:1', password: {file: /nonexistent/p}}\n" + fmt.Sprintf(app, ""), "redis.password", "/nonexistent/p"},
		"CA of Redis":       {"redis: {address: '127.0.0.1:1', tls: {ca_file: /nonexistent/ca.pem}}\n" + fmt.Sprintf(app, ""), "redis.tls.ca_file", "/nonexistent/ca.pem"},
		"manifest":          {fmt.Sprintf(app, ", trusted_documents: {mode: enforce, manifests: [/nonexistent/m.json]}"), "apps[0].trusted_documents", "/nonexistent/m.json"},
		"keys":              {fmt.Sprintf(app, fmt.Sprintf(methods, "{api_keys: {file: /nonexistent/keys.yaml}}")), "apps[0].auth.methods[0].api_keys.file", "/nonexistent/keys.yaml"},
		"secret of Phoenix": {fmt.Sprintf(app, fmt.Sprintf(methods, "{phoenix_token: {secret_key_base: {env: LOUCHE_TEST_UNSET}, salt: user auth}}")), "apps[0].auth.methods[0].phoenix_token.secret_key_base", "LOUCHE_TEST_UNSET"},
		"secret of JWT":     {fmt.Sprintf(app, fmt.Sprintf(methods, "{jwt: {secret: {file: /nonexistent/s}}}")), "apps[0].auth.methods[0].jwt.secret", "/nonexistent/s"},
		"public key":        {fmt.Sprintf(app, fmt.Sprintf(methods, "{jwt: {public_key_file: /nonexistent/k.pem}}")), "apps[0].auth.methods[0].jwt.public_key_file", "/nonexistent/k.pem"},
		"CA of an issuer":   {fmt.Sprintf(app, fmt.Sprintf(methods, "{jwt: {issuer: 'https://192.0.2.1/', discover: true, audience: [a], ca_file: /nonexistent/ca.pem}}")), "apps[0].auth.methods[0].jwt.ca_file", "/nonexistent/ca.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(c.text, "cookie_file") {
				t.Setenv("RELEASE_COOKIE", "a-long-random-cookie")
			}
			file := write(t, c.text)
			err := check(file)
			if err == nil || !strings.Contains(err.Error(), c.key) || !strings.Contains(err.Error(), c.hint) || !strings.HasPrefix(err.Error(), file+":") {
				t.Errorf("%v", err)
			}
			if _, err := (&Flags{Config: file}).Load(); err != nil {
				t.Errorf("without the files: %v", err)
			}
		})
	}
	t.Run("all of them", func(t *testing.T) {
		t.Setenv("RELEASE_COOKIE", "")
		t.Setenv("HOME", t.TempDir())
		err := check(write(t, "admin_token: {env: LOUCHE_TEST_UNSET}\nredis: {address: '127.0.0.1:1', password: {file: /nonexistent/p}, tls: {ca_file: /nonexistent/ca.pem}}\n"+
			fmt.Sprintf(app, ", trusted_documents: {mode: enforce, manifests: [/nonexistent/m.json]}"+fmt.Sprintf(methods, "{api_keys: {file: /nonexistent/a.yaml}}, {api_keys: {file: /nonexistent/b.yaml}}"))))
		for _, hint := range []string{"RELEASE_COOKIE", "LOUCHE_TEST_UNSET", "/nonexistent/p", "/nonexistent/ca.pem", "/nonexistent/m.json", "/nonexistent/a.yaml", "/nonexistent/b.yaml"} {
			if err == nil || !strings.Contains(err.Error(), hint) {
				t.Errorf("%s is missing in: %v", hint, err)
			}
		}
	})
}

// The file decides which credentials the gateway accepts, so only its owner may write to
// it.
func TestWritableConfigurationIsRefused(t *testing.T) {
	t.Setenv("RELEASE_COOKIE", "a-long-random-cookie")
	file := write(t, with(usable, "{listen: '127.0.0.1:1'}"))
	for mode, fine := range map[uint32]bool{0o600: true, 0o644: true, 0o640: true, 0o664: false, 0o646: false, 0o666: false} {
		chmod(t, file, mode)
		_, err := (&Flags{Config: file}).Load()
		if (err == nil) != fine || err != nil && (!strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "chmod go-w")) {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
	for name, c := range map[string]struct{ file, hint string }{
		"empty":     {write(t, ""), "apps"},
		"comments":  {write(t, "# nothing\n"), "apps"},
		"directory": {t.TempDir(), "is a directory"},
		"not there": {"/nonexistent/louche.yaml", "/nonexistent/louche.yaml"},
		"not text":  {write(t, "\x00\x01"), ""},
	} {
		if _, err := (&Flags{Config: c.file}).Load(); err == nil || !strings.Contains(err.Error(), c.hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func chmod(t *testing.T, file string, mode uint32) {
	t.Helper()
	if err := os.Chmod(file, os.FileMode(mode)); err != nil {
		t.Fatal(err)
	}
}

func TestStartWithAShortToken(t *testing.T) {
	t.Setenv("LOUCHE_TEST_ADMIN", "hunter2")
	t.Setenv("RELEASE_COOKIE", "a-long-random-cookie")
	if err := check(write(t, fine+"admin_token: {env: LOUCHE_TEST_ADMIN}\n")); err == nil || !strings.Contains(err.Error(), "admin_token") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// An error about a token at the place of its source does not contain the token.
func TestTokenInTheEnvironment(t *testing.T) {
	t.Setenv("LOUCHE_ADMIN_TOKEN", "hunter2hunter2hunter2")
	_, err := (&Flags{Config: write(t, fine)}).Load()
	if err == nil || !strings.Contains(err.Error(), "{file: PATH}") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
	t.Setenv("LOUCHE_ADMIN_TOKEN", "{file: /run/secrets/admin_token}")
	cfg, err := (&Flags{Config: write(t, fine)}).Load()
	if err != nil || cfg.AdminToken.File != "/run/secrets/admin_token" {
		t.Errorf("%v", err)
	}
}
