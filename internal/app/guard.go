package app

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"griot/internal/api"
	"griot/internal/config"
	"griot/internal/embed"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/live/realtime"
	"griot/internal/live/transport/ws"
	"griot/internal/live/webcall"
)

// guard stands before everything: it recognises who asks and says so in the request's context. What that one may do is in api.Rules, which the API asks for its own
// routes and the guard for the others.
type guard struct {
	cfg     config.Config
	people  *identity.Service
	cookie  api.Cookie
	secrets *realtime.Secrets
	proxies []netip.Prefix
	// callTenant says whose a call is that goes on; "" when there is none of that id.
	callTenant func(id string) string
	embeds     *embed.Service
}

// newGuard makes a guard of a configuration that was validated.
func newGuard(cfg config.Config, people *identity.Service, cookie api.Cookie, secrets *realtime.Secrets, embeds *embed.Service) *guard {
	g := &guard{cfg: cfg, people: people, cookie: cookie, secrets: secrets, embeds: embeds, callTenant: func(string) string { return "" }}
	for _, p := range cfg.Server.TrustedProxies {
		if prefix, err := config.ParsePrefix(p); err == nil {
			g.proxies = append(g.proxies, prefix)
		}
	}
	return g
}

// prefixes are where the Realtime protocol is served over HTTP, by OpenAI's address and by Azure's.
var prefixes = []string{"/v1/realtime", "/openai/v1/realtime"}

// sockets are where clients of the older dialects connect.
var sockets = []string{realtime.AzureBetaPath, realtime.VoiceLivePath}

// below reports whether a path is a prefix or lies below it.
func below(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

// realtimePath reports whether a path belongs to the protocol: there pages of any site may ask, with a key or a client secret.
func realtimePath(path string) bool {
	return slices.Contains(sockets, path) || slices.ContainsFunc(prefixes, func(p string) bool { return below(path, p) })
}

// protect recognises who asks, and refuses what api.Rules does not allow outside the API.
func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		switch {
		case below(path, "/embed/v1/agents"), below(path, "/text-agents/api"):
			g.embedded(w, r, next)
		case below(path, "/api"), below(path, "/tools/api"), below(path, "/text-agents"):
			next.ServeHTTP(w, g.recognised(w, r))
		case realtimePath(path):
			g.protocol(w, r, next)
		case below(path, "/debug"):
			r = g.recognised(w, r)
			if err := api.Authorize(identity.Of(r.Context()), method(r)+" /debug/"); err != nil {
				ws.Refuse(w, statusOf(err), err)
				return
			}
			next.ServeHTTP(w, r)
		default: // the console's own files, which say nothing of anybody, and whether the server lives
			next.ServeHTTP(w, r)
		}
	})
}

// protocol stands before the Realtime protocol.
func (g *guard) protocol(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if r.Method == http.MethodOptions {
		next.ServeHTTP(w, r)
		return
	}
	key, _ := ws.Credentials(r)
	if s, ok := g.secrets.Find(key); ok {
		r = r.WithContext(identity.With(r.Context(), identity.Principal{Kind: identity.BySecret, Tenant: s.Tenant, Address: g.address(r)}))
	} else {
		r = g.recognised(w, r)
	}
	p := identity.Of(r.Context())
	refuse := func(status int, err error) {
		webcall.AllowPages(w) // a page is to read why
		ws.Refuse(w, status, err)
	}
	if s, ok := g.secrets.Find(key); ok && s.Visitor && (r.Method != http.MethodGet || !slices.Contains(prefixes, r.URL.Path) || callOf(r) != "") {
		refuse(http.StatusForbidden, fault.New(fault.Denied, "not_for_visitors", "A visitor may talk with the agent of the page, and do nothing else."))
		return
	}
	if err := api.Authorize(p, method(r)+" /v1/realtime"); err != nil {
		refuse(statusOf(err), err)
		return
	}
	// A page of another site must not act in the name of who sits at the browser. What it may read is for the browser to decide, and sockets look for themselves.
	if byBrowser := p.Kind == identity.BySession || p.Kind == identity.ByMachine; byBrowser && r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := ws.CheckOrigin(r, g.cfg.Server.AllowedOrigins); err != nil {
			refuse(http.StatusForbidden, err)
			return
		}
	}
	if id := callOf(r); id != "" {
		if t := g.callTenant(id); t != "" && t != p.Tenant {
			refuse(http.StatusNotFound, fault.New(fault.NotFound, "call_not_found", "No call with id '%s' is going on.", id).At("call_id"))
			return
		}
	}
	next.ServeHTTP(w, r)
}

