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
	"griot/internal/provider/providertest"
)

type result struct {
	text  string
	calls []llm.ToolCall
	usage *llm.Usage
	stop  llm.StopReason
	err   error
}

func ask(ctx context.Context, m llm.Model, r llm.Request) (a result) {
	for d, err := range m.Generate(ctx, r) {
		if err != nil {
			a.err = err
			continue
		}
		a.text += d.Text
		if d.Call != nil {
			a.calls = append(a.calls, *d.Call)
		}
		if d.Usage != nil {
			a.usage = d.Usage
		}
		if d.Stop != "" {
			a.stop = d.Stop
		}
	}
	return a
}

func hello() llm.Request {
	return llm.Request{System: "Be brief.", Messages: []llm.Message{{Role: llm.User, Text: "Hello."}}}
}

func withTools() llm.Request {
	r := hello()
	r.Tools = []llm.ToolSpec{
		{Name: "hours", Description: "Opening hours", Parameters: json.RawMessage(`{"type":"object","properties":{"day":{"type":"string"},"a":{"type":"string"}}}`)},
		{Name: "place"},
	}
	return r
}

func TestChatAnswers(t *testing.T) {
	s := newServer(t)
	sunday := llm.ToolCall{ID: "call_a", Name: "hours", Arguments: `{"day":"sunday"}`}
	usage := &llm.Usage{Input: 20, Cached: 16, Output: 5}
	cases := []struct {
		model string
		r     llm.Request
		want  result
	}{
		{"good", hello(), result{text: "Good morning.", usage: usage, stop: llm.StopEnd}},
		{"good", withTools(), result{text: "One moment.", calls: []llm.ToolCall{sunday, {ID: "call_b", Name: "place", Arguments: "{}"}}, usage: usage, stop: llm.StopTools}},
		{"refusal", hello(), result{text: "I cannot help with that.", stop: llm.StopEnd}},
		{"length", hello(), result{text: "Good", usage: usage, stop: llm.StopLength}},
		{"filter", hello(), result{stop: llm.StopFilter}},
		{"no finish", hello(), result{text: "Good.", stop: llm.StopEnd}},
		{"stays open", hello(), result{text: "Good.", stop: llm.StopEnd}},
	}
	for _, c := range cases {
		t.Run(c.model, func(t *testing.T) {
			require.Equal(t, c.want, ask(t.Context(), &chat{s.client(c.model)}, c.r))
		})
	}
	t.Run("lax", func(t *testing.T) {
		a := ask(t.Context(), &chat{s.client("lax")}, withTools())
		require.NoError(t, a.err)
		require.Equal(t, "Hm.", a.text)
		require.Equal(t, llm.StopTools, a.stop)
		require.Len(t, a.calls, 2)
		require.Equal(t, "hours", a.calls[0].Name)
		require.JSONEq(t, `{"day":"sunday"}`, a.calls[0].Arguments)
		require.Equal(t, "place", a.calls[1].Name)
		require.Equal(t, "{}", a.calls[1].Arguments)
		require.NotEmpty(t, a.calls[0].ID)
		require.NotEqual(t, a.calls[0].ID, a.calls[1].ID)
	})
}

