package chat_test

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/provider/llmtest"
	"griot/internal/wire"
	"griot/internal/wire/chat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T, s *llmtest.Server) *wire.Client {
	t.Helper()
	c, err := wire.New(wire.Options{Vendor: "acme", BaseURL: s.URL + "/v1", Header: map[string][]string{"Authorization": {"Bearer test-key"}}, Timeout: 20 * time.Second})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// What compatible servers leave out or do differently, where its meaning is clear.
func TestQuirks(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: map[string][]llmtest.Answer{
		"lax":         {{Think: "Hmm.", Text: "Hm.", Calls: llmtest.TwoCalls(), Lax: true, Comments: 2}},
		"no usage":    {{Text: "Good.", NoUsage: true}},
		"no finish":   {{Text: "Good.", Stop: "none"}},
		"stays open":  {{Text: "Good.", Cut: 3, Hang: true}},
		"document":    {{Text: "Good.", Calls: llmtest.TwoCalls(), Document: true}},
		"tags":        {{Text: "<think> They say hello. </think>\n\nGood morning."}},
		"no tags":     {{Text: " <thin ice> is cold"}},
		"never ends":  {{Text: "<think> and so on", Stop: "length"}},
		"refusal":     {{Raw: []string{`{"choices":[{"delta":{"refusal":"I cannot help with that."}}]}`, `{"choices":[{"delta":{},"finish_reason":"stop"}]}`, "[DONE]"}}},
		"same id":     {{Raw: []string{`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"hours","arguments":"{}"}},{"index":1,"id":"x","function":{"name":"place","arguments":""}}]}}]}`, "[DONE]"}}},
		"plain error": {{Raw: []string{`{"error":"llama runner died"}`}}},
		"two choices": {{Raw: []string{`{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}`, "[DONE]"}}},
		"odd":         {{Raw: []string{`{"choices":[{"delta":{"content":"a","reasoning":{"x":1}}}],"timings":{"cache_n":1}}`, `{"choices":null}`, `{}`, `[DONE]`}}},
		"endless":     {{Raw: endless()}},
	}})
	ask := func(name string) llmtest.Result {
		return llmtest.Ask(t.Context(), chat.NewCompletions(client(t, s), chat.Settings{Model: name, OldTokens: true, Thoughts: true}), llmtest.WithTools())
	}
	a := ask("lax")
	require.NoError(t, a.Err)
	require.Equal(t, []any{"Hm.", llm.StopTools, (*llm.Usage)(nil)}, []any{a.Text, a.Stop, a.Usage})
	require.Len(t, a.Calls, 2)
	require.JSONEq(t, `{"day":"sunday"}`, a.Calls[0].Arguments)
	require.Equal(t, "{}", a.Calls[1].Arguments)
	require.NotEmpty(t, a.Calls[0].ID)
	require.NotEqual(t, a.Calls[0].ID, a.Calls[1].ID)
	for name, text := range map[string]string{"no usage": "Good.", "no finish": "Good.", "stays open": "Good.", "tags": "Good morning.", "no tags": " <thin ice> is cold", "refusal": "I cannot help with that.",
		"two choices": "a", "odd": "a", "never ends": "", "document": "Good."} {
		a := ask(name)
		require.NoError(t, a.Err, name)
		require.Equal(t, text, a.Text, name)
		require.NotEmpty(t, a.Stop, name)
	}
	require.Equal(t, llmtest.TwoCalls(), ask("document").Calls)
	a = ask("same id")
	require.NoError(t, a.Err)
	require.NotEqual(t, a.Calls[0].ID, a.Calls[1].ID)
	require.Equal(t, "{}", a.Calls[1].Arguments)
	require.ErrorContains(t, ask("plain error").Err, "llama runner died")
	require.ErrorContains(t, ask("endless").Err, "without end")
}

func endless() (out []string) {
	piece := `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"hours","arguments":"` + strings.Repeat("x", 60_000) + `"}}]}}]}`
	for range 40 {
		out = append(out, piece)
	}
	return out
}

