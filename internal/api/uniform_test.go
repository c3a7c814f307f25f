package api_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
	"griot/web/locales"
)

// document is what these tests read of the OpenAPI document.
type document struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas   map[string]schema
		Responses map[string]response
	}
}

type operation struct {
	OperationID string
	Parameters  []parameter
	RequestBody json.RawMessage
	Responses   map[string]response
}

type parameter struct {
	Name, In string
	Required bool
	Schema   schema
}

type response struct {
	Ref     string `json:"$ref"`
	Headers map[string]json.RawMessage
	Content map[string]struct{ Schema schema }
}

type schema struct {
	Ref              string `json:"$ref"`
	Type             any
	Minimum, Maximum *float64
	MaxLength        *int
	Default          any
	Enum             []any
	Items            *schema
	Properties       map[string]schema
	Required         []string
}

func documented(t *testing.T) (d document) {
	t.Helper()
	raw, err := api.Spec()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &d))
	return d
}

func (d document) resolve(s schema) schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.Components.Schemas[name]
	}
	return s
}

func (d document) problem(r response) response {
	if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok {
		return d.Components.Responses[name]
	}
	return r
}

func (o operation) parameter(in, name string) (parameter, bool) {
	i := slices.IndexFunc(o.Parameters, func(p parameter) bool { return p.In == in && p.Name == name })
	if i < 0 {
		return parameter{}, false
	}
	return o.Parameters[i], true
}

// Lists that are not asked for in pages, and why.
var wholeLists = map[string]string{
	"GET /api/roles":                     "there are four, in the order of what they may do, with the scopes beside them",
	"GET /api/conversations/{id}/events": "the journal of one conversation is one document, which replays are made of",
	"GET /api/billing-rate":              "the rates are one thing: each holds until the next begins",
	"GET /api/flows/{id}/diff":           "a comparison is one document",
	"GET /api/agents/{reference}/diff":   "a comparison is one document",
}

// Lists with the shape that the specification gives them.
var specifiedLists = map[string]string{
	"GET /api/realtime/calls":             "the specification's GET /api/realtime/calls: limit, offset, data",
	"GET /api/realtime/calls/{id}/events": "the specification's: limit, event_type, data",
}

// Every list is asked for and answers in the same way.
func TestListsAreAlike(t *testing.T) {
	d := documented(t)
	lists, excepted := 0, 0
	for path, methods := range d.Paths {
		op, ok := methods["get"]
		if !ok {
			continue
		}
		route := "GET " + path
		body := d.resolve(op.Responses["200"].Content["application/json"].Schema)
		items, isList := body.Properties["items"]
		if _, data := body.Properties["data"]; specifiedLists[route] != "" {
			require.True(t, data, "%s is no such list any more", route)
			excepted++
			continue
		}
		for _, name := range []string{"offset", "page", "page_size", "order", "order_by", "search", "query"} {
			_, has := op.parameter("query", name)
			require.False(t, has, "%s has the parameter %s: lists take limit, cursor, sort and q", route, name)
		}
		if !isList {
			for _, name := range []string{"limit", "cursor"} {
				_, has := op.parameter("query", name)
				require.False(t, has, "%s has pages without items", route)
			}
			continue
		}
		require.Equal(t, "array", items.Type, route)
		require.Contains(t, body.Required, "items", route)
		if wholeLists[route] != "" {
			excepted++
			continue
		}
		lists++
		require.Equal(t, "string", body.Properties["next_cursor"].Type, route)
		require.NotContains(t, body.Required, "next_cursor", route)
		require.Equal(t, "integer", body.Properties["total"].Type, route)
		require.Contains(t, body.Required, "total", route)
		limit, ok := op.parameter("query", "limit")
		require.True(t, ok, route)
		require.Equal(t, []any{"integer", 1.0, 100.0, 50.0}, []any{limit.Schema.Type, *limit.Schema.Minimum, *limit.Schema.Maximum, limit.Schema.Default}, route)
		cursor, ok := op.parameter("query", "cursor")
		require.True(t, ok, route)
		require.Equal(t, []any{"string", 2000}, []any{cursor.Schema.Type, *cursor.Schema.MaxLength}, route)
		if q, ok := op.parameter("query", "q"); ok {
			require.Equal(t, []any{"string", 200}, []any{q.Schema.Type, *q.Schema.MaxLength}, route)
		}
		if sort, ok := op.parameter("query", "sort"); ok { // each order in both directions
			require.Contains(t, sort.Schema.Enum, sort.Schema.Default, route)
			for _, e := range sort.Schema.Enum {
				require.Contains(t, sort.Schema.Enum, "-"+strings.TrimPrefix(e.(string), "-"), route)
				require.Contains(t, sort.Schema.Enum, strings.TrimPrefix(e.(string), "-"), route)
			}
		}
		for _, p := range op.Parameters { // filters are optional, and bounded
			if p.In == "query" {
				require.False(t, p.Required, "%s %s", route, p.Name)
			}
		}
	}
	require.Greater(t, lists, 12)
	require.Equal(t, len(wholeLists)+len(specifiedLists), excepted, "an exception is of no route any more")
}

