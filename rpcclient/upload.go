package rpcclient

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A file goes to its node in pieces of uploadPiece bytes. uploadCredit is how many of them
// may be on their way, or unwritten.
const (
	uploadPiece  = 64 << 10
	uploadCredit = 4
)

// stopTime is how long a process that still receives files may take to end.
const stopTime = 5 * time.Second

// A File is a file that an operation takes.
type File struct {
	// Key is the value of the variable, or the argument, that stands for the file.
	Key string
	// Filename and ContentType are the client's. ContentType may be empty.
	Filename    string
	ContentType string
	Content     io.Reader
}

// An Upload is a process on a node that receives the files of an operation, and then runs
// it. The files are there until the operation has ended. It takes a slot of the node. It
// belongs to one goroutine.
type Upload struct {
	app  *Absinthe
	op   Operation
	slot *slot // nil: released
	*process
	credit  int
	message []byte // the buffer of messages
	closed  bool
}

// Upload starts an upload on one of the nodes. [Upload.Close] must be called.
//
// Errors are those of [Absinthe.Run]. Upload does not try another node.
func (a *Absinthe) Upload(ctx context.Context, op Operation) (*Upload, error) {
	slot, err := a.Pool.acquire(ctx, op.Filter)
	if err != nil {
		return nil, err
	}
	if op.Observer != nil {
		op.Observer.Sent(slot.conn.Peer().Name)
	}
	u := &Upload{app: a, op: op, slot: slot, credit: uploadCredit}
	if u.process, err = a.startUpload(ctx, slot, op); err != nil {
		u.release(ctx, err)
		return nil, notRun(err)
	}
	slot.settle()
	return u, nil
}

func (a *Absinthe) startUpload(ctx context.Context, slot *slot, op Operation) (*process, error) {
	expression, err := slot.conn.uploader.expression(ctx, slot.conn)
	if err != nil {
		return nil, err
	}
	box := slot.conn.OpenMailbox(uploadCredit)
	args, err := a.appendUpload(nil, expression, op, slot.conn, box.Pid)
	if err != nil {
		box.Close()
		return nil, err
	}
	p, err := slot.conn.start(ctx, args, box)
	if err == nil && !p.started() {
		err = p.endError()
		p.close()
	}
	return p, err
}

// appendUpload appends the arguments of a call of erl_eval:expr/5 with the program. Its
// bindings are sorted, as erl_eval wants them.
func (a *Absinthe) appendUpload(b, expression []byte, op Operation, conn *liveConn, gateway etf.Pid) ([]byte, error) {
	b = beginCall(b, "erl_eval", "expr")
	b = append(etf.AppendList(b, 5), expression...)
	b = etf.AppendList(b, 7)
	b = a.appendContextSource(appendBinding(b, "Context"), op, true)
	b = etf.AppendBinary(appendBinding(b, "Directory"), "louche-"+rand.Text())
	b = etf.AppendBinary(appendBinding(b, "Document"), op.Document)
	b = etf.AppendPid(appendBinding(b, "Gateway"), gateway)
	b, err := a.Config.appendOptions(appendBinding(b, "Options"), op, 0)
	if err != nil {
		return b, err
	}
	b = etf.AppendAtom(appendBinding(etf.AppendNil(b), "Schema"), ModuleAtom(a.Config.Schema))
	b = a.setupOf(&op, conn).appendFunctions(appendBinding(b, "Setup"), &op)
	b = etf.AppendNil(b)
	b = etf.AppendAtom(etf.AppendAtom(b, "none"), "none") // no function handlers
	return endCall(etf.AppendNil(etf.AppendAtom(b, "value"))), nil
}

var pieces = sync.Pool{New: func() any { return new([uploadPiece]byte) }}

// Send sends a file, and returns when the node has it. It returns errors of Content as they are; others are the cause of ctx,
// [*CallError], and [*erldist.LostError], whose Sent is false: nothing has run.
func (u *Upload) Send(ctx context.Context, f File) error {
	if err := u.sendCredited(ctx, appendFile(u.begin(), f)); err != nil {
		return err
	}
	piece := pieces.Get().(*[uploadPiece]byte)
	defer pieces.Put(piece)
	for {
		n, readErr := fill(piece[:], f.Content)
		if n > 0 {
			if err := u.sendCredited(ctx, etf.AppendBinary(u.begin(), piece[:n])); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(readErr, io.EOF):
			return u.awaitCredit(ctx, uploadCredit)
		case readErr != nil:
			return readErr
		}
	}
}

