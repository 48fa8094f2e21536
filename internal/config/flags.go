package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
)

// Flags are the file of the configuration, and the common keys as flags: enough for one
// application. The tags are those of kong.
type Flags struct {
	Config     string   `short:"c" placeholder:"FILE" help:"Configuration file (YAML)."`
	Listen     string   `placeholder:"ADDR" help:"Address for clients (default 127.0.0.1:4400)."`
	Admin      string   `placeholder:"ADDR" help:"Address for operators (default 127.0.0.1:4401)."`
	Schema     string   `placeholder:"MODULE" help:"Absinthe schema of the first application, such as MyApp.Schema."`
	DNS        []string `placeholder:"HOST" help:"Hosts of its nodes (default 127.0.0.1)."`
	Prefix     string   `placeholder:"NAME" help:"Prefix of its node names (default $REMOTE_APP_NAME)."`
	NodeName   string   `placeholder:"NAME@HOST" help:"The gateway's own node name."`
	CookieFile string   `placeholder:"FILE" help:"File with the cookie (default $RELEASE_COOKIE, then ~/.erlang.cookie)."`
}

// Load reads the file, then the environment, then the flags; later ones win. The error has
// a line for each problem, with its file and position, variable or flag.
func (f *Flags) Load() (*Config, error) {
	// The default of shutdown_delay is set before the file is read, since 0s is a value.
	c := &Config{ShutdownDelay: 5 * time.Second}
	if err := f.readFile(c); err != nil {
		return nil, err
	}
	errs := append(c.file.errors(), c.readEnvironment()...)
	f.apply(c)
	if err := c.SetDefaults(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.file.locate(keypath.Split(c.Validate()))...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return c, nil
}

func (f *Flags) readFile(c *Config) error {
	c.file = &document{}
	if f.Config != "" {
		text, err := secret.ReadTrusted(f.Config)
		if err != nil {
			return fmt.Errorf("configuration file: %w", err)
		}
		c.file, err = readDocument(f.Config, text, c)
		if m, ok := errors.AsType[*mistake](err); ok {
			return m.in(f.Config)
		} else if err != nil {
			return fmt.Errorf("%s: %w", f.Config, err)
		}
	}
	return nil
}

// apply overrides keys by the flags that are set, and notes which.
func (f *Flags) apply(c *Config) {
	if f.Schema != "" && len(c.Apps) == 0 {
		c.Apps = make([]App, 1)
	}
	app := new(App) // without applications, their flags have no effect
	if len(c.Apps) > 0 {
		app = &c.Apps[0]
	}
	for _, flag := range []struct {
		name, value string
		key         *string
		path        keypath.Path
	}{
		{"--listen", f.Listen, &c.Listen, keypath.Path{"listen"}},
		{"--admin", f.Admin, &c.Admin, keypath.Path{"admin"}},
		{"--schema", f.Schema, &app.Schema, keypath.Path{"apps", 0, "schema"}},
		{"--dns", strings.Join(f.DNS, ","), new(string), keypath.Path{"apps", 0, "discovery", "dns"}},
		{"--prefix", f.Prefix, &app.Discovery.Prefix, keypath.Path{"apps", 0, "discovery", "prefix"}},
		{"--node-name", f.NodeName, &c.Node.Name, keypath.Path{"node", "name"}},
		{"--cookie-file", f.CookieFile, &c.Node.CookieFile, keypath.Path{"node", "cookie_file"}},
	} {
		if flag.value != "" {
			*flag.key = flag.value
			c.file.flags = append(c.file.flags, setFlag{flag.path, flag.name})
		}
	}
	if len(f.DNS) > 0 {
		app.Discovery.DNS, app.Discovery.Nodes = f.DNS, nil
	}
	if f.CookieFile != "" {
		c.Node.Cookie = ""
	}
}
