package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/internal/config"
)

// An examination examines one configuration.
type examination struct {
	cfg     *config.Config
	timeout time.Duration // of each node, server and query
	report  func(Finding)
	healthy bool
	// isRunning: an address of the listeners is in use, as by the running gateway.
	isRunning bool
}

// Examine examines the configuration that flags name, and reports each finding as soon as it
// is there. It returns false if a check failed.
func Examine(ctx context.Context, flags *config.Flags, timeout time.Duration, report func(Finding)) bool {
	e := &examination{timeout: timeout, healthy: true}
	e.report = func(f Finding) {
		e.healthy = e.healthy && f.Status != Failed
		report(f)
	}
	if !e.load(flags) {
		return false
	}
	cookie := e.checkCookie()
	e.checkFiles()
	e.checkCertificates(time.Now())
	e.checkListeners(ctx)
	e.checkRedis()
	for i := range e.cfg.Apps {
		e.checkKeySets(ctx, &e.cfg.Apps[i])
	}
	e.checkNodes(ctx, cookie)
	return e.healthy
}

// load reports each mistake of the configuration.
func (e *examination) load(flags *config.Flags) (valid bool) {
	cfg, err := flags.Load()
	if err != nil {
		for _, err := range split(err) {
			e.report(failed("configuration", err, "correct this place; docs/configuration.md has every key, and louche config schema prints a schema for editors"))
		}
		return false
	}
	e.cfg = cfg
	e.report(Finding{"configuration", Passed, fmt.Sprintf("%d application(s)", len(cfg.Apps)), ""})
	return true
}

// split returns the errors that err joins.
func split(err error) []error {
	joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err)
	if !ok {
		return []error{err}
	}
	return joined.Unwrap()
}

// result reports success, or each error that err joins.
func (e *examination) result(check, detail string, err error, otherwise string) (passed bool) {
	if err == nil {
		e.report(Finding{check, Passed, detail, ""})
		return true
	}
	for _, err := range split(err) {
		e.report(failed(check, err, otherwise))
	}
	return false
}
