package anthropic

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
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

// answers are what the stand-in answers, by model.
var answers = map[string][]llmtest.Answer{
	"good":        {{Text: "Good morning."}},
	"thinks":      {{Think: "They say hello.", Text: "Good morning.", Empty: true, Comments: 3}},
	"calls":       {{Text: "One moment.", Calls: llmtest.TwoCalls()}},
	"loop":        {{Think: "I need the hours.", Calls: llmtest.TwoCalls()}, {Text: "Nine to five."}},
	"whole":       {{Calls: llmtest.TwoCalls(), InOne: true}},
	"no args":     {{Calls: []llm.ToolCall{{ID: "c", Name: "place"}}}},
	"broken args": {{Calls: []llm.ToolCall{{ID: "c", Name: "hours", Arguments: `{"day": "sun`}}}},
	"length":      {{Text: "Good", Calls: []llm.ToolCall{{ID: "c", Name: "hours", Arguments: `{"da`}}, Stop: "max_tokens"}},
	"full":        {{Text: "Good", Stop: "model_context_window_exceeded"}},
	"refusal":     {{Stop: "refusal"}},
	"nothing":     {{}},
	"cut":         {{Text: "Good morning.", Cut: 4}},
	"torn":        {{Text: "Good morning.", Cut: 4, Tear: true}},
	"empty":       {{Raw: []string{}, Cut: 0}},
	"hang":        {{Hang: true}},
	"chatter":     {{Hang: true, Chatter: true}},
	"hang later":  {{Text: "Good morning.", Cut: 4, Hang: true}},
	"garbage":     {{Raw: []string{`{"type":"mess`}}},
	"html":        {{Status: 502, Body: "<html>Bad gateway</html>"}},
	"400":         {{Status: 400, Code: "invalid_request_error", Message: "max_tokens: too many for test-key"}},
	"too long":    {{Status: 400, Code: "invalid_request_error", Message: "prompt is too long: 210000 tokens > 200000 maximum"}},
	"402":         {{Status: 402, Code: "billing_error", Message: "Your credit balance is too low"}},
	"403":         {{Status: 403, Code: "permission_error", Message: "not in your region"}},
	"413":         {{Status: 413, Code: "request_too_large", Message: "Request exceeds the maximum size"}},
	"429":         {{Status: 429, Code: "rate_limit_error", Message: "slow down", Header: map[string]string{"Retry-After": "2"}}},
	"500":         {{Status: 500, Code: "api_error", Message: "Internal server error"}},
	"529":         {{Status: 529, Code: "overloaded_error", Message: "Overloaded"}},
	"never again": {{Status: 529, Code: "overloaded_error", Message: "Overloaded", Header: map[string]string{"X-Should-Retry": "false"}}},
	"storm": {{Status: 429, Code: "rate_limit_error", Header: map[string]string{"Retry-After": "0"}}, {Status: 529, Code: "overloaded_error"}, {Status: 529, Code: "overloaded_error"},
		{Text: "Good morning."}},
	"late":       {{Text: "Good morning.", Cut: 4, Late: "overloaded_error", Message: "Overloaded"}},
	"early late": {{Cut: 1, Late: "overloaded_error", Message: "Overloaded"}},
	"late limit": {{Cut: 1, Late: "rate_limit_error", Message: "slow"}},
}

func serve(t *testing.T) *llmtest.Server { return llmtest.New(t, llmtest.Options{Answers: answers}) }

