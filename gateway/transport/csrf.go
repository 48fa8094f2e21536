package transport

import (
	"net/http"
	"slices"
	"strings"

	"github.com/louche-graphql/louche/gateway/response"
)

// csrfHeaders are headers that a page of another origin can send only after a CORS
// preflight. One of them, with any value, shows that the preflight passed.
var csrfHeaders = []string{"Apollo-Require-Preflight", "X-Apollo-Operation-Name", "Graphql-Require-Preflight", "X-Requested-With"}

// csrf refuses requests that a page of another origin may have made a browser send as its
// user (cross-site request forgery).
type csrf struct {
	enabled bool
	allows  func(origin string) bool // whether pages of an origin may send requests
}

// preventCSRF reports whether forgeries are refused. ambient: browsers attach credentials by
// themselves.
func (c *Config) preventCSRF(ambient bool) bool {
	if c.CSRFPrevention != nil {
		return *c.CSRFPrevention
	}
	return ambient || c.Forms || c.Uploads.enabled()
}

// check returns why a request is refused. The first check is that of GraphQL servers and
// works with every browser. The second relies on the browser to tell the page's origin.
func (c csrf) check(r *http.Request) error {
	if !c.enabled {
		return nil
	}
	if isSimple(r.Header.Get("Content-Type")) && !slices.ContainsFunc(csrfHeaders, func(name string) bool { return r.Header.Get(name) != "" }) {
		return errNotPreflighted
	}
	if !c.allows(r.Header.Get("Origin")) && sameOrigin.Check(r) != nil {
		return response.ForeignOrigin
	}
	return nil
}

// sameOrigin allows GET and HEAD, and requests that do not come from a page of another origin
// by Sec-Fetch-Site, or by Origin and Host.
var sameOrigin http.CrossOriginProtection

// isSimple reports whether browsers send a body of this type for a page of any origin without
// a preflight: a "CORS-safelisted" Content-Type of the Fetch standard, whatever its
// parameters.
func isSimple(contentType string) bool {
	essence, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(essence)) {
	case "", formName, formDataName, "text/plain":
		return true
	}
	return false
}
