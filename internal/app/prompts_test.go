package app

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/agent"
	"griot/internal/api"
	"griot/internal/config"
	"griot/internal/provider"
)

// send posts to the API and returns the status and the body, which it reads into v when that is not nil.
func (s *server) send(path string, body []byte, v any) (int, string) {
	s.t.Helper()
	kind := "application/json"
	if strings.Contains(path, "/import") {
		kind = "application/octet-stream"
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL()+path, bytes.NewReader(body))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", kind)
	resp, err := s.http.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	if v != nil {
		require.Equal(s.t, http.StatusOK, resp.StatusCode, "%s", b)
		require.NoError(s.t, json.Unmarshal(b, v), "%s", b)
	}
	return resp.StatusCode, string(b)
}

func TestTemplatesOverTheAPI(t *testing.T) {
	s := launch(t, nil)
	var list struct {
		Items []api.Template
		Total int
	}
	s.get("/api/templates?lang=es", &list)
	require.Equal(t, 7, list.Total)
	require.Equal(t, []string{"reception", "Recepción", "es"}, []string{list.Items[0].ID, list.Items[0].Name, list.Items[0].Language})

	for _, x := range list.Items { // with its samples each is an agent that can be saved
		var d api.TemplateDetail
		s.get("/api/templates/"+x.ID+"?lang=fr&samples=true", &d)
		require.Empty(t, d.Blanks)
		def, err := agent.Parse("x.yaml", []byte(d.YAML))
		require.NoError(t, err)
		require.Equal(t, def.Greeting.Text, d.Greeting)
		require.Equal(t, d.Name, d.Agent["name"])
		require.LessOrEqual(t, d.Characters, 2000)
	}
	var d api.TemplateDetail
	s.send("/api/templates/reception/fill", []byte(`{"lang":"fr","values":{"company":"Dupont"}}`), &d)
	require.Contains(t, d.Greeting, "chez Dupont")
	require.Contains(t, d.Blanks, "opening_hours")
	status, body := s.send("/api/templates/reception/fill", []byte(`{"lang":"fr","values":{"nobody":"x"}}`), nil)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, body, `"unknown_variable"`)
	require.Equal(t, http.StatusNotFound, s.get("/api/templates/nothing", nil).StatusCode)
}

func TestPromptBuilder(t *testing.T) {
	s := launch(t, nil)
	var phases struct {
		Items []api.PromptPhase
		Sets  map[string][]string
	}
	s.get("/api/prompts/phases?lang=fr", &phases)
	draft := api.PromptDraft{Language: "fr", Kind: "voice", Role: "Vous accueillez.", Rules: []string{"Pas de prix."}}
	for _, id := range phases.Sets["reception"] {
		for _, p := range phases.Items {
			if p.ID == id {
				draft.Phases = append(draft.Phases, p)
			}
		}
	}
	raw, err := json.Marshal(draft)
	require.NoError(t, err)
	var text api.PromptText
	s.send("/api/prompts/compose", raw, &text)
	require.Equal(t, 2000, text.Limit)
	require.Equal(t, []string{"company"}, text.Variables)
	require.Contains(t, text.Instructions, "# Rôle\nVous accueillez.")

	var back struct {
		api.PromptText
		Format   string
		Draft    api.PromptDraft
		Findings []api.PromptFinding
	}
	s.send("/api/prompts/import?name=x.md&lang=fr", []byte(text.Instructions), &back)
	require.Equal(t, "markdown", back.Format)
	require.Empty(t, back.Findings)
	require.Len(t, back.Draft.Phases, len(draft.Phases))
	require.Equal(t, draft.Rules, back.Draft.Rules)

	for _, c := range []struct {
		path, body, code string
		status           int
	}{
		{"/api/prompts/compose", `{"phases":[]}`, "prompt_empty", 422}, {"/api/prompts/compose", `{"phases":[{"name":""}]}`, "invalid_request", 422},
		{"/api/prompts/compose", `{"phases":[{"name":"x","goal":"` + strings.Repeat("x", 3000) + `"}]}`, "prompt_too_long", 422},
		{"/api/prompts/import?name=x.json", `{`, "bad_json", 422}, {"/api/prompts/import?name=x.txt", "a\x00", "not_text", 422},
		{"/api/prompts/import", strings.Repeat("x", 300<<10), "", 413}, {"/api/prompts/generate", `{"description":"x","language":"fr"}`, "invalid_request", 422},
		{"/api/prompts/generate", `{"description":"an agent that sells","language":"fr","template":"nothing"}`, "template_not_found", 404},
	} {
		status, body := s.send(c.path, []byte(c.body), nil)
		require.Equal(t, c.status, status, "%s: %s", c.path, body)
		require.Contains(t, body, c.code)
	}
}

func TestPromptsAreGenerated(t *testing.T) {
	s := launch(t, func(c *config.Config) {
		c.Providers = map[string]json.RawMessage{"fake": json.RawMessage(`{"answers":["bread => GREETING: Hello, a virtual assistant here.\n\n# Role\nYou sell bread."]}`)}
	})
	var g struct {
		api.PromptText
		Greeting, Model string
	}
	s.send("/api/prompts/generate", []byte(`{"description":"an agent that sells bread","language":"en","template":"telesales"}`), &g)
	status, body := 0, ""
	s.send("/api/prompts/generate", []byte(`{"description":"an agent that sells bread","language":"en"}`), &g)
	require.Equal(t, "fake", g.Model)
	require.Equal(t, "Hello, a virtual assistant here.", g.Greeting)
	require.Equal(t, "# Role\nYou sell bread.", g.Instructions)
	for n := 0; status != http.StatusTooManyRequests && n < 100; n++ {
		status, body = s.send("/api/prompts/generate", []byte(`{"description":"an agent that sells bread","language":"en"}`), nil)
	}
	require.Equal(t, http.StatusTooManyRequests, status)
	require.Contains(t, body, "too_many_requests")
}

func TestPromptsNeedAModel(t *testing.T) {
	t.Setenv("OPENAI_BASE_URL", "")
	t.Setenv("OPENAI_API_KEY", "")
	models, err := provider.NewRegistry(providers()...)
	require.NoError(t, err)
	defer models.Close()
	p := &planner{models: models, present: map[string]provider.Presence{}}
	_, _, err = p.Writer(t.Context())
	require.ErrorContains(t, err, "Ollama")
	p.cfg.Providers = map[string]json.RawMessage{"openai": json.RawMessage(`{"base_url":"http://localhost:1/v1"}`)}
	_, name, err := p.Writer(t.Context())
	require.NoError(t, err)
	require.Equal(t, "openai", name)
}
