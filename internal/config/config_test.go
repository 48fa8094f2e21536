package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/server"
)

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "louche.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// check loads a file, and reads the files that it names, as serve does.
func check(file string) error {
	cfg, err := (&Flags{Config: file}).Load()
	if err == nil {
		err = cfg.CheckFiles()
	}
	return err
}

const complete = `
listen: 0.0.0.0:80
admin: 10.0.0.1:81
admin_token: {file: /run/secrets/admin_token}
shutdown_delay: 0s
shutdown_grace: 10s
log: {level: debug, format: json}
tls: {cert_file: cert.pem, key_file: key.pem, min_version: 1.3, client_ca_file: clients.pem}
node:
  name: louche@10.0.0.1
  cookie_file: /run/secrets/cookie
  net_ticktime: 30s
  tls: {ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem, server_name: my-app}
trusted_proxies: [127.0.0.0/8, "fd00::/8"]
limits: {body: 1000, header: 2000, answer: 3000, in_flight: 4, batch: 6, connections: 5, read_timeout: 3s, write_timeout: 3s, idle_timeout: 4s}
apps:
  - path: /graphql
    schema: MyApp.Schema
    timeout: 5s
    expose_errors: true
    error_extensions: true
    mask_errors: true
    analyze_complexity: true
    max_complexity: 100
    token_limit: 200
    context_from: MyApp.Gateway.build_context
    context_cache: 30s
    document_limits: {bytes: 1, tokens: 2, fields: 7, depth: 3, aliases: 4, root_fields: 5, directives: 6, introspection: refuse}
    forms: true
    csrf_prevention: false
    cors: {origins: ["https://app.example.com"], headers: [X-My-Header], credentials: true, max_age: 10m}
    batch_format: absinthe
    compress: [gzip]
    persisted_queries: off
    share: dry_run
    trusted_documents: {mode: log, manifests: [a.json, b.json], cache_control: public}
    load: {in_flight: 1, queue: 2, queue_time: 3ms, warmup: 4s}
    retry: {nodes: 3, budget: 0.5}
    breaker: {failures: 0.1, calls: 2, window: 3s, open: 4s}
    contract: {sdl: off, validate: report, pin: true, usage: true}
    discovery: {dns: [my-app.internal], prefix: my-app, interval: 1s, keep: 1m, timeout: 1s, epmd_port: 4370, port: 9000}
    context:
      current_user_id: {header: X-User-Id, type: integer, required: true}
      scope: {fields: {roles: {header: X-Roles, type: [string], default: [guest]}}}
  - {path: /other, schema: Other.Schema, discovery: {nodes: ["other@fdaa:0:1::3"]}}
`

