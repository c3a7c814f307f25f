package openai

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/provider/llmtest"
	"griot/internal/provider/providertest"
)

var interfaces = []string{"chat", "responses"}

// answers are what the stand-in answers, by model.
var answers = map[string][]llmtest.Answer{
	"good":        {{Text: "Good morning."}},
	"slow":        {{Text: "Good morning.", Comments: 3, Empty: true, First: 20 * time.Millisecond}},
	"calls":       {{Text: "One moment.", Calls: llmtest.TwoCalls()}},
	"whole":       {{Calls: llmtest.TwoCalls(), InOne: true}},
	"loop":        {{Think: "I need the hours.", Calls: llmtest.TwoCalls()}, {Text: "Nine to five."}},
	"no args":     {{Calls: []llm.ToolCall{{ID: "c", Name: "place"}}}},
	"broken args": {{Calls: []llm.ToolCall{{ID: "c", Name: "hours", Arguments: `{"day": "sun`}}}},
	"unknown":     {{Calls: []llm.ToolCall{{ID: "c", Name: "nowhere", Arguments: "{}"}}}},
	"nothing":     {{NoUsage: true}},
	"cut":         {{Text: "Good morning. Good night.", Cut: 5}},
	"torn":        {{Text: "Good morning. Good night.", Cut: 5, Tear: true}},
	"empty":       {{Raw: []string{}}},
	"hang":        {{Hang: true}},
	"chatter":     {{Hang: true, Chatter: true}},
	"hang later":  {{Text: "Good morning. Good night.", Cut: 5, Hang: true}},
	"garbage":     {{Raw: []string{`{"choices":[{"delta":`}}},
	"html":        {{Status: 502, Body: "<html>Bad gateway</html>"}},
	"400":         {{Status: 400, Message: "messages is too hot for test-key"}},
	"too long":    {{Status: 400, Code: "context_length_exceeded", Message: "8192 tokens"}},
	"filtered":    {{Status: 400, Code: "content_filter", Message: "no"}},
	"403":         {{Status: 403, Message: "region"}},
	"429":         {{Status: 429, Message: "Rate limit reached", Header: map[string]string{"Retry-After": "2"}}},
	"quota":       {{Status: 429, Code: "insufficient_quota", Message: "You exceeded your current quota"}},
	"503":         {{Status: 503, Body: `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`, Header: map[string]string{"Retry-After-Ms": "1500"}}},
	"text error":  {{Status: 500, Body: `{"error":"out of memory"}`}},
	"moved":       {{Status: 307, Body: "x", Header: map[string]string{"Location": "http://127.0.0.1:1/"}}},
	"late":        {{Text: "Good morning. Good night.", Cut: 5, Late: "server_error", Message: "The server had an error"}},
	"late limit":  {{Late: "rate_limit_exceeded", Message: "slow down"}},
	"storm":       {{Status: 429}, {Status: 503}, {Status: 429, Header: map[string]string{"Retry-After-Ms": "3"}}, {Text: "Good morning."}},
	"drought":     {{Text: "Good morning.", Header: map[string]string{"X-Ratelimit-Limit-Requests": "60", "X-Ratelimit-Remaining-Requests": "0", "X-Ratelimit-Reset-Requests": "6s"}}},
}

// of is a model of a stand-in.
func of(t *testing.T, s *llmtest.Server, api, name string, change func(*Config)) llm.Model {
	t.Helper()
	c := Config{APIKey: "test-key", BaseURL: s.URL + "/v1", Model: name, Interface: api, Images: "yes", Documents: "yes", Timeout: 20 * time.Second}
	if change != nil {
		change(&c)
	}
	m, err := newLLM(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.(thinker).Close() })
	return m
}

// both runs a test against both interfaces, each with a stand-in of its own.
func both(t *testing.T, f func(t *testing.T, s *llmtest.Server, api string)) {
	for _, api := range interfaces {
		t.Run(api, func(t *testing.T) { f(t, llmtest.New(t, llmtest.Options{Answers: answers}), api) })
	}
}

func TestLLMConformance(t *testing.T) {
	both(t, func(t *testing.T, s *llmtest.Server, api string) {
		tools := llmtest.WithTools()
		providertest.LLM(t, of(t, s, api, "calls", nil), providertest.LLMOptions{Tools: &tools, Calls: 2, Usage: true})
		providertest.LLM(t, of(t, s, api, "good", nil), providertest.LLMOptions{
			Want: "Good morning.", Usage: true, Hangs: of(t, s, api, "hang", nil),
			Broken: []providertest.Broken[llm.Model]{
				{Name: "key", Model: of(t, s, api, "good", func(c *Config) { c.APIKey = "sk-wrong" }), Kind: fault.Denied, Code: "key_refused"},
				{Name: "model", Model: of(t, s, api, "none", nil), Kind: fault.NotFound},
				{Name: "limit", Model: of(t, s, api, "429", nil), Kind: fault.Limited},
				{Name: "down", Model: of(t, s, api, "html", nil), Kind: fault.Unavailable},
				{Name: "rejected", Model: of(t, s, api, "400", nil), Kind: fault.Invalid},
			},
		})
	})
}