func with(t *testing.T, s *llmtest.Server, name string, change func(*Config)) *model {
	t.Helper()
	c := Config{APIKey: "test-key", BaseURL: s.URL, Model: name, Version: current, MaxTokens: 1000, Cache: "5m", Images: true, Files: true, Timeout: 20 * time.Second}
	if change != nil {
		change(&c)
	}
	m, err := newModel(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func TestConformance(t *testing.T) {
	s := serve(t)
	for _, version := range []string{current, previous} {
		t.Run(version, func(t *testing.T) {
			v := func(c *Config) { c.Version = version }
			tools := llmtest.WithTools()
			for name, calls := range map[string]int{"calls": 2, "good": 0} {
				o := providertest.LLMOptions{Usage: true, Hangs: with(t, s, "hang", v)}
				if calls > 0 {
					o.Tools, o.Calls = &tools, calls
				} else {
					o.Want = "Good morning."
				}
				if calls == 0 {
					o.Broken = []providertest.Broken[llm.Model]{
						{Name: "key", Model: with(t, s, "good", func(c *Config) { c.APIKey = "sk-wrong"; c.Version = version }), Kind: fault.Denied, Code: "key_refused"},
						{Name: "model", Model: with(t, s, "none", v), Kind: fault.NotFound},
						{Name: "limit", Model: with(t, s, "429", v), Kind: fault.Limited},
						{Name: "down", Model: with(t, s, "html", v), Kind: fault.Unavailable},
						{Name: "rejected", Model: with(t, s, "400", v), Kind: fault.Invalid},
					}
				}
				providertest.LLM(t, with(t, s, name, v), o)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	s := serve(t)
	usage := &llm.Usage{Input: 20, Cached: 10, Output: 5}
	for name, want := range map[string]llmtest.Result{
		"good":        {Text: "Good morning.", Usage: usage, Stop: llm.StopEnd},
		"thinks":      {Text: "Good morning.", Usage: usage, Stop: llm.StopEnd},
		"calls":       {Text: "One moment.", Calls: llmtest.TwoCalls(), Usage: usage, Stop: llm.StopTools},
		"whole":       {Calls: llmtest.TwoCalls(), Usage: usage, Stop: llm.StopTools},
		"no args":     {Calls: []llm.ToolCall{{ID: "c", Name: "place", Arguments: "{}"}}, Usage: usage, Stop: llm.StopTools},
		"broken args": {Calls: []llm.ToolCall{{ID: "c", Name: "hours", Arguments: `{"day": "sun`}}, Usage: usage, Stop: llm.StopTools},
		"length":      {Text: "Good", Usage: usage, Stop: llm.StopLength},
		"full":        {Text: "Good", Usage: usage, Stop: llm.StopLength},
		"refusal":     {Usage: usage, Stop: llm.StopFilter},
		"nothing":     {Usage: usage, Stop: llm.StopEnd},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, want, llmtest.Ask(t.Context(), with(t, s, name, nil), llmtest.WithTools()))
		})
	}
}

func TestFails(t *testing.T) {
	s := serve(t)
	for name, want := range map[string]struct {
		text       string
		kind       fault.Kind
		code, says string
	}{
		"cut":         {"Good ", fault.Unavailable, "stream_cut", "broke off"},
		"torn":        {"Good ", fault.Unavailable, "stream_cut", "broke off"},
		"empty":       {"", fault.Unavailable, "stream_cut", ""},
		"hang":        {"", fault.Unavailable, "timeout", "did not answer"},
		"chatter":     {"", fault.Unavailable, "timeout", "did not answer"},
		"hang later":  {"Good ", fault.Unavailable, "timeout", ""},
		"garbage":     {"", fault.Unavailable, "bad_response", "not JSON"},
		"html":        {"", fault.Unavailable, "server_error", "502"},
		"400":         {"", fault.Invalid, "rejected", "too many for ***"},
		"too long":    {"", fault.Invalid, "too_long", "210000"},
		"402":         {"", fault.Denied, "quota_exceeded", "credit"},
		"403":         {"", fault.Denied, "not_permitted", "region"},
		"none":        {"", fault.NotFound, "model_not_found", "none"},
		"413":         {"", fault.Invalid, "too_long", "maximum"},
		"429":         {"", fault.Limited, "rate_limited", "slow down"},
		"500":         {"", fault.Unavailable, "server_error", "500"},
		"529":         {"", fault.Unavailable, "overloaded", "Overloaded"},
		"late":        {"Good ", fault.Unavailable, "overloaded", "Overloaded"},
		"early late":  {"", fault.Unavailable, "overloaded", "Overloaded"},
		"late limit":  {"", fault.Limited, "rate_limited", "slow"},
		"never again": {"", fault.Unavailable, "overloaded", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := with(t, s, name, func(c *Config) {
				if strings.HasPrefix(name, "hang") || name == "chatter" {
					c.Timeout = 50 * time.Millisecond
				}
			})
			a := llmtest.Ask(t.Context(), m, llmtest.Hello())
			require.Equal(t, want.text, a.Text)
			require.Equal(t, want.kind, fault.KindOf(a.Err), "%v", a.Err)
			require.Equal(t, want.code, fault.CodeOf(a.Err), "%v", a.Err)
			require.ErrorContains(t, a.Err, want.says)
			require.NotContains(t, a.Err.Error(), "test-key")
			require.Empty(t, a.Stop)
		})
	}
}

// A storm of refusals passes unnoticed; a service that says that another attempt is of no use is not asked again.
func TestRetries(t *testing.T) {
	s := serve(t)
	a := llmtest.Ask(t.Context(), llm.Retry(with(t, s, "storm", nil), 5, time.Millisecond), llmtest.Hello())
	require.NoError(t, a.Err)
	require.Equal(t, "Good morning.", a.Text)
	require.Equal(t, 4, s.Asked("storm"))
	a = llmtest.Ask(t.Context(), llm.Retry(with(t, s, "never again", nil), 5, time.Millisecond), llmtest.Hello())
	require.Error(t, a.Err)
	require.Equal(t, 1, s.Asked("never again"))
	a = llmtest.Ask(t.Context(), llm.Retry(with(t, s, "late", nil), 5, time.Millisecond), llmtest.Hello())
	require.Error(t, a.Err)
	require.Equal(t, 1, s.Asked("late"), "the caller has heard a word")
	a = llmtest.Ask(t.Context(), llm.Retry(with(t, s, "early late", nil), 3, time.Millisecond), llmtest.Hello())
	require.Error(t, a.Err)
	require.Equal(t, 3, s.Asked("early late"), "nothing was heard")
}

// What a conversation can leave behind must always be a history that the interface accepts, in both versions.
func TestHistory(t *testing.T) {
	s := serve(t)
	for _, version := range []string{current, previous} {
		m := with(t, s, "good", func(c *Config) { c.Version = version })
		require.NoError(t, llmtest.Ask(t.Context(), m, llmtest.Messy()).Err, version)
		require.Contains(t, s.Last().Body, toolWasCancelled)
		require.Contains(t, s.Last().Body, "in a hurry")
		require.Contains(t, s.Last().Body, `not_an_object`)
		require.NotContains(t, s.Last().Body, "dropped")
		require.Contains(t, s.Last().Body, `{"day":{"type":"string"},"a":{"type":"string"}}`, "in the order of the schema")
		for _, r := range []llm.Request{
			{}, {Messages: []llm.Message{{Role: llm.System, Text: "Be kind."}}}, {Messages: []llm.Message{{Role: llm.Assistant, Text: "Hello."}}},
			{Messages: []llm.Message{{Role: llm.User, Text: "a"}, {Role: llm.User, Text: "b"}, {Role: llm.Assistant, Text: "c"}}},
			{Messages: []llm.Message{{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "x", Name: "y", Arguments: "[1]"}}}, {Role: llm.Assistant, Text: " "}}},
		} {
			require.NoError(t, llmtest.Ask(t.Context(), m, r).Err, "%s %+v", version, r)
		}
	}
}