func TestConfig(t *testing.T) {
	cfg, err := (&Flags{Config: write(t, complete)}).Load()
	if err != nil {
		t.Fatal(err)
	}
	app := cfg.Apps[0]
	for key, ok := range map[string]bool{
		"listen":          cfg.Listen == "0.0.0.0:80",
		"shutdown_delay":  cfg.ShutdownDelay == 0,
		"shutdown_grace":  cfg.ShutdownGrace == 10*time.Second,
		"log":             cfg.Log.Format == "json",
		"node":            cfg.Node.NetTickTime == 30*time.Second && cfg.Node.TLS.ServerName == "my-app",
		"trusted_proxies": len(cfg.TrustedProxies) == 2,
		"limits":          cfg.Limits.Body == 1000 && cfg.Limits.Answer == 3000 && cfg.Limits.InFlight == 4 && cfg.Limits.Batch == 6 && cfg.Limits.Connections == 5,
		"timeout":         app.Timeout == 5*time.Second,
		"errors":          app.ErrorExtensions && app.MaskErrors,
		"complexity":      app.AnalyzeComplexity && app.MaxComplexity == 100 && app.TokenLimit == 200,
		"document_limits": app.DocumentLimits == engine.DocumentLimits{Bytes: 1, Tokens: 2, Fields: 7, Depth: 3, Aliases: 4, RootFields: 5, Directives: 6, Introspection: "refuse"},
		"admin_token":     cfg.AdminToken.File == "/run/secrets/admin_token",
		"forms":           app.Forms,
		"csrf_prevention": app.CSRFPrevention != nil && !*app.CSRFPrevention && cfg.Apps[1].CSRFPrevention == nil,
		"cors":            app.CORS.Enabled() && len(app.CORS.Origins) == 1 && len(app.CORS.Headers) == 1 && app.CORS.Credentials && app.CORS.MaxAge == 10*time.Minute && !cfg.Apps[1].CORS.Enabled(),
		"persisted":       app.PersistedQueries == "off" && cfg.Apps[1].PersistedQueries == "automatic" && cfg.Limits.PersistedBytes == 16<<20,
		"trusted":         app.Trusted.Mode == "log" && len(app.Trusted.Manifests) == 2 && app.Trusted.CacheControl == "public" && cfg.Apps[1].Trusted.Mode == "off",
		"share":           app.Share == "dry_run" && cfg.Apps[1].Share == "off",
		"compress":        len(app.Compress) == 1 && len(cfg.Apps[1].Compress) == 3,
		"tls":             cfg.TLS == server.TLSConfig{CertFile: "cert.pem", KeyFile: "key.pem", MinVersion: "1.3", ClientCAFile: "clients.pem", ClientCertificates: "optional"},
		"batch_format":    app.BatchFormat == "absinthe" && cfg.Apps[1].BatchFormat == "apollo",
		"load":            app.Load.InFlight == 1 && app.Load.Queue == 2 && app.Load.QueueTime == 3*time.Millisecond && app.Load.Warmup == 4*time.Second,
		"retry":           app.Retry.Nodes == 3 && app.Retry.Budget == 0.5,
		"breaker":         app.Breaker.Calls == 2,
		"contract":        app.Contract == contract.Config{SDL: "off", Validation: "report", Pin: true, Usage: true},
		"contract, unset": cfg.Apps[1].Contract == contract.Config{SDL: "admin", Validation: "off"},
		"discovery":       app.Discovery.EPMDPort == 4370 && app.Discovery.Port == 9000 && app.Discovery.Keep == time.Minute,
		"context":         app.Context["current_user_id"].Required && app.Context["scope"].Fields["roles"].Type.List,
		"context_from":    app.ContextFrom == "MyApp.Gateway.build_context" && app.ContextCache == 30*time.Second,
		"second app":      cfg.Apps[1].Schema == "Other.Schema" && cfg.Apps[1].Timeout == 30*time.Second,
	} {
		if !ok {
			t.Errorf("%s is not what the file says: %+v", key, cfg)
		}
	}
}

