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
	responds := a.UsesConn() || a.ResponseFrom != ""
	if responds && a.Shares() {
		errs = append(errs, keypath.Errorf("share", "gives one answer to several requests, and plugs and response_from may answer each differently; remove it"))
	}
	if a.UsesConn() && a.ResponseFrom != "" {
		errs = append(errs, keypath.Errorf("response_from", "adds to responses without plugs, and there are plugs or before_send; remove one of them"))
	}
	if a.Pipeline != "" && a.Prepares() {
		errs = append(errs, keypath.Errorf("prepare", "is for Absinthe's own pipeline, and there is pipeline; remove one of them"))
	}
	switch {
	case !responds && !a.Response.IsEmpty():
		errs = append(errs, keypath.Errorf("response", "allows what plugs, before_send and response_from add to responses, and there are none; remove it"))
	case a.BeforeSend != "" && a.Response.IsEmpty():
		errs = append(errs, keypath.Errorf("before_send", "may add nothing to responses: list its headers in response.headers, and its cookies in response.cookies"))
	}
	return errors.Join(errs...)
}