// What the model thought before a call goes back with the call's result, as it came; to another model it does not.
func TestThoughtsGoBack(t *testing.T) {
	s := serve(t)
	m := with(t, s, "loop", nil)
	r := llmtest.WithTools()
	a := llmtest.Ask(t.Context(), m, r)
	require.NoError(t, a.Err)
	require.Len(t, a.Calls, 2)
	r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Calls: a.Calls}, llm.Message{Role: llm.ToolRole, CallID: "call_a", Text: "9-5"}, llm.Message{Role: llm.ToolRole, CallID: "call_b", Text: "here"})
	a = llmtest.Ask(t.Context(), m, r)
	require.NoError(t, a.Err)
	require.Equal(t, "Nine to five.", a.Text)
	require.Contains(t, s.Last().Body, `"thinking":"I need the hours."`)
	require.NoError(t, llmtest.Ask(t.Context(), with(t, s, "good", nil), r).Err)
	require.NotContains(t, s.Last().Body, "I need the hours")
}

func TestRequest(t *testing.T) {
	s := serve(t)
	warm := 0.2
	r := llmtest.WithTools()
	r.Limits = llm.Limits{MaxTokens: 50, Temperature: &warm}
	send := func(change func(*Config), r llm.Request) (body map[string]any) {
		require.NoError(t, llmtest.Ask(t.Context(), with(t, s, "good", change), r).Err)
		require.NoError(t, json.Unmarshal([]byte(s.Last().Body), &body))
		return body
	}
	b := send(func(c *Config) { c.Sampling = true }, r)
	require.NotContains(t, b, "temperature", "this version refuses it")
	require.EqualValues(t, 50, b["max_tokens"])
	require.NotContains(t, b, "tool_choice")
	require.Contains(t, s.Last().Body, `"cache_control":{"type":"ephemeral"}`)
	require.Equal(t, current, s.Last().Header.Get("Anthropic-Version"))
	require.EqualValues(t, 0.2, send(func(c *Config) { c.Sampling, c.Version = true, previous }, r)["temperature"])
	require.NotContains(t, send(func(c *Config) { c.Version = previous }, r), "temperature")

	for choice, want := range map[string]map[string]any{"none": {"type": "none"}, "required": {"type": "any", "disable_parallel_tool_use": true}, "hours": {"type": "tool", "name": "hours", "disable_parallel_tool_use": true}} {
		r.Choice, r.OneCall = choice, true
		require.Equal(t, want, send(nil, r)["tool_choice"])
	}
	b = send(func(c *Config) {
		c.Cache, c.Thinking, c.Effort, c.Beta, c.APIKey, c.Token = "off", "adaptive", "low", []string{"a-1", "b-2"}, "", "test-key"
	}, llmtest.Hello())
	require.NotContains(t, s.Last().Body, "cache_control")
	require.Equal(t, map[string]any{"type": "adaptive"}, b["thinking"])
	require.Equal(t, map[string]any{"effort": "low"}, b["output_config"])
	require.Equal(t, "a-1,b-2", s.Last().Header.Get("Anthropic-Beta"))
	require.Equal(t, "Bearer test-key", s.Last().Header.Get("Authorization"))
	require.Empty(t, s.Last().Header.Get("X-Api-Key"))

	b = send(nil, llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "What is this?", Images: []llm.Image{{Type: "image/png", Base64: "iVBORw=="}},
		Files: []llm.File{{Name: "a.pdf", Type: "application/pdf", Base64: "JVBERg=="}, {Name: "b.txt", Type: "text/plain", Base64: "aGVsbG8="}}}}})
	content, err := json.Marshal(b["messages"].([]any)[0].(map[string]any)["content"])
	require.NoError(t, err)
	require.JSONEq(t, `[{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBERg=="}},
		{"type":"document","title":"b.txt","source":{"type":"text","media_type":"text/plain","data":"hello"}},
		{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw=="}},
		{"type":"text","text":"What is this?","cache_control":{"type":"ephemeral"}}]`, string(content))
}

