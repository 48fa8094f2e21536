package transport

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
)

// A client names itself by headers. Apollo's headers come first, invalid names count as
// none, and long ones are cut.
func TestClientOfCaller(t *testing.T) {
	h := &Handler{engine: engine.New(engine.App{}, new(engine.Shared), engine.Limits{}), certificateOf: func(*tls.ConnectionState) *x509.Certificate { return nil }}
	long := strings.Repeat("9", operation.MaxName+1)
	for _, test := range []struct {
		header http.Header
		want   operation.Client
	}{
		{http.Header{}, operation.Client{}},
		{http.Header{"Graphql-Client-Name": {"a"}, "Graphql-Client-Version": {"1"}}, operation.Client{Name: "a", Version: "1"}},
		{http.Header{"Apollographql-Client-Name": {"a"}, "Apollographql-Client-Version": {"1"}, "Graphql-Client-Name": {"b"}}, operation.Client{Name: "a", Version: "1"}},
		{http.Header{"Graphql-Client-Name": {"a\nb"}, "Graphql-Client-Version": {"1"}}, operation.Client{Version: "1"}},
		{http.Header{"Graphql-Client-Name": {"ü"}}, operation.Client{}},
		{http.Header{"Graphql-Client-Name": {"a", "b"}}, operation.Client{Name: "a"}},
		{http.Header{"Graphql-Client-Version": {long}}, operation.Client{Version: long[:operation.MaxName]}},
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
		r.Header = test.header
		if got := h.callerOf(httptest.NewRecorder(), r).Client; got != test.want {
			t.Errorf("%v: %v, want %v", test.header, got, test.want)
		}
	}
}
