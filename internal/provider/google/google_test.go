package google

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

var answers = map[string][]llmtest.Answer{
	"good":       {{Text: "Good morning."}},
	"thinks":     {{Think: "They say hello.", Text: "Good morning.", Empty: true, Comments: 3}},
	"calls":      {{Text: "One moment.", Calls: llmtest.TwoCalls()}},
	"whole":      {{Calls: llmtest.TwoCalls(), InOne: true, Lax: true, NoUsage: true}},
	"loop":       {{Think: "I need the hours.", Calls: llmtest.TwoCalls()}, {Text: "Nine to five."}},
	"no args":    {{Calls: []llm.ToolCall{{ID: "c", Name: "place"}}}},
	"length":     {{Text: "Good", Stop: "MAX_TOKENS"}},
	"safety":     {{Text: "Good", Stop: "SAFETY"}},
	"blocked":    {{Stop: "blocked"}},
	"malformed":  {{Stop: "MALFORMED_FUNCTION_CALL"}, {Text: "Good morning."}},
	"nothing":    {{}},
	"cut":        {{Text: "Good morning.", Cut: 2}},
	"torn":       {{Text: "Good morning.", Cut: 2, Tear: true}},
	"empty":      {{Raw: []string{}}},
	"hang":       {{Hang: true}},
	"chatter":    {{Hang: true, Chatter: true}},
	"hang later": {{Text: "Good morning.", Cut: 1, Hang: true}},
	"garbage":    {{Raw: []string{`{"candidates":[`}}},
	"html":       {{Status: 502, Body: "<html>Bad gateway</html>"}},
	"400":        {{Status: 400, Message: "too hot for test-key"}},
	"list":       {{Status: 400, Body: `[{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT"}}]`}},
	"too long":   {{Status: 400, Message: "The input token count exceeds the maximum number of tokens allowed (1048576)."}},
	"region":     {{Status: 400, Body: `{"error":{"code":400,"message":"User location is not supported","status":"FAILED_PRECONDITION"}}`}},
	"403":        {{Status: 403, Message: "not enabled"}},
	"429":        {{Status: 429, Code: "retry 1.5s", Message: "You exceeded your current quota"}},
	"503":        {{Status: 503, Message: "The model is overloaded."}},
	"late":       {{Text: "Good morning.", Cut: 1, Late: "UNAVAILABLE", Message: "overloaded"}},
	"storm":      {{Status: 429, Code: "retry 0.002s"}, {Status: 503}, {Late: "INTERNAL", Message: "oops"}, {Text: "Good morning."}},
}

func serve(t *testing.T) *llmtest.Server { return llmtest.New(t, llmtest.Options{Answers: answers}) }

func with(t *testing.T, s *llmtest.Server, name string, change func(*Config)) *model {
	t.Helper()
	c := Config{APIKey: "test-key", BaseURL: s.URL + "/v1beta", Model: name, Images: true, Files: true, Timeout: 20 * time.Second}
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
	tools := llmtest.WithTools()
	providertest.LLM(t, with(t, s, "calls", nil), providertest.LLMOptions{Tools: &tools, Calls: 2, Usage: true})
	providertest.LLM(t, with(t, s, "good", nil), providertest.LLMOptions{Want: "Good morning.", Usage: true, Hangs: with(t, s, "hang", nil),
		Broken: []providertest.Broken[llm.Model]{
			{Name: "key", Model: with(t, s, "good", func(c *Config) { c.APIKey = "wrong" }), Kind: fault.Denied, Code: "key_refused"},
			{Name: "model", Model: with(t, s, "none", nil), Kind: fault.NotFound},
			{Name: "limit", Model: with(t, s, "429", nil), Kind: fault.Limited},
			{Name: "down", Model: with(t, s, "html", nil), Kind: fault.Unavailable},
			{Name: "rejected", Model: with(t, s, "400", nil), Kind: fault.Invalid},
		}})
}

