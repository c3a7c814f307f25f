//go:build !dev

package web

import (
	"embed"
	"io/fs"
	"net/http"
)

// dist is what `npm run build` wrote; only a placeholder when the console was not built.
//
//go:embed all:dist
var dist embed.FS

// widgetFiles are the built files of the widget.
func widgetFiles() (fs.FS, error) { return fs.Sub(dist, "dist") }

// Handler serves the embedded console: files under their own names, the index for every other path, 404 under /assets, /api and /v1.
func Handler() (http.Handler, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	return newServer(files)
}
