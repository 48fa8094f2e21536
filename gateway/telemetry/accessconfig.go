package telemetry

import (
	"cmp"
	"errors"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
)

// AccessConfig is the part of the section log that concerns lines of requests.
type AccessConfig struct {
	// Access is the share of requests that have a line, from 0, which is the default, to 1.
	Access float64 `yaml:"access" env:"ACCESS"`
	// Slow is the time from which a request has a line in any case. 1s unless set.
	Slow time.Duration `yaml:"slow" env:"SLOW"`
	// Fields are the attributes of a line, in order. All but document and variables unless
	// set.
	Fields []string `yaml:"fields" env:"FIELDS"`
}

// SetDefaults fills what was left out.
func (c *AccessConfig) SetDefaults() {
	c.Slow = cmp.Or(c.Slow, time.Second)
	if len(c.Fields) == 0 {
		c.Fields = defaultFields
	}
}

// Validate reports everything that is wrong, by key.
func (c *AccessConfig) Validate() error {
	errs := []error{keypath.NotNegative("slow", c.Slow, "a time, such as 1s")}
	if !(c.Access >= 0 && c.Access <= 1) {
		errs = append(errs, keypath.Errorf("access", "is not a share of requests, from 0 to 1"))
	}
	for i, name := range c.Fields {
		if fields[name] == nil {
			errs = append(errs, keypath.In(keypath.Errorf("", "is not a field of requests; docs/operations.md lists them"), "fields", i))
		}
	}
	return errors.Join(errs...)
}
