// Selectors prints the metrics and labels that Prometheus rules and Grafana dashboards
// use:
//
//	selectors RULES.yaml DASHBOARD.json
//
// It checks the rules as `promtool check rules` does, with Prometheus' own packages.
// promtool itself is built from 1,100 packages; this program from 130.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// An Expression is one of an alert or a panel.
type Expression struct {
	Title     string     `json:"title"`
	Selectors []Selector `json:"selectors"`
	// Templates are texts with labels in them: annotations, legends.
	Templates []string `json:"templates"`
}

// A Selector is a metric with the labels that the expression uses, and the values of those
// that it compares with words.
type Selector struct {
	Metric     string              `json:"metric"`
	Labels     []string            `json:"labels"`
	Values     map[string][]string `json:"values"`
	Aggregated bool                `json:"aggregated"` // only labels that the expression uses are left
}

var promql = parser.NewParser(parser.Options{})

func main() {
	found := []Expression{}
	for _, file := range os.Args[1:] {
		read := rules
		if strings.HasSuffix(file, ".json") {
			read = dashboard
		}
		expressions, err := read(file)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
		found = append(found, expressions...)
	}
	json.NewEncoder(os.Stdout).Encode(found)
}

func rules(file string) (found []Expression, err error) {
	groups, errs := rulefmt.ParseFile(file, false, model.UTF8Validation, promql, nil)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			e := Expression{Title: rule.Alert + rule.Record}
			for _, annotation := range rule.Annotations {
				e.Templates = append(e.Templates, annotation)
			}
			if e.Selectors, err = selectors(rule.Expr); err != nil {
				return nil, fmt.Errorf("%s: %w", e.Title, err)
			}
			found = append(found, e)
		}
	}
	return found, nil
}

func dashboard(file string) (found []Expression, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
		Templating struct {
			List []struct{ Name, Definition string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		return nil, err
	}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			e := Expression{Title: panel.Title, Templates: []string{target.LegendFormat}}
			if e.Selectors, err = selectors(strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")); err != nil {
				return nil, fmt.Errorf("%s: %w", e.Title, err)
			}
			found = append(found, e)
		}
	}
	for _, variable := range board.Templating.List {
		if values := labelValues.FindStringSubmatch(variable.Definition); values != nil {
			found = append(found, Expression{Title: variable.Name, Selectors: []Selector{{Metric: values[1], Labels: []string{values[2]}}}})
		}
	}
	return found, nil
}

// labelValues is the query of a variable of a dashboard.
var labelValues = regexp.MustCompile(`^label_values\((\w+)(?:\{.*\})?, *(\w+)\)$`)

func selectors(text string) (found []Selector, err error) {
	expr, err := promql.ParseExpr(text)
	if err != nil {
		return nil, err
	}
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		vector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		s := Selector{Metric: vector.Name, Values: map[string][]string{}}
		for _, m := range vector.LabelMatchers {
			if m.Name == model.MetricNameLabel {
				continue
			}
			s.Labels = append(s.Labels, m.Name)
			if alternatives := m.SetMatches(); m.Type == labels.MatchRegexp && len(alternatives) > 0 {
				s.Values[m.Name] = alternatives
			} else if m.Type == labels.MatchEqual && !strings.Contains(m.Value, "$") {
				s.Values[m.Name] = []string{m.Value}
			}
		}
		for _, above := range path {
			switch above := above.(type) {
			case *parser.AggregateExpr:
				s.Labels, s.Aggregated = append(s.Labels, above.Grouping...), true
			case *parser.BinaryExpr:
				if above.VectorMatching != nil && above.VectorMatching.On {
					s.Labels = append(s.Labels, above.VectorMatching.MatchingLabels...)
				}
			}
		}
		slices.Sort(s.Labels)
		s.Labels = slices.Compact(s.Labels)
		found = append(found, s)
		return nil
	})
	return found, nil
}
