package app

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/live/realtime"
	"griot/internal/live/transport/ws"
	"griot/internal/live/webcall"
)

// guard decides who may come in, as long as there is no sign-in: this machine, and programs that present a key.
type guard struct {
	cfg     config.Config
	secrets *realtime.Secrets
}

// prefixes are where the Realtime protocol is served over HTTP, by OpenAI's address and by Azure's.
var prefixes = []string{"/v1/realtime", "/openai/v1/realtime"}

// sockets are where clients of the older dialects connect.
var sockets = []string{realtime.AzureBetaPath, realtime.VoiceLivePath}

// realtimePath reports whether a path belongs to the protocol: there pages of any site may ask, with a key or a client secret.
func realtimePath(path string) bool {
	return slices.Contains(sockets, path) || slices.ContainsFunc(prefixes, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

// admit checks a request. The key is what the client presented, if anything.
func (g guard) admit(r *http.Request, key string) error {
	for _, k := range g.cfg.Realtime.Keys {
		if subtle.ConstantTimeCompare([]byte(k), []byte(key)) == 1 {
			return nil
		}
	}
	if !g.fromHere(r) {
		return fault.New(fault.Denied, "key_required", "This server answers other machines only with a key: send it as \"Authorization: Bearer …\" (setting realtime.keys).")
	}
	// A page of another site, in a browser on this machine, must not act in its user's name. What it may read is for the browser to decide.
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return ws.CheckOrigin(r, g.cfg.Server.AllowedOrigins)
	}
	return nil
}

// fromHere reports whether a request comes from this machine and means it. A page elsewhere that has its name point at this machine is told by the Host header; a
// proxy by what it forwards.
func (g guard) fromHere(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	if ip == nil || !ip.IsLoopback() || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return false
	}
	return g.knownHost(r.Host)
}

func (g guard) knownHost(h string) bool {
	name := h
	if host, _, err := net.SplitHostPort(h); err == nil {
		name = host
	}
	name = strings.Trim(name, "[]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() {
		return true
	}
	u, err := url.Parse(g.cfg.Server.PublicURL)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, h)
}

// protect refuses what admit refuses.
func (g guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, _ := ws.Credentials(r)
		realtime := realtimePath(r.URL.Path)
		_, granted := g.secrets.Find(key)
		if r.URL.Path == "/healthz" || realtime && (granted || r.Method == http.MethodOptions) {
			next.ServeHTTP(w, r)
			return
		}
		if err := g.admit(r, key); err != nil {
			if realtime {
				webcall.AllowPages(w) // a page is to read why
			}
			ws.Refuse(w, http.StatusForbidden, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
