package gateway

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// recorder notes the deadline that each write has.
type recorder struct {
	httptest.ResponseRecorder
	deadline time.Time
	writes   []write
}

type write struct {
	size int
	left time.Duration
}

func (r *recorder) SetWriteDeadline(t time.Time) error {
	r.deadline = t
	return nil
}

func (r *recorder) Write(b []byte) (int, error) {
	r.writes = append(r.writes, write{len(b), time.Until(r.deadline)})
	return r.ResponseRecorder.Write(b)
}

// A client that reads slowly gets all of a large answer, for each part of which
// it has the whole time-out; one that reads nothing is given up after the first.
func TestEveryStepOfAnAnswerHasItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := Limits{WriteTimeout: time.Minute}
		limits.SetDefaults()
		answer := bytes.Repeat([]byte("x"), 2*step+1)
		r := &recorder{ResponseRecorder: *httptest.NewRecorder()}
		g := New(nil, limits, nil, slog.New(slog.DiscardHandler))
		g.bounded(limits, g.memory)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusOK, answer)
		})).ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/", nil))

		if !bytes.Equal(r.Body.Bytes(), answer) {
			t.Errorf("%d bytes came of %d", r.Body.Len(), len(answer))
		}
		if len(r.writes) != 3 {
			t.Errorf("writes are %v, want three", r.writes)
		}
		for _, w := range r.writes {
			if w.size > step || w.left != time.Minute {
				t.Errorf("a write of %d bytes had %v", w.size, w.left)
			}
		}
	})
}
