package engine

import (
	"context"

	"github.com/louche-graphql/louche/gateway/operation"
)

// An Upload is an operation whose files are on their way to the node that runs it. Errors are
// those of [Upstream].
type Upload interface {
	// Send sends a file. It returns errors of its content as they are.
	Send(ctx context.Context, f operation.File) error
	// Run runs the operation, after its files were sent.
	Run(ctx context.Context) (Result, error)
	// Close ends the upload. The node removes the files.
	Close()
}

// receive sends the files of the request to a node, as they arrive. The timeout of the
// operation begins after that.
func (r *run) receive(ctx context.Context) (err error) {
	r.call.report = &r.result.Report
	if r.upload, err = r.Upstream.Upload(ctx, &r.call); err != nil {
		return err
	}
	r.result.Enter(operation.StageRead)
	for f, err := range r.Files {
		if err == nil {
			err = r.upload.Send(ctx, f)
		}
		if err != nil {
			return err
		}
	}
	r.result.Enter(operation.StageNode)
	return nil
}

// closeUpload ends the upload, if there is one.
func (r *run) closeUpload() {
	if r.upload != nil {
		r.upload.Close()
	}
}
