// Package api is the HTTP API: one file per resource; types in, a service, types out, and the OpenAPI document made from the same types.
// Errors are RFC 9457 problems that carry a fault's code and parameters.
package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"griot/internal/agent"
	"griot/internal/chat"
	"griot/internal/embed"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/flow/library"
	"griot/internal/identity"
	"griot/internal/toolbox"
)

// MaxBody is the largest request body read, in bytes.
const MaxBody = 1 << 20

// Services is what the API is made of. All but Stop are needed.
type Services struct {
	Agents        *agent.Service
	Machine       Machine
	Conversations Conversations
	Overview      Overviews
	Calls         Calls
	System        System
	Providers     Providers
	Models        Models
	Voices        Voices
	Templates     Templates
	Writers       Writers
	Tools         *toolbox.Service
	Flows         *library.Service
	Chat          *chat.Service
	Phone         Phone
	Speech        Speech
	Effects       Effects
	Embed         *embed.Service
	Calling       Calling
	Identity      *identity.Service
	Cookie        Cookie
	Stop          context.Context // done when the server shuts down: streams end; nil: never
}

type api struct {
	s       Services
	huma    huma.API
	samples buckets
	tagged  map[string]bool // routes whose answers have an ETag, by the multiplexer's pattern
	checked map[string]bool // routes that change what a tagged one answers, and take its ETag; true for those that answer the same
	changes locks
	drafts  buckets
	dialled buckets
	visits  buckets // visitors' tokens, and their messages
}

// New returns the handler of /api/…, /tools/api/…, /text-agents/… (but its pages), /embed/v1/agents/… and /healthz, and of nothing else. Who asks is what identity.Of says of the request's context; what that one may do is in
// Rules. It refuses browsers' requests from other sites that would change something. Timeouts are the server's.
func New(s Services) http.Handler {
	mux := http.NewServeMux()
	a := register(mux, s)
	mux.HandleFunc("/", noRoute(mux))
	cross := http.NewCrossOriginProtection()
	cross.AddInsecureBypassPattern("/embed/v1/") // where pages of other sites ask, which answers them by the agent's domains
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, problem(http.StatusForbidden, "cross_origin", "A page of another site may not change anything here."))
	}))
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r))
		a.validated(mux, w, r)
	})
	guarded := cross.Handler(inner)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A visitor's token is nothing that a browser adds by itself, and is good on the pages of its own site only.
		if identity.Of(r.Context()).Kind == identity.ByVisitor {
			inner.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// Spec returns the OpenAPI 3.1 document as indented JSON.
func Spec() ([]byte, error) {
	a := register(http.NewServeMux(), Services{})
	return a.huma.OpenAPI().MarshalJSON()
}

func register(mux *http.ServeMux, s Services) *api {
	c := huma.DefaultConfig("Griot", "1")
	c.Info.Description = "Talk with agents, and read what was said."
	c.OpenAPIPath = "/api/openapi"
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil // no $schema members in bodies
	c.RejectUnknownQueryParameters = true
	c.Transformers = append(c.Transformers, inTheirLanguage)
	c.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[event.Millis](), reflect.TypeFor[float64]())
	a := &api{s: s, huma: humago.New(mux, c)}
	a.huma.UseMiddleware(a.guarded)
	a.agents()
	a.conversations()
	a.export()
	a.overview()
	a.calls()
	a.system()
	a.session()
	a.people()
	a.keys()
	a.audit()
	a.providers()
	a.models()
	a.voices()
	a.templates()
	a.prompts()
	a.tools()
	a.flows()
	a.chat()
	a.phone()
	a.speech()
	a.effects()
	a.embeds()
	a.describe()
	return a
}

// tenantOf is whose data a request sees.
func tenantOf(ctx context.Context) string { return identity.Of(ctx).Tenant }

// output is how the library wants a body.
type output[T any] struct{ Body T }

// get adds a route that answers GET with JSON. A fault becomes the problem it stands for.
func get[I, T any](a *api, path, id, tag, summary string, errs []int, f func(context.Context, *I) (T, error)) {
	getOr(a, path, id, tag, summary, errs, problemOf, f)
}

// getOr is get with another form of problems.
func getOr[I, T any, P error](a *api, path, id, tag, summary string, errs []int, problem func(context.Context, string, error) P, f func(context.Context, *I) (T, error)) {
	op := huma.Operation{Method: http.MethodGet, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, Errors: errs}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*output[T], error) {
		body, err := f(ctx, in)
		if err != nil {
			return nil, problem(ctx, id, err)
		}
		return &output[T]{Body: body}, nil
	})
}

// change adds a route that changes something and answers with JSON.
func change[I, T any](a *api, method, path, id, tag, summary string, status int, errs []int, f func(context.Context, *I) (T, error)) {
	op := huma.Operation{Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, Errors: errs, DefaultStatus: status}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*output[T], error) {
		body, err := f(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, id, err)
		}
		return &output[T]{Body: body}, nil
	})
}

// remove adds a route that answers with nothing.
func remove[I any](a *api, method, path, id, tag, summary string, errs []int, f func(context.Context, *I) error) {
	op := huma.Operation{Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, Errors: errs, DefaultStatus: http.StatusNoContent}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*struct{}, error) {
		if err := f(ctx, in); err != nil {
			return nil, problemOf(ctx, id, err)
		}
		return nil, nil
	})
}

// noRoute answers what no other route does: as a problem, and telling a wrong method from a wrong path.
func noRoute(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allow []string
		for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			probe := *r
			probe.Method = m
			if _, pattern := mux.Handler(&probe); pattern != "/" && pattern != "" {
				allow = append(allow, m)
			}
		}
		if len(allow) > 0 {
			w.Header().Set("Allow", strings.Join(allow, ", "))
			writeProblem(w, r, problem(http.StatusMethodNotAllowed, "method_not_allowed", r.Method+" is not possible here."))
			return
		}
		f := fault.New(fault.NotFound, "no_such_route", "There is nothing at %s.", r.URL.Path)
		f.Params = map[string]string{"path": r.URL.Path}
		writeProblem(w, r, problemOf(r.Context(), "route", f))
	}
}
