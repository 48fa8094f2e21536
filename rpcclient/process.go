package rpcclient

import (
	"context"
	"fmt"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A process is one on a node that runs a [program] and talks to the gateway.
type process struct {
	conn *liveConn
	pid  etf.Pid // zero: the process has ended without a message
	box  *erldist.Mailbox
	kill context.CancelFunc

	ended  chan struct{} // closed after the process has ended
	result *Result       // its value
	err    error         // or why there is none
}

// start starts a process with the arguments of erpc:execute_call. It waits until the process
// has sent {Tag, Pid} to the mailbox, or has ended. The mailbox is closed if there is an error.
func (c *liveConn) start(ctx context.Context, args []byte, box *erldist.Mailbox) (*process, error) {
	p := &process{conn: c, box: box, ended: make(chan struct{})}
	var life context.Context
	life, p.kill = context.WithCancel(context.Background())
	go func() {
		p.result, p.err = c.execute(life, args, erldist.Spawn{})
		close(p.ended)
	}()
	var err error
	select {
	case message := <-box.Messages():
		defer message.Release()
		p.pid, err = readStarted(message)
	case <-p.ended:
		p.kill()
		return p, nil
	case <-ctx.Done():
		err = fmt.Errorf("call on %s: %w", c.Peer().Name, context.Cause(ctx))
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// readStarted reads {Tag, Pid}.
func readStarted(message *erldist.Payload) (pid etf.Pid, err error) {
	d := etf.NewDecoder(message.Term)
	if _, err = d.Tuple(); err != nil {
		return pid, err
	}
	if _, err = d.Atom(); err != nil {
		return pid, err
	}
	return d.Pid()
}

// started reports whether the process has sent its pid.
func (p *process) started() bool { return p.pid != (etf.Pid{}) }

// endError returns why a process has ended that should not have.
func (p *process) endError() error {
	if p.err != nil {
		return p.err
	}
	return &CallError{Node: p.conn.Peer().Name, Class: "exit", Reason: "the process ended"}
}

// close ends the process, and releases its messages and its result.
func (p *process) close() {
	p.kill()
	p.box.Close()
	go func() {
		<-p.ended
		if p.result != nil {
			p.result.Release()
		}
	}()
}
