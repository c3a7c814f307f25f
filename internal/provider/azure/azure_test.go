package azure

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/provider/fake"
	"griot/internal/provider/providertest"
	"griot/internal/realtime/client/clienttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// upstream is this vendor's model against a service that speaks as Voice Live does.
func upstream(t *testing.T, m s2s.Model, o clienttest.Options) s2s.Model {
	t.Helper()
	o.Key, o.Beta = "azure-key", true
	sv := clienttest.New(t, m, o)
	raw, err := json.Marshal(map[string]any{"endpoint": sv.URL, "key": "azure-key", "realtime_voice": "en-US-AvaNeural"})
	require.NoError(t, err)
	got, err := Provider().S2S(t.Context(), raw)
	require.NoError(t, err)
	return got
}

func TestConformance(t *testing.T) {
	answer := func(history []s2s.Item, _ s2s.Respond) fake.S2SAnswer {
		if n := len(history); n > 0 && history[n-1].Text == "When?" {
			return fake.S2SAnswer{Answer: fake.Answer{Calls: []llm.ToolCall{{Name: "hours"}}}}
		}
		return fake.S2SAnswer{Answer: fake.Answer{Text: "Good morning to you."}}
	}
	m := upstream(t, fake.NewS2SFunc(fake.S2SOptions{Heard: []string{"good morning"}, Marks: true}, answer), clienttest.Options{NoMetadata: true})
	require.Equal(t, s2s.Caps{ID: "azure/gpt-realtime", Rate: 24000, Words: true}, m.Caps())
	providertest.S2S(t, m, providertest.S2SOptions{Options: s2s.Options{Lang: "en-US"}, Usage: true, Transcript: "good morning", Tools: []llm.ToolSpec{{Name: "hours"}}, AskTool: "When?",
		Hangs: upstream(t, fake.NewS2S(fake.S2SOptions{}, fake.S2SAnswer{Answer: fake.Answer{Hang: true}}), clienttest.Options{}),
		Drops: upstream(t, fake.NewS2S(fake.S2SOptions{}, fake.S2SAnswer{Drop: -1}), clienttest.Options{}),
		Broken: []providertest.Broken[s2s.Model]{
			{Name: "unknown model", Model: upstream(t, m, clienttest.Options{Status: 404}), Kind: fault.NotFound, Code: "model_not_found"},
		}})
}

func TestAddress(t *testing.T) {
	base := Config{APIVersion: "2026-04-10", Model: "gpt-realtime", EndpointType: "services.ai"}
	with := func(change func(*Config)) Config { c := base; change(&c); return c }
	for want, c := range map[string]Config{
		"wss://mine.services.ai.azure.com/voice-live/realtime?api-version=2026-04-10&model=gpt-realtime":       with(func(c *Config) { c.Name = "mine" }),
		"wss://mine.cognitiveservices.azure.com/voice-live/realtime?api-version=2026-04-10&model=gpt-realtime": with(func(c *Config) { c.Name, c.EndpointType = "mine", "cognitiveservices" }),
		"wss://x.example/voice-live/realtime?api-version=2026-04-10&model=gpt-4.1":                             with(func(c *Config) { c.Endpoint, c.Model = " https://x.example/some/path?y=1 ", "gpt-4.1" }),
		"ws://127.0.0.1:8080/voice-live/realtime?api-version=2026-04-10&model=gpt-realtime":                    with(func(c *Config) { c.Endpoint = "http://127.0.0.1:8080" }),
		"wss://mine.services.ai.azure.com/voice-live/realtime?agent-name=desk&agent-project-name=shop&agent-version=2&api-version=2026-04-10": with(func(c *Config) {
			c.Name, c.Agent, c.Project, c.AgentVersion = "mine", "desk", "shop", "2"
		}),
	} {
		u, err := address(c)
		require.NoError(t, err)
		require.Equal(t, want, u.String())
	}
	for code, c := range map[string]Config{"missing_setting": base, "bad_endpoint": with(func(c *Config) { c.Endpoint = "ftp://x" })} {
		_, err := newModel(c)
		require.Equal(t, code, fault.CodeOf(err))
	}
	_, err := newModel(with(func(c *Config) { c.Name = "mine" }))
	require.Equal(t, "azure.key", err.(*fault.Error).Param)
	m, err := newModel(with(func(c *Config) { c.Name, c.Token = "mine", "eyJ" }))
	require.NoError(t, err)
	require.Equal(t, "Bearer eyJ", m.target.Header.Get("Authorization"))
	require.NotContains(t, m.target.URL, "eyJ", "credentials stay out of addresses")
}

func TestPresentAndCheck(t *testing.T) {
	require.False(t, present(context.Background(), Config{}).OK)
	require.False(t, present(context.Background(), Config{Name: "mine"}).OK)
	require.True(t, present(context.Background(), Config{Name: "mine", Key: "k"}).OK)
	sv := clienttest.New(t, fake.NewS2S(fake.S2SOptions{}), clienttest.Options{Beta: true, Key: "right"})
	c := Config{Endpoint: sv.URL, APIVersion: "2026-04-10", Model: "m", Key: "right"}
	require.NoError(t, check(t.Context(), c))
	c.Key = "wrong"
	require.Equal(t, fault.Denied, fault.KindOf(check(t.Context(), c)))
}
