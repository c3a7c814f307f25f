package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
)

// Every GET of the OpenAPI document with an ETag answers 304 to who has it, and another ETag once the answer is another.
func TestNothingIsSentTwice(t *testing.T) {
	s := launch(t, nil)
	ada := s.setUp()
	dora := ada.join("dora@example.com", "viewer")
	var person me
	dora.do("GET", "/api/session", nil).ok(&person)
	var a struct{ Reference string }
	ada.do("POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Zoé"}}).ok(&a)
	ids := map[string]string{"/api/agents/{reference}": a.Reference, "/api/people/{id}": person.Person.ID, "/api/providers/{id}": "openai", "/api/templates/{id}": "reception"}
	raw, err := api.Spec()
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct{ Headers map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	tried := 0
	for path, methods := range doc.Paths {
		if _, tagged := methods["get"].Responses["200"].Headers["ETag"]; !tagged {
			continue
		}
		at := path
		if before, rest, ok := strings.Cut(path, "{"); ok {
			if ids[path] == "" {
				continue // the same code
			}
			_, after, _ := strings.Cut(rest, "}")
			at = before + ids[path] + after
		}
		if path == "/api/agents/name-available" {
			at += "?name=x"
		}
		first := ada.do("GET", at, nil).ok(nil)
		tag := first.header.Get("ETag")
		require.Regexp(t, `^"[^"]+"$`, tag, path)
		tried++
		if path == "/api/overview" || path == "/api/realtime/stats" || path == "/api/audit" {
			continue // says when it was made, or grows with every request
		}
		again := ada.do("GET", at, nil, "If-None-Match", `"other", W/`+tag)
		require.Equal(t, http.StatusNotModified, again.status, "%s: %s", path, again.body)
		require.Equal(t, []string{tag, ""}, []string{again.header.Get("ETag"), string(again.body)}, path)
		require.Equal(t, http.StatusOK, ada.do("GET", at, nil, "If-None-Match", `"other"`).status, path)
	}
	require.Greater(t, tried, 20)

	// An agent's own state and what this machine makes of it are two things.
	was := ada.do("GET", "/api/agents/"+a.Reference, nil).header.Get("ETag")
	ada.do("PATCH", "/api/agents/"+a.Reference, map[string]any{"definition": map[string]any{"name": "Zoë"}}, "If-Match", was).ok(nil)
	ada.do("PATCH", "/api/agents/"+a.Reference, map[string]any{"definition": map[string]any{"name": "Zoé"}}, "If-Match", was).problem(412, "agent_changed")
	require.Equal(t, 200, ada.do("GET", "/api/agents/"+a.Reference, nil, "If-None-Match", was).status)
}

