package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
)

// panelPolicy is what the page with the conversation may do, when it is shown on other pages too: nonce, sockets and who may frame it.
const panelPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; media-src 'self' blob:; connect-src 'self'%s; worker-src 'self' blob:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors %s"

// Widget serves what pages of others load: the script, and the page with the conversation that it puts into a frame.
type Widget struct {
	files fs.FS
	page  []byte // nil when it was not built
}

// NewWidget opens the built files.
func NewWidget() (*Widget, error) {
	files, err := widgetFiles()
	if err != nil {
		return nil, err
	}
	page, err := fs.ReadFile(files, "embed/panel.html")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the widget's page: %w", err)
	}
	return &Widget{files: files, page: page}, nil
}

// Script sends the widget. Its address stays the same, so that browsers ask again after five minutes and are answered by 304 while it is the same.
func (g *Widget) Script(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // for pages that check it (integrity) or are isolated
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=300")
	g.send(w, r, "embed/widget.js")
}

var assetName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// Asset sends a part of the page; their names carry a hash of their content.
func (g *Widget) Asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if !assetName.MatchString(name) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	g.send(w, r, "embed/assets/"+name)
}

func (g *Widget) send(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	body, err := fs.ReadFile(g.files, name)
	kind, known := types[path.Ext(name)]
	if err != nil || !known {
		h.Del("Cache-Control")
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h.Set("ETag", tag)
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if packed, err := fs.ReadFile(g.files, name+".gz"); err == nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = packed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}

var plainHost = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$|^\[[0-9a-fA-F:.]+\](:[0-9]+)?$`)

// Page sends the page with the conversation. ancestors are who may frame it, as a content security policy has them.
func (g *Widget) Page(w http.ResponseWriter, r *http.Request, ancestors string) {
	h := w.Header()
	sockets := ""
	if plainHost.MatchString(r.Host) { // 'self' does not mean the socket of the same host in every browser
		sockets = " ws://" + r.Host + " wss://" + r.Host
	}
	h.Set("Content-Security-Policy", fmt.Sprintf(panelPolicy, sockets, ancestors))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "microphone=(self), camera=()")
	if g.page == nil {
		w.WriteHeader(http.StatusNotFound)
		_, _ = bytes.NewBufferString(unbuilt).WriteTo(w)
		return
	}
	_, _ = w.Write(g.page)
}