// Load finds mistakes, and the error has the position.
func TestConfigMistakes(t *testing.T) {
	const app = "apps: [{schema: MyApp.Schema, discovery: {prefix: my-app}}]\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"unknown key":           {app + "lissten: 127.0.0.1:1\n", []string{".yaml:2:1:", "lissten"}},
		"unknown nested key":    {app + "node:\n  nmae: x@y\n", []string{".yaml:3:3:", "nmae"}},
		"unknown key in app":    {"apps:\n  - schema: A\n    breaker: {calls: 1}\n    tiemout: 3s\n", []string{".yaml:4:5:", "tiemout"}},
		"unknown key in entry":  {"apps:\n  - schema: A\n    context:\n      a: {valeu: 1}\n", []string{".yaml:4:11:", "valeu"}},
		"repeated key":          {app + "listen: a:1\nlisten: a:2\n", []string{".yaml:3:1:", "listen"}},
		"wrong type":            {app + "limits: {body: big}\n", []string{".yaml:2:16:"}},
		"not YAML":              {"apps: [", []string{".yaml:1:"}},
		"bad duration":          {"apps: [{schema: A, timeout: 30}]", []string{".yaml:1:29:"}},
		"no application":        {"listen: 127.0.0.1:1\n", []string{"no application", "--schema"}},
		"no schema":             {"apps: [{discovery: {prefix: a}}]", []string{"apps[0]", "schema"}},
		"no prefix":             {"apps: [{schema: A}]", []string{"apps[0]", "discovery", "prefix"}},
		"bad address":           {app + "listen: 4400\n", []string{"listen", "127.0.0.1:4400"}},
		"bad node name":         {app + "node: {name: louche}\n", []string{"node.name", "name@host"}},
		"listen is admin":       {app + "listen: 127.0.0.1:1\nadmin: 127.0.0.1:1\n", []string{".yaml:3:1: admin", "as listen"}},
		"listen has all of it":  {app + "listen: :1\nadmin: 127.0.0.1:1\n", []string{".yaml:3:1: admin", "as listen"}},
		"admin has all of it":   {app + "listen: '[::1]:01'\nadmin: '[::]:1'\nadmin_token: {env: A}\n", []string{".yaml:3:1: admin", "as listen"}},
		"the same Unix socket":  {app + "listen: unix:/run/a\nadmin: unix:/run/a\n", []string{".yaml:3:1: admin", "as listen"}},
		"all of IPv4":           {app + "listen: 0.0.0.0:1\nadmin: localhost:1\n", []string{".yaml:3:1: admin", "as listen"}},
		"two documents":         {app + "---\nx: 1\n", []string{"more than one"}},
		"no module in pubsub":   {"apps: [{schema: A, discovery: {prefix: a}, pubsub: my_app}]", []string{"apps[0]", "pubsub", "MyAppWeb.Endpoint"}},
		"no module of a codec":  {"apps: [{schema: A, discovery: {prefix: a}, json_codec: jason}]", []string{"apps[0]", "json_codec", "such as Jason"}},
		"pubsub twice":          {"apps: [{schema: A, discovery: {prefix: a}, pubsub: B, context: {pubsub: {value: c}}}]", []string{"apps[0]", "context.pubsub"}},
		"same path twice":       {"apps: [{schema: A, discovery: {prefix: a}}, {schema: B, discovery: {prefix: b}}]", []string{"apps[1]", "path is taken"}},
		"own path":              {"apps: [{path: /readyz, schema: A, discovery: {prefix: a}}]", []string{"apps[0]", "/readyz"}},
		"path of a schema":      {"apps: [{path: /a/schema.graphql, schema: A, discovery: {prefix: a}}]", []string{"apps[0]", "/schema.graphql"}},
		"path with dots":        {"apps: [{path: /a/../b, schema: A, discovery: {prefix: a}}]", []string{"apps[0]", "path"}},
		"path with a gap":       {"apps: [{path: //a, schema: A, discovery: {prefix: a}}]", []string{"apps[0]", "path"}},
		"budget is no number":   {"apps: [{schema: A, discovery: {prefix: a}, retry: {budget: .nan}}]", []string{"apps[0].retry.budget"}},
		"HTTP/3 without TLS":    {"http3: true\napps: [{schema: A, discovery: {prefix: a}}]", []string{"http3", "tls.cert_file"}},
		"HTTP/3 without a port": {"http3: true\nlisten: unix:/run/a.sock\ntls: {cert_file: a, key_file: b}\napps: [{schema: A, discovery: {prefix: a}}]", []string{"http3", "port"}},
		"proxies without one":   {"proxy_protocol: [10.0.0.0/8]\nlisten: unix:/run/a.sock\napps: [{schema: A, discovery: {prefix: a}}]", []string{"proxy_protocol", "IP address"}},
		"untrusted header":      {"apps: [{schema: A, discovery: {prefix: a}, context: {u: {header: X-U}}}]", []string{"apps[0]", "context.u", "trusted_proxies"}},
		"unknown type":          {"trusted_proxies: [127.0.0.1/32]\napps: [{schema: A, discovery: {prefix: a}, context: {u: {header: X-U, type: text}}}]", []string{"text", "integer"}},
		"default of a type":     {"apps: [{schema: A, discovery: {prefix: a}, context: {u: {cookie: u, type: integer, default: \"5\"}}}]", []string{"apps[0]", "context.u.default", "integer"}},
		"claim without methods": {"apps: [{schema: A, discovery: {prefix: a}, context: {u: {claim: sub}}}]", []string{"apps[0]", "context.u", "auth.methods"}},
		"rules without methods": {"apps: [{schema: A, discovery: {prefix: a}, auth: {require: {scopes: [a]}}}]", []string{"apps[0]", "auth.require", "auth.methods"}},
		"no certificates":       {"apps: [{schema: A, discovery: {prefix: a}, auth: {methods: [{client_certificate: {}}]}}]", []string{"apps[0]", "auth.methods[0].client_certificate", "tls.client_ca_file"}},
		"load and retry":        {"apps: [{schema: A, discovery: {prefix: a}, load: {in_flight: -1}, retry: {budget: 2}}]", []string{"apps[0].load.in_flight", "apps[0].retry.budget"}},
		"limits of documents":   {"apps: [{schema: A, discovery: {prefix: a}, document_limits: {introspection: maybe}}]", []string{"apps[0].document_limits.introspection"}},
		"cache of nothing":      {"apps: [{schema: A, discovery: {prefix: a}, context_cache: 30s}]", []string{"apps[0].context_cache", "context_from"}},
		"negative complexity":   {"apps: [{schema: A, discovery: {prefix: a}, max_complexity: -1}]", []string{"apps[0].max_complexity"}},
		"load that has no time": {"apps: [{schema: A, discovery: {prefix: a}, load: {queue_time: -1s}, retry: {nodes: -1}}]", []string{"load.queue_time", "retry.nodes"}},
		"contract":              {"apps: [{schema: A, discovery: {prefix: a}, contract: {sdl: everybody}}]", []string{"apps[0].contract.sdl", "public"}},
		"validate":              {"apps: [{schema: A, discovery: {prefix: a}, contract: {validate: yes}}]", []string{"apps[0].contract.validate", "enforce"}},
		"limits":                {app + "limits: {connections: -1}\n", []string{"limits.connections"}},
		"batch":                 {app + "limits: {batch: -1}\n", []string{"limits.batch"}},
		"persisted":             {app + "limits: {persisted_bytes: -1}\n", []string{"limits.persisted_bytes"}},
		"words":                 {"apps: [{schema: A, discovery: {prefix: a}, persisted_queries: on}]", []string{"apps[0].persisted_queries", "automatic"}},
		"prepare":               {"apps: [{schema: A, discovery: {prefix: a}, prepare: yes, prepare_memory: -1}]", []string{"apps[0].prepare is not on or off", "apps[0].prepare_memory"}},
		"share":                 {"apps: [{schema: A, discovery: {prefix: a}, share: yes}]", []string{"apps[0].share", "dry_run"}},
		"compress":              {"apps: [{schema: A, discovery: {prefix: a}, compress: [deflate]}]", []string{"apps[0].compress", "zstd"}},
		"methods":               {"apps: [{schema: A, discovery: {prefix: a}, auth: {methods: [{}, {proxy_headers: {subject: X-U}}]}}]", []string{"apps[0].auth.methods[0]", "apps[0].auth.methods[1].proxy_headers", "trusted_proxies"}},
		"key of a method":       {"apps:\n  - schema: A\n    auth:\n      methods:\n        - phoenix_token: {slat: user auth}\n", []string{".yaml:5:27:", "slat"}},
		"TLS version":           {app + "tls: {cert_file: a.pem, key_file: b.pem, min_version: 1.1}\n", []string{"tls.min_version", "1.2"}},
		"client CAs alone":      {app + "tls: {client_ca_file: a.pem}\n", []string{"tls.client_ca_file", "cert_file"}},
		"no client CAs":         {app + "tls: {cert_file: a.pem, key_file: b.pem, client_certificates: required}\n", []string{"tls.client_certificates", "client_ca_file"}},
		"client certificates":   {app + "tls: {cert_file: a.pem, key_file: b.pem, client_ca_file: c.pem, client_certificates: maybe}\n", []string{"tls.client_certificates", "required"}},
		"admin for everybody":   {app + "admin: 0.0.0.0:4401\n", []string{"admin can be reached", "admin_token"}},
		"admin for every host":  {app + "admin: :4401\n", []string{"admin_token"}},
		"admin's token itself":  {app + "admin_token: hunter2hunter2hunter2\n", []string{"{file: PATH}"}},
		"admin's two tokens":    {app + "admin_token: {file: a, env: B}\n", []string{"admin_token", "one of file and env"}},
		"CORS":                  {"apps: [{schema: A, discovery: {prefix: a}, cors: {origins: [app.example.com]}}]", []string{"apps[0].cors.origins", "https://"}},
		"CORS without origins":  {"apps: [{schema: A, discovery: {prefix: a}, cors: {credentials: true}}]", []string{"apps[0].cors.origins"}},
		"half of TLS":           {app + "tls: {cert_file: a.pem}\n", []string{"tls needs both"}},
		"batch format":          {"apps: [{schema: A, discovery: {prefix: a}, batch_format: relay}]", []string{"apps[0].batch_format", "apollo"}},
		"trusted mode":          {"apps: [{schema: A, discovery: {prefix: a}, trusted_documents: {mode: on, manifests: [a]}}]", []string{"trusted_documents.mode", "enforce"}},
		"no manifest":           {"apps: [{schema: A, discovery: {prefix: a}, trusted_documents: {mode: log}}]", []string{"trusted_documents.manifests"}},
		"answer":                {app + "limits: {answer: -1}\n", []string{"limits.answer"}},
		"keep":                  {"apps: [{schema: A, discovery: {prefix: a, keep: -1s}}]", []string{"apps[0].discovery.keep"}},
		"shutdown":              {app + "shutdown_delay: -1s\n", []string{"shutdown_delay"}},
		"log access":            {app + "log: {access: 2}\n", []string{"log.access"}},
		"log field":             {app + "log: {fields: [token]}\n", []string{"log.fields[0]"}},
		"traces":                {app + "traces: {endpoint: \"127.0.0.1:4318\", sample: 2}\n", []string{"traces.endpoint", "traces.sample"}},
		"log level":             {app + "log: {level: loud}\n", []string{"log.level", "debug"}},
		"several at once":       {"log: {level: loud, format: xml}\nnode: {name: x, net_ticktime: 1ms}\nlimits: {body: -1, batch: -1}\n", []string{"log.level", "node.name", "node.net_ticktime", "limits.body", "limits.batch", "no application"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := (&Flags{Config: write(t, c.text)}).Load()
			if err == nil {
				t.Fatal("it is accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error has no %q:\n%v", want, err)
				}
			}
		})
	}
}

