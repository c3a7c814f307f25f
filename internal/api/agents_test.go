package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
	"griot/internal/catalog"
	"griot/internal/identity"
)

// send asks with a body: JSON, or YAML when it is text. into may be nil.
func (s server) send(status int, into any, method, path string, body any, header ...string) http.Header {
	s.t.Helper()
	kind, text := "application/yaml", ""
	if str, ok := body.(string); ok {
		text = str
	} else if body != nil {
		b, err := json.Marshal(body)
		require.NoError(s.t, err)
		kind, text = "application/json", string(b)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(text))
	require.NoError(s.t, err)
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, status, resp.StatusCode, "%s %s: %s", method, path, b)
	if into != nil {
		reflect.ValueOf(into).Elem().SetZero()
		require.NoError(s.t, json.Unmarshal(b, into), "%s", b)
	}
	return resp.Header
}

type keys = map[string]any

// made is an agent as it comes back; its definition is as the console reads it.
type made struct {
	api.Agent
	Definition map[string]any
	Findings   []struct{ Field, Code, Severity string }
}

type wrong struct {
	api.Problem
	Conflict struct {
		Current       made
		Theirs, Yours []struct{ Path string }
	} `json:"conflict"`
}

func with(definition keys) keys { return keys{"definition": definition} }

func TestAgentsThroughTheirLife(t *testing.T) {
	s := serve(t, agents{})
	var a, b made
	h := s.send(201, &a, "POST", "/api/agents", keys{"definition": keys{"name": "Sophie 🙂", "language": "fr-FR", "turn": keys{"silence": "700ms"}}, "note": "first"})
	require.Equal(t, []any{"Agent-000001", "draft", "console", 1, `"1.1"`}, []any{a.Reference, string(a.Status), a.Source, a.Version, h.Get("ETag")})
	require.Equal(t, []any{"700ms", "15m0s", nil, "Sophie 🙂"}, []any{a.Definition["turn"].(keys)["silence"], a.Definition["limits"].(keys)["max_duration"], a.Definition["model"].(keys)["temperature"], a.Definition["name"]})
	require.Equal(t, "instructions_needed", a.Findings[0].Code)
	at := "/api/agents/" + a.Reference

	// An incomplete draft is not published, and says why for each key.
	var p wrong
	s.send(422, &p, "POST", at+"/publish", nil)
	require.Equal(t, "agent_incomplete", p.Code)
	require.Equal(t, []any{"body.definition.instructions", "instructions_needed"}, []any{p.Errors[0].Location, p.Findings[0].Code})

	h = s.send(200, &b, "PATCH", at, with(keys{"instructions": "You sell tea: \"green\", \\ and \u0007.", "model": keys{"temperature": 0.9}, "tools": []string{"search_web"}}), "If-Match", h.Get("ETag"))
	require.Equal(t, []any{2, "700ms", 0.9}, []any{b.Version, b.Definition["turn"].(keys)["silence"], b.Definition["model"].(keys)["temperature"]})
	require.Equal(t, "You sell tea: \"green\", \\ and \u0007.", b.Definition["instructions"])
	unchanged := s.send(200, nil, "PATCH", at, with(keys{"tools": []string{"search_web"}}), "If-Match", h.Get("ETag"))
	require.Equal(t, h.Get("ETag"), unchanged.Get("ETag"))
	s.send(200, &b, "PATCH", at, with(keys{"model": keys{"temperature": nil}}))
	require.Nil(t, b.Definition["model"].(keys)["temperature"])

	// The first state is no longer: 412, with what was changed on both sides.
	s.send(412, &p, "PATCH", at, with(keys{"description": "Mine"}), "If-Match", `"1.1"`)
	require.Equal(t, "agent_changed", p.Code)
	require.Equal(t, 3, p.Conflict.Current.Version)
	require.Len(t, p.Conflict.Theirs, 2)
	require.Equal(t, "description", p.Conflict.Yours[0].Path)
	s.send(422, &p, "DELETE", at, nil, "If-Match", "yesterday")
	require.Equal(t, "bad_etag", p.Code)

	s.send(200, &b, "POST", at+"/publish", nil)
	require.Equal(t, "active", string(b.Status))
	s.send(422, &p, "PATCH", at, with(keys{"instructions": ""}))
	require.Equal(t, "agent_incomplete", p.Code)
	s.send(200, &b, "POST", at+"/unpublish", nil)
	s.send(200, &b, "PUT", at, keys{"definition": keys{"name": "Sophie"}, "note": "anew"})
	require.Equal(t, []any{"500ms", "", "voice"}, []any{b.Definition["turn"].(keys)["silence"], b.Definition["instructions"], b.Definition["kind"]})

	// Versions.
	var vs struct {
		Items      []api.AgentVersion
		NextCursor string `json:"next_cursor"`
		Total      int
	}
	s.get(at+"/versions?limit=3", &vs)
	require.Equal(t, []any{4, 4, "anew", true, "machine"}, []any{vs.Total, vs.Items[0].Number, vs.Items[0].Note, vs.Items[0].Current, vs.Items[0].By})
	s.get(at+"/versions?limit=3&cursor="+vs.NextCursor, &vs)
	require.Equal(t, "first", vs.Items[0].Note)
	var v struct{ Definition map[string]any }
	s.get(at+"/versions/2", &v)
	require.Equal(t, []any{"search_web"}, v.Definition["tools"])
	var diff struct {
		From, To int
		Items    []struct {
			Path          string
			Before, After any
		}
	}
	s.get(at+"/diff?from=2&to=3", &diff)
	require.Equal(t, []any{"model.temperature", 0.9, nil}, []any{diff.Items[0].Path, diff.Items[0].Before, diff.Items[0].After})
	s.get(at+"/diff?from=1", &diff)
	require.Equal(t, 4, diff.To)
	s.send(200, &b, "POST", at+"/rollback", keys{"version": 2})
	require.Equal(t, []any{5, "Sophie 🙂"}, []any{b.Version, b.Definition["name"]})
	s.problem(404, "version_not_found", "GET", at+"/versions/99")
	s.problem(422, "bad_cursor", "GET", at+"/versions?cursor=x")

	// A copy, a file and back.
	var c made
	s.send(201, &c, "POST", at+"/duplicate", keys{})
	require.Equal(t, []string{"Agent-000002", "Sophie 🙂 (2)"}, []string{c.Reference, c.Name})
	resp, file := s.do("GET", at+"/export")
	require.Equal(t, []string{"application/yaml", `attachment; filename="Agent-000001.yaml"`}, []string{resp.Header.Get("Content-Type"), resp.Header.Get("Content-Disposition")})
	s.send(409, &p, "POST", "/api/agents/import", string(file))
	require.Equal(t, []string{"name_taken", "Sophie 🙂 (3)"}, []string{p.Code, p.Params["suggestion"]})
	s.send(201, &c, "POST", "/api/agents/import?name="+url.QueryEscape("Sophie 3"), string(file))
	require.Equal(t, "You sell tea: \"green\", \\ and \u0007.", c.Definition["instructions"])
	s.send(422, &p, "POST", "/api/agents/import", "format: 2\nname: New\n")
	require.Equal(t, []string{"format_too_new", "2", "1"}, []string{p.Code, p.Params["found"], p.Params["known"]})

	// Gone and back.
	s.send(200, &b, "DELETE", at, nil)
	require.NotNil(t, b.DeletedAt)
	s.problem(404, "agent_not_found", "GET", at)
	var list api.AgentList
	s.get("/api/agents?deleted=true", &list)
	require.Equal(t, 1, list.Total)
	s.send(200, &b, "POST", at+"/restore", nil)
	require.Nil(t, b.DeletedAt)
	s.send(409, &p, "DELETE", "/api/agents/reception-en", nil)
	require.Equal(t, "agent_is_a_file", p.Code)

	// The audit trail has each change, with what was changed.
	var trail struct {
		Items []api.AuditEntry
		Total int
	}
	s.get("/api/audit?action=agent.&limit=100", &trail)
	var actions []string
	for _, e := range trail.Items {
		actions = append(actions, strings.TrimPrefix(e.Action, "agent."))
		require.NotEmpty(t, e.Target.ID)
	}
	require.Equal(t, "restored deleted imported duplicated rolled_back changed unpublished published changed changed made", strings.Join(actions, " "))
	require.Contains(t, trail.Items[9].Changes, identity.Change{Field: "instructions", To: "You sell tea: \"green\", \\ and \u0007."})
}