func TestChatFails(t *testing.T) {
	s := newServer(t)
	cases := []struct {
		model, text string
		kind        fault.Kind
		code, says  string
	}{
		{"cut", "Good mor", fault.Unavailable, "stream_cut", "broke off"},
		{"torn", "Good mor", fault.Unavailable, "stream_cut", "broke off"},
		{"empty", "", fault.Unavailable, "stream_cut", ""},
		{"hang", "", fault.Unavailable, "timeout", "did not answer"},
		{"hang after role", "", fault.Unavailable, "timeout", ""},
		{"hang after text", "Good mor", fault.Unavailable, "timeout", ""},
		{"garbage", "Good", fault.Unavailable, "bad_response", "not JSON"},
		{"html", "", fault.Unavailable, "bad_response", "text/html"},
		{"html 502", "", fault.Unavailable, "server_error", "502"},
		{"endless 500", "", fault.Unavailable, "server_error", "500"},
		{"endless call", "", fault.Unavailable, "bad_response", "without end"},
		{"400", "", fault.Invalid, "rejected", "too hot"},
		{"too long", "", fault.Invalid, "too_long", "8192"},
		{"filtered", "", fault.Invalid, "content_filter", ""},
		{"403", "", fault.Denied, "not_permitted", "region"},
		{"404", "", fault.NotFound, "model_not_found", "does not exist"},
		{"429", "", fault.Limited, "rate_limited", "Rate limit reached"},
		{"quota", "", fault.Denied, "quota_exceeded", ""},
		{"503", "", fault.Unavailable, "server_error", "Loading model"},
		{"text error", "", fault.Unavailable, "server_error", "500"},
		{"late error", "Good", fault.Unavailable, "server_error", "had an error"},
		{"late limit", "", fault.Limited, "rate_limited", "slow down"},
		{"late text", "", fault.Unavailable, "server_error", "runner died"},
	}
	for _, c := range cases {
		t.Run(c.model, func(t *testing.T) {
			cl := s.client(c.model)
			if strings.HasPrefix(c.model, "hang") {
				cl.c.Timeout = 100 * time.Millisecond
			}
			a := ask(t.Context(), &chat{cl}, hello())
			require.Equal(t, c.text, a.text)
			require.Equal(t, c.kind, fault.KindOf(a.err), "%v", a.err)
			require.Equal(t, c.code, fault.CodeOf(a.err), "%v", a.err)
			require.ErrorContains(t, a.err, c.says)
			require.NotContains(t, a.err.Error(), testKey)
			require.Empty(t, a.stop)
		})
	}

	a := ask(t.Context(), &chat{s.client("429")}, hello())
	var f *fault.Error
	require.ErrorAs(t, a.err, &f)
	require.Equal(t, "2000", f.Params["retry_after_ms"])
	a = ask(t.Context(), &chat{s.client("503")}, hello())
	require.ErrorAs(t, a.err, &f)
	require.Equal(t, "1500", f.Params["retry_after_ms"])

	wrongKey := s.client("good")
	wrongKey.c.APIKey = "sk-wrong"
	fresh, err := newClient(wrongKey.c)
	require.NoError(t, err)
	a = ask(t.Context(), &chat{fresh}, hello())
	require.Equal(t, "key_refused", fault.CodeOf(a.err))
	require.NotContains(t, a.err.Error(), "sk-")
	require.NoError(t, fresh.Close())
}

func TestChatUnreachable(t *testing.T) {
	s := newServer(t)
	c := s.config("good")
	c.BaseURL = strings.Replace(c.BaseURL, "http://", "http://user:secret@", 1)
	s.Close()
	cl, err := newClient(c)
	require.NoError(t, err)
	a := ask(t.Context(), &chat{cl}, hello())
	require.Equal(t, "unreachable", fault.CodeOf(a.err))
	require.NotContains(t, a.err.Error(), "secret")
}

// The history that a conversation can leave behind must always be one that the interface accepts.
func TestChatHistory(t *testing.T) {
	s := newServer(t)
	r := withTools()
	r.Messages = []llm.Message{
		{Role: llm.Assistant, Text: "Hello, this is the surgery."},
		{Role: llm.User, Text: "When are you open?"},
		{Role: llm.Assistant, Text: "One moment.", Calls: []llm.ToolCall{{ID: "1", Name: "hours", Arguments: "{}"}, {ID: "2", Name: "place", Arguments: `{"broken`}}},
		{Role: llm.User, Text: "And where?"}, // interrupted: the results come late or never
		{Role: llm.ToolRole, CallID: "1", Text: "nine to five"},
		{Role: llm.ToolRole, CallID: "unknown", Text: "dropped"},
		{Role: llm.Assistant, Text: ""}, // nothing of it was heard
		{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "3", Name: "place", Arguments: "{}"}}},
		{Role: llm.ToolRole, CallID: "3", Text: ""},
		{Role: llm.System, Text: "The caller is in a hurry."},
		{Role: llm.User, Text: ""},
	}
	warm := 0.2
	r.Limits = llm.Limits{MaxTokens: 100, Temperature: &warm}
	r.Choice = "hours"
	a := ask(t.Context(), &chat{s.client("good")}, r)
	require.NoError(t, a.err)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.last()), &got))
	require.EqualValues(t, 100, got["max_tokens"])
	require.EqualValues(t, 0.2, got["temperature"])
	require.Equal(t, map[string]any{"type": "function", "function": map[string]any{"name": "hours"}}, got["tool_choice"])
	require.Equal(t, map[string]any{"include_usage": true}, got["stream_options"])
	require.Contains(t, s.last(), `{"day":{"type":"string"},"a":{"type":"string"}}`) // in the order of the schema
	var roles []string
	for _, m := range got["messages"].([]any) {
		roles = append(roles, m.(map[string]any)["role"].(string))
	}
	require.Equal(t, "system assistant user assistant tool tool user assistant tool system user", strings.Join(roles, " "))
	require.Contains(t, s.last(), toolWasCancelled)
	require.NotContains(t, s.last(), "dropped")

	own := chat{&client{c: Config{BaseURL: defaultBaseURL + "/", Model: "m", Effort: "low"}}}
	q := own.request(r)
	require.Equal(t, 100, q.MaxCompletionTokens)
	require.Zero(t, q.MaxTokens)
	require.Equal(t, "low", q.ReasoningEffort)
	r.Choice = "required"
	require.Equal(t, "required", own.request(r).ToolChoice)
	r.Tools = nil
	require.Nil(t, own.request(r).ToolChoice)
}