// Port 0 is a free port for each listener, and systemd passes a socket for each.
func TestListenersOfTheSameWords(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "systemd"} {
		if _, err := (&Flags{Config: write(t, "apps: [{schema: A, discovery: {prefix: a}}]\nadmin_token: {env: A}\nlisten: "+address+"\nadmin: "+address+"\n")}).Load(); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// introspection: identified needs a way to identify requests.
func TestIntrospectionNeedsIdentity(t *testing.T) {
	for section, fine := range map[string]bool{
		"context: {l: {cookie: locale}}":                     false,
		"context: {t: {value: acme}}":                        false,
		"context: {u: {header: X-U}}":                        true,
		"context: {s: {fields: {u: {header: X-U}}}}":         true,
		"auth: {methods: [{proxy_headers: {subject: X-U}}]}": true,
		"auth: {anonymous: allow}":                           false,
	} {
		_, err := (&Flags{Config: write(t, "trusted_proxies: [127.0.0.1/32]\napps: [{schema: A, discovery: {prefix: a}, document_limits: {introspection: identified}, cors: {origins: []}, "+section+"}]")}).Load()
		if (err == nil) != fine {
			t.Errorf("%s: %v", section, err)
		}
		for _, want := range []string{"apps[0]", "document_limits.introspection", "auth.methods"} {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error has no %q: %v", section, want, err)
			}
		}
	}
}

