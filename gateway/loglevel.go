package gateway

import (
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/internal/logging"
)

// maxLevel bounds the text of a level, in bytes.
const maxLevel = 16

// serveLogLevel answers with the level of the log.
func (g *Gateway) serveLogLevel(w http.ResponseWriter, _ *http.Request) {
	response.WriteJSON(w, map[string]string{"level": strings.ToLower(logging.Level(g.log).String())})
}

// setLogLevel sets the level of the log to the text of the body.
func (g *Gateway) setLogLevel(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxLevel))
	var level slog.Level
	if err != nil || level.UnmarshalText(body) != nil {
		response.BadRequest("The body is not one of debug, info, warn and error.").Write(w)
		return
	}
	g.log.Warn("an operator sets the level of the log", "level", strings.ToLower(level.String()))
	logging.SetLevel(g.log, level)
	g.serveLogLevel(w, r)
}
