package response

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

var errUnknownSchema = &Error{Status: http.StatusServiceUnavailable, Failure: operation.Error{Code: "SCHEMA_UNKNOWN", Message: "No node has told its schema yet."}}

// WriteSDL answers with a schema; "": it is unknown.
func WriteSDL(w http.ResponseWriter, r *http.Request, sdl string) {
	if sdl == "" {
		errUnknownSchema.Write(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/graphql; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", fmt.Sprintf("\"%x\"", sha256.Sum256([]byte(sdl))))
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(sdl))
}
