package telemetry

import (
	"errors"
	"net/url"

	"github.com/louche-graphql/louche/internal/keypath"
)

// TracesConfig is the section traces.
type TracesConfig struct {
	// Endpoint is the URL of a collector that takes OTLP over HTTP,
	// http://127.0.0.1:4318. Empty: no traces.
	Endpoint string `yaml:"endpoint" env:"ENDPOINT"`
	// Sample is the share of requests with a trace, from 0 to 1, of those whose client
	// does not decide it by a traceparent.
	Sample float64 `yaml:"sample" env:"SAMPLE"`
}

// Validate reports everything that is wrong, by key.
func (c *TracesConfig) Validate() error {
	var errs []error
	if c.Endpoint != "" {
		if u, err := url.Parse(c.Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, keypath.Errorf("endpoint", "is not a URL such as http://127.0.0.1:4318"))
		}
	}
	if !(c.Sample >= 0 && c.Sample <= 1) {
		errs = append(errs, keypath.Errorf("sample", "is not a share of requests, from 0 to 1"))
	}
	return keypath.In(errors.Join(errs...), "traces")
}