func TestLLMAnswers(t *testing.T) {
	both(t, func(t *testing.T, s *llmtest.Server, api string) {
		usage := &llm.Usage{Input: 20, Cached: 10, Output: 5}
		for name, want := range map[string]llmtest.Result{
			"good":        {Text: "Good morning.", Usage: usage, Stop: llm.StopEnd},
			"slow":        {Text: "Good morning.", Usage: usage, Stop: llm.StopEnd},
			"calls":       {Text: "One moment.", Calls: llmtest.TwoCalls(), Usage: usage, Stop: llm.StopTools},
			"whole":       {Calls: llmtest.TwoCalls(), Usage: usage, Stop: llm.StopTools},
			"no args":     {Calls: []llm.ToolCall{{ID: "c", Name: "place", Arguments: "{}"}}, Usage: usage, Stop: llm.StopTools},
			"broken args": {Calls: []llm.ToolCall{{ID: "c", Name: "hours", Arguments: `{"day": "sun`}}, Usage: usage, Stop: llm.StopTools},
			"unknown":     {Calls: []llm.ToolCall{{ID: "c", Name: "nowhere", Arguments: "{}"}}, Usage: usage, Stop: llm.StopTools},
			"nothing":     {Stop: llm.StopEnd},
		} {
			t.Run(name, func(t *testing.T) {
				require.Equal(t, want, llmtest.Ask(t.Context(), of(t, s, api, name, nil), llmtest.WithTools()))
			})
		}
	})
}

// The ways in which answers end early are called differently.
func TestLLMEndsEarly(t *testing.T) {
	half := []llm.ToolCall{{ID: "x", Name: "hours", Arguments: `{"da`}}
	s := llmtest.New(t, llmtest.Options{Answers: map[string][]llmtest.Answer{
		"chat length":      {{Text: "Good", Calls: half, Stop: "length"}},
		"chat filter":      {{Stop: "content_filter"}},
		"responses length": {{Text: "Good", Calls: half, Stop: "max_output_tokens"}},
		"responses filter": {{Stop: "content_filter"}},
	}})
	for _, api := range interfaces {
		a := llmtest.Ask(t.Context(), of(t, s, api, api+" length", nil), llmtest.WithTools())
		require.NoError(t, a.Err)
		require.Equal(t, []any{"Good", llm.StopLength, 0}, []any{a.Text, a.Stop, len(a.Calls)})
		a = llmtest.Ask(t.Context(), of(t, s, api, api+" filter", nil), llmtest.Hello())
		require.NoError(t, a.Err)
		require.Equal(t, llm.StopFilter, a.Stop)
	}
}

func TestLLMFails(t *testing.T) {
	both(t, func(t *testing.T, s *llmtest.Server, api string) {
		for name, want := range map[string]struct {
			kind       fault.Kind
			code, says string
		}{
			"cut":        {fault.Unavailable, "stream_cut", "broke off"},
			"torn":       {fault.Unavailable, "stream_cut", "broke off"},
			"empty":      {fault.Unavailable, "stream_cut", ""},
			"hang":       {fault.Unavailable, "timeout", "did not answer"},
			"chatter":    {fault.Unavailable, "timeout", "did not answer"},
			"hang later": {fault.Unavailable, "timeout", ""},
			"garbage":    {fault.Unavailable, "bad_response", "not JSON"},
			"html":       {fault.Unavailable, "server_error", "502"},
			"400":        {fault.Invalid, "rejected", "too hot for ***"},
			"too long":   {fault.Invalid, "too_long", "8192"},
			"filtered":   {fault.Invalid, "content_filter", ""},
			"403":        {fault.Denied, "not_permitted", "region"},
			"none":       {fault.NotFound, "model_not_found", "none"},
			"429":        {fault.Limited, "rate_limited", "Rate limit reached"},
			"quota":      {fault.Denied, "quota_exceeded", ""},
			"503":        {fault.Unavailable, "server_error", "Loading model"},
			"text error": {fault.Unavailable, "server_error", "out of memory"},
			"moved":      {fault.Invalid, "redirected", "307"},
			"late":       {fault.Unavailable, "server_error", "had an error"},
			"late limit": {fault.Limited, "rate_limited", "slow down"},
		} {
			t.Run(name, func(t *testing.T) {
				m := of(t, s, api, name, func(c *Config) {
					if strings.HasPrefix(name, "hang") || name == "chatter" {
						c.Timeout = 50 * time.Millisecond
					}
				})
				a := llmtest.Ask(t.Context(), m, llmtest.Hello())
				require.Equal(t, want.kind, fault.KindOf(a.Err), "%v", a.Err)
				require.Equal(t, want.code, fault.CodeOf(a.Err), "%v", a.Err)
				require.ErrorContains(t, a.Err, want.says)
				require.NotContains(t, a.Err.Error(), "test-key")
				require.Empty(t, a.Stop)
			})
		}
	})
}

