package transport

import (
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/cors"
	"golang.org/x/net/http/httpguts"

	"github.com/louche-graphql/louche/internal/keypath"
)

// CORSConfig says what pages of other origins may do (Cross-Origin Resource Sharing, in the
// Fetch standard). It is off without Origins.
type CORSConfig struct {
	// Origins are those whose pages may read answers. An empty list: only pages of the
	// gateway's own origin.
	Origins []string `yaml:"origins" env:"ORIGINS"`
	// Headers may be in requests, besides those that the gateway reads.
	Headers []string `yaml:"headers" env:"HEADERS"`
	// Credentials lets pages send cookies and client certificates.
	Credentials bool `yaml:"credentials" env:"CREDENTIALS"`
	// Loopback allows the pages of every loopback origin, on any port. It is for the demo,
	// so the configuration cannot set it.
	Loopback bool `yaml:"-"`
	// MaxAge is how long browsers may cache a preflight; their own default unless set.
	MaxAge time.Duration `yaml:"max_age" env:"MAX_AGE"`
}

// Enabled reports whether pages of other origins are allowed, or the section is there.
func (c *CORSConfig) Enabled() bool { return c.Origins != nil || c.Loopback }

// allows reports whether pages of an origin may send requests; "": the request has none.
func (c *CORSConfig) allows(origin string) bool {
	return origins(c.Origins).allow(origin) || c.Loopback && isLoopback(origin)
}

func (c *CORSConfig) validate(cookies bool) error {
	if err := origins(c.Origins).validate(); err != nil {
		return err
	}
	anyOrigins := slices.Contains(c.Origins, anyOrigin)
	switch {
	case !c.Enabled() && (c.Headers != nil || c.Credentials || c.MaxAge != 0):
		return keypath.Errorf("origins", "is missing; [] is for pages of this origin alone")
	case anyOrigins && c.Credentials:
		return keypath.Errorf("credentials", `does not go with cors.origins "*": every page could send requests as its user; list the origins`)
	case anyOrigins && cookies:
		return keypath.Errorf("origins", `"*" does not go with cookies that authenticate: every page could send requests as its user; list the origins`)
	case !c.Enabled() && cookies:
		return keypath.Errorf("", "is missing, which an application that reads cookies needs: list in cors.origins the origins whose pages may send requests; [] is for pages of this origin alone")
	case c.MaxAge < 0:
		return keypath.Errorf("max_age", "is a time, such as 10m")
	}
	for _, name := range c.Headers {
		if name == "*" || !httpguts.ValidHeaderFieldName(name) {
			return keypath.Errorf("headers", "has an element that is not a header's name")
		}
	}
	return nil
}

// Headers of requests that pages may send in any case, and of answers that they may
// read.
var (
	corsRequestHeaders = slices.Concat(csrfHeaders, []string{
		"Content-Type", "Authorization", requestIDHeader, "Traceparent", "Tracestate",
		"Apollographql-Client-Name", "Apollographql-Client-Version", "Graphql-Client-Name", "Graphql-Client-Version",
	})
	corsAnswerHeaders = []string{requestIDHeader, "Retry-After", "RateLimit", "RateLimit-Policy"}
)

// handler tells browsers what the section allows, in every answer of next. read are the
// headers that the application reads, added those that it adds to responses.
func (c *CORSConfig) handler(read, added []string) func(next http.Handler) http.Handler {
	options := cors.Options{
		AllowedOrigins:   c.Origins,
		AllowedMethods:   []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete},
		AllowedHeaders:   slices.Concat(corsRequestHeaders, read, c.Headers),
		ExposedHeaders:   slices.Concat(corsAnswerHeaders, added),
		AllowCredentials: c.Credentials,
		MaxAge:           int(c.MaxAge.Seconds()),
	}
	if !slices.Contains(c.Origins, anyOrigin) {
		// To the package an empty list is every origin, and * any text.
		options.AllowOriginFunc = func(_ *http.Request, origin string) bool { return c.allows(origin) }
	}
	return cors.Handler(options)
}
