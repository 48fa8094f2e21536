package gateway

import (
	"net/http/httptest"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestNegotiation(t *testing.T) {
	const none = "none"
	for _, c := range []struct {
		accept []string
		want   string
	}{
		{nil, jsonName},
		{[]string{""}, jsonName},
		{[]string{" , "}, jsonName},
		{[]string{"*/*"}, jsonName},
		{[]string{"application/*"}, jsonName},
		{[]string{"application/json"}, jsonName},
		{[]string{"Application/JSON; charset=UTF-8"}, jsonName},
		{[]string{"application/graphql-response+json"}, responseName},
		{[]string{"application/graphql-response+json;charset=utf-8"}, responseName},
		{[]string{"application/graphql-response+json, application/json;q=0.9"}, responseName},
		{[]string{"application/graphql-response+json,application/json"}, responseName},
		{[]string{"application/json, application/graphql-response+json"}, responseName},
		{[]string{"application/json", "application/graphql-response+json"}, responseName},
		{[]string{"application/graphql-response+json;q=0.5, application/json"}, jsonName},
		{[]string{"application/graphql-response+json;q=0.5, */*;q=0.1"}, responseName},
		{[]string{"application/graphql-response+json, */*"}, responseName},
		{[]string{"text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8"}, jsonName},
		{[]string{"application/graphql-response+json;q=0, */*"}, jsonName},
		{[]string{"application/json;q=0, */*"}, responseName},
		{[]string{"application/json;q=0, application/*"}, responseName},
		{[]string{"application/*;q=0, application/json"}, jsonName},
		{[]string{"text/html;q=1, application/json ; Q = 0.001"}, jsonName},
		{[]string{"application/json;q=0"}, none},
		{[]string{"*/*;q=0"}, none},
		{[]string{"text/html"}, none},
		{[]string{"application/json; charset=latin1"}, none},
		{[]string{"application/json;q=NaN"}, none},
		{[]string{"application/json;q=2"}, none},
		{[]string{"application/json;q=-1"}, none},
		{[]string{"application/json;q="}, none},
		{[]string{"json"}, none},
	} {
		got := none
		media, err := negotiate(c.accept)
		switch media {
		case jsonMedia:
			got = jsonName
		case responseMedia:
			got = responseName
		}
		if got != c.want || (err != nil) != (got == none) {
			t.Errorf("%q: %s, want %s", c.accept, got, c.want)
		}
	}
}

func TestNotAcceptable(t *testing.T) {
	r := post(`{"query":"{ a }"}`)
	r.Header.Set("Accept", "text/html")
	if status, code := ask(t, unreachable(t, Limits{}, nil), r); status != 406 || code != "NOT_ACCEPTABLE" {
		t.Errorf("%d %s", status, code)
	}
}

// Errors of the gateway come as what the client prefers.
func TestFailuresAreNegotiated(t *testing.T) {
	r := post(`{"query":1}`)
	r.Header.Set("Accept", "application/graphql-response+json")
	w := httptest.NewRecorder()
	unreachable(t, Limits{}, nil).ServeHTTP(w, r)
	if got := w.Header().Get("Content-Type"); w.Code != 400 || got != "application/graphql-response+json; charset=utf-8" {
		t.Errorf("%d as %s", w.Code, got)
	}
}

func TestHasMember(t *testing.T) {
	member := func(b []byte, key string) []byte { return etf.AppendMap(etf.AppendAtom(b, key), 0) }
	for name, c := range map[string]struct {
		term []byte
		want bool
	}{
		"data":            {member(etf.AppendMap(nil, 1), "data"), true},
		"errors and data": {member(member(etf.AppendMap(nil, 2), "errors"), "data"), true},
		"errors":          {member(etf.AppendMap(nil, 1), "errors"), false},
		"nothing":         {etf.AppendMap(nil, 0), false},
		"a subscription":  {etf.AppendBinary(etf.AppendBinary(etf.AppendMap(nil, 1), "subscribed"), "topic"), false},
		"no map":          {etf.AppendNil(nil), false},
		"cut off":         {etf.AppendAtom(etf.AppendMap(nil, 1), "errors"), false},
	} {
		if got := hasMember(etf.Term{Bytes: c.term}, "data"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzAccept(f *testing.F) {
	f.Add("application/json;q=0.5;charset=\"utf-8\", */*")
	f.Fuzz(func(t *testing.T, accept string) {
		if media, err := negotiate([]string{accept}); (media == nil) != (err != nil) {
			t.Errorf("%q: %v and %v", accept, media, err)
		}
	})
}
