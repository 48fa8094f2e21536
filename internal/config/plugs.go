package config

import (
	"errors"

	"github.com/louche-graphql/louche/internal/keypath"
)

// validatePlugs refuses what does not go with plugs, and what needs them.
func (a *App) validatePlugs() error {
	var errs []error
	if a.UsesConn() && a.ContextFrom != "" {
		errs = append(errs, keypath.Errorf("context_from", "builds the context, and so do plugs; remove one of them"))
	}
	if a.NeedsAgent() && a.Shares() {
		errs = append(errs, keypath.Errorf("share", "gives one answer to several requests, and plugs may answer each differently; remove it"))
	}
	switch {
	case !a.NeedsAgent() && !a.Response.IsEmpty():
		errs = append(errs, keypath.Errorf("response", "allows what plugs and before_send add to responses, and there are none; remove it"))
	case a.BeforeSend != "" && a.Response.IsEmpty():
		errs = append(errs, keypath.Errorf("before_send", "may add nothing to responses: list its headers in response.headers, and its cookies in response.cookies"))
	}
	return errors.Join(errs...)
}