// callOf is the call that a request of the protocol is about; "" when it is about none.
func callOf(r *http.Request) string {
	if id := r.URL.Query().Get("call_id"); id != "" {
		return id
	}
	_, rest, ok := strings.Cut(r.URL.Path, "/realtime/calls/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// method is the request's, as the table has it.
func method(r *http.Request) string {
	if r.Method == http.MethodHead || r.Method == http.MethodGet {
		return http.MethodGet
	}
	return http.MethodPost
}

func statusOf(err error) int {
	switch fault.KindOf(err) {
	case fault.Unknown:
		return http.StatusUnauthorized
	case fault.Denied:
		return http.StatusForbidden
	}
	return http.StatusServiceUnavailable
}

// recognised returns the request with who asks in its context, and answers with a new cookie when it is time.
func (g *guard) recognised(w http.ResponseWriter, r *http.Request) *http.Request {
	p, fresh := g.recognise(r)
	if fresh != "" {
		http.SetCookie(w, g.cookie.For(fresh))
	}
	return r.WithContext(identity.With(r.Context(), p))
}

// recognise finds out who asks: by a key, else by the cookie, else, as long as nobody needs to sign in, by sitting at this machine. fresh is the session's new token.
func (g *guard) recognise(r *http.Request) (p identity.Principal, fresh string) {
	ctx, here := r.Context(), g.fromHere(r)
	from := identity.Principal{Kind: identity.ByNobody, Address: g.address(r), Agent: shortened(r.UserAgent()), Here: here && !g.public()}
	if key, ok := ws.Credentials(r); ok && embed.IsToken(key) {
		p, err := g.visitor(r, key, from)
		if err == nil {
			return p, ""
		}
		from.Why = err
		return from, ""
	} else if ok {
		p, err := g.people.Key(ctx, key, from)
		if err == nil {
			return p, ""
		}
		from.Why = err
	} else if c, err := r.Cookie(g.cookie.Name()); err == nil && c.Value != "" {
		s, err := g.people.Session(ctx, c.Value, r.Header.Get("Upgrade") == "", from)
		if err == nil {
			return s.Principal, s.Token
		}
		from.Why = err
	}
	open, err := g.people.Open(ctx)
	switch {
	case err != nil:
		from.Why = err
	case open && here:
		from.Kind, from.Tenant, from.Role, from.Why = identity.ByMachine, tenant, identity.Admin, nil
	case open:
		from.Why = fault.New(fault.Denied, "key_required", "This server answers other machines only with a key: send it as \"Authorization: Bearer …\" (setting realtime.keys), "+
			"or make the first administrator with the token that its terminal shows.")
	}
	return from, ""
}

func shortened(agent string) string {
	if len(agent) > 300 {
		return strings.ToValidUTF8(agent[:300], "")
	}
	return agent
}

// address is where a request comes from: what the proxies that are trusted say, else the other end of the connection.
func (g *guard) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && g.trusts(host); i-- {
		ip, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		host = ip.Unmap().String()
	}
	return host
}

func (g *guard) trusts(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(g.proxies, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

// fromHere reports whether a request comes from this machine and means it. A page elsewhere that has its name point at this machine is told by the Host header; a
// proxy by what it forwards.
func (g *guard) fromHere(r *http.Request) bool {
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

func (g *guard) knownHost(h string) bool {
	name := h
	if host, _, err := net.SplitHostPort(h); err == nil {
		name = host
	}
	if isLoopback(strings.Trim(name, "[]")) {
		return true
	}
	u, err := url.Parse(g.cfg.Server.PublicURL)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, h)
}

// public reports whether the server is meant to be reached by others, perhaps through a proxy on this machine that does not say for whom it asks.
func (g *guard) public() bool {
	u, err := url.Parse(g.cfg.Server.PublicURL)
	return err == nil && u.Host != "" && !isLoopback(u.Hostname())
}

func isLoopback(name string) bool {
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// tenantOf is whose conversations and calls a context is about.
func tenantOf(ctx context.Context) string { return first(identity.Of(ctx).Tenant, tenant) }