func TestAnswers(t *testing.T) {
	s := serve(t)
	usage := &llm.Usage{Input: 20, Cached: 10, Output: 5}
	for name, want := range map[string]llmtest.Result{
		"good":    {Text: "Good morning.", Usage: usage, Stop: llm.StopEnd},
		"thinks":  {Text: "Good morning.", Usage: usage, Stop: llm.StopEnd},
		"length":  {Text: "Good", Usage: usage, Stop: llm.StopLength},
		"safety":  {Text: "Good", Usage: usage, Stop: llm.StopFilter},
		"nothing": {Usage: usage, Stop: llm.StopEnd},
	} {
		require.Equal(t, want, llmtest.Ask(t.Context(), with(t, s, name, nil), llmtest.WithTools()), name)
	}
	for name, n := range map[string]int{"calls": 2, "whole": 2, "no args": 1} {
		a := llmtest.Ask(t.Context(), with(t, s, name, nil), llmtest.WithTools())
		require.NoError(t, a.Err)
		require.Equal(t, llm.StopTools, a.Stop)
		require.Len(t, a.Calls, n)
		require.Equal(t, "{}", a.Calls[n-1].Arguments)
		require.NotEmpty(t, a.Calls[0].ID)
	}
}

func TestFails(t *testing.T) {
	s := serve(t)
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
		"list":       {fault.Invalid, "rejected", "invalid argument"},
		"too long":   {fault.Invalid, "too_long", "1048576"},
		"region":     {fault.Denied, "not_permitted", "location"},
		"403":        {fault.Denied, "not_permitted", "not enabled"},
		"none":       {fault.NotFound, "model_not_found", "none"},
		"429":        {fault.Limited, "rate_limited", "quota"},
		"503":        {fault.Unavailable, "overloaded", "overloaded"},
		"late":       {fault.Unavailable, "overloaded", "overloaded"},
		"blocked":    {fault.Invalid, "content_filter", "PROHIBITED"},
		"malformed":  {fault.Unavailable, "bad_call", "MALFORMED"},
	} {
		t.Run(name, func(t *testing.T) {
			m := with(t, s, name, func(c *Config) {
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
	m := with(t, s, "429", nil)
	var f *fault.Error
	require.ErrorAs(t, llmtest.Ask(t.Context(), m, llmtest.Hello()).Err, &f)
	require.Equal(t, "1500", f.Params["retry_after_ms"])
	n := s.Asked("429")
	require.Error(t, llmtest.Ask(t.Context(), m, llmtest.Hello()).Err)
	require.Equal(t, n, s.Asked("429"), "it wants to be left alone")
	a := llmtest.Ask(t.Context(), llm.Retry(with(t, s, "storm", nil), 6, time.Millisecond), llmtest.Hello())
	require.NoError(t, a.Err)
	require.Equal(t, "Good morning.", a.Text)
}

// What a conversation can leave behind must always be a history that the interface accepts.
func TestHistory(t *testing.T) {
	s := serve(t)
	m := with(t, s, "good", nil)
	require.NoError(t, llmtest.Ask(t.Context(), m, llmtest.Messy()).Err)
	body := s.Last().Body
	for _, want := range []string{toolWasCancelled, "in a hurry", "not_an_object", `{"day":{"type":"string"},"a":{"type":"string"}}`} {
		require.Contains(t, body, want)
	}
	require.NotContains(t, body, "dropped")
	for _, r := range []llm.Request{
		{}, {Messages: []llm.Message{{Role: llm.System, Text: "Be kind."}}}, {Messages: []llm.Message{{Role: llm.Assistant, Text: "Hello."}}},
		{Messages: []llm.Message{{Role: llm.User, Text: "a"}, {Role: llm.User, Text: "b"}, {Role: llm.Assistant, Text: "c"}}},
		{Messages: []llm.Message{{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "x", Name: "y", Arguments: "[1]"}}}, {Role: llm.Assistant, Text: " "}}},
		{Messages: []llm.Message{{Role: llm.User, Text: "a"}, {Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "x", Name: "y", Arguments: "{}"}}}, {Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "z", Name: "y", Arguments: "{}"}}}, {Role: llm.User, Text: "b"}}},
	} {
		require.NoError(t, llmtest.Ask(t.Context(), m, r).Err, "%+v", r)
	}
}

