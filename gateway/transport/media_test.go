package transport

import "testing"

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
		{[]string{"text/event-stream"}, eventStreamName},
		{[]string{"text/event-stream, application/json"}, jsonName},
		{[]string{"application/graphql-response+json, text/event-stream"}, responseName},
		{[]string{"text/event-stream;q=0"}, none},
		{[]string{`multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json`}, jsonName},
		{[]string{`multipart/mixed;subscriptionSpec="1.0"`}, responseName},
		{[]string{`multipart/mixed`}, none},
		{[]string{`multipart/mixed;subscriptionSpec="2.0"`}, none},
	} {
		got := none
		media, _, err := negotiate(c.accept)
		switch media {
		case jsonMedia:
			got = jsonName
		case responseMedia:
			got = responseName
		case eventStreamMedia:
			got = eventStreamName
		}
		if got != c.want || (err != nil) != (got == none) {
			t.Errorf("%q: %s, want %s", c.accept, got, c.want)
		}
	}
}

func FuzzAccept(f *testing.F) {
	f.Add("application/json;q=0.5;charset=\"utf-8\", */*")
	f.Fuzz(func(t *testing.T, accept string) {
		if media, _, err := negotiate([]string{accept}); (media == nil) != (err != nil) {
			t.Errorf("%q: %v and %v", accept, media, err)
		}
	})
}