// Refusals that say for how long are remembered: who asks meanwhile is told at once, and the service is not asked in vain.
func TestLLMLimits(t *testing.T) {
	both(t, func(t *testing.T, s *llmtest.Server, api string) {
		for name, ms := range map[string]string{"429": "2000", "503": "1500"} {
			m := of(t, s, api, name, nil)
			a := llmtest.Ask(t.Context(), m, llmtest.Hello())
			var f *fault.Error
			require.ErrorAs(t, a.Err, &f)
			require.Equal(t, ms, f.Params["retry_after_ms"])
			a = llmtest.Ask(t.Context(), m, llmtest.Hello())
			require.Equal(t, fault.Limited, fault.KindOf(a.Err))
			require.Equal(t, 1, s.Asked(name), "not asked again")
		}
		m := of(t, s, api, "drought", nil)
		require.NoError(t, llmtest.Ask(t.Context(), m, llmtest.Hello()).Err)
		a := llmtest.Ask(t.Context(), m, llmtest.Hello())
		require.Equal(t, "rate_limited", fault.CodeOf(a.Err))
		require.Equal(t, 1, s.Asked("drought"))
		a = llmtest.Ask(t.Context(), llm.Retry(m, 3, time.Millisecond), llmtest.Hello())
		require.NoError(t, a.Err, "a sixtieth of the time later")
		a = llmtest.Ask(t.Context(), llm.Retry(of(t, s, api, "storm", nil), 6, time.Millisecond), llmtest.Hello())
		require.NoError(t, a.Err)
		require.Equal(t, "Good morning.", a.Text)
		require.Equal(t, 4, s.Asked("storm"))
	})
}

func TestLLMUnreachable(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: answers})
	base := strings.Replace(s.URL, "http://", "http://user:secret@", 1)
	s.Close()
	a := llmtest.Ask(t.Context(), of(t, s, "chat", "good", func(c *Config) { c.BaseURL = base }), llmtest.Hello())
	require.Equal(t, "unreachable", fault.CodeOf(a.Err))
	require.NotContains(t, a.Err.Error(), "secret")
}

// What a conversation can leave behind must always be a history that the interface accepts.
func TestLLMHistory(t *testing.T) {
	both(t, func(t *testing.T, s *llmtest.Server, api string) {
		r := llmtest.Messy()
		warm := 0.2
		r.Limits = llm.Limits{MaxTokens: 100, Temperature: &warm}
		r.Choice = "hours"
		require.NoError(t, llmtest.Ask(t.Context(), of(t, s, api, "good", nil), r).Err)
		body := s.Last().Body
		require.Contains(t, body, `{"day":{"type":"string"},"a":{"type":"string"}}`, "in the order of the schema")
		require.Contains(t, body, "cancelled before it had a result")
		require.NotContains(t, body, "dropped")
		require.Contains(t, body, `"temperature":0.2`)
		for _, r := range []llm.Request{
			{Messages: []llm.Message{{Role: llm.User, Text: "a"}, {Role: llm.User, Text: "b"}, {Role: llm.Assistant, Text: "c"}}},
			{Messages: []llm.Message{{Role: llm.User, Text: "x"}, {Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "x", Name: "y", Arguments: "[1]"}}}, {Role: llm.Assistant, Text: ""}}},
		} {
			require.NoError(t, llmtest.Ask(t.Context(), of(t, s, api, "good", nil), r).Err)
		}
	})
}

// What a reasoning model thought before a call goes back with the call's result, as it came, and only to the model that it came from.
func TestThoughtsGoBack(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: answers})
	r := llmtest.WithTools()
	m := of(t, s, "responses", "loop", nil)
	a := llmtest.Ask(t.Context(), m, r)
	require.NoError(t, a.Err)
	r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Calls: a.Calls}, llm.Message{Role: llm.ToolRole, CallID: "call_a", Text: "9-5"}, llm.Message{Role: llm.ToolRole, CallID: "call_b", Text: "here"})
	a = llmtest.Ask(t.Context(), m, r)
	require.NoError(t, a.Err)
	require.Equal(t, "Nine to five.", a.Text)
	require.Contains(t, s.Last().Body, "I need the hours")
	for _, api := range interfaces {
		require.NoError(t, llmtest.Ask(t.Context(), of(t, s, api, "good", nil), r).Err)
		require.NotContains(t, s.Last().Body, "I need the hours")
	}
}