// What GET reads and another method changes at the same address has an ETag; the ones that do not take it, and why.
var unconditional = map[string]string{
	"DELETE /api/session": "ends what the asker is signed in with; nothing of it is edited",
}

// What GET answers without an ETag, and why.
var untagged = map[string]string{
	"GET /api/agents/{reference}/export":                    "a file to keep",
	"GET /api/conversations/export":                         "a file that is sent while it is made",
	"GET /api/conversations/{id}/recording":                 "sound, in ranges, which has its own date",
	"GET /api/voices/{provider}/{id}/sample":                "sound, kept for an hour",
	"GET /api/phone/recordings/{id}/audio":                  "sound, in ranges, which has its own date",
	"GET /api/overview/events":                              "a stream",
	"GET /text-agents/api/{id}/chat/stream":                 "a stream",
	"GET /text-agents/metrics":                              "figures that are never the same",
	"GET /text-agents/api/{id}/session/{session_id}/export": "a file to keep",
	"GET /api/session/sso":                                  "leads elsewhere",
	"GET /api/session/sso/callback":                         "leads elsewhere",
}

func TestConditionsAreAlike(t *testing.T) {
	d := documented(t)
	changed, excepted := 0, 0
	for path, methods := range d.Paths {
		get, ok := methods["get"]
		if !ok {
			continue
		}
		if untagged["GET "+path] != "" {
			excepted++
			continue
		}
		require.Contains(t, get.Responses["200"].Headers, "ETag", path)
		require.Contains(t, get.Responses, "304", path)
		_, ok = get.parameter("header", "If-None-Match")
		require.True(t, ok, path)
		for method, op := range methods {
			route := strings.ToUpper(method) + " " + path
			if method == "get" || method == "post" {
				continue
			}
			if unconditional[route] != "" {
				excepted++
				continue
			}
			changed++
			_, ok := op.parameter("header", "If-Match")
			require.True(t, ok, route)
			require.Contains(t, op.Responses, "412", route)
		}
	}
	require.Greater(t, changed, 11)
	require.Equal(t, len(untagged)+len(unconditional), excepted, "an exception is of no route any more")
	for path, methods := range d.Paths { // what is put has an address where it is read
		for method := range methods {
			route := strings.ToUpper(method) + " " + path
			if method == "put" || method == "patch" {
				_, ok := methods["get"]
				require.True(t, ok || acts[route] != "", "%s changes what nobody can GET", route)
			}
		}
	}
}

// What is put, but is no resource.
var acts = map[string]string{
	"PUT /api/session/tenant":   "GET /api/session says where one is",
	"PUT /api/profile/password": "nobody reads it",

	"PUT /tools/api/update/{tool_id}": "the specification's addresses: GET /tools/api/get/{tool_id} reads it, and its version is the condition",
	"PUT /tools/api/variables/{name}": "nobody reads a secret",
}

