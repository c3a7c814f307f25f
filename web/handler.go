// Package web serves the console: the built files that are embedded in the binary, or the development server's.
package web

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// nonceMark stands in the built index.html wherever a request's own nonce belongs (vite.config.ts, html.cspNonce).
const nonceMark = "__NONCE__"

// policy is what the console's pages may do. Styles need a nonce because the component library writes its theme at run time.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%s'; img-src 'self' data: blob:; font-src 'self'; " +
	"media-src 'self' blob:; frame-src 'self'; connect-src 'self' ws: wss:; worker-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// reserved are the prefixes where an unknown path is an error of a program, and a page would only hide it.
var reserved = []string{"/assets/", "/api/", "/v1/", "/embed/"}

// types are the kinds of file that a build holds. The system's own table differs between machines.
var types = map[string]string{
	".js":    "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
	".json":  "application/json",
	".png":   "image/png",
	".txt":   "text/plain; charset=utf-8",
}

// unbuilt is shown when the binary holds no console.
const unbuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Console not built</title>
<h1>The console is not in this binary</h1>
<p>Everything else works: the API under <code>/api</code>, the Realtime protocol under <code>/v1/realtime</code>, and the command line.</p>
<p>To have the console, build it and then the binary:</p>
<pre>cd web &amp;&amp; npm ci &amp;&amp; npm run build
cd .. &amp;&amp; go build ./cmd/griot</pre></html>
`

// server answers from one tree of built files.
type server struct {
	files fs.FS
	index []byte // nil when the console was not built
}

func newServer(files fs.FS) (*server, error) {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the console's index: %w", err)
	}
	return &server{files: files, index: index}, nil
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD here", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name != "" && name != "index.html" && s.file(w, r, name) {
		return
	}
	for _, prefix := range reserved {
		if strings.HasPrefix(r.URL.Path, prefix) || r.URL.Path == strings.TrimSuffix(prefix, "/") {
			http.NotFound(w, r)
			return
		}
	}
	s.page(w)
}

// file sends a built file and says whether there is one.
func (s *server) file(w http.ResponseWriter, r *http.Request, name string) bool {
	kind, known := types[path.Ext(name)]
	if !known {
		return false
	}
	f, err := s.files.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	body, seekable := f.(io.ReadSeeker)
	if err != nil || info.IsDir() || !seekable {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // their names carry a hash of their content
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if packed, err := fs.ReadFile(s.files, name+".gz"); err == nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			h.Set("Content-Length", strconv.Itoa(len(packed)))
			_, _ = w.Write(packed)
			return true
		}
	}
	http.ServeContent(w, r, "", info.ModTime(), body)
	return true
}

// page sends the index with a nonce of this request, or says that there is none.
func (s *server) page(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "microphone=(self), camera=()")
	nonce := newNonce()
	h.Set("Content-Security-Policy", fmt.Sprintf(policy, nonce))
	if s.index == nil {
		_, _ = io.WriteString(w, unbuilt)
		return
	}
	_, _ = w.Write(bytes.ReplaceAll(s.index, []byte(nonceMark), []byte(nonce)))
}

func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process rather than return weak bytes
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// acceptsGzip reads an Accept-Encoding header: gzip or * is named, and not with a quality of zero.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(part, ";")
		coding = strings.TrimSpace(coding)
		if coding != "gzip" && coding != "*" {
			continue
		}
		q, found := strings.CutPrefix(strings.TrimSpace(params), "q=")
		if !found {
			return true
		}
		v, err := strconv.ParseFloat(q, 64)
		return err == nil && v > 0
	}
	return false
}
