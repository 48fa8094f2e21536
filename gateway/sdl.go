package gateway

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// sdlFile is below an application's path, and for operators at the root as well.
const sdlFile = "/schema.graphql"

func (c *AppConfig) sdlPath() string { return strings.TrimSuffix(c.Path, "/") + sdlFile }

// publicSDL lets clients read the schema, where the application says so. Who they
// must be is for middleware to say.
func publicSDL(r chi.Router, app *App) {
	if app.Contract != nil && app.Contract.cfg.SDL == "public" {
		r.Get(app.Config.sdlPath(), app.Contract.serveSDL)
		r.Head(app.Config.sdlPath(), app.Contract.serveSDL)
	}
}

// adminSDL lets operators read every application's schema at its path, and that of
// the first one at the root. It is looked for among the applications that there
// are at the moment.
func (g *Gateway) adminSDL(w http.ResponseWriter, r *http.Request) {
	for i, app := range g.configured().apps {
		here := r.URL.Path == app.Config.sdlPath() || i == 0 && r.URL.Path == sdlFile
		if here && app.Contract != nil && app.Contract.cfg.SDL != "off" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			app.Contract.serveSDL(w, r)
			return
		}
	}
	notFound.write(w)
}

func (c *Contract) serveSDL(w http.ResponseWriter, r *http.Request) {
	s := c.served()
	if s == nil {
		unknownSchema.write(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/graphql; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", fmt.Sprintf("\"%x\"", sha256.Sum256([]byte(s.SDL()))))
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(s.SDL()))
}