// Errors do not contain the text around a mistake.
func TestConfigMistakeHidesSecrets(t *testing.T) {
	for text, at := range map[string]string{
		"node:\n  cookie: s3cr3t\n": ".yaml:2:3:",
		"apps:\n  - auth: {methods: [{phoenix_token: {secret_key_base: s3cr3t}}]}\n": "{env: NAME}",
	} {
		_, err := (&Flags{Config: write(t, text)}).Load()
		if err == nil || !strings.Contains(err.Error(), at) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%v", err)
		}
	}
}

// The environment alone can add an application.
func TestConfigAppsOfTheEnvironment(t *testing.T) {
	t.Setenv("LOUCHE_APPS_1_SCHEMA", "Other.Schema")
	t.Setenv("LOUCHE_APPS_1_PATH", "/other")
	t.Setenv("LOUCHE_APPS_1_DISCOVERY_PREFIX", "other")
	file := write(t, "apps: [{schema: A, discovery: {prefix: a}}]")
	cfg, err := (&Flags{Config: file}).Load()
	if err != nil || len(cfg.Apps) != 2 || cfg.Apps[1].Schema != "Other.Schema" {
		t.Errorf("%+v, %v", cfg, err)
	}
}

// The variables of a release suffice on its own host.
func TestConfigOfARelease(t *testing.T) {
	t.Setenv("RELEASE_COOKIE", "cookie-of-the-release")
	t.Setenv("REMOTE_APP_NAME", "my-app")
	t.Setenv("ERL_EPMD_PORT", "4370")
	cfg, err := (&Flags{Schema: "MyApp.Schema"}).Load()
	if err != nil {
		t.Fatal(err)
	}
	d := cfg.Apps[0].Discovery
	if cfg.Node.Cookie != "cookie-of-the-release" || d.Prefix != "my-app" || len(d.DNS) != 1 || d.DNS[0] != "127.0.0.1" || d.EPMDPort != 4370 {
		t.Errorf("%+v", cfg)
	}
	if cfg.Listen != "127.0.0.1:4400" || cfg.Admin != "127.0.0.1:4401" {
		t.Error("the listeners are not on loopback by default")
	}
}

