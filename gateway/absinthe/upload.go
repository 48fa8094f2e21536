package absinthe

import (
	"context"
	"errors"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// Upload implements [engine.Upstream].
func (u *Upstream) Upload(ctx context.Context, call *engine.Call) (engine.Upload, error) {
	up, err := u.absinthe.Upload(ctx, operationOf(call))
	if err != nil {
		return nil, u.uploadError(err)
	}
	return &upload{up, u}, nil
}

// An upload is an operation with files on a node.
type upload struct {
	*rpcclient.Upload
	upstream *Upstream
}

func (u *upload) Send(ctx context.Context, f operation.File) error {
	return u.upstream.uploadError(u.Upload.Send(ctx, rpcclient.File(f)))
}

func (u *upload) Run(ctx context.Context) (engine.Result, error) {
	r, err := u.Upload.Run(ctx)
	if err != nil {
		return nil, u.upstream.errorOf(err, false)
	}
	return u.upstream.resultOf(r), nil
}

// uploadError returns how an error of an upload looks to a client. The operation has not run.
func (u *Upstream) uploadError(err error) error {
	if _, lost := errors.AsType[*erldist.LostError](err); lost {
		return &operation.Error{Class: operation.BadUpstream, Code: "NODE_DOWN", Message: "The connection to the application was lost before it had the files. The operation was not run.", Cause: err}
	}
	if err == nil {
		return nil
	}
	return u.errorOf(err, false)
}
