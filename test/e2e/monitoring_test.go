package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/louche-graphql/louche/internal/redistest"
	"github.com/louche-graphql/louche/test/beamtest"
)

const (
	ruleFile      = "../../deploy/prometheus/louche.rules.yaml"
	dashboardFile = "../../deploy/grafana/louche.json"
)

// A metric is one of GET /metrics or of its documentation.
type metric struct {
	kind   string
	labels []string            // sorted
	values map[string][]string // of the labels; nil in the documentation
}

// The documentation lists all metrics of a gateway with everything on. Rules and dashboard
// use only metrics, labels and values that it exports, and each alert has a runbook.
func TestMonitoring(t *testing.T) {
	exported := exportedMetrics(t)
	t.Run("documentation", func(t *testing.T) { checkDocumentedMetrics(t, exported) })

	tool := filepath.Join(t.TempDir(), "selectors")
	runIn(t, "../../tools", "go", "build", "-o", tool, "./selectors")
	var expressions []struct {
		Title     string
		Templates []string
		Selectors []struct {
			Metric     string
			Labels     []string
			Values     map[string][]string
			Aggregated bool
		}
	}
	out, err := exec.Command(tool, ruleFile, dashboardFile).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
	}
	if err := json.Unmarshal(out, &expressions); err != nil || len(expressions) < 50 {
		t.Fatalf("%d expressions: %v", len(expressions), err)
	}
	exported["up"] = metric{}
	codes := string(read(t, "../../docs/errors.md"))
	for _, e := range expressions {
		t.Run(e.Title, func(t *testing.T) {
			results := make(map[string]bool) // labels that templates can have
			for _, s := range e.Selectors {
				m, known := metricOf(exported, s.Metric)
				if !known {
					t.Errorf("there is no metric %s", s.Metric)
				}
				added := []string{"job", "instance"} // by the scrape
				for _, label := range s.Labels {
					if !slices.Contains(m.labels, label) && !slices.Contains(added, label) {
						t.Errorf("%s has no label %s", s.Metric, label)
					}
					results[label] = true
				}
				for label, values := range s.Values {
					for _, value := range values {
						switch {
						case slices.Contains(added, label):
						case label == "code" && value != "OK":
							if !strings.Contains(codes, "`"+value+"`") {
								t.Errorf("docs/errors.md has no code %s", value)
							}
						case !slices.Contains(m.values[label], value):
							t.Errorf("%s never has %s=%q", s.Metric, label, value)
						}
					}
				}
				if !s.Aggregated {
					for _, label := range append(added, m.labels...) {
						results[label] = true
					}
				}
			}
			for _, used := range regexp.MustCompile(`\{\{ *(?:\$labels\.)?([a-z]\w*) *\}\}`).FindAllStringSubmatch(strings.Join(e.Templates, "\n"), -1) {
				if !results[used[1]] {
					t.Errorf("the expression leaves no label %s for %q", used[1], e.Templates)
				}
			}
		})
	}
	checkRunbooks(t)
}

// exportedMetrics returns the metrics of a gateway that has had every kind of request.
func exportedMetrics(t *testing.T) map[string]metric {
	t.Helper()
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	address := beamtest.FreeAddress(t, nil)
	startProvider(t, address)
	g := startGateway(t, configFor(epmd,
		"    prepare: on",
		"    share: on",
		"    pubsub: TestAppWeb.Endpoint",
		"    uploads: {files: 1}",
		"    contract: {validate: report}",
		"    rate_limits: [{by: address, limit: 1000, per: 24h}, {by: address, kind: mutation, limit: 1, per: 24h}]",
		fmt.Sprintf(`    auth: {anonymous: allow, methods: [{jwt: {issuer: "http://%s", audience: [a], discover: true}}]}`, address),
	)+fmt.Sprintf("redis: {address: '%s'}\n", redistest.Start(t).Addr))
	for _, document := range []string{`{ hello }`, `{ hello }`, `{ throw }`, `{ nope }`, `mutation { append(id: "a") }`, `mutation { append(id: "b") }`} {
		g.query(t, document)
	}
	g.upload(t, operations("{ hello }", "null"), field("map", "{}"))
	var text string
	eventually(t, "the node has figures and prepared documents", func() bool {
		_, text = sdl(t, g.admin+"/metrics")
		return strings.Contains(text, "louche_beam_info{") && strings.Contains(text, "louche_node_prepared_documents{")
	})
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "louche_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	exported := make(map[string]metric)
	for name, family := range families {
		m := metric{kind: strings.ToLower(family.GetType().String()), values: make(map[string][]string)}
		for _, series := range family.Metric {
			for _, label := range series.Label {
				m.values[label.GetName()] = append(m.values[label.GetName()], label.GetValue())
			}
		}
		m.labels = slices.Sorted(maps.Keys(m.values))
		if family.GetType() == dto.MetricType_HISTOGRAM {
			m.labels = append(m.labels, "le")
		}
		exported[name] = m
	}
	return exported
}

