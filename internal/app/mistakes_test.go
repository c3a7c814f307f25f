package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/web/locales"
)

// refused is what the console shows of a refusal.
type refused struct {
	Code, Detail string
	Params       map[string]string
	Conflict     struct {
		Current struct {
			Version    int
			ETag       string
			Definition struct{ Instructions string }
		}
		Theirs, Yours []struct{ Path string }
	}
}

// inEach sends the same mistake in three languages and returns the last refusal; each must say it in its own words, which the console has too.
func (b *browser) inEach(status int, code, method, path string, body any, header ...string) (r refused) {
	b.s.t.Helper()
	for _, lang := range []string{"en", "fr", "es"} {
		a := b.do(method, path, body, append([]string{"Accept-Language", lang}, header...)...)
		a.problem(status, code)
		r = refused{}
		require.NoError(b.s.t, json.Unmarshal(a.body, &r))
		require.Equal(b.s.t, lang, a.header.Get("Content-Language"))
		values := map[string]string{"detail": "x"}
		for k, v := range r.Params {
			values[k] = v
		}
		words, ok := locales.Error(lang, code, values)
		require.True(b.s.t, ok, "%s in %s lacks a value: %v", code, lang, r.Params)
		if lang != "en" {
			require.Equal(b.s.t, words, r.Detail)
		}
	}
	return r
}

// What people do wrong with agents is answered in their language, and nothing is lost.
func TestMistakesWithAgents(t *testing.T) {
	s := launch(t, nil)
	ada := s.setUp()
	eve := ada.join("eve@example.com", "manager")
	type agentView struct {
		Reference, Name, ETag, Status string
		Version                       int
		Findings                      []struct{ Field, Code, Severity string }
	}
	var a, other agentView
	named := func(name string) map[string]any {
		return map[string]any{"definition": map[string]any{"name": name, "language": "fr", "instructions": "Bonjour."}}
	}
	ada.do("POST", "/api/agents", named("Zoé")).ok(&a)
	ada.do("POST", "/api/agents", named("Basile")).ok(&other)
	at, atOther := "/api/agents/"+a.Reference, "/api/agents/"+other.Reference
	count := func() int {
		var list struct{ Total int }
		ada.do("GET", "/api/agents?deleted=false", nil).ok(&list)
		return list.Total
	}
	before := count()

	// A name that another has, whatever its case and accents.
	for _, name := range []string{"Zoé", "ZOÉ", " zoé "} {
		r := ada.inEach(http.StatusConflict, "name_taken", "POST", "/api/agents", named(name))
		require.NotEmpty(t, r.Params["suggestion"])
	}
	r := ada.inEach(http.StatusConflict, "name_taken", "PATCH", atOther, named("Zoé"))
	ada.do("POST", "/api/agents", named(r.Params["suggestion"])).ok(nil) // what is proposed is free
	before++
	ada.inEach(http.StatusConflict, "name_taken", "POST", atOther+"/duplicate", map[string]any{"name": "zoé"})
	var now agentView
	ada.do("GET", atOther, nil).ok(&now)
	require.Equal(t, []any{"Basile", 1}, []any{now.Name, now.Version})

	// A file of a newer version, and others that are none; read with the browser's own language.
	post := func(text, lang string) (int, refused) {
		status, _, body := s.post("/api/agents/import", "application/yaml", text, http.Header{"Cookie": ada.cookies()["Cookie"], "Accept-Language": {lang}})
		var r refused
		require.NoError(t, json.Unmarshal([]byte(body), &r), "%s", body)
		return status, r
	}
	for text, code := range map[string]string{"format: 99\nname: Neuf\nfrobnicate: {speed: 3}\n": "format_too_new", "\n": "empty_file", "name: [": "bad_yaml", "name: Neuf\ngreting: {}\n": "unknown_key", "name: Zoé\n": "name_taken"} {
		said := map[string]bool{}
		for _, lang := range []string{"en", "fr", "es"} {
			status, r := post(text, lang)
			require.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusConflict}, status, text)
			require.Equal(t, code, r.Code, text)
			if code == "format_too_new" {
				require.Equal(t, "99", r.Params["found"])
				require.Contains(t, r.Detail, "99")
			}
			said[r.Detail] = true
		}
		require.Len(t, said, 3, text)
	}
	require.Equal(t, before, count(), "nothing is made of a mistake")

	// Two people at one agent: the second sees both, and what the first has written stays.
	ada.do("GET", at, nil).ok(&a)
	eve.do("PATCH", at, map[string]any{"definition": map[string]any{"instructions": "Bonsoir."}}, "If-Match", a.ETag).ok(nil)
	r = ada.inEach(http.StatusPreconditionFailed, "agent_changed", "PATCH", at, map[string]any{"definition": map[string]any{"greeting": map[string]any{"text": "Allô"}}}, "If-Match", a.ETag)
	require.Equal(t, []any{2, "Bonsoir.", "E", "2"}, []any{r.Conflict.Current.Version, r.Conflict.Current.Definition.Instructions, r.Params["by"], r.Params["version"]})
	require.Equal(t, "instructions", r.Conflict.Theirs[0].Path)
	require.True(t, strings.HasPrefix(r.Conflict.Yours[0].Path, "greeting"))
	ada.do("PATCH", at, map[string]any{"definition": map[string]any{"greeting": map[string]any{"text": "Allô"}}}, "If-Match", r.Conflict.Current.ETag).ok(&now)
	require.Equal(t, 3, now.Version)
	var definition struct {
		Definition struct {
			Instructions string
			Greeting     struct{ Text string }
		}
	}
	ada.do("GET", at, nil).ok(&definition)
	require.Equal(t, []string{"Bonsoir.", "Allô"}, []string{definition.Definition.Instructions, definition.Definition.Greeting.Text})

	// A tool that is not there, or no longer: the agent is told of, and stays as it is.
	ada.do("POST", at+"/publish", nil).ok(nil)
	ada.do("PATCH", at, map[string]any{"definition": map[string]any{"tools": []string{"orders_lookup"}}}).ok(&now)
	require.Equal(t, "active", now.Status)
	require.Len(t, now.Findings, 1)
	require.Equal(t, []string{"tools[0]", "tool_missing", "warning"}, []string{now.Findings[0].Field, now.Findings[0].Code, now.Findings[0].Severity})
	conn, _, _ := s.dial(a.Reference, ada.cookies())
	_, words := begun(t, conn)
	require.Equal(t, "Bonsoir.", words)
	require.NoError(t, conn.CloseNow())
	require.Contains(t, string(ada.do("GET", at+"/export", nil).ok(nil).body), "orders_lookup")
}