// Of two people who edit one thing the second is told, with what it is now; nothing of the first one's is lost.
func TestTwoPeopleEditOneThing(t *testing.T) {
	s := launch(t, nil)
	ada := s.setUp()
	eve := ada.join("eve@example.com", "admin")
	dora := ada.join("dora@example.com", "viewer")
	var person me
	dora.do("GET", "/api/session", nil).ok(&person)
	ada.do("PUT", "/api/billing-rate", map[string]any{"per_minute": 0.5}).ok(nil)
	for path, c := range map[string]struct {
		method        string
		one, two      any
		shows, hidden string
	}{
		"/api/people/" + person.Person.ID: {"PATCH", map[string]string{"role": "user"}, map[string]string{"role": "manager"}, `"role":"user"`, "manager"},
		"/api/providers/openai":           {"PUT", map[string]any{"settings": map[string]any{"model": "one", "api_key": "sk-1"}}, map[string]any{"settings": map[string]any{"model": "two"}}, `"model":"one"`, "sk-1"},
		"/api/billing-rate":               {"PUT", map[string]any{"per_minute": 0.7}, map[string]any{"per_minute": 0.9}, `"per_minute":0.7`, "0.9"},
		"/api/tenant":                     {"PATCH", map[string]string{"name": "Un"}, map[string]string{"name": "Deux"}, `"name":"Un"`, "Deux"},
	} {
		tag := ada.do("GET", path, nil).ok(nil).header.Get("ETag")
		require.Equal(t, tag, eve.do("GET", path, nil).ok(nil).header.Get("ETag"), path)
		changed := ada.do(c.method, path, c.one, "If-Match", tag).ok(nil).header.Get("ETag")
		refused := eve.do(c.method, path, c.two, "If-Match", tag, "Accept-Language", "fr")
		refused.problem(412, "changed_meanwhile")
		now := eve.do("GET", path, nil).ok(nil)
		require.Equal(t, now.header.Get("ETag"), changed, "%s: a change answers with the ETag that GET has", path)
		require.Equal(t, changed, refused.header.Get("ETag"), path)
		var p struct {
			Detail  string
			Current json.RawMessage
		}
		require.NoError(t, json.Unmarshal(refused.body, &p))
		require.JSONEq(t, string(now.body), string(p.Current), path)
		require.Contains(t, string(p.Current), c.shows, path)
		require.NotContains(t, string(p.Current), c.hidden, path)
		require.Contains(t, p.Detail, "modifié", path)
		// The ETag of now, any, and none are let through; a Viewer is not told what there is.
		dora.do(c.method, path, c.two, "If-Match", `"x"`).problem(403, "not_allowed")
		eve.do(c.method, path, c.two, "If-Match", `"x", `+changed).ok(nil)
		eve.do(c.method, path, c.one, "If-Match", "*").ok(nil)
		eve.do(c.method, path, c.one).ok(nil)
	}
	eve.do("DELETE", "/api/people/"+person.Person.ID, nil, "If-Match", `"x"`).problem(412, "changed_meanwhile")
	eve.do("DELETE", "/api/people/00000000-0000-0000-0000-000000000000", nil, "If-Match", `"x"`).problem(404, "person_not_found")

	// At the same moment: one of them wins.
	tag := ada.do("GET", "/api/tenant", nil).ok(nil).header.Get("ETag")
	var all sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		all.Go(func() {
			statuses[i] = ada.do("PATCH", "/api/tenant", map[string]string{"name": strings.Repeat("x", i+1)}, "If-Match", tag).status
		})
	}
	all.Wait()
	won := 0
	for _, status := range statuses {
		if status == 200 {
			won++
		} else {
			require.Equal(t, 412, status)
		}
	}
	require.Equal(t, 1, won)
}

// What is wrong is said in the language of who asks, wherever it is found.
func TestRefusalsInThreeLanguages(t *testing.T) {
	s := launch(t, nil)
	ada := s.setUp()
	dora := ada.join("dora@example.com", "viewer")
	for _, c := range []struct {
		who          *browser
		method, path string
		body         any
		code         string
		fr, es       string
	}{
		{ada, "GET", "/api/nowhere", nil, "no_such_route", "mène nulle part", "no lleva a ninguna parte"},
		{ada, "GET", "/api/agents/nobody", nil, "agent_not_found", "agent n’existe pas", "agente no existe"},
		{ada, "POST", "/api/keys", map[string]any{"name": 5}, "invalid_request", "ne convient pas", "no es válido"},
		{dora, "GET", "/api/keys", nil, "not_allowed", "", ""},
		{s.browser(), "GET", "/api/keys", nil, "sign_in_required", "Connectez-vous", "sesión"},
		{ada, "POST", "/api/realtime/calls", map[string]any{"sdp": "x"}, "", "", ""},
	} {
		texts := map[string]string{}
		for _, lang := range []string{"en", "fr", "es"} {
			a := c.who.do(c.method, c.path, c.body, "Accept-Language", lang+";q=0.9, en;q=0.1")
			require.GreaterOrEqual(t, a.status, 400)
			var p struct{ Code, Detail string }
			require.NoError(t, json.Unmarshal(a.body, &p), "%s", a.body)
			if c.code != "" {
				require.Equal(t, c.code, p.Code)
			}
			require.Equal(t, lang, a.header.Get("Content-Language"), "%s %s", c.method, c.path)
			require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
			require.Contains(t, p.Detail, map[string]string{"fr": c.fr, "es": c.es}[lang])
			texts[p.Detail] = lang
		}
		require.Len(t, texts, 3, "%v", texts)
	}
}