func TestCancelled(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	n := 0
	var failed error
	for d, err := range with(t, s, "hang later", nil).Generate(ctx, llmtest.Hello()) {
		if d.Text != "" {
			n++
			cancel(errors.New("interrupted"))
		}
		failed = err
	}
	require.Equal(t, 1, n)
	require.ErrorIs(t, failed, context.Canceled)
}

func TestProvider(t *testing.T) {
	s := serve(t)
	p := Provider()
	raw := json.RawMessage(`{"api_key":"test-key","base_url":"` + s.URL + `/v1/","model":"good"}`)
	m, err := p.LLM(t.Context(), raw)
	require.NoError(t, err)
	require.True(t, llm.TakesImages(m))
	require.True(t, llm.TakesFiles(llm.Retry(m, 2, 0)))
	require.NoError(t, llmtest.Ask(t.Context(), m, llmtest.Hello()).Err)
	require.NoError(t, m.(*model).Close())
	require.NoError(t, p.Check(t.Context(), raw))
	names, err := p.Models(t.Context(), raw)
	require.NoError(t, err)
	require.Len(t, names, len(answers))
	require.Equal(t, "model_not_found", fault.CodeOf(p.Check(t.Context(), json.RawMessage(`{"api_key":"test-key","base_url":"`+s.URL+`","model":"gone"}`))))
	require.Equal(t, "key_refused", fault.CodeOf(p.Check(t.Context(), json.RawMessage(`{"api_key":"wrong","base_url":"`+s.URL+`"}`))))
	require.True(t, p.Present(t.Context(), raw).OK)

	t.Setenv("ANTHROPIC_API_KEY", "")
	t.Setenv("ANTHROPIC_AUTH_TOKEN", "")
	t.Setenv("ANTHROPIC_BASE_URL", "")
	require.False(t, p.Present(t.Context(), nil).OK)
	for raw, code := range map[string]string{`{}`: "missing_setting", `{"api_key":"k","base_url":"ftp://x"}`: "bad_base_url", `{"api_key":"k","max_tokens":0}`: "", `{"api_key":"k","timeout":"0s"}`: "bad_timeout",
		`{"api_key":"k","max_tokens":-1}`: "bad_max_tokens", `{"api_key":"k","api_version":"2024-01-01"}`: "unknown_value"} {
		m, err := p.LLM(t.Context(), json.RawMessage(raw))
		if code == "" {
			code = "bad_max_tokens"
		}
		require.Equal(t, code, fault.CodeOf(err), raw)
		require.Nil(t, m)
	}
}