// GraphiQL is on where only this machine reaches it, unless it is set.
func TestGraphiQLByDefault(t *testing.T) {
	for _, tc := range []struct{ listen, set, want string }{
		{"127.0.0.1:4400", "", "on"},
		{"localhost:4400", "", "on"},
		{"[::1]:4400", "off", "off"},
		{"0.0.0.0:4400", "", "off"},
		{":4400", "", "off"},
		{"10.0.0.5:4400", "on", "on"},
	} {
		c := &Config{Listen: tc.listen, Apps: make([]App, 1)}
		c.Apps[0].GraphiQL = tc.set
		if err := c.SetDefaults(); err != nil || c.Apps[0].GraphiQL != tc.want {
			t.Errorf("%s, %q: %q, %v", tc.listen, tc.set, c.Apps[0].GraphiQL, err)
		}
	}
}

// The environment overrides the file, and flags override both.
func TestConfigPrecedence(t *testing.T) {
	file := write(t, complete)
	t.Setenv("LOUCHE_LISTEN", "127.0.0.1:1")
	t.Setenv("LOUCHE_ADMIN", "127.0.0.1:2")
	t.Setenv("LOUCHE_TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1/32")
	t.Setenv("LOUCHE_NODE_NET_TICKTIME", "45s")
	t.Setenv("LOUCHE_APPS_0_TIMEOUT", "7s")
	t.Setenv("LOUCHE_APPS_0_BREAKER_CALLS", "77")
	t.Setenv("LOUCHE_APPS_0_DISCOVERY_DNS", "a.internal,b.internal")
	t.Setenv("LOUCHE_APPS_1_SCHEMA", "Another.Schema")
	t.Setenv("LOUCHE_APPS_1_CONTEXT", "{tenant: {value: acme}}")
	t.Setenv("LOUCHE_APPS_1_RATE_LIMITS", "[{by: address, limit: 60, per: 1m}]")
	t.Setenv("LOUCHE_REDIS", "{address: '127.0.0.1:6379', tls: true}")
	cfg, err := (&Flags{Config: file, Listen: "127.0.0.1:3"}).Load()
	if err != nil {
		t.Fatal(err)
	}
	for key, ok := range map[string]bool{
		"flag over environment": cfg.Listen == "127.0.0.1:3",
		"environment over file": cfg.Admin == "127.0.0.1:2",
		"list":                  len(cfg.TrustedProxies) == 2 && cfg.TrustedProxies[0].String() == "10.0.0.0/8",
		"nested":                cfg.Node.NetTickTime == 45*time.Second,
		"in a list":             cfg.Apps[0].Timeout == 7*time.Second && cfg.Apps[0].Breaker.Calls == 77,
		"list in a list":        len(cfg.Apps[0].Discovery.DNS) == 2,
		"second of a list":      cfg.Apps[1].Schema == "Another.Schema" && cfg.Apps[1].Context["tenant"].Value != nil,
		"as in the file":        len(cfg.Apps[1].RateLimits) == 1 && cfg.Redis.TLS.Enabled,
		"the file's others":     cfg.Apps[0].Schema == "MyApp.Schema" && cfg.Apps[1].Path == "/other",
	} {
		if !ok {
			t.Errorf("%s: %+v", key, cfg)
		}
	}
}

