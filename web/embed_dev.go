//go:build dev

package web

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// viteAddress is where `npm run dev` serves the console.
const viteAddress = "http://127.0.0.1:5173"

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
