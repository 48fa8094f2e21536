package discovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/discovery"
)

func TestDefaults(t *testing.T) {
	var c discovery.Config
	c.SetDefaults()
	if c.Interval != 5*time.Second || c.Timeout != 2*time.Second || c.Keep != 10*time.Minute || c.EPMDPort != 4369 || c.Port != 0 {
		t.Errorf("defaults: %+v", c)
	}
	c = discovery.Config{Interval: time.Minute, Timeout: time.Second, Keep: time.Hour, EPMDPort: 1, Port: 2}
	c.SetDefaults()
	if c.Interval != time.Minute || c.Timeout != time.Second || c.Keep != time.Hour || c.EPMDPort != 1 || c.Port != 2 {
		t.Errorf("set values were overwritten: %+v", c)
	}
}

func TestValidate(t *testing.T) {
	dns := func(hosts ...string) discovery.Config { return discovery.Config{DNS: hosts, Prefix: "my-app"} }
	nodes := func(names ...string) discovery.Config { return discovery.Config{Nodes: names} }

	for _, c := range []discovery.Config{
		dns("my-app.internal"),
		dns("my-app.internal.", "10.0.0.1", "fdaa:0:1::3", "localhost", "my_app"),
		nodes("my-app@127.0.0.1", "my_app-01ABC@fdaa:0:1::3", "a@host", "b@host.example.com"),
		{Nodes: []string{"my-app@127.0.0.1"}, Port: 9000},
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}

	for name, test := range map[string]struct {
		config discovery.Config
		want   []string // parts of the message
	}{
		"nothing":              {discovery.Config{}, []string{"needs dns or nodes", "dns: [my-app.internal]"}},
		"both":                 {discovery.Config{DNS: []string{"a"}, Nodes: []string{"a@b"}, Prefix: "a"}, []string{"both dns and nodes"}},
		"no prefix":            {discovery.Config{DNS: []string{"a"}}, []string{"prefix: is not set", "prefix: my-app"}},
		"prefix with host":     {discovery.Config{DNS: []string{"a"}, Prefix: "my-app@10.0.0.1"}, []string{`prefix: contains '@'`, "before it"}},
		"prefix no name has":   {discovery.Config{DNS: []string{"a"}, Prefix: "my.app"}, []string{"prefix: has other characters"}},
		"prefix of nodes":      {discovery.Config{Nodes: []string{"a@b"}, Prefix: "a"}, []string{"prefix: applies to dns only", "remove it"}},
		"host empty":           {dns("ok", ""), []string{"dns[1]:", "is empty"}},
		"host is a node":       {dns("my-app@10.0.0.1"), []string{"dns[0]:", "contains '@'", "nodes"}},
		"host with port":       {dns("my-app.internal:4369"), []string{"dns[0]:", "epmd_port"}},
		"host is a URL":        {dns("http://my-app"), []string{"dns[0]:", "without scheme"}},
		"host with space":      {dns("my app"), []string{"dns[0]:", "neither a host name nor an IP address"}},
		"node without host":    {nodes("a@b", "my-app"), []string{`nodes[1]: has no '@'`, "my-app@127.0.0.1"}},
		"node with no name":    {nodes("@127.0.0.1"), []string{"nodes[0]:", "before the '@' is empty"}},
		"node with empty host": {nodes("my-app@"), []string{"nodes[0]:", "after the '@' is empty"}},
		"node with two @":      {nodes("a@b@c"), []string{"nodes[0]:", "after the '@' contains '@'"}},
		"node no name has":     {nodes("my app@b"), []string{"nodes[0]:", "has other characters"}},
		"node name too long":   {nodes(strings.Repeat("a", 256) + "@b"), []string{"nodes[0]:", "255"}},
		"interval":             {discovery.Config{Nodes: []string{"a@b"}, Interval: -time.Second}, []string{"interval is negative", "5s"}},
		"timeout":              {discovery.Config{Nodes: []string{"a@b"}, Timeout: -time.Second}, []string{"timeout is negative", "2s"}},
		"keep":                 {discovery.Config{Nodes: []string{"a@b"}, Keep: -time.Second}, []string{"keep is negative", "10m"}},
		"several at once":      {discovery.Config{DNS: []string{""}, Interval: -1}, []string{"dns[0]:", "prefix:", "interval is negative"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.config.Validate()
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in: %v", part, err)
				}
			}
		})
	}
}
