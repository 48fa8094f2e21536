package config

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/louche-graphql/louche/internal/docstest"
)

// A block of YAML in the documentation is a whole configuration, or its first line names
// its place: below a key, beside apps, or in the file of another program.
var belongs = regexp.MustCompile(`^# (below apps\[0\](\.auth\.methods)?|beside apps|keys\.yaml|prometheus\.yml|Kubernetes)(: [^\n]*)?\n`)

// configurationOf returns the whole configuration that contains a block. ok is false for
// blocks of other programs.
func configurationOf(block string) (text string, ok bool) {
	place := belongs.FindStringSubmatch(block)
	if place == nil {
		return block, true
	}
	indent := func(by string) string {
		return by + strings.ReplaceAll(strings.TrimSpace(block), "\n", "\n"+by) + "\n"
	}
	app := "apps:\n  - schema: MyApp.Schema\n"
	if !strings.Contains(block, "\ndiscovery:") {
		app += "    discovery: {prefix: my-app}\n"
	}
	switch place[1] {
	case "below apps[0]":
		return app + indent("    "), true
	case "below apps[0].auth.methods":
		return app + "    auth:\n      methods:\n" + indent("        "), true
	case "beside apps":
		return block + app, true
	case "keys.yaml":
		return app + "    auth:\n      methods:\n        - api_keys:\n            keys:\n" + indent("              "), true
	}
	return "", false
}

func TestExamplesInTheDocumentation(t *testing.T) {
	for _, block := range docstest.Blocks(t, "yaml", "yml") {
		t.Run(block.String(), func(t *testing.T) { checkExample(t, block.Text) })
	}
}

func checkExample(t *testing.T, block string) {
	t.Helper()
	text, ok := configurationOf(block)
	if !ok {
		var any any
		if err := yaml.Unmarshal([]byte(block), &any); err != nil {
			t.Error(err)
		}
		return
	}
	if _, err := (&Flags{Config: write(t, text)}).Load(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	if err := fitsSchema(t, text); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// fitsSchema validates a configuration as editors do.
func fitsSchema(t *testing.T, text string) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/louche.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func TestSchemaRefuses(t *testing.T) {
	app := "apps: [{schema: A, discovery: {prefix: a}, %s}]"
	for text, fine := range map[string]bool{
		fmt.Sprintf(app, "timeout: 30s"):                                    true,
		fmt.Sprintf(app, "timeot: 30s"):                                     false,
		fmt.Sprintf(app, "timeout: soon"):                                   false,
		fmt.Sprintf(app, "timeout: 0"):                                      true,
		fmt.Sprintf(app, "share: maybe"):                                    false,
		fmt.Sprintf(app, "retry: {nodes: many}"):                            false,
		fmt.Sprintf(app, "rate_limits: [{by: name, limit: 1, per: 1m}]"):    false,
		fmt.Sprintf(app, "context: {a: {fields: {b: {value: 1}}}}"):         true,
		fmt.Sprintf(app, "context: {a: {fields: {b: {valeu: 1}}}}"):         false,
		fmt.Sprintf(app, "auth: {methods: [{jwt: {secret: hunter2}}]}"):     false,
		fmt.Sprintf(app, "auth: {methods: [{jwt: {secret: {env: NAME}}}]}"): true,
		"admin_token: {file: a, env: B}":                                    false,
		"redis: {tls: true}":                                                true,
	} {
		if err := fitsSchema(t, text); (err == nil) != fine {
			t.Errorf("%s: %v", text, err)
		}
	}
}
