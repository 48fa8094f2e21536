package bench

import (
	"encoding/json"
	"fmt"
)

// A workload is an operation that clients send over and over.
type workload struct {
	name      string
	title     string
	document  string
	variables string // JSON
	differs   string // the variable that differs in each request, whose value is Mark; "": none
	callers   []int
}

const (
	small     = `{ session { user { id name email } } }`
	greeting  = `query Greeting($name: String) { session { user { id name email } } hello(name: $name) }`
	dashboard = `query Dashboard($count: Int!, $name: String, $all: Boolean!) {
  me: session { ...Account }
  again: session { ...Account user { id name email } }
  greeting: hello(name: $name)
  fixed: hello(name: "everyone")
  items(n: $count) @include(if: $all) { ...Listed }
  first: items(n: 1) { ...Listed scores }
}
fragment Account on Session { user { ...Person } }
fragment Person on User { id name email label: name address: email }
fragment Listed on Item { id name price at ratio }`
	items  = `query Items($n: Int!) { items(n: $n) { id name price text } }`
	lines  = `query Lines($n: Int!) { lines(n: $n) }`
	report = `query Report($ms: Int!) { report(ms: $ms) }`
)

var workloads = []workload{
	{"small", "a small query, again and again", small, `{}`, "", []int{1, 32, 256}},
	{"small-differs", "a small query, a variable differs", greeting, `{"name":"` + Mark + `"}`, "name", []int{1, 32, 256}},
	{"dashboard", "a dashboard, the same variables", dashboard, `{"count":1,"all":true,"name":"x"}`, "", []int{1, 32, 256}},
	{"dashboard-differs", "a dashboard, a variable differs", dashboard, `{"count":1,"all":true,"name":"` + Mark + `"}`, "name", []int{1, 32, 256}},
	{"report", "a query that waits 10 ms, again and again", report, `{"ms":10}`, "", []int{1, 32, 256}},
	{"50KB", "an answer of 50 KB, a list of objects", items, `{"n":100}`, "", []int{1, 32, 256}},
	{"5MB", "an answer of 5 MB, a list of strings", lines, `{"n":5000}`, "", []int{1, 32}},
}

// http returns the workload over HTTP.
func (w workload) http(address, path string) *HTTP {
	body := fmt.Sprintf(`{"query":%s,"variables":%s}`, quote(w.document), w.variables)
	return NewHTTP(address, fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX-User-Id: 42\r\nContent-Length: %d\r\n\r\n%s", path, address, len(body), body))
}

func quote(text string) []byte {
	b, _ := json.Marshal(text)
	return b
}
