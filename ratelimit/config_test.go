package ratelimit

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestRules(t *testing.T) {
	for text, problem := range map[string]string{
		"- {by: address, limit: 600, per: 1m}": "",
		"- {by: identity, kind: mutation, limit: 60, per: 1m}\n- {by: identity, kind: mutation, limit: 600, per: 1h}":                      "",
		"- {by: {claim: tenant}, kind: query, limit: 10000, per: 1h}":                                                                      "",
		"- {by: {claim: 'https://example.com/tenant'}, limit: 1, per: 1s}":                                                                 "",
		"- {by: address, limit: 600, per: 1m}\n- {limit: 600, per: 1m}":                                                                    "rate_limits[1].by is needed",
		"- {by: user, limit: 600, per: 1m}":                                                                                                "by is address, identity or {claim: NAME}",
		"- {by: {claim: ''}, limit: 600, per: 1m}":                                                                                         "by is address, identity or {claim: NAME}",
		"- {by: {header: X}, limit: 600, per: 1m}":                                                                                         "by is address, identity or {claim: NAME}",
		"- {by: {claim: 'a\"b'}, limit: 600, per: 1m}":                                                                                     "rate_limits[0].by",
		"- {by: address, kind: subscription, limit: 600, per: 1m}":                                                                         "rate_limits[0].kind",
		"- {by: address, cost: root_fields, limit: 1, per: 1m}\n- {by: address, cost: operation, limit: 1, per: 1m}":                       "",
		"- {by: address, cost: fields, limit: 1, per: 1m}":                                                                                 "rate_limits[0].cost",
		"- {by: address, cost: operation, limit: 1, per: 1m}\n- {by: address, limit: 1, per: 1m}":                                          "rate_limits[1] repeats by, kind, cost and per of rate_limits[0]",
		"- {by: address, per: 1m}":                                                                                                         "rate_limits[0].limit",
		"- {by: address, limit: -1, per: 1m}":                                                                                              "rate_limits[0].limit",
		"- {by: address, limit: 1}":                                                                                                        "rate_limits[0].per",
		"- {by: address, limit: 1, per: 1500ms}":                                                                                           "rate_limits[0].per",
		"- {by: address, limit: 1, per: 1m}\n- {by: identity, limit: 1, per: 1m}\n- {by: address, limit: 2, per: 60s}":                     "rate_limits[2] repeats by, kind, cost and per of rate_limits[0]",
		"- {by: address, limit: 1, per: 1m}\n- {by: address, kind: query, limit: 1, per: 1m}\n- {by: {claim: address}, limit: 1, per: 1m}": "",
	} {
		var rules Rules
		err := yaml.UnmarshalWithOptions([]byte(text), &rules, yaml.Strict())
		if err == nil {
			err = rules.Validate()
		}
		switch {
		case problem == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case problem != "" && (err == nil || !strings.Contains(err.Error(), problem)):
			t.Errorf("%s: %v, and not %s", text, err, problem)
		}
	}
}

func TestRedisConfig(t *testing.T) {
	for text, problem := range map[string]string{
		"{address: '127.0.0.1:6379'}": "",
		"{address: '127.0.0.1:6379', username: louche, password: {env: X}, database: 1, tls: true, prefix: 'a:'}": "",
		"{address: '127.0.0.1:6379', tls: {ca_file: ca.pem}}":                                                     "",
		"{}":                                            "",
		"{database: 1}":                                 "redis.address is needed",
		"{address: localhost}":                          "redis.address",
		"{address: 'a:hunter2'}":                        "redis.address",
		"{address: 'a:99999'}":                          "redis.address",
		"{address: 'a:0'}":                              "redis.address",
		"{address: 'a:1', tls: {ca: x}}":                "redis.tls",
		"{address: 'a:1', username: louche}":            "redis.password",
		"{address: 'a:1', database: -1}":                "redis.database",
		"{address: 'a:1', password: {env: X, file: y}}": "redis.password",
		"{address: 'a:1', password: hunter2}":           "a secret must not be in the configuration",
	} {
		var cfg RedisConfig
		err := yaml.UnmarshalWithOptions([]byte(text), &cfg, yaml.Strict())
		if err == nil {
			cfg.SetDefaults()
			err = cfg.Validate()
		}
		switch {
		case problem == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case problem != "" && (err == nil || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%s: %v, and not %s", text, err, problem)
		}
	}
}
