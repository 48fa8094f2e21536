package gateway

import (
	"net/http"
	"path"
	"strings"

	"github.com/louche-graphql/louche/web"
)

// exploreAssets is the folder of the page's assets, below the application's path.
const exploreAssets = "/graphiql/"

// exploredPaths returns the paths of the applications with GraphiQL.
func exploredPaths(apps []*App) (paths []string) {
	for _, app := range apps {
		if app.Config.GraphiQL == GraphiQLOn {
			paths = append(paths, app.Config.Path)
		}
	}
	return paths
}

// explorePage returns the page of the application at a path. The addresses of the assets
// are relative, so that a proxy may put a prefix before the path.
func explorePage(appPath string, explored []string) http.Handler {
	folder := strings.TrimPrefix(exploreAssets, "/")
	if !strings.HasSuffix(appPath, "/") {
		folder = path.Base(appPath) + exploreAssets
	}
	return web.Explore.Page(folder, map[string]any{"path": appPath, "apps": explored})
}
