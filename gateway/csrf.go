package gateway

import (
	"net/http"
	"slices"
	"strings"
)

// csrfHeaders are headers that a page of another origin can send only after the
// browser has asked whether it may (CORS preflight). One of them, with any value,
// says that it has.
var csrfHeaders = []string{"Apollo-Require-Preflight", "X-Apollo-Operation-Name", "Graphql-Require-Preflight", "X-Requested-With"}

// csrf refuses what a page of another origin may have made a browser send as its
// user (cross-site request forgery).
type csrf struct {
	on      bool
	origins origins // whose pages may ask
}

// preventCSRF says whether forgeries are refused. ambient: browsers send by
// themselves what says who is asking.
func (c *AppConfig) preventCSRF(ambient bool) bool {
	if c.CSRFPrevention != nil {
		return *c.CSRFPrevention
	}
	return ambient || c.Forms
}

// check returns why a request is refused. The first check is that of GraphQL
// servers, and has no need of a browser that tells where a page is from; the second
// one also stops those that browsers ask for wrongly.
func (c csrf) check(r *http.Request) error {
	if !c.on {
		return nil
	}
	if isSimple(r.Header.Get("Content-Type")) && !slices.ContainsFunc(csrfHeaders, func(name string) bool { return r.Header.Get(name) != "" }) {
		return notPreflighted
	}
	if !c.origins.allow(r.Header.Get("Origin")) && sameOrigin.Check(r) != nil {
		return foreignOrigin
	}
	return nil
}

// sameOrigin lets through GET and HEAD, and requests that do not come from a page of
// another origin, by Sec-Fetch-Site or by Origin and Host.
var sameOrigin http.CrossOriginProtection

// isSimple says whether browsers send a body of this type for a page of any origin,
// without asking: a "CORS-safelisted" Content-Type of the Fetch standard. As there,
// it does not matter whether its parameters make sense.
func isSimple(contentType string) bool {
	essence, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(essence)) {
	case "", formName, "multipart/form-data", "text/plain":
		return true
	}
	return false
}
