package e2e_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
	"github.com/louche-graphql/louche/test/bench"
)

// A feature is one kind of request and response. The benchmark compares it with another
// feature.
type feature struct {
	name    string   // also the path of its application
	than    string   // the feature to compare with
	app     []string // lines of the application's section
	target  string   // the query of a GET, from ? on; or
	body    string   // the body of a POST
	header  []string
	answers string // a part of the response, head or body
	batch   int    // operations in a request; 0: one
}

const (
	benchDocument = `{ session { user { id name email } } }`
	partsDocument = `{ parts(limit: 75) { id sku price weight quantities status addedOn updatedAt localAt opens } }`
	userHeader    = "X-User-Id: 42"
	userAnswer    = `"p42@example.com"`
)

// like returns f with a change, to be compared with f.
func (f feature) like(name string, change func(*feature)) feature {
	changed := f
	changed.name, changed.than = name, f.name
	change(&changed)
	return changed
}

// from returns f with a bearer token, which the method authenticates.
func (f feature) from(method, section, token string) feature {
	return f.like(method, func(f *feature) {
		f.app = []string{fmt.Sprintf("    auth: {methods: [{%s: %s}]}", method, section)}
		f.header = slices.Concat(f.header, []string{"Authorization: Bearer " + token})
	})
}

// with returns f with more lines in the application's section.
func (f feature) with(name string, lines ...string) feature {
	return f.like(name, func(f *feature) { f.app = lines })
}

// asking returns f with more header fields in the request.
func (f feature) asking(name, answers string, header ...string) feature {
	return f.like(name, func(f *feature) { f.header, f.answers = slices.Concat(f.header, header), answers })
}

// benchFeatures returns the features. Each comes after the feature that it is compared
// with.
func benchFeatures(inFile func(text string) string) []feature {
	operation := func(document string) string { return fmt.Sprintf(`{"query":%q}`, document) }
	plain := feature{name: "plain", body: operation(benchDocument), header: []string{userHeader}, answers: userAnswer}
	oneError := feature{name: "one-error", body: operation(`{ person(id: "2") { id salary } }`), answers: `"code":"FORBIDDEN"`}
	twoErrors := feature{name: "two-errors", body: operation(`{ manyErrors hello }`), answers: `"first"`}
	large := feature{name: "16KiB", body: operation(partsDocument), answers: `"p75"`}

	persisted := fmt.Sprintf(`"extensions":{"persistedQuery":{"version":1,"sha256Hash":"%x"}}`, sha256.Sum256([]byte(benchDocument)))
	trusted := fmt.Sprintf("    trusted_documents: {mode: enforce, manifests: [%s]}", inFile(fmt.Sprintf(`{"user":%q}`, benchDocument)))
	const extensions, mask = "    error_extensions: true", "    mask_errors: true"
	features := []feature{
		plain,
		plain.with("plain-again"), // shows the error of the measurement
		plain.with("document_limits", "    document_limits: {bytes: 10000, tokens: 1000, fields: 1000, depth: 20, aliases: 20, root_fields: 20, directives: 20, introspection: refuse}"),
		plain.with("error_extensions", extensions),
		plain.with("mask_errors", mask),
		plain.from("jwt", fmt.Sprintf("{audience: [my-app], public_key_file: %s}", inFile(issuer.public)), issuer.sign("ES256", nil)),
		plain.from("phoenix_token", fmt.Sprintf("{secret_key_base: {file: %s}, salt: %s}", inFile(phoenix.secret), phoenix.salt), phoenix.sign(42, time.Now())),
		plain.from("api_keys", fmt.Sprintf("{header: Authorization, keys: [{name: bench, sha256: %s}]}", hash(apiKey)), apiKey),
		plain.with("rate_limits", "    rate_limits: [{by: address, limit: 100000000, per: 1h}, {by: identity, kind: query, limit: 100000000, per: 1h}]"),
		plain.with("context_from", "    context_from: TestApp.Gateway.user"),
		plain.with("context_from-kept", "    context_from: TestApp.Gateway.user", "    context_cache: 1h"),
		plain.with("validate-report", "    contract: {sdl: public, validate: report}"),
		plain.with("validate-enforce", "    contract: {sdl: public, validate: enforce}"),
		plain.with("pin", "    contract: {sdl: public, pin: true}"),
		plain.like("usage", func(f *feature) {
			f.app = []string{"    contract: {sdl: public, usage: true}"}
			f.header = slices.Concat(f.header, []string{"apollographql-client-name: web", "apollographql-client-version: 1.4.0"})
		}),
		plain.with("share", "    share: on"),
		plain.with("share-dry_run", "    share: dry_run"),
		plain.asking("response+json", "application/graphql-response+json", "Accept: application/graphql-response+json,application/json;q=0.9"),
		plain.asking("X-Request-Timeout", userAnswer, "X-Request-Timeout: 5"),
		plain.like("GET", func(f *feature) { f.target = "?query=" + url.QueryEscape(benchDocument) }),
		plain.like("hash-and-text", func(f *feature) { f.body = fmt.Sprintf(`{"query":%q,%s}`, benchDocument, persisted) }),
		plain.like("by-hash", func(f *feature) { f.body = "{" + persisted + "}" }),
		plain.like("trusted-by-id", func(f *feature) { f.app, f.body = []string{trusted}, `{"documentId":"user"}` }),
		plain.with("trusted-by-text", trusted),
		plain.like("batch-of-10", func(f *feature) {
			f.body, f.batch = "["+strings.Repeat(plain.body+",", 9)+plain.body+"]", 10
		}),
		oneError,
		oneError.like("one-error-moved", func(f *feature) { f.app, f.answers = []string{extensions}, `"extensions":{"code":"FORBIDDEN"` }),
		twoErrors,
		twoErrors.like("two-errors-masked", func(f *feature) { f.app, f.answers = []string{mask}, `"INTERNAL"` }),
		large,
	}
	for _, coding := range []string{"gzip", "br", "zstd"} {
		features = append(features, large.asking("16KiB-"+coding, "Content-Encoding: "+coding, "Accept-Encoding: "+coding))
	}
	return features
}

