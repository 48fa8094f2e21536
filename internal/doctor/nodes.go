package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/service"
)

// checkNodes polls discovery, and connects to each node that it finds, as the gateway does. It
// needs the cookie.
func (e *examination) checkNodes(ctx context.Context, cookie bool) {
	if !cookie {
		e.report(Finding{"nodes", Skipped, "they need the cookie", ""})
		return
	}
	prober, err := service.NewProber(e.cfg, "doctor")
	if !e.result("node", e.cfg.Node.Name, err, "correct the section node") {
		return
	}
	defer prober.Close()
	for i := range e.cfg.Apps {
		app := &e.cfg.Apps[i]
		addrs, problems := prober.Discover(ctx, app)
		for _, p := range problems {
			e.report(problem(app, p))
		}
		e.report(Finding{"discovery", Passed, fmt.Sprintf("%s: %d node(s)", app.Path, len(addrs)), ""})
		for _, r := range prober.ProbeAll(ctx, addrs, app, e.timeout) {
			e.checkNode(ctx, app, r)
		}
	}
}

// problem is the finding for a source of discovery that names no nodes.
func problem(app *config.App, p discovery.Problem) Finding {
	check := "discovery"
	if kind, _, isNamed := strings.Cut(p.Source, " "); isNamed {
		check = kind // dns, epmd or node
	}
	f := failed(check, p.Err, "correct the section discovery: docs/discovery.md")
	f.Detail = fmt.Sprintf("%s: %s: %s", app.Path, p.Source, f.Detail)
	return f
}

func (e *examination) checkNode(ctx context.Context, app *config.App, r service.ProbeResult) {
	name := cmp.Or(r.Name, r.Addr.Name)
	if r.Err != nil && r.Name == "" {
		if f, found := e.transport(ctx, app, r); found {
			e.report(f)
			return
		}
	}
	if r.Err != nil {
		check := "handshake"
		if r.Name != "" {
			check = "calls"
		}
		f := failed(check, r.Err, "look into the log of the node")
		f.Detail = fmt.Sprintf("%s at %s: %s", name, r.Addr.Addr, f.Detail)
		e.report(f)
		return
	}
	e.report(Finding{"handshake", Passed, fmt.Sprintf("%s at %s in %s, OTP %s", name, r.Addr.Addr, r.Handshake.Round(100*time.Microsecond), r.OTPRelease), ""})
	e.report(e.nameInUse(name, r.Peers))
	e.report(clock(name, r.ClockAhead))
	e.report(schemaFinding(app, name, r))
	for _, missing := range r.Missing {
		e.report(Finding{missing.Key, Failed, fmt.Sprintf("%s has no %s", name, missing.Name),
			fmt.Sprintf("correct the key %s, or deploy a release of the application that has it", missing.Key)})
	}
}

// nameInUse finds a node that has a connection under the name of the gateway, and would refuse
// the gateway. It may be that of the running gateway, which then has an address of the listeners.
func (e *examination) nameInUse(name string, peers []string) Finding {
	own := e.cfg.Node.Name
	switch {
	case !slices.Contains(peers, own):
		return Finding{"name", Passed, fmt.Sprintf("%s has no connection from %s", name, own), ""}
	case e.isRunning:
		return Finding{"name", Passed, fmt.Sprintf("%s has a connection from %s, as the running gateway", name, own), ""}
	}
	return Finding{"name", Failed, fmt.Sprintf("%s has a connection from %s, and no gateway listens on the addresses of this configuration", name, own),
		"another gateway uses the same name: give each gateway its own node.name; the connection of a gateway that has just crashed ends within net_ticktime"}
}

// maxSkew is the difference of clocks that may refuse tokens: jwt.leeway is 30s.
const maxSkew = 30 * time.Second

func clock(name string, ahead time.Duration) Finding {
	f := Finding{"clock", Passed, fmt.Sprintf("%s: within %s of this host's", name, maxSkew), ""}
	if ahead.Abs() > maxSkew {
		f.Status, f.Detail = Warned, fmt.Sprintf("%s: %s ahead of this host's", name, ahead.Round(time.Second))
		f.Remedy = "set both clocks (NTP): the gateway checks the times of tokens that the application makes"
	}
	return f
}

func schemaFinding(app *config.App, name string, r service.ProbeResult) Finding {
	f := Finding{"schema", Passed, fmt.Sprintf("%s: %s", name, app.Schema), ""}
	switch {
	case !r.HasSchema && len(r.OtherSchemas) > 0:
		f.Status, f.Detail = Failed, fmt.Sprintf("%s has no module %s", name, app.Schema)
		f.Remedy = "correct the key schema; the node has " + strings.Join(r.OtherSchemas, ", ")
	case !r.HasSchema:
		f.Status, f.Detail = Failed, fmt.Sprintf("%s has no module %s", name, app.Schema)
		f.Remedy = "correct the key schema, or discovery.prefix: the node may be that of another application"
	case r.SchemaErr != nil:
		f.Status, f.Detail = Warned, fmt.Sprintf("%s: %s", name, oneLine(r.SchemaErr.Error()))
		f.Remedy = "operations run, but validation and GraphiQL need the schema: see docs/schema.md"
	}
	return f
}
