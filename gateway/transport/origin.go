package transport

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/louche-graphql/louche/internal/keypath"
)

// origins are those whose pages may send requests, as browsers write them: scheme://host, and
// :port where it is not the scheme's own. The first label of a host may be *, which
// stands for any one label. anyOrigin stands alone.
type origins []string

const anyOrigin = "*"

var originPattern = regexp.MustCompile(`^([a-z][a-z0-9+.-]*)://(?:\[[0-9a-f:]+\]|(?:\*\.[a-z0-9_-]+\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::([1-9][0-9]{0,4}))?$`)

func (o origins) validate() error {
	for i, origin := range o {
		parts := originPattern.FindStringSubmatch(origin)
		switch {
		case origin == anyOrigin && len(o) > 1:
			return keypath.In(fmt.Errorf("%q allows every origin; remove the others", anyOrigin), "origins", i)
		case origin == anyOrigin:
		case parts == nil:
			return keypath.In(keypath.Errorf("", "is not an origin as browsers send it, such as https://app.example.com, http://localhost:3000 or https://*.example.com: in lower case, without a path, and * only for the whole first label of a host with two more"), "origins", i)
		case parts[1] == "https" && parts[2] == "443", parts[1] == "http" && parts[2] == "80":
			return keypath.In(keypath.Errorf("", "names the default port of %s, which browsers leave out; remove it", parts[1]), "origins", i)
		}
	}
	return nil
}

// allow reports whether pages of an origin may send requests; "": the request has none.
func (o origins) allow(origin string) bool {
	return origin != "" && slices.ContainsFunc(o, func(allowed string) bool {
		before, after, wild := strings.Cut(allowed, "*")
		if !wild || allowed == anyOrigin {
			return allowed == anyOrigin || allowed == origin
		}
		label, begins := strings.CutPrefix(origin, before)
		label, ends := strings.CutSuffix(label, after)
		return begins && ends && label != "" && !strings.ContainsAny(label, ".:/@")
	})
}

// isLoopback reports whether an origin is that of a page on this machine: http or https, at
// localhost or a loopback address, on any port.
func isLoopback(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || origin != u.Scheme+"://"+u.Host {
		return false
	}
	address, _ := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || address.IsLoopback()
}