// BenchmarkFeatures measures the cost of each feature in the gateway: 8 callers, one node.
// Each feature has an application of its own. The features take turns.
func BenchmarkFeatures(b *testing.B) {
	epmd := beamtest.StartEPMD(b)
	node := beamtest.StartNode(b, beamtest.Options{EPMDPort: epmd, Args: []string{"+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"}})
	fmt.Printf("OTP %s, real Absinthe: %v\n", node.OTP(), node.RealAbsinthe())
	if !node.RealAbsinthe() {
		recordParts(b, node)
	}
	dir, files := b.TempDir(), 0
	features := benchFeatures(func(text string) string {
		path := filepath.Join(dir, fmt.Sprint(files))
		files++
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		return path
	})
	yaml := fmt.Sprintf("node: {name: louche@127.0.0.1, cookie_file: %s}\ntrusted_proxies: [127.0.0.0/8]\napps:\n", cookieFile)
	for _, f := range features {
		yaml += fmt.Sprintf(`  - path: /%s
    schema: TestApp.Schema
    discovery: {dns: [127.0.0.1], prefix: testapp, epmd_port: %d}
    context: {current_user_id: {header: X-User-Id, type: integer}}
%s
`, f.name, epmd, strings.Join(f.app, "\n"))
	}
	gateway := bench.StartGateway(b, yaml)
	var candidates []bench.Candidate
	for _, f := range features {
		f.check(b, gateway.Address)
		load := bench.NewHTTP(gateway.Address, f.request(gateway.Address))
		candidates = append(candidates, bench.Candidate{Name: f.name, Load: load, Processes: []bench.Process{{Name: "gateway", PID: gateway.PID}}})
	}
	turns := 20
	if bench.Short() {
		turns = 1
	}
	results, err := bench.Compare(candidates, 8, turns, 100*time.Millisecond)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op") // the sum of all features has no meaning
	printCosts(features, results)
}