// metricOf finds the metric of a series; those of a histogram have suffixes.
func metricOf(exported map[string]metric, series string) (metric, bool) {
	if m, known := exported[series]; known {
		return m, true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if m, known := exported[strings.TrimSuffix(series, suffix)]; known && m.kind == "histogram" {
			return m, true
		}
	}
	return metric{}, false
}

// checkDocumentedMetrics compares the table of docs/operations.md with what is exported.
func checkDocumentedMetrics(t *testing.T, exported map[string]metric) {
	t.Helper()
	quoted := regexp.MustCompile("`(\\w+)`")
	words := func(cell string) (found []string) {
		for _, match := range quoted.FindAllStringSubmatch(cell, -1) {
			found = append(found, match[1])
		}
		slices.Sort(found)
		return found
	}
	documented := make(map[string]metric)
	for _, row := range regexp.MustCompile("(?m)^\\| (`louche_.*?) \\| (\\w+) \\| (.*?)\\| ").FindAllStringSubmatch(string(read(t, "../../docs/operations.md")), -1) {
		for _, name := range words(row[1]) {
			documented[name] = metric{kind: row[2], labels: words(row[3])}
		}
	}
	for name, m := range exported {
		if !strings.HasPrefix(name, "louche_") {
			continue
		}
		d, known := documented[name]
		m.labels = slices.DeleteFunc(slices.Clone(m.labels), func(label string) bool { return label == "le" })
		if !known || d.kind != m.kind || !slices.Equal(d.labels, m.labels) {
			t.Errorf("%s is a %s with the labels %q; docs/operations.md: %s %q", name, m.kind, m.labels, d.kind, d.labels)
		}
	}
	for name := range documented {
		if _, known := exported[name]; !known {
			t.Errorf("docs/operations.md has %s, which the gateway does not export", name)
		}
	}
}

// checkRunbooks reports alerts without a heading in docs/operations.md, and headings without
// an alert.
func checkRunbooks(t *testing.T) {
	t.Helper()
	rules, docs := string(read(t, ruleFile)), string(read(t, "../../docs/operations.md"))
	alerts := regexp.MustCompile(`(?s)- alert: (\w+)\n(.*?)runbook_url: (\S+)`).FindAllStringSubmatch(rules, -1)
	if n := strings.Count(rules, "- alert: "); n != len(alerts) {
		t.Errorf("%d of %d alerts have a runbook_url", len(alerts), n)
	}
	for _, alert := range alerts {
		name, fields, url := alert[1], alert[2], alert[3]
		if want := "https://github.com/louche-graphql/louche/blob/main/docs/operations.md#" + strings.ToLower(name); url != want {
			t.Errorf("%s: runbook_url is %s, want %s", name, url, want)
		}
		for _, key := range []string{"severity:", "summary:", "description:"} {
			if !strings.Contains(fields, key) {
				t.Errorf("%s has no %s", name, key)
			}
		}
		if !strings.Contains(docs, "\n#### "+name+"\n") {
			t.Errorf("docs/operations.md has no heading %s", name)
		}
	}
	if n := strings.Count(docs, "\n#### Louche"); n != len(alerts) {
		t.Errorf("docs/operations.md has headings of %d alerts, want %d", n, len(alerts))
	}
}
