package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"griot/internal/embed"
	"griot/internal/identity"
	"griot/internal/live/realtime"
	"griot/web"
)

// visitorSecretLife is how long a visitor has to begin a call with the secret that was made for it.
const visitorSecretLife = time.Minute

// visitorCalls implements api.Calling.
type visitorCalls struct{ secrets *realtime.Secrets }

// VisitorSecret implements api.Calling.
func (v visitorCalls) VisitorSecret(ctx context.Context, reference string) (string, time.Time, error) {
	return v.secrets.Mint(realtime.Secret{Tenant: tenantOf(ctx), Model: "agent:" + reference, Visitor: true}, visitorSecretLife)
}

// mountEmbeds puts the widget, its page and what both ask under their paths: the product's own and the specification's.
func mountEmbeds(mux *http.ServeMux, rest, console http.Handler, embeds *embed.Service) error {
	widget, err := web.NewWidget()
	if err != nil {
		return fmt.Errorf("open the widget: %w", err)
	}
	mux.Handle("/embed/v1/agents/", rest)
	for _, p := range []string{"/embed/v1/widget.js", "/widget.js", "/static/js/text-agent-widget.js"} {
		mux.HandleFunc("GET "+p, widget.Script)
	}
	mux.HandleFunc("GET /embed/v1/assets/{file}", widget.Asset)
	page := func(w http.ResponseWriter, r *http.Request) {
		widget.Page(w, r, embeds.Ancestors(r.Context(), r.PathValue("id")))
	}
	for _, p := range []string{"/embed/{id}", "/embed/agent/{id}", "/azure-avatar/embed/{id}"} {
		mux.HandleFunc("GET "+p, page)
	}
	mux.HandleFunc("/text-agents/{rest...}", func(w http.ResponseWriter, r *http.Request) { // beside the pages of the console
		id, last, _ := strings.Cut(r.PathValue("rest"), "/")
		if last != "embed" || r.Method != http.MethodGet && r.Method != http.MethodHead {
			console.ServeHTTP(w, r)
			return
		}
		r.SetPathValue("id", id)
		page(w, r)
	})
	return nil
}

// ownPage reports whether a request comes from a page of this server, or from a program: browsers name the origin of every page that asks another server.
func (g *guard) ownPage(r *http.Request, origin string) bool {
	if origin == "" {
		site := r.Header.Get("Sec-Fetch-Site")
		return r.Header.Get("Origin") == "" && (site == "same-origin" || site == "none")
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	public, err := url.Parse(g.cfg.Server.PublicURL)
	return err == nil && public.Host != "" && strings.EqualFold(public.Scheme+"://"+public.Host, origin)
}

// embedded stands before what pages of other sites may ask for an agent. They can read the answers when they are of the agent's domains; the others' browsers are told nothing.
func (g *guard) embedded(w http.ResponseWriter, r *http.Request, next http.Handler) {
	origin := embed.Origin(r.Header.Get("Origin"))
	own := g.ownPage(r, origin)
	w.Header().Add("Vary", "Origin")
	if origin != "" && !own {
		if a, err := g.embeds.Open(r.Context(), agentIn(r.URL.Path), origin, false); err == nil && a.ID != "" {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "Retry-After, Content-Language")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", "GET, POST")
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept-Language, Last-Event-ID")
				h.Set("Access-Control-Max-Age", "600")
			}
		}
	}
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		w.WriteHeader(http.StatusNoContent) // without the headers above the browser refuses for us
		return
	}
	r = g.recognised(w, r)
	next.ServeHTTP(w, r.WithContext(embed.WithPage(r.Context(), embed.Page{Origin: origin, Own: own})))
}

// agentIn is the agent that a path is about.
func agentIn(path string) string {
	for _, prefix := range []string{"/embed/v1/agents/", "/text-agents/api/"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			id, _, _ := strings.Cut(rest, "/")
			return id
		}
	}
	return ""
}

// visitor recognises a visitor by a token. A program that presents one without an origin is taken for the page's own: it has the token.
func (g *guard) visitor(r *http.Request, token string, from identity.Principal) (identity.Principal, error) {
	origin := embed.Origin(r.Header.Get("Origin"))
	v, err := g.embeds.Visitor(r.Context(), token, origin, r.Header.Get("Origin") == "" || g.ownPage(r, origin))
	if err != nil {
		return from, err
	}
	from.Kind, from.Tenant = identity.ByVisitor, v.Tenant
	from.Visitor = identity.Visitor{ID: v.ID, Agent: v.Agent, Reference: v.Reference, User: v.User, Name: v.Name, Origin: v.Origin}
	return from, nil
}
