package app

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// cookies are what a person's browser sends, for a connection of its own.
func (b *browser) cookies() http.Header {
	var out []string
	for _, c := range b.jar.Cookies(mustURL(b.s.t, b.s.URL())) {
		out = append(out, c.Name+"="+c.Value)
	}
	return http.Header{"Cookie": {strings.Join(out, "; ")}}
}

// begun is what a session says of itself: its id and its instructions.
func begun(t *testing.T, conn *websocket.Conn) (id, instructions string) {
	t.Helper()
	require.NotNil(t, conn)
	_, raw, err := conn.Read(t.Context())
	require.NoError(t, err)
	var ev struct {
		Type    string
		Session struct{ ID, Instructions string }
	}
	require.NoError(t, json.Unmarshal(raw, &ev))
	require.Contains(t, []string{"session.created", "session.updated"}, ev.Type)
	return strings.TrimPrefix(ev.Session.ID, "sess_"), ev.Session.Instructions
}

func TestAgentsThatPeopleMake(t *testing.T) {
	s := launch(t, nil)
	ada := s.setUp()
	tom, vera := ada.join("tom@example.com", "user"), ada.join("vera@example.com", "viewer")
	type agentView struct {
		ID, Reference, Status, Model, Voice string
		Version                             int
		Findings                            []struct{ Code, Severity string }
	}
	var a agentView
	ada.do("POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Sophie", "language": "en", "instructions": "First."}}).ok(&a)
	at := "/api/agents/" + a.Reference
	require.Equal(t, []any{"Agent-000001", "draft", "fake"}, []any{a.Reference, a.Status, a.Model})
	require.Empty(t, a.Findings)

	// Who may look may not touch.
	vera.do("GET", at, nil).ok(nil)
	vera.do("GET", at+"/versions", nil).ok(nil)
	for _, b := range []*browser{vera, tom} {
		for route, body := range map[string]any{"POST /api/agents": map[string]any{"definition": map[string]any{}}, "PATCH " + at: map[string]any{"definition": map[string]any{}}, "DELETE " + at: nil, "POST " + at + "/publish": nil,
			"POST " + at + "/duplicate": map[string]any{}, "POST " + at + "/rollback": map[string]any{"version": 1}, "POST " + at + "/restore": nil} {
			method, path, _ := strings.Cut(route, " ")
			b.do(method, path, body).problem(403, "not_allowed")
		}
	}

	// A draft is tried by who may change it, and called by nobody.
	for _, ref := range []string{a.Reference, a.Reference + draftMark} {
		_, resp, r := s.dial(ref, tom.cookies())
		require.Equal(t, []any{http.StatusConflict, "agent_is_draft"}, []any{resp.StatusCode, r.Error.Code}, ref)
	}
	_, resp, _ := s.dial(a.Reference, ada.cookies())
	require.Equal(t, http.StatusConflict, resp.StatusCode)
	conn, _, _ := s.dial(a.Reference+draftMark, ada.cookies())
	_, words := begun(t, conn)
	require.Equal(t, "First.", words)

	// Published, it is called by reference, id or name; what goes on keeps its version.
	ada.do("POST", at+"/publish", nil).ok(nil)
	var running []*websocket.Conn
	var ids []string
	for _, ref := range []string{a.Reference, a.ID, url.QueryEscape("sophie")} {
		conn, _, _ := s.dial(ref, tom.cookies())
		id, words := begun(t, conn)
		require.Equal(t, "First.", words, ref)
		running, ids = append(running, conn), append(ids, id)
	}
	ada.do("PATCH", at, map[string]any{"definition": map[string]any{"instructions": "Second."}}).ok(&a)
	require.Equal(t, 2, a.Version)
	require.NoError(t, running[0].Write(t.Context(), websocket.MessageText, []byte(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}`)))
	_, words = begun(t, running[0])
	require.Equal(t, "First.", words)
	conn, _, _ = s.dial(a.Reference, tom.cookies())
	newer, words := begun(t, conn)
	require.Equal(t, "Second.", words)
	for id, want := range map[string]int{ids[0]: 1, newer: 2} {
		var c struct {
			Agent   string
			Version int `json:"agent_version"`
		}
		ada.do("GET", "/api/conversations/"+id, nil).ok(&c)
		require.Equal(t, []any{"Agent-000001", want}, []any{c.Agent, c.Version})
	}
	ada.do("DELETE", at, nil).ok(nil)
	require.NoError(t, running[0].Write(t.Context(), websocket.MessageText, []byte(`{"type":"session.update","session":{"type":"realtime"}}`)))
	_, words = begun(t, running[0])
	require.Equal(t, "First.", words)
	_, resp, r := s.dial(a.Reference, tom.cookies())
	require.Equal(t, []any{http.StatusNotFound, "agent_not_found"}, []any{resp.StatusCode, r.Error.Code})

	// What cannot work here is not published, and says why.
	ada.do("POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Odd", "instructions": "x", "voice": map[string]any{"provider": "nobody"}, "recogniser": map[string]any{"provider": "espeak"}}}).ok(&a)
	require.Equal(t, "error", a.Findings[0].Severity)
	require.Equal(t, []string{"not_offered", "unknown_provider"}, []string{a.Findings[0].Code, a.Findings[1].Code})
	ada.do("POST", "/api/agents/"+a.Reference+"/publish", nil).problem(422, "agent_incomplete")

	// Another tenant has agents of its own, with numbers of its own.
	ada.do("POST", "/api/tenants", map[string]string{"id": "acme", "name": "Acme"}).ok(nil)
	ada.do("PUT", "/api/session/tenant", map[string]string{"tenant": "acme"}).ok(nil)
	bob := ada.join("bob@acme.example", "admin")
	bob.do("POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Test", "instructions": "Theirs."}}).ok(&a)
	require.Equal(t, "Agent-000001", a.Reference)
	bob.do("POST", "/api/agents/"+a.Reference+"/publish", nil).ok(nil)
	conn, _, _ = s.dial("Test", bob.cookies())
	_, words = begun(t, conn)
	require.Equal(t, "Theirs.", words)
	_, resp, _ = s.dial(a.ID, tom.cookies())
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
}
