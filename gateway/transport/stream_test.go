package transport

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/transport/admission"
	"github.com/louche-graphql/louche/internal/memory"
)

// blockingWriter is a response whose client reads nothing until it is told to.
type blockingWriter struct {
	http.ResponseWriter
	read chan struct{}
}

func (w *blockingWriter) Write(b []byte) (int, error) { return len(b), nil }

func (w *blockingWriter) FlushError() error {
	<-w.read
	return nil
}

// A heartbeat leaves the memory of the request to the goroutine that prints results: while it
// waits for its client, nothing takes that memory away.
func TestHeartbeatLeavesMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := memory.NewBudget(10)
		account, other := budget.Open(), budget.Open()
		defer account.Close()
		account.Reserve(10)
		var app engine.App
		app.Config.Subscriptions.Heartbeat = time.Minute
		client := &blockingWriter{read: make(chan struct{})}
		stream := stream{
			format:  eventStream,
			handler: &Handler{engine: &engine.Engine{App: app}},
			w:       &admission.Writer{ResponseWriter: client, Timeout: time.Minute, Account: account},
		}
		stream.heartbeat = time.AfterFunc(time.Hour, stream.beat)
		defer stream.heartbeat.Stop()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			stream.beat()
		}()
		time.Sleep(10 * time.Second)
		if other.Reserve(5) || budget.Preemptions() != 0 {
			t.Error("a heartbeat's wait gives the memory of its request away")
		}
		close(client.read)
		<-ended
		if stream.failed != nil {
			t.Errorf("the stream has failed: %v", stream.failed)
		}
	})
}
