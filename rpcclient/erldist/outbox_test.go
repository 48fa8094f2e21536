package erldist

import (
	"context"
	"testing"
	"testing/synctest"
)

// However many pieces wait, other frames are queued behind few of them.
func TestPiecesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox()
		append64 := func(b []byte) []byte { return append(b, make([]byte, 64<<10)...) }
		ctx, cancel := context.WithCancelCause(t.Context())
		sent := make(chan error, 32)
		for range cap(sent) {
			go func() { sent <- o.putPiece(ctx, append64) }()
		}
		synctest.Wait()
		if len(o.queue) > maxPieces+64<<10 {
			t.Errorf("%d bytes of pieces are queued", len(o.queue))
		}
		before := len(o.queue)
		if err := o.put(t.Context(), append64); err != nil || len(o.queue) != before+64<<10 {
			t.Errorf("another frame waits for the pieces: %v", err)
		}
		cancel(ErrClosed)
		failed := 0
		for range cap(sent) {
			if err := <-sent; err == ErrClosed {
				failed++
			}
		}
		if queued := before / (64 << 10); failed != cap(sent)-queued {
			t.Errorf("%d of %d pieces failed, and %d were queued", failed, cap(sent), queued)
		}
	})
}

func TestSendPiece(t *testing.T) {
	client, server := connected(t, Options{}, echo)
	box := client.OpenMailbox(64)
	defer box.Close()
	for n := range int64(64) {
		if err := server.SendPiece(t.Context(), box.Pid, list(n)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range int64(64) {
		p := <-box.Messages()
		if string(p.Term.Bytes) != string(list(n)) {
			t.Errorf("message %d is %s", n, p.Term)
		}
		p.Release()
	}
	server.Close()
	err := server.SendPiece(t.Context(), box.Pid, list(1))
	if lost, ok := err.(*LostError); !ok || lost.Sent {
		t.Errorf("%v, want a lost connection", err)
	}
}
