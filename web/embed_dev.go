//go:build dev

package web

import (
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

// viteAddress is where `npm run dev` serves the console.
const viteAddress = "http://127.0.0.1:5173"

// widgetFiles are the widget as it was last built (npm run build:embed): the development server does not know it.
func widgetFiles() (fs.FS, error) { return os.DirFS("web/dist"), nil }

// Handler hands every request on to the development server, which reloads the page when a source file changes.
func Handler() (http.Handler, error) {
	u, err := url.Parse(viteAddress)
	if err != nil {
		return nil, err
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(u)
		r.Out.Host = r.In.Host
	}}, nil
}
