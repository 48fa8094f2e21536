package rpcclient_test

import (
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

func TestTLS(t *testing.T) {
	files := beamtest.NewTLSFiles(t)
	node, target := startApp(t, beamtest.Options{ProtoDist: "inet_tls", SSLDistOptFile: files.SSLDistOptFile})
	ours := rpcclient.TLSConfig{CAFile: files.CA, CertFile: files.ClientCert, KeyFile: files.ClientKey}

	others := beamtest.NewTLSFiles(t)
	for _, tt := range []struct {
		name string
		tls  rpcclient.TLSConfig
		want []string // all are part of the error
	}{
		{"wrong authority", rpcclient.TLSConfig{CAFile: others.CA, CertFile: files.ClientCert, KeyFile: files.ClientKey}, []string{"tls", "unknown authority"}},
		{"no client certificate", rpcclient.TLSConfig{CAFile: files.CA}, []string{"tls", "certificate"}},
		{"client certificate of another authority", rpcclient.TLSConfig{CAFile: files.CA, CertFile: others.ClientCert, KeyFile: others.ClientKey}, []string{"tls", "certificate"}},
		{"certificate for another name", rpcclient.TLSConfig{CAFile: files.CA, CertFile: files.ClientCert, KeyFile: files.ClientKey, ServerName: "elsewhere"}, []string{"tls", "elsewhere"}},
		{"no TLS", rpcclient.TLSConfig{}, []string{"TLS"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gw := startGateway(t, func(cfg *rpcclient.NodeConfig) { cfg.TLS = tt.tls })
			_, err := gw.Probe(t.Context(), target, rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}, "")
			if err == nil {
				t.Fatal("connected")
			}
			t.Log(err)
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
		})
	}

	t.Run("client certificate", func(t *testing.T) {
		gw := startGateway(t, func(cfg *rpcclient.NodeConfig) { cfg.TLS = ours })
		pool := gw.pool(t, rpcclient.PoolConfig{}, target)
		checkHello(t, pool)
		if got, want := node.Eval(t, "Node.list(:hidden)"), `[:"louche@127.0.0.1"]`; got != want {
			t.Errorf("Node.list(:hidden) = %s, want %s", got, want)
		}
	})
}