// The signature and the id of a call go back with its result, as they came; to another model they do not.
func TestSignaturesGoBack(t *testing.T) {
	s := serve(t)
	m := with(t, s, "loop", nil)
	r := llmtest.WithTools()
	a := llmtest.Ask(t.Context(), m, r)
	require.NoError(t, a.Err)
	r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Calls: a.Calls}, llm.Message{Role: llm.ToolRole, CallID: a.Calls[0].ID, Text: "9-5"}, llm.Message{Role: llm.ToolRole, CallID: a.Calls[1].ID, Text: "here"})
	a = llmtest.Ask(t.Context(), m, r)
	require.NoError(t, a.Err)
	require.Equal(t, "Nine to five.", a.Text)
	require.Contains(t, s.Last().Body, "thoughtSignature")
	require.Contains(t, s.Last().Body, `"id":"call_b"`)
	require.NoError(t, llmtest.Ask(t.Context(), with(t, s, "good", nil), r).Err)
	require.NotContains(t, s.Last().Body, "thoughtSignature")
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
	b := send(func(c *Config) { c.Thinking = "off" }, r)
	require.Equal(t, map[string]any{"temperature": 0.2, "maxOutputTokens": 50.0, "thinkingConfig": map[string]any{"thinkingBudget": 0.0}}, b["generationConfig"])
	require.NotContains(t, b, "toolConfig")
	b = send(func(c *Config) { c.Thinking, c.APIKey, c.Token = "low", "", "test-key" }, llmtest.Hello())
	require.Equal(t, map[string]any{"thinkingConfig": map[string]any{"thinkingLevel": "low"}}, b["generationConfig"])
	require.Equal(t, "Bearer test-key", s.Last().Header.Get("Authorization"))
	require.NotContains(t, send(nil, llmtest.Hello()), "generationConfig")
	for choice, want := range map[string]map[string]any{"none": {"mode": "NONE"}, "required": {"mode": "ANY"}, "hours": {"mode": "ANY", "allowedFunctionNames": []any{"hours"}}} {
		r.Choice = choice
		require.Equal(t, map[string]any{"functionCallingConfig": want}, send(nil, r)["toolConfig"])
	}
	b = send(nil, llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "What is this?", Images: []llm.Image{{Type: "image/png", Base64: "iVBORw=="}}, Files: []llm.File{{Name: "a.pdf", Type: "application/pdf", Base64: "JVBERg=="}}}}})
	content, err := json.Marshal(b["contents"])
	require.NoError(t, err)
	require.JSONEq(t, `[{"role":"user","parts":[{"inlineData":{"mimeType":"application/pdf","data":"JVBERg=="}},{"inlineData":{"mimeType":"image/png","data":"iVBORw=="}},{"text":"What is this?"}]}]`, string(content))
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
	for _, name := range []string{"GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_BASE_URL", "GEMINI_MODEL"} {
		t.Setenv(name, "")
	}
	s := serve(t)
	p := Provider()
	raw := json.RawMessage(`{"api_key":"test-key","base_url":"` + s.URL + `/v1beta/","model":"models/good"}`)
	m, err := p.LLM(t.Context(), raw)
	require.NoError(t, err)
	require.True(t, llm.TakesImages(m))
	require.True(t, llm.TakesFiles(m))
	require.NoError(t, llmtest.Ask(t.Context(), m, llmtest.Hello()).Err)
	require.NoError(t, m.(*model).Close())
	require.NoError(t, p.Check(t.Context(), raw))
	names, err := p.Models(t.Context(), raw)
	require.NoError(t, err)
	require.Len(t, names, len(answers))
	require.Contains(t, names, "good")
	require.Equal(t, "model_not_found", fault.CodeOf(p.Check(t.Context(), json.RawMessage(`{"api_key":"test-key","base_url":"`+s.URL+`/v1beta","model":"gone"}`))))
	require.Equal(t, "key_refused", fault.CodeOf(p.Check(t.Context(), json.RawMessage(`{"api_key":"wrong","base_url":"`+s.URL+`/v1beta"}`))))
	require.False(t, p.Present(t.Context(), nil).OK)
	t.Setenv("GOOGLE_API_KEY", "k")
	require.True(t, p.Present(t.Context(), nil).OK)
	for raw, code := range map[string]string{`{"base_url":"ftp://x"}`: "bad_base_url", `{"timeout":"0s"}`: "bad_timeout"} {
		m, err := p.LLM(t.Context(), json.RawMessage(raw))
		require.Equal(t, code, fault.CodeOf(err), raw)
		require.Nil(t, m)
	}
}