// fill reads until b is full, or to an error.
func fill(b []byte, r io.Reader) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = r.Read(b[n:])
		n += more
	}
	return n, err
}

// begin returns the start of {Gateway, Message}.
func (u *Upload) begin() []byte { return etf.AppendPid(etf.AppendTuple(u.message[:0], 2), u.box.Pid) }

// appendFile appends {file, Key, Filename, ContentType}.
func appendFile(b []byte, f File) []byte {
	b = etf.AppendAtom(etf.AppendTuple(b, 4), "file")
	b = etf.AppendBinary(etf.AppendBinary(b, f.Key), f.Filename)
	if f.ContentType == "" {
		return etf.AppendAtom(b, "nil")
	}
	return etf.AppendBinary(b, f.ContentType)
}

// sendCredited sends a message once there is credit for it.
func (u *Upload) sendCredited(ctx context.Context, message []byte) error {
	if err := u.awaitCredit(ctx, 1); err != nil {
		return err
	}
	u.credit--
	u.message = message
	return u.conn.SendPiece(ctx, u.pid, message)
}

// awaitCredit waits until the process has returned credit for n messages.
func (u *Upload) awaitCredit(ctx context.Context, n int) error {
	for u.credit < n {
		select {
		case written := <-u.box.Messages():
			written.Release()
			u.credit++
		case <-u.ended:
			return notRun(u.endError())
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Run runs the operation, and waits for its result as [Absinthe.Run] does. It must be called
// once, after the files were sent.
func (u *Upload) Run(ctx context.Context) (*Result, error) {
	u.slot.began = time.Now()
	u.conn.Send(u.pid, etf.AppendAtom(u.begin(), "run"))
	var err error
	select {
	case <-u.ended:
		err = u.err
	case <-ctx.Done():
		err = fmt.Errorf("call on %s: %w", u.conn.Peer().Name, context.Cause(ctx))
	}
	slot := u.slot
	u.release(ctx, err)
	if err != nil {
		return nil, slot.withoutAgent(err)
	}
	result := u.result
	u.result = nil // the caller releases it
	if err := u.app.unwrapUpload(result); err != nil {
		result.Release()
		return nil, err
	}
	return result, nil
}

// unwrapUpload reduces a value to Absinthe's result map.
func (a *Absinthe) unwrapUpload(result *Result) error {
	if !a.Config.NeedsAgent() {
		return a.unwrapRun(result)
	}
	if _, err := a.unwrapServe(result); err != nil {
		return err
	}
	return result.unwrapOK()
}

// Close ends the process, unless it has ended. The node removes the files.
func (u *Upload) Close() {
	if u.closed {
		return
	}
	u.closed = true
	if u.slot == nil {
		u.close()
		return
	}
	u.slot.began = time.Now() // the time of the client is no latency
	select {
	case <-u.ended:
		u.release(context.Background(), u.endError())
		u.close()
	default:
		u.slot.release(context.Canceled, uncounted)
		go u.stop()
	}
}

// stop ends a process that still receives files. It is killed only if it does not end by
// itself: Plug leaves a file behind whose process is killed while Plug makes it.
func (u *Upload) stop() {
	defer u.close()
	u.conn.Send(u.pid, etf.AppendAtom(u.begin(), "stop"))
	select {
	case <-u.ended:
	case <-time.After(stopTime):
	}
}

// release releases the slot.
func (u *Upload) release(ctx context.Context, err error) {
	if IsLost(err) {
		u.slot.peer.current.CompareAndSwap(u.slot.conn, nil)
	}
	u.slot.release(err, healthOf(ctx, err, u.op.Filter == nil))
	u.slot = nil
}

// notRun returns the error of an upload that has not run its operation.
func notRun(err error) error {
	if lost, ok := errors.AsType[*erldist.LostError](err); ok {
		return &erldist.LostError{Node: lost.Node, Err: lost.Err}
	}
	return err
}
