// Package newconfig writes the first configuration of a gateway, annotated.
package newconfig

import (
	"context"
	_ "embed"
	"io"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/discovery"
)

// Answers are what a configuration needs to know.
type Answers struct {
	Schema     string   // module of the Absinthe schema
	DNS        []string // hosts of the nodes
	Prefix     string   // of the names of the nodes
	CookieFile string   // empty: RELEASE_COOKIE
}

//go:embed louche.yaml.tmpl
var text string

var file = template.Must(template.New("louche.yaml").Funcs(template.FuncMap{"yaml": scalar}).Parse(text))

// scalar quotes a text where YAML needs it: names of nodes are untrusted.
func scalar(text string) (string, error) {
	quoted, err := yaml.Marshal(text)
	return strings.TrimSpace(string(quoted)), err
}

// Write writes the configuration.
func Write(w io.Writer, a Answers) error { return file.Execute(w, a) }

// hash matches the part of a node's name that differs between its releases: my-app-01ABC.
var hash = regexp.MustCompile(`-[0-9A-Z]{5,}$`)

// Prefixes returns the prefixes of the nodes that the EPMD of this host lists.
func Prefixes(ctx context.Context, epmdPort uint16) (prefixes []string) {
	cfg := discovery.Config{DNS: []string{"127.0.0.1"}, Prefix: "-", EPMDPort: epmdPort, Timeout: 10 * time.Second}
	for _, epmd := range discovery.New(cfg, net.DefaultResolver, slog.New(slog.DiscardHandler)).Poll(ctx).EPMDs {
		for _, name := range epmd.Names {
			prefixes = append(prefixes, hash.ReplaceAllString(name.Name, ""))
		}
	}
	slices.Sort(prefixes)
	return slices.Compact(prefixes)
}