// recordParts records the answer of the double to partsDocument: 16 KiB that compress about
// as well as real lists, in which texts repeat, and numbers and times do not. The answer of
// the real Absinthe repeats more.
func recordParts(b *testing.B, node *beamtest.Node) {
	node.Eval(b, fmt.Sprintf(`recorded = :persistent_term.get(Absinthe)
three = String.replace(%[1]q, "75", "3")
{:ok, %%{data: %%{"parts" => [part | _]}}} = recorded.cases[{three, %%{}, nil, %%{}}]
parts = for n <- 1..75 do
  some = &:erlang.phash2({n, &1}, &2)
  updated = DateTime.add(~U[2025-12-31 12:00:00.123456Z], some.(:updated, 1_000_000_000) * 31_531, :microsecond)
  %%{part | "id" => "p#{n}", "sku" => "SKU-#{some.(:sku, 100_000)}", "price" => "#{some.(:price, 1000)}.50",
    "weight" => some.(:weight, 4000) / 8, "quantities" => [some.(:here, 100), some.(:there, 100)],
    "status" => Enum.at(~w(DRAFT APPROVED SENT), some.(:status, 3)), "addedOn" => updated |> DateTime.to_date() |> Date.to_iso8601(),
    "updatedAt" => DateTime.to_iso8601(updated)}
end
cases = Map.put(recorded.cases, {%[1]q, %%{}, nil, %%{}}, {:ok, %%{data: %%{"parts" => parts}}})
:persistent_term.put(Absinthe, %%{recorded | cases: cases})`, partsDocument))
}

func (f feature) request(address string) []byte {
	method, body := http.MethodGet, ""
	header := append([]string{"Host: " + address}, f.header...)
	if f.target == "" {
		method, body = http.MethodPost, f.body
		header = append(header, "Content-Type: application/json", fmt.Sprint("Content-Length: ", len(body)))
	}
	return fmt.Appendf(nil, "%s /%s%s HTTP/1.1\r\n%s\r\n\r\n%s", method, f.name, f.target, strings.Join(header, "\r\n"), body)
}

// check waits until the feature works.
func (f feature) check(b *testing.B, address string) {
	if strings.Contains(strings.Join(f.app, ""), "contract:") {
		eventually(b, "the schema of "+f.name+" is known", func() bool {
			resp, err := http.Get("http://" + address + "/" + f.name + "/schema.graphql")
			if err != nil {
				return false
			}
			resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		})
	}
	var answer string
	eventually(b, f.name+" is answered", func() bool {
		answer = exchange(b, address, f.request(address))
		return !strings.HasPrefix(answer, "HTTP/1.1 503")
	})
	if !strings.HasPrefix(answer, "HTTP/1.1 200") || !strings.Contains(answer, f.answers) {
		b.Fatalf("%s: want %s in %s", f.name, f.answers, answer)
	}
}

// exchange sends a request and returns the response, head and body.
func exchange(b *testing.B, address string, request []byte) string {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(request); err != nil {
		b.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := httputil.DumpResponse(resp, true)
	if err != nil {
		b.Fatal(err)
	}
	return string(answer)
}

// printCosts prints a line for each feature.
func printCosts(features []feature, results []*bench.Result) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	io.WriteString(table, "\nFEATURE\tCOMPARED WITH\tOPERATIONS/S\tRATIO\tGATEWAY CPU, µs\tMORE, µs\n")
	rates, cpus := make(map[string]float64), make(map[string]float64)
	for i, f := range features {
		operations := float64(max(f.batch, 1))
		rate, cpu := results[i].Rate.Median()*operations, results[i].CPU["gateway"].Median()/operations
		rates[f.name], cpus[f.name] = rate, cpu
		if f.than == "" {
			fmt.Fprintf(table, "%s\t\t%.0f\t\t%.1f\t\n", f.name, rate, cpu)
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%.0f\t%.2f\t%.1f\t%+.1f\n", f.name, f.than, rate, rate/rates[f.than], cpu, cpu-cpus[f.than])
	}
}
