package openai

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/provider/fake"
	"griot/internal/provider/providertest"
	"griot/internal/realtime/client/clienttest"
)

// upstream is this vendor's model against a service that speaks as OpenAI does.
func upstream(t *testing.T, m s2s.Model, o clienttest.Options) s2s.Model {
	t.Helper()
	o.Key = "sk-test"
	sv := clienttest.New(t, m, o)
	raw, err := json.Marshal(map[string]any{"base_url": sv.URL + "/v1/", "api_key": "sk-test"})
	require.NoError(t, err)
	got, err := Provider().S2S(t.Context(), raw)
	require.NoError(t, err)
	return got
}

func TestRealtimeConformance(t *testing.T) {
	answer := func(history []s2s.Item, _ s2s.Respond) fake.S2SAnswer {
		if n := len(history); n > 0 && history[n-1].Text == "When?" {
			return fake.S2SAnswer{Answer: fake.Answer{Calls: []llm.ToolCall{{Name: "hours"}}}}
		}
		return fake.S2SAnswer{Answer: fake.Answer{Text: "Good morning to you."}}
	}
	m := upstream(t, fake.NewS2SFunc(fake.S2SOptions{Heard: []string{"good morning"}}, answer), clienttest.Options{})
	require.Equal(t, "openai/gpt-realtime", m.Caps().ID)
	providertest.S2S(t, m, providertest.S2SOptions{Options: s2s.Options{Lang: "en"}, Usage: true, Transcript: "good morning", Tools: []llm.ToolSpec{{Name: "hours"}}, AskTool: "When?",
		Hangs: upstream(t, fake.NewS2S(fake.S2SOptions{}, fake.S2SAnswer{Answer: fake.Answer{Hang: true}}), clienttest.Options{}),
		Drops: upstream(t, fake.NewS2S(fake.S2SOptions{}, fake.S2SAnswer{Drop: -1}), clienttest.Options{}),
		Broken: []providertest.Broken[s2s.Model]{
			{Name: "no credit", Model: upstream(t, m, clienttest.Options{Status: 429, Error: "insufficient_quota"}), Kind: fault.Denied, Code: "quota_exceeded"},
		}})
}

// A service that is busy is asked three times, one that refuses the key only once.
func TestRealtimeTries(t *testing.T) {
	for status, want := range map[int]int{503: 3, 429: 3, 401: 1, 404: 1} {
		sv := clienttest.New(t, fake.NewS2S(fake.S2SOptions{}), clienttest.Options{Status: status})
		raw, err := json.Marshal(map[string]any{"base_url": sv.URL + "/v1", "api_key": "sk-test"})
		require.NoError(t, err)
		m, err := Provider().S2S(t.Context(), raw)
		require.NoError(t, err)
		began := time.Now()
		_, err = m.Open(t.Context(), s2s.Options{})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "sk-test")
		require.Equal(t, want, sv.Handshakes(), "status %d", status)
		require.Less(t, time.Since(began), 20*time.Second)
	}
}

func TestRealtimeNeedsAKey(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "")
	_, err := Provider().S2S(t.Context(), nil)
	require.Equal(t, "missing_setting", fault.CodeOf(err))
	require.ErrorContains(t, err, "API key")
}
