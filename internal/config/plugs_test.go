package config

import (
	"strings"
	"testing"
)

func TestPlugs(t *testing.T) {
	for name, tt := range map[string]struct {
		lines   []string
		problem string // empty: valid
	}{
		"modules, functions and pipelines":        {[]string{"plugs: [MyAppWeb.Context, Elixir.MyAppWeb.Other, MyAppWeb.Router.graphql]"}, ""},
		"no module":                               {[]string{"plugs: [graphql]"}, "apps[0].plugs[0] is not a module"},
		"all of it":                               {[]string{"plugs: [A]", "before_send: A.b", "request: {headers: [authorization], cookies: [s]}", "response: {headers: [x-a], cookies: [s]}", "cors: {origins: []}"}, ""},
		"cookies without cors":                    {[]string{"plugs: [A]", "request: {cookies: [s]}"}, "apps[0].cors is missing"},
		"all cookies as a header":                 {[]string{"plugs: [A]", "request: {headers: [cookie]}"}, "apps[0].request.headers[0] has all cookies"},
		"an invalid header":                       {[]string{"plugs: [A]", "request: {headers: ['a b']}"}, "apps[0].request.headers[0] is not a valid"},
		"a request without plugs":                 {[]string{"request: {headers: [authorization]}"}, "apps[0].request is what plugs see"},
		"a response without plugs":                {[]string{"response: {headers: [x-a]}"}, "apps[0].response allows what"},
		"before_send that may add nothing":        {[]string{"before_send: A.b"}, "apps[0].before_send may add nothing"},
		"before_send that is no function":         {[]string{"before_send: A", "response: {headers: [x-a]}"}, "apps[0].before_send is not a function"},
		"plugs and context_from":                  {[]string{"plugs: [A]", "context_from: A.b"}, "apps[0].context_from builds the context"},
		"plugs and shared queries":                {[]string{"plugs: [A]", "share: on"}, "apps[0].share gives one answer"},
		"response_from":                           {[]string{"response_from: A.b", "context_from: A.c", "pipeline: A.d"}, ""},
		"response_from and plugs":                 {[]string{"response_from: A.b", "plugs: [A]"}, "apps[0].response_from adds to"},
		"pipeline and prepared documents":         {[]string{"pipeline: A.b", "prepare: on"}, "apps[0].prepare is for"},
		"pipeline and shared queries":             {[]string{"pipeline: A.b", "share: on"}, ""},
		"a header of the gateway in the response": {[]string{"plugs: [A]", "response: {headers: [content-length]}"}, "apps[0].response.headers[0] is the gateway's own"},
		"any cookie in the response":              {[]string{"plugs: [A]", "response: {headers: [set-cookie]}"}, "apps[0].response.headers[0] sets any cookie"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := (&Flags{Config: write(t, "apps:\n  - schema: A\n    discovery: {prefix: a}\n    "+strings.Join(tt.lines, "\n    ")+"\n")}).Load()
			if tt.problem == "" && err != nil || tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)) {
				t.Errorf("%v, want %q", err, tt.problem)
			}
		})
	}
}