func TestChatCancelled(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	n := 0
	var failed error
	for d, err := range (&chat{s.client("hang after text")}).Generate(ctx, hello()) {
		if d.Text != "" {
			n++
			cancel(errors.New("interrupted"))
		}
		failed = err
	}
	require.Equal(t, 1, n)
	require.ErrorIs(t, failed, context.Canceled)
}

func TestChatConformance(t *testing.T) {
	s := newServer(t)
	tools := withTools()
	wrongKey := s.config("good")
	wrongKey.APIKey = "sk-wrong"
	refused, err := newClient(wrongKey)
	require.NoError(t, err)
	t.Cleanup(func() { _ = refused.Close() })
	providertest.LLM(t, &chat{s.client("good")}, providertest.LLMOptions{
		Want: "Good morning.", Usage: true, Tools: &tools, Calls: 2, Hangs: &chat{s.client("hang")},
		Broken: []providertest.Broken[llm.Model]{
			{Name: "key", Model: &chat{refused}, Kind: fault.Denied, Code: "key_refused"},
			{Name: "model", Model: &chat{s.client("none")}, Kind: fault.NotFound},
			{Name: "limit", Model: &chat{s.client("429")}, Kind: fault.Limited},
			{Name: "down", Model: &chat{s.client("html 502")}, Kind: fault.Unavailable},
			{Name: "rejected", Model: &chat{s.client("400")}, Kind: fault.Invalid},
		},
	})
}

// Images are sent as parts; whether the model takes them is a setting, and by default known of OpenAI's own server only.
func TestImages(t *testing.T) {
	s := newServer(t)
	m := &chat{s.client("good")}
	r := llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "What is this?", Images: []llm.Image{{Type: "image/png", Base64: "iVBORw==", Detail: "low"}, {Type: "image/jpeg", Base64: "/9j/"}}},
		{Role: llm.User, Images: []llm.Image{{Type: "image/gif", Base64: "R0lG"}}}}}
	require.NoError(t, ask(t.Context(), m, r).err)
	var sent struct {
		Messages []struct{ Content json.RawMessage }
	}
	require.NoError(t, json.Unmarshal([]byte(s.last()), &sent))
	require.JSONEq(t, `[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw==","detail":"low"}},
		{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/"}}]`, string(sent.Messages[0].Content))
	require.JSONEq(t, `[{"type":"image_url","image_url":{"url":"data:image/gif;base64,R0lG"}}]`, string(sent.Messages[1].Content))

	for _, c := range []struct {
		base, images string
		want         bool
	}{{defaultBaseURL, "auto", true}, {defaultBaseURL, "no", false}, {defaultBaseURL, "", true}, {s.URL + "/v1", "auto", false}, {s.URL + "/v1", "yes", true}} {
		cfg := s.config("good")
		cfg.BaseURL, cfg.Images = c.base, c.images
		model, err := newLLM(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, c.want, llm.TakesImages(llm.Retry(model, 2, time.Second)), "%+v", c)
		require.NoError(t, model.(*chat).Close())
	}
	yes, no := s.config("good"), s.config("good")
	yes.Images, no.Images = "yes", "no"
	a, b := &chat{s.client("good")}, &chat{s.client("good")}
	a.c, b.c = yes, no
	require.True(t, llm.TakesImages(llm.Fallback(a, a)))
	require.False(t, llm.TakesImages(llm.Fallback(a, b)), "the second may have to answer")
}

// That an answer shall hold one call at most is said beside tools only: servers refuse it elsewhere.
func TestOneCall(t *testing.T) {
	s := newServer(t)
	m := &chat{s.client("good")}
	r := withTools()
	require.NoError(t, ask(t.Context(), m, r).err)
	require.NotContains(t, s.last(), "parallel_tool_calls")
	r.OneCall = true
	require.NoError(t, ask(t.Context(), m, r).err)
	require.Contains(t, s.last(), `"parallel_tool_calls":false`)
	r.Tools = nil
	require.NoError(t, ask(t.Context(), m, r).err)
	require.NotContains(t, s.last(), "parallel_tool_calls")
}