// picky refuses some fields, as models do of which nobody says which they take.
func picky(t *testing.T, fields ...string) (*llmtest.Server, *atomic.Int32) {
	var asked atomic.Int32
	s := llmtest.New(t, llmtest.Options{Respond: func(model string, body []byte) *llmtest.Answer {
		asked.Add(1)
		var b map[string]any
		_ = json.Unmarshal(body, &b)
		for _, f := range fields {
			if b[f] == nil {
				continue
			}
			if model == "words" {
				return &llmtest.Answer{Status: 422, Body: `{"error":{"message":"Unsupported parameter: '` + f + `' is not supported with this model.","type":"invalid_request_error","param":null}}`}
			}
			return &llmtest.Answer{Status: 400, Body: `{"error":{"message":"no","type":"invalid_request_error","param":"` + f + `","code":"unsupported_parameter"}}`}
		}
		return &llmtest.Answer{Text: "Good."}
	}})
	return s, &asked
}

func TestRefusedFieldsAreLeftOut(t *testing.T) {
	warm := 0.3
	r := llmtest.WithTools()
	r.Limits, r.OneCall = llm.Limits{MaxTokens: 50, Temperature: &warm}, true
	for _, name := range []string{"param", "words"} {
		s, asked := picky(t, "temperature", "max_completion_tokens", "parallel_tool_calls", "stream_options", "reasoning_effort")
		m := chat.NewCompletions(client(t, s), chat.Settings{Model: name, Effort: "low"})
		require.NoError(t, llmtest.Ask(t.Context(), m, r).Err)
		require.Contains(t, s.Last().Body, `"max_tokens":50`, "by its other name")
		require.EqualValues(t, 6, asked.Load())
		require.NoError(t, llmtest.Ask(t.Context(), m, r).Err)
		require.EqualValues(t, 7, asked.Load(), "what is known is not tried again")
	}
	s, asked := picky(t, "include", "temperature", "reasoning", "store")
	m := chat.NewResponses(client(t, s), chat.Settings{Model: "param", Effort: "low"})
	require.NoError(t, llmtest.Ask(t.Context(), m, r).Err)
	require.EqualValues(t, 5, asked.Load())

	s, asked = picky(t, "messages")
	a := llmtest.Ask(t.Context(), chat.NewCompletions(client(t, s), chat.Settings{Model: "param"}), r)
	require.Equal(t, fault.Invalid, fault.KindOf(a.Err), "without messages there is nothing to ask")
	require.EqualValues(t, 1, asked.Load())
}

func TestResponsesOddities(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: map[string][]llmtest.Answer{
		"whole":  {{Raw: []string{`{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Good."}]},{"type":"function_call","call_id":"c1","name":"hours","arguments":"{\"day\":\"monday\"}"}],"usage":{"input_tokens":3,"output_tokens":1}}}`}}},
		"failed": {{Raw: []string{`{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"oops"}}}`}}},
		"error":  {{Raw: []string{`{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}`}}},
		"bare":   {{Raw: []string{`{"error":{"message":"dead","type":"server_error"}}`}}},
		"open":   {{Raw: []string{`{"type":"response.output_text.delta","delta":"Good."}`, "[DONE]"}}},
	}})
	ask := func(name string) llmtest.Result {
		return llmtest.Ask(t.Context(), chat.NewResponses(client(t, s), chat.Settings{Model: name}), llmtest.WithTools())
	}
	a := ask("whole")
	require.NoError(t, a.Err)
	require.Equal(t, []any{"Good.", llm.StopTools}, []any{a.Text, a.Stop})
	require.Equal(t, []llm.ToolCall{{ID: "c1", Name: "hours", Arguments: `{"day":"monday"}`}}, a.Calls)
	require.ErrorContains(t, ask("failed").Err, "oops")
	require.Equal(t, fault.Limited, fault.KindOf(ask("error").Err))
	require.ErrorContains(t, ask("bare").Err, "dead")
	require.Equal(t, "stream_cut", fault.CodeOf(ask("open").Err))
}
