package azureopenai

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/provider/llmtest"
	"griot/internal/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var answers = map[string][]llmtest.Answer{
	"good":     {{Text: "Good morning."}},
	"calls":    {{Text: "One moment.", Calls: llmtest.TwoCalls()}},
	"hang":     {{Hang: true}},
	"cut":      {{Text: "Good morning.", Cut: 4}},
	"429":      {{Status: 429, Message: "slow down", Header: map[string]string{"Retry-After-Ms": "40"}}, {Text: "Good morning."}},
	"500":      {{Status: 500, Message: "oops"}},
	"404":      {{Status: 404, Code: "DeploymentNotFound", Message: "The API deployment for this resource does not exist."}},
	"filtered": {{Status: 400, Body: `{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{}}}}`}},
	"stopped":  {{Text: "Good", Stop: "content_filter"}},
	"async": {{Raw: []string{`{"id":"","object":"","created":0,"model":"","prompt_annotations":[{"prompt_index":0}],"choices":[]}`, `{"choices":[{"index":0,"delta":{"content":"Good."},"finish_reason":null}]}`,
		`{"choices":[{"index":0,"finish_reason":null,"content_filter_offsets":{"check_offset":1,"start_offset":1,"end_offset":2},"content_filter_results":{}}]}`,
		`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, "[DONE]"}}},
}

// forms are the ways to ask, each by its settings.
var forms = map[string]func(*Config){
	"present":         func(*Config) {},
	"dated":           func(c *Config) { c.APIVersion = "2024-10-21" },
	"responses":       func(c *Config) { c.Interface = "responses" },
	"responses dated": func(c *Config) { c.Interface, c.APIVersion = "responses", "2025-10-01" },
}

func of(t *testing.T, s *llmtest.Server, name string, changes ...func(*Config)) llm.Model {
	t.Helper()
	c := Config{Endpoint: s.URL + "/", Key: "test-key", Model: name, Interface: "chat", Scope: "https://ai.azure.com/.default", Authority: s.URL, Images: true, Timeout: 20 * time.Second}
	for _, change := range changes {
		change(&c)
	}
	m, err := newLLM(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.(model).Close() })
	return m
}

func TestConformance(t *testing.T) {
	for form, set := range forms {
		t.Run(form, func(t *testing.T) {
			s := llmtest.New(t, llmtest.Options{Answers: answers})
			tools := llmtest.WithTools()
			providertest.LLM(t, of(t, s, "calls", set), providertest.LLMOptions{Usage: true, Tools: &tools, Calls: 2})
			providertest.LLM(t, of(t, s, "good", set), providertest.LLMOptions{Want: "Good morning.", Usage: true, Hangs: of(t, s, "hang", set),
				Broken: []providertest.Broken[llm.Model]{
					{Name: "key", Model: of(t, s, "good", set, func(c *Config) { c.Key = "wrong" }), Kind: fault.Denied, Code: "key_refused"},
					{Name: "deployment", Model: of(t, s, "404", set), Kind: fault.NotFound, Code: "model_not_found"},
					{Name: "limit", Model: of(t, s, "429", set), Kind: fault.Limited},
					{Name: "down", Model: of(t, s, "500", set), Kind: fault.Unavailable},
					{Name: "filtered", Model: of(t, s, "filtered", set), Kind: fault.Invalid, Code: "content_filter"},
				}})
			require.NoError(t, llmtest.Ask(t.Context(), of(t, s, "good", set), llmtest.Messy()).Err)
		})
	}
}

func TestFilters(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: answers})
	a := llmtest.Ask(t.Context(), of(t, s, "stopped"), llmtest.Hello())
	require.NoError(t, a.Err)
	require.Equal(t, []any{"Good", llm.StopFilter}, []any{a.Text, a.Stop})
	a = llmtest.Ask(t.Context(), of(t, s, "async"), llmtest.Hello())
	require.NoError(t, a.Err)
	require.Equal(t, []any{"Good.", llm.StopEnd}, []any{a.Text, a.Stop})
	require.Equal(t, "stream_cut", fault.CodeOf(llmtest.Ask(t.Context(), of(t, s, "cut"), llmtest.Hello()).Err))
	a = llmtest.Ask(t.Context(), llm.Retry(of(t, s, "429"), 3, time.Millisecond), llmtest.Hello())
	require.NoError(t, a.Err)
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ endpoint, version, base, want string }{
		{" https://r.openai.azure.com/ ", "", "https://r.openai.azure.com", ""},
		{"https://r.services.ai.azure.com/openai/v1/", "", "https://r.services.ai.azure.com", ""},
		{"https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2025-01-01-preview", "", "https://r.openai.azure.com", "2025-01-01-preview"},
		{"https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2025-01-01-preview", "2024-10-21", "https://r.openai.azure.com", "2024-10-21"},
		{"https://gateway.example/ai/openai", "v1", "https://gateway.example/ai", ""},
	} {
		base, version, err := address(Config{Endpoint: c.endpoint, APIVersion: c.version})
		require.NoError(t, err)
		require.Equal(t, []string{c.base, c.want}, []string{base, version}, "%+v", c)
	}
	s := llmtest.New(t, llmtest.Options{Answers: answers})
	for form, path := range map[string]string{"present": "/openai/v1/chat/completions?", "dated": "/openai/deployments/good/chat/completions?api-version=2024-10-21", "responses": "/openai/v1/responses?", "responses dated": "/openai/responses?api-version=2025-10-01"} {
		require.NoError(t, llmtest.Ask(t.Context(), of(t, s, "good", forms[form]), llmtest.Hello()).Err)
		require.Equal(t, path, s.Last().Path+"?"+s.Last().Query, form)
		require.Equal(t, "test-key", s.Last().Header.Get("Api-Key"))
	}
}

// app are the settings of an app registration.
func app(c *Config) {
	c.Key, c.TenantID, c.ClientID, c.ClientSecret = "", "tenant-id", "app-id", "app-secret"
}

func TestEntra(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: answers})
	m := of(t, s, "good", app)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if a := llmtest.Ask(t.Context(), m, llmtest.Hello()); a.Err != nil {
				t.Error(a.Err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, s.EntraAsked(), "one token for all")
	require.Equal(t, "Bearer test-key", s.Last().Header.Get("Authorization"))
	require.Empty(t, s.Last().Header.Get("Api-Key"))

	for name, c := range map[string]struct {
		change func(*Config)
		kind   fault.Kind
	}{
		"secret":  {func(c *Config) { c.ClientSecret = "app-secret-wrong" }, fault.Denied},
		"tenant":  {func(c *Config) { c.TenantID = "nobody" }, fault.Invalid},
		"scope":   {func(c *Config) { c.Scope = "https://x/.default" }, fault.Invalid},
		"address": {func(c *Config) { c.Authority = "http://127.0.0.1:1" }, fault.Unavailable},
	} {
		a := llmtest.Ask(t.Context(), of(t, s, "good", app, c.change), llmtest.Hello())
		require.Equal(t, c.kind, fault.KindOf(a.Err), "%s: %v", name, a.Err)
		require.NotContains(t, a.Err.Error(), "app-secret")
	}
	older := of(t, s, "good", app, func(c *Config) { c.Scope = "https://cognitiveservices.azure.com/.default" })
	require.NoError(t, llmtest.Ask(t.Context(), older, llmtest.Hello()).Err)
}

// A token is renewed before it ends; while that fails, the old one still serves.
func TestEntraRenewal(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: answers})
	c := Config{TenantID: "tenant-id", ClientID: "app-id", ClientSecret: "app-secret", Scope: "https://ai.azure.com/.default", Authority: s.URL, Timeout: time.Second}
	tk, err := newTokens(t.Context(), c)
	require.NoError(t, err)
	defer tk.Close()
	h := map[string][]string{}
	require.NoError(t, tk.authorize(t.Context(), h))
	require.NoError(t, tk.authorize(t.Context(), h))
	require.Equal(t, 1, s.EntraAsked())
	tk.until = time.Now().Add(early - time.Minute)
	require.NoError(t, tk.authorize(t.Context(), h))
	require.Equal(t, 2, s.EntraAsked())
	tk.until, tk.form = time.Now().Add(time.Minute), ""
	require.NoError(t, tk.authorize(t.Context(), h), "a minute is left")
	tk.until = time.Now().Add(-time.Minute)
	require.Error(t, tk.authorize(t.Context(), h))
}

func TestProvider(t *testing.T) {
	for _, name := range []string{"AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY", "AZURE_OPENAI_DEPLOYMENT", "AZURE_OPENAI_API_VERSION", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_AUTHORITY_HOST"} {
		t.Setenv(name, "")
	}
	s := llmtest.New(t, llmtest.Options{Answers: answers})
	p := Provider()
	require.False(t, p.Present(t.Context(), nil).OK)
	require.False(t, p.Present(t.Context(), json.RawMessage(`{"endpoint":"https://x"}`)).OK)
	require.True(t, p.Present(t.Context(), json.RawMessage(`{"endpoint":"https://x","tenant_id":"a","client_id":"b","client_secret":"c"}`)).OK)
	require.True(t, p.Present(t.Context(), json.RawMessage(`{"endpoint":"https://x","token":"a"}`)).OK)
	for raw, code := range map[string]string{`{}`: "missing_setting", `{"endpoint":"https://x"}`: "missing_setting", `{"endpoint":"x","key":"k"}`: "bad_endpoint", `{"endpoint":"https://x","key":"k","timeout":"0s"}`: "bad_timeout"} {
		_, err := p.LLM(t.Context(), json.RawMessage(raw))
		require.Equal(t, code, fault.CodeOf(err), raw)
	}
	t.Setenv("AZURE_OPENAI_ENDPOINT", s.URL)
	t.Setenv("AZURE_OPENAI_KEY", "test-key") // the older name
	t.Setenv("AZURE_OPENAI_DEPLOYMENT", "good")
	require.True(t, p.Present(t.Context(), nil).OK)
	require.NoError(t, p.Check(t.Context(), nil))
	t.Setenv("AZURE_OPENAI_API_KEY", "wrong")
	require.Equal(t, "key_refused", fault.CodeOf(p.Check(t.Context(), nil)))
	m, err := p.LLM(t.Context(), json.RawMessage(`{"token":"test-key"}`))
	require.NoError(t, err)
	require.NoError(t, m.(model).Close())
}