func TestAgentListsAndQuestions(t *testing.T) {
	s := serve(t, agents{})
	for _, name := range []string{"Beta", "Alpha", "Écho"} {
		s.send(201, nil, "POST", "/api/agents", with(keys{"name": name, "kind": "text", "language": "fr", "model": keys{"provider": "openai", "name": "gpt-5"}}))
	}
	var list api.AgentList
	s.get("/api/agents?limit=2", &list)
	require.Equal(t, []any{4, 3, 1, "Alpha", "Beta"}, []any{list.Total, list.Counts.Draft, list.Counts.Active, list.Items[0].Name, list.Items[1].Name})
	s.get("/api/agents?limit=2&cursor="+list.NextCursor, &list)
	require.Equal(t, []string{"Reception", "Écho"}, []string{list.Items[0].Name, list.Items[1].Name})
	for query, want := range map[string]int{"q=echo": 1, "kind=text": 3, "kind=avatar": 0, "status=active": 1, "model=openai/gpt-5": 3, "language=fr": 3, "q=TextAgent-000002": 1} {
		s.get("/api/agents?"+query, &list)
		require.Equal(t, want, list.Total, query)
	}
	var one api.Agent
	s.get("/api/agents/TextAgent-000001", &one)
	require.Equal(t, catalog.F3, one.Family)
	for _, q := range []string{"sort=price", "limit=0", "limit=101", "kind=robot", "cursor=x", "colour=blue"} {
		s.problem(422, map[bool]string{true: "bad_cursor", false: "invalid_request"}[q == "cursor=x"], "GET", "/api/agents?"+q)
	}

	var free struct {
		Available  bool
		Suggestion string
	}
	s.get("/api/agents/name-available?name=alpha", &free)
	require.Equal(t, []any{false, "alpha (2)"}, []any{free.Available, free.Suggestion})
	s.get("/api/agents/name-available?name=alpha&except=TextAgent-000002", &free)
	require.True(t, free.Available)

	var found struct {
		Items  []struct{ Field, Code string }
		Usable bool
	}
	s.send(200, &found, "POST", "/api/agents/validate", with(keys{"name": "A", "instructions": strings.Repeat("x", 2001), "tools": strings.Split("a b c d e f g h i", " ")}))
	require.False(t, found.Usable)
	require.Equal(t, []string{"instructions_too_long", "too_many_tools"}, []string{found.Items[0].Code, found.Items[1].Code})

	var p wrong
	for body, at := range map[string]string{
		`{"definition":{"langage":"fr"}}`: "body.definition.langage", `{"definition":{"turn":{"silence":500}}}`: "body.definition.turn.silence", `{"definition":{"turn":{"silence":"500"}}}`: "body.definition.turn.silence",
		`{"definition":{"kind":"robot"}}`: "body.definition.kind", `{"definition":[]}`: "body.definition", `{}`: "body", `{"definition":{"tools":"a"}}`: "body.definition.tools", `{"definition":{"format":9}}`: "body.definition.format",
	} {
		s.send(422, &p, "POST", "/api/agents", json.RawMessage(body))
		require.Equal(t, at, p.Errors[0].Location, body)
		require.NotContains(t, p.Errors[0].Message, "definition:1:")
	}
	s.send(409, &p, "POST", "/api/agents", with(keys{"name": "ALPHA"}))
	require.Equal(t, []string{"name_taken", "ALPHA (2)", "body.definition.name"}, []string{p.Code, p.Params["suggestion"], p.Errors[0].Location})
	s.get("/api/agents", &list)
	require.Equal(t, 4, list.Total)
}
