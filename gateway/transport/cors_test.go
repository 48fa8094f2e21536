package transport

import (
	"strings"
	"testing"
	"time"
)

// allowing returns a change that allows pages of origins to send requests with credentials.
func allowing(origins ...string) func(*Config) {
	return func(c *Config) {
		c.CORS = CORSConfig{Origins: origins, Headers: []string{"X-My-Header"}, Credentials: true, MaxAge: 10 * time.Minute}
	}
}

func TestCORSValidate(t *testing.T) {
	off, yes := new(bool), true
	for name, c := range map[string]struct {
		set     func(*Config)
		cookies bool
		want    string // in the error; "": there is none
	}{
		"off":                         {func(c *Config) {}, false, ""},
		"on":                          {allowing("https://app.example.com"), false, ""},
		"with cookies":                {allowing("https://app.example.com"), true, ""},
		"no origin and cookies":       {func(c *Config) { c.CORS.Origins = []string{} }, true, ""},
		"without origins":             {func(c *Config) { c.CORS.Credentials = true }, false, "cors.origins is missing"},
		"every origin":                {func(c *Config) { c.CORS.Origins = []string{"*"} }, false, ""},
		"every origin, credentials":   {allowing("*"), false, "cors.credentials"},
		"every origin, cookies":       {func(c *Config) { c.CORS.Origins = []string{"*"} }, true, "cookies"},
		"cookies without cors":        {func(c *Config) {}, true, "cors is missing"},
		"cookies without prevention":  {func(c *Config) { allowing("https://app.example.com")(c); c.CSRFPrevention = off }, true, "csrf_prevention"},
		"no prevention":               {func(c *Config) { c.CSRFPrevention = off }, false, ""},
		"cookies and prevention":      {func(c *Config) { allowing("https://app.example.com")(c); c.CSRFPrevention = &yes }, true, ""},
		"bad origin":                  {allowing("example.com"), false, "cors.origins"},
		"malformed header":            {func(c *Config) { allowing("https://app.example.com")(c); c.CORS.Headers = []string{"a b"} }, false, "cors.headers"},
		"* as a header":               {func(c *Config) { allowing("https://app.example.com")(c); c.CORS.Headers = []string{"*"} }, false, "cors.headers"},
		"negative max_age":            {func(c *Config) { allowing("https://app.example.com")(c); c.CORS.MaxAge = -1 }, false, "cors.max_age"},
		"headers without any origins": {func(c *Config) { c.CORS.Headers = []string{"X-A"} }, false, "cors.origins is missing"},
	} {
		var config Config
		c.set(&config)
		config.SetDefaults()
		err := config.Validate(c.cookies)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