// The default node name stays the same over restarts, and differs between two gateways on
// one host.
func TestDefaultNodeName(t *testing.T) {
	name := func(listen string) string {
		t.Setenv("RELEASE_COOKIE", "a-cookie")
		cfg, err := (&Flags{Schema: "A", Prefix: "a", Listen: listen}).Load()
		if err != nil {
			t.Fatal(err)
		}
		return cfg.Node.Name
	}
	if a, b := name("127.0.0.1:4400"), name("127.0.0.1:4400"); a != b {
		t.Errorf("%s became %s", a, b)
	}
	if a, b := name("127.0.0.1:4400"), name("127.0.0.1:5000"); a == b {
		t.Errorf("both are %s", a)
	}
}

// Names of modules may have the prefix that Erlang's shell and :rpc show.
func TestNamesOfModulesWithTheirPrefix(t *testing.T) {
	cfg, err := (&Flags{Config: write(t, `apps:
  - {schema: Elixir.MyApp.Schema, context_from: Elixir.MyApp.Gateway.build_context, auth: {methods: [{api_keys: {file: keys.yaml}}]}, discovery: {prefix: my-app}}
  - {schema: MyApp.Schema, path: /other, discovery: {prefix: my-app}}
`)}).Load()
	if err != nil {
		t.Fatal(err)
	}
	if a := cfg.Apps[0]; a.Schema != "MyApp.Schema" || a.ContextFrom != "MyApp.Gateway.build_context" || cfg.Apps[1].Schema != "MyApp.Schema" {
		t.Errorf("%s, %s", a.Schema, a.ContextFrom)
	}
	if cfg, err := (&Flags{Schema: "Elixir.MyApp.Schema", Prefix: "my-app"}).Load(); err != nil || cfg.Apps[0].Schema != "MyApp.Schema" {
		t.Errorf("as a flag: %v", err)
	}
	for _, name := range []string{"Elixir.Elixir.MyApp", "Elixir.", "Elixir", "Elixir.my_app"} {
		if cfg, err := (&Flags{Schema: name, Prefix: "my-app"}).Load(); err == nil && name != "Elixir" {
			t.Errorf("%s is taken as %s", name, cfg.Apps[0].Schema)
		}
	}
}

func TestMistakesInFlagsNameTheFlag(t *testing.T) {
	file := write(t, "apps: [{schema: A, discovery: {prefix: a}}]\n")
	for _, c := range []struct {
		flags Flags
		want  string
	}{
		{Flags{Schema: "my_app"}, "--schema: "},
		{Flags{Schema: "A", DNS: []string{"http://a"}, Prefix: "a"}, "--dns: "},
		{Flags{Schema: "A", Prefix: "a@b"}, "--prefix: "},
		{Flags{Config: file, Listen: "4400"}, "--listen: "},
		{Flags{Config: file, Admin: "0.0.0.0:4401"}, "--admin: "},
		{Flags{Config: file, NodeName: "louche"}, "--node-name: "},
		{Flags{Config: file, CookieFile: "/nonexistent/cookie"}, "--cookie-file: "},
	} {
		cfg, err := c.flags.Load()
		if err == nil {
			err = cfg.CheckFiles()
		}
		if err == nil || !strings.Contains("\n"+err.Error(), "\n"+c.want) {
			t.Errorf("%+v: %v", c.flags, err)
		}
	}
}
