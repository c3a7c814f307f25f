package app

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/agent"
	"griot/internal/config"
	"griot/internal/model/llm"
	"griot/internal/provider/llmtest"
)

// An agent whose model is down is answered by the one that stands in for it, across vendors, with the tools' results that the first one's calls had.
func TestFallbackAcrossVendors(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: map[string][]llmtest.Answer{
		"claude":  {{Think: "Hours.", Calls: llmtest.TwoCalls()}, {Status: 529, Code: "overloaded_error"}},
		"hanging": {{Hang: true}},
		"gemini":  {{Text: "Nine to five."}},
	}})
	cfg := config.Default()
	cfg.Data = t.TempDir()
	cfg.Providers = map[string]json.RawMessage{
		"anthropic": json.RawMessage(`{"api_key":"test-key","base_url":"` + s.URL + `"}`),
		"openai":    json.RawMessage(`{"api_key":"test-key","base_url":"` + s.URL + `/v1"}`),
		"google":    json.RawMessage(`{"api_key":"test-key","base_url":"` + s.URL + `/v1beta"}`),
	}
	a := &App{cfg: cfg}
	require.NoError(t, a.openPlans())
	defer a.Close()
	d := agent.Default()
	d.Reference, d.Name, d.Instructions = "desk", "Desk", "Help."
	d.Model.Provider, d.Model.Name, d.Model.FallbackAfter = "anthropic", "claude", 500*time.Millisecond
	d.Model.Fallbacks = []string{"openai/hanging", "nobody/x", "google/gemini"}
	plan, _, err := a.plans.planOf(t.Context(), d)
	require.NoError(t, err)

	r := llmtest.WithTools()
	got := llmtest.Ask(t.Context(), plan.Models.LLM, r)
	require.NoError(t, got.Err)
	require.Len(t, got.Calls, 2)
	r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Calls: got.Calls}, llm.Message{Role: llm.ToolRole, CallID: "call_a", Text: "9-5"}, llm.Message{Role: llm.ToolRole, CallID: "call_b", Text: "here"})
	got = llmtest.Ask(t.Context(), plan.Models.LLM, r)
	require.NoError(t, got.Err)
	require.Equal(t, "Nine to five.", got.Text)
	require.Equal(t, 3, s.Asked("claude"), "once, and twice in vain")
	require.Equal(t, 1, s.Asked("hanging"))
}