func TestLLMRequest(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: answers})
	sent := func(api string, r llm.Request, change func(*Config)) (body map[string]any) {
		require.NoError(t, llmtest.Ask(t.Context(), of(t, s, api, "good", change), r).Err)
		require.NoError(t, json.Unmarshal([]byte(s.Last().Body), &body))
		return body
	}
	r := llmtest.WithTools()
	r.Limits.MaxTokens, r.Choice, r.OneCall = 5, "required", true
	b := sent("chat", r, func(c *Config) { c.Effort, c.Organization, c.Project = "low", "org-1", "proj-1" })
	require.EqualValues(t, 5, b["max_tokens"], "what compatible servers know")
	require.Equal(t, []any{"required", false, "low"}, []any{b["tool_choice"], b["parallel_tool_calls"], b["reasoning_effort"]})
	require.Equal(t, map[string]any{"include_usage": true}, b["stream_options"])
	require.Equal(t, []string{"org-1", "proj-1"}, []string{s.Last().Header.Get("OpenAI-Organization"), s.Last().Header.Get("OpenAI-Project")})
	b = sent("responses", r, func(c *Config) { c.Effort = "low" })
	require.EqualValues(t, 16, b["max_output_tokens"], "the least that the interface takes")
	require.Equal(t, []any{"required", false, map[string]any{"effort": "low"}, false}, []any{b["tool_choice"], b["parallel_tool_calls"], b["reasoning"], b["store"]})
	r.Choice = "hours"
	require.Equal(t, map[string]any{"type": "function", "function": map[string]any{"name": "hours"}}, sent("chat", r, nil)["tool_choice"])
	require.Equal(t, map[string]any{"type": "function", "name": "hours"}, sent("responses", r, nil)["tool_choice"])
	r.Tools = nil
	for _, api := range interfaces { // of tools nothing is said where there are none: servers refuse it
		b = sent(api, r, nil)
		require.NotContains(t, b, "tool_choice")
		require.NotContains(t, b, "parallel_tool_calls")
	}

	shown := llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "What is this?", Images: []llm.Image{{Type: "image/png", Base64: "iVBORw==", Detail: "low"}},
		Files: []llm.File{{Name: "a.pdf", Type: "application/pdf", Base64: "JVBERg=="}, {Name: "b.txt", Type: "text/plain", Base64: "aGVsbG8="}}}, {Role: llm.User, Images: []llm.Image{{Type: "image/gif", Base64: "R0lG"}}}}}
	for api, want := range map[string]string{
		"chat": `[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERg=="}},{"type":"text","text":"b.txt:\nhello"},{"type":"text","text":"What is this?"},
			{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw==","detail":"low"}}]`,
		"responses": `[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERg=="},{"type":"input_text","text":"b.txt:\nhello"},{"type":"input_text","text":"What is this?"},
			{"type":"input_image","image_url":"data:image/png;base64,iVBORw==","detail":"low"}]`,
	} {
		b := sent(api, shown, nil)
		list, _ := b["messages"].([]any)
		if api == "responses" {
			list, _ = b["input"].([]any)
		}
		content, err := json.Marshal(list[0].(map[string]any)["content"])
		require.NoError(t, err)
		require.JSONEq(t, want, string(content))
	}
}

// Whether the model takes images and documents is a setting, and by default known of OpenAI's own server only.
func TestWhatTheModelTakes(t *testing.T) {
	for _, api := range interfaces {
		for _, c := range []struct {
			base, images string
			want         bool
		}{{defaultBaseURL, "auto", true}, {defaultBaseURL + "/", "no", false}, {defaultBaseURL, "", true}, {"http://127.0.0.1:9/v1", "auto", false}, {"http://127.0.0.1:9/v1", "yes", true}} {
			m, err := newLLM(t.Context(), Config{APIKey: "k", BaseURL: c.base, Model: "m", Interface: api, Images: c.images, Documents: c.images, Timeout: time.Second})
			require.NoError(t, err)
			require.Equal(t, c.want, llm.TakesImages(llm.Retry(m, 2, time.Second)), "%+v", c)
			require.Equal(t, c.want, llm.TakesFiles(llm.Fallback(m, m)), "%+v", c)
			require.NoError(t, m.(thinker).Close())
		}
	}
}

func TestLLMCancelled(t *testing.T) {
	both(t, func(t *testing.T, s *llmtest.Server, api string) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		n := 0
		var failed error
		for d, err := range of(t, s, api, "hang later", nil).Generate(ctx, llmtest.Hello()) {
			if d.Text != "" {
				n++
				cancel(errors.New("interrupted"))
			}
			failed = err
		}
		require.Equal(t, 1, n)
		require.ErrorIs(t, failed, context.Canceled)
	})
}