// Every refusal is a problem, and every route says so.
func TestRefusalsAreAlike(t *testing.T) {
	d := documented(t)
	for path, methods := range d.Paths {
		for method, op := range methods {
			route := strings.ToUpper(method) + " " + path
			require.NotContains(t, op.Responses, "default", route)
			require.Contains(t, op.Responses, "422", route)
			require.Contains(t, op.Responses, "500", route)
			for code, r := range op.Responses {
				if code < "400" {
					continue
				}
				r = d.problem(r)
				require.Len(t, r.Content, 1, "%s %s", route, code)
				s := d.resolve(r.Content["application/problem+json"].Schema)
				for _, member := range []string{"type", "title", "status", "detail", "code"} {
					require.Contains(t, s.Properties, member, "%s %s", route, code)
				}
			}
		}
	}
}

// Codes that no request meets, and why.
var unheard = map[string]string{
	"bad_database": "at the start", "bad_provider_list": "at the start", "bad_secret_key": "at the start", "cannot_listen": "at the start", "data_in_use": "at the start",
	"data_not_a_folder": "at the start", "data_too_new": "at the start", "data_unusable": "at the start", "duplicate_agent": "at the start", "port_denied": "at the start",
	"port_in_use": "at the start", "secret_key_open": "at the start", "secret_key_unreadable": "at the start", "secret_key_unwritable": "at the start",
	"unknown_challenge": "between this server and a trunk", "wrong_password": "between this server and a trunk", "register_refused": "between this server and a trunk", "not_confirmed": "between this server and a telephone",
	"session_expired": "between this server and a telephone", "stream_refused": "between this server and Twilio",
	"bench_agent": "the command bench", "bench_server": "the command bench", "cannot_read": "the command talk", "cannot_write": "the command talk", "empty_wav": "the command talk",
	"no_answer": "the command talk", "talk_question": "the command talk", "bad_event": "in a conversation", "log_full": "in a conversation",
}

var coded = regexp.MustCompile(`(?:fault\.(?:New|Wrap)\((?:[a-zA-Z.]+(?:\([^()]*\))?, )?fault\.[A-Z][a-z]+, |problem\(http\.Status\w+, )"([a-z_0-9]+)"`)

// What may be refused is worded in the console's three languages, which the server uses too.
func TestCodesHaveWords(t *testing.T) {
	seen := 0
	for _, dir := range []string{"agent", "agent/template", "api", "app", "calls", "catalog", "chat", "conversation", "embed", "identity", "knowledge/extract", "overview", "prompt", "provider", "secret", "phone", "store", "telephony/sipline", "telephony/twilio", "voice"} {
		files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
		require.NoError(t, err)
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			for _, m := range coded.FindAllStringSubmatch(string(text), -1) {
				seen++
				if unheard[m[1]] != "" {
					continue
				}
				for _, lang := range locales.Languages {
					require.True(t, locales.Knows(lang.String(), m[1]), "%s: no words in %s for %q: put some into web/locales", f, lang, m[1])
				}
			}
		}
	}
	require.Greater(t, seen, 150)
}

// The words' values are those that come with the problem; without them the English stays.
func TestPreferredLanguage(t *testing.T) {
	for accept, want := range map[string]string{"": "en", "fr": "fr", "fr-CA,en;q=0.5": "fr", "de,es-419;q=0.9,en;q=0.5": "es", "de": "en", "*": "en", "\x00;q=zz": "en", "en-GB,fr": "en"} {
		require.Equal(t, want, locales.Preferred(accept), "%q", accept)
	}
	text, ok := locales.Error("fr", "name_taken", map[string]string{"name": "Zoé"})
	require.True(t, ok)
	require.Contains(t, text, "Zoé")
	_, ok = locales.Error("fr", "name_taken", nil)
	require.False(t, ok)
	_, ok = locales.Error("fr", "no_such_code", nil)
	require.False(t, ok)
}
