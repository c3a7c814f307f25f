package api

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// describe completes the OpenAPI document by what every route has alike: who is refused, conditions, and languages. It also notes which routes have conditions.
func (a *api) describe() {
	a.tagged, a.checked = map[string]bool{}, map[string]bool{}
	doc := a.huma.OpenAPI()
	problems(doc.Components)
	for path, item := range doc.Paths {
		ops := map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete}
		get := item.Get
		if get != nil && isJSON(get) {
			a.tagged["GET "+path] = true
			conditional(get, "If-None-Match", "The ETag of what you have: 304 when it is still so.", http.StatusNotModified)
			tagOf(get.Responses["200"])
		}
		for _, method := range slices.Sorted(maps.Keys(ops)) {
			op := ops[method]
			if op == nil {
				continue
			}
			own := slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "If-Match" })
			if a.tagged["GET "+path] && method != http.MethodGet && method != http.MethodPost && !own && !single(path) {
				same := op.Responses["200"] != nil && isJSON(op) && schemaOf(op) == schemaOf(get)
				a.checked[method+" "+path] = same
				if same {
					tagOf(op.Responses["200"])
				}
				conditional(op, "If-Match", "The ETag that came with what the change was made to: 412 when it is no longer so. Without it the last one wins.", http.StatusPreconditionFailed)
			}
			a.refusals(op, method)
		}
	}
}

// single reports whether a path is not of a thing that is changed but of the act itself.
func single(path string) bool { return strings.HasPrefix(path, "/api/session") }

// isJSON reports whether a route answers with JSON that is made before it is sent.
func isJSON(op *huma.Operation) bool {
	ok := op.Responses["200"]
	return ok != nil && len(ok.Content) == 1 && ok.Content["application/json"] != nil
}

func schemaOf(op *huma.Operation) string {
	return op.Responses["200"].Content["application/json"].Schema.Ref
}

func conditional(op *huma.Operation, header, doc string, status int) {
	op.Parameters = append(op.Parameters, &huma.Param{Name: header, In: "header", Description: doc, Schema: &huma.Schema{Type: "string"}})
	if code := strconv.Itoa(status); op.Responses[code] == nil {
		op.Responses[code] = &huma.Response{Description: http.StatusText(status)}
	}
}

func tagOf(r *huma.Response) {
	if r.Headers == nil {
		r.Headers = map[string]*huma.Param{}
	}
	r.Headers["ETag"] = &huma.Param{Description: "Of this answer.", Schema: &huma.Schema{Type: "string"}}
}

// refusals says with which statuses a route may be refused, each with a problem.
func (a *api) refusals(op *huma.Operation, method string) {
	delete(op.Responses, "default")
	all := []int{http.StatusUnprocessableEntity, http.StatusInternalServerError}
	if rule := ruleOf[op.Method+" "+op.Path]; rule == nil || rule.Needs != Public {
		all = append(all, http.StatusUnauthorized, http.StatusForbidden)
	}
	if method != http.MethodGet {
		all = append(all, http.StatusForbidden) // a page of another site
	}
	if op.RequestBody != nil {
		all = append(all, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	for _, status := range all {
		if code := strconv.Itoa(status); op.Responses[code] == nil {
			op.Responses[code] = &huma.Response{}
		}
	}
	ref := problemRef
	if slices.Contains(op.Tags, callsTag) {
		ref = callProblemRef
	}
	for code := range op.Responses {
		if status, err := strconv.Atoi(code); err == nil && status >= http.StatusBadRequest {
			op.Responses[code] = &huma.Response{Ref: "#/components/responses/" + ref}
		}
	}
}

// The answers of all refusals. Those of the realtime calls have the form that the specification gives to that resource.
const problemRef, callProblemRef = "Problem", "CallProblem"

func problems(c *huma.Components) {
	c.Responses = map[string]*huma.Response{}
	for name, t := range map[string]reflect.Type{problemRef: reflect.TypeFor[Problem](), callProblemRef: reflect.TypeFor[CallProblem]()} {
		c.Responses[name] = &huma.Response{
			Description: "What was wrong, in the language that Accept-Language prefers of English, French and Spanish.",
			Headers:     map[string]*huma.Param{"Content-Language": {Schema: &huma.Schema{Type: "string", Enum: []any{"en", "fr", "es"}}}},
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: c.Schemas.Schema(t, true, "")}},
		}
	}
}

// eventStream describes an answer of server-sent events. The schema is that of each event, as programs read it.
func eventStream() map[string]*huma.Response {
	text := &huma.Schema{Type: "string"}
	event := &huma.Schema{Type: "object", Description: "One event.", Required: []string{"data"}, Properties: map[string]*huma.Schema{
		"event": text, "id": {Type: "string", Description: "What Last-Event-ID takes."}, "data": {Type: "string", Description: "JSON."}}}
	return map[string]*huma.Response{"200": {Description: "Events", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: event}}}}
}
