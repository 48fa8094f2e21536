package gateway

import (
	"errors"
	"net/http"

	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/request"
)

// serveSchemaDiff answers with the difference between two schemas that nodes of an application
// have.
func (g *Gateway) serveSchemaDiff(w http.ResponseWriter, r *http.Request) {
	parameters, err := request.ParseForm(r.URL.RawQuery)
	if err != nil {
		response.BadRequest("%v", err).Write(w)
		return
	}
	difference, err := g.schemaDiff(parameters.Get("path"), parameters.Get("from"), parameters.Get("to"))
	if err != nil {
		(&response.Error{Status: http.StatusNotFound, Failure: operation.Error{Code: "NOT_FOUND", Message: "There is no difference to show: " + err.Error() + "; GET /status lists the schemas of the nodes."}}).Write(w)
		return
	}
	response.WriteJSON(w, difference)
}

var (
	errUnknownPath = errors.New("no application has this path")
	errNoSDL       = errors.New("contract.sdl of the application is off")
)

// schemaDiff finds the application by its path; "" is the first one.
func (g *Gateway) schemaDiff(path, from, to string) (*contract.Difference, error) {
	for _, app := range g.configuration().apps {
		switch {
		case path != "" && path != app.Config.Path:
		case !app.Contract.AllowsSDL(false):
			return nil, errNoSDL
		default:
			return app.Contract.Difference(from, to)
		}
	}
	return nil, errUnknownPath
}
