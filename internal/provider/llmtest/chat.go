package llmtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"griot/internal/model/llm"
)

// chat is OpenAI's interface of chat completions.
type chat struct {
	deployment bool // the path names the model: Azure's dated form
	azure      bool // chunks come with what filters found, the first with nothing else
}

func (chat) failure(code, message string, status int) string {
	kind := "invalid_request_error"
	switch {
	case status >= 500:
		kind = "server_error"
	case status == 429 && code == "":
		kind, code = "requests", "rate_limit_exceeded"
	case status == 429:
		kind = code
	}
	var c any
	if code != "" && code != "authentication_error" {
		c = code
	}
	return mustJSON(obj{"error": obj{"message": message, "type": kind, "param": nil, "code": c}})
}

func (chat) late(code, message string) event {
	return event{"", mustJSON(obj{"error": obj{"message": message, "type": code, "param": nil, "code": nil}})}
}

func (p chat) check(r *http.Request, b obj) (string, string) {
	c := &checker{}
	var model string
	if p.deployment {
		model = r.PathValue("deployment")
		if r.URL.Query().Get("api-version") == "" {
			c.fail("Missing required query parameter: api-version")
		}
	} else {
		model = c.text("body", b, "model")
		if r.URL.Query().Has("api-version") {
			c.fail("api-version query parameter is not allowed when using /v1 path")
		}
	}
	c.only("body", b, "model", "messages", "stream", "stream_options", "max_completion_tokens", "max_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty", "stop", "n", "seed",
		"logprobs", "top_logprobs", "logit_bias", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "verbosity", "service_tier", "metadata", "store", "user")
	if b["stream"] != true {
		c.fail("stream: these tests want a stream")
	}
	if o, ok := b["stream_options"].(obj); ok {
		c.only("stream_options", o, "include_usage", "include_obfuscation")
	}
	if b["max_tokens"] != nil && b["max_completion_tokens"] != nil {
		c.fail("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	}
	c.oneOf("reasoning_effort", b["reasoning_effort"], "none", "minimal", "low", "medium", "high", "xhigh", "max")
	names := map[string]bool{}
	if b["tools"] != nil {
		tools := c.list("tools", b["tools"])
		if len(tools) == 0 {
			c.fail("tools: [] is too short")
		}
		for _, o := range tools {
			c.only("tools", o, "type", "function")
			f := c.object("tools", o, "function")
			c.function("tools.function", f, names)
			if o["type"] != "function" {
				c.fail("tools.type: %v", o["type"])
			}
		}
	}
	if len(names) == 0 && (b["tool_choice"] != nil || b["parallel_tool_calls"] != nil) {
		c.fail("'tool_choice' and 'parallel_tool_calls' are only allowed when 'tools' are specified.")
	}
	switch tc := b["tool_choice"].(type) {
	case nil:
	case string:
		c.oneOf("tool_choice", tc, "none", "auto", "required")
	case obj:
		if f := c.object("tool_choice", tc, "function"); tc["type"] != "function" || !names[fmt.Sprint(f["name"])] {
			c.fail("Tool choice %v not found in 'tools' parameter.", tc)
		}
	default:
		c.fail("tool_choice: %v", tc)
	}
	c.chatMessages(b)
	return model, c.wrong
}

// function checks a tool's description.
func (c *checker) function(where string, f obj, names map[string]bool) {
	c.only(where, f, "type", "name", "description", "parameters", "strict")
	name := c.text(where, f, "name")
	if schema := c.object(where, f, "parameters"); !plainName.MatchString(name) || schema["type"] != "object" || names[name] {
		c.fail("%s: the name %q or its schema is wrong", where, name)
	}
	names[name] = true
}

func (c *checker) chatMessages(b obj) {
	open := map[string]bool{}
	messages := c.list("messages", b["messages"])
	if len(messages) == 0 {
		c.fail("messages: [] is too short")
	}
	for i, m := range messages {
		where := fmt.Sprintf("messages.[%d]", i)
		c.only(where, m, "role", "content", "name", "refusal", "tool_calls", "tool_call_id")
		if m["role"] != "tool" && len(open) > 0 {
			c.fail("An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id': %v", open)
		}
		switch m["role"] {
		case "system", "developer", "user":
			c.chatContent(where, m["content"], m["role"] == "user")
		case "assistant":
			if _, ok := m["content"].(string); !ok && m["tool_calls"] == nil {
				c.fail("%s.content: a text is needed", where)
			}
			if m["tool_calls"] == nil {
				continue
			}
			calls := c.list(where+".tool_calls", m["tool_calls"])
			if len(calls) == 0 {
				c.fail("%s.tool_calls: [] is too short", where)
			}
			for _, o := range calls {
				c.only("tool_calls", o, "id", "type", "function")
				f := c.object("tool_calls", o, "function")
				c.text("tool_calls.function", f, "name")
				if args, ok := f["arguments"].(string); !ok || !json.Valid([]byte(args)) || o["type"] != "function" {
					c.fail("%s.tool_calls: arguments or type are wrong", where)
				}
				open[c.text("tool_calls", o, "id")] = true
			}
		case "tool":
			id := c.text(where, m, "tool_call_id")
			if _, ok := m["content"].(string); !open[id] || !ok {
				c.fail("%s: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.", where)
			}
			delete(open, id)
		default:
			c.fail("%s.role: %v", where, m["role"])
		}
	}
	if len(open) > 0 {
		c.fail("tool_calls without an answer: %v", open)
	}
}

func (c *checker) chatContent(where string, v any, user bool) {
	if _, ok := v.(string); ok {
		return
	}
	parts := c.list(where+".content", v)
	if len(parts) == 0 {
		c.fail("%s.content: [] is too short", where)
	}
	for _, o := range parts {
		switch o["type"] {
		case "text":
			c.only("text", o, "type", "text")
			c.text("text", o, "text")
		case "image_url":
			c.only("image_url", o, "type", "image_url")
			im := c.object("image_url", o, "image_url")
			c.only("image_url", im, "url", "detail")
			c.oneOf("image_url.detail", im["detail"], "auto", "low", "high")
			c.dataURL("image_url.url", im["url"], "image/")
		case "file":
			c.only("file", o, "type", "file")
			f := c.object("file", o, "file")
			c.only("file", f, "filename", "file_data", "file_id")
			c.text("file", f, "filename")
			c.dataURL("file.file_data", f["file_data"], "application/pdf")
		default:
			c.fail("%s.content: type %v", where, o["type"])
		}
		if o["type"] != "text" && !user {
			c.fail("%s.content: only users send %v", where, o["type"])
		}
	}
}

func (c *checker) dataURL(where string, v any, kind string) {
	s, _ := v.(string)
	head, data, ok := strings.Cut(s, ",")
	if _, err := base64.StdEncoding.DecodeString(data); !ok || err != nil || !strings.HasPrefix(head, "data:"+kind) || !strings.HasSuffix(head, ";base64") {
		c.fail("%s: Expected a base64-encoded data URL", where)
	}
}

func (p chat) events(a Answer) []event {
	var out []event
	chunk := func(delta obj, finish any) {
		choice := obj{"index": 0, "delta": delta, "finish_reason": finish}
		if p.azure {
			choice["content_filter_results"] = obj{"hate": obj{"filtered": false, "severity": "safe"}}
		}
		o := obj{"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []any{choice}, "usage": nil, "obfuscation": "xyz"}
		if a.Lax {
			o = obj{"choices": []any{obj{"delta": delta, "finish_reason": finish}}, "error": nil}
		}
		out = append(out, event{"", mustJSON(o)})
	}
	nothing := func() {
		out = append(out, event{"", mustJSON(obj{"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []any{}})})
	}
	if p.azure {
		out = append(out, event{"", `{"id":"","object":"","created":0,"model":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}],"choices":[]}`})
	}
	if !a.Lax {
		chunk(obj{"role": "assistant", "content": "", "refusal": nil}, nil)
	}
	if a.Think != "" {
		chunk(obj{"role": "assistant", "content": nil, "reasoning_content": a.Think}, nil)
	}
	for _, w := range words(a.Text) {
		if a.Empty {
			nothing()
			chunk(obj{}, nil)
		}
		chunk(obj{"content": w}, nil)
	}
	for _, d := range chatCalls(a) {
		chunk(obj{"tool_calls": d}, nil)
	}
	stop := a.Stop
	if stop == "" {
		stop = "stop"
		if len(a.Calls) > 0 && !a.Lax {
			stop = "tool_calls"
		}
	}
	if stop != "none" {
		chunk(obj{}, stop)
	}
	if !a.Lax && !a.NoUsage {
		out = append(out, event{"", mustJSON(obj{"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []any{}, "usage": obj{"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25,
			"prompt_tokens_details": obj{"cached_tokens": 10, "audio_tokens": 0}, "completion_tokens_details": obj{"reasoning_tokens": 0}}})})
	}
	if !a.Lax {
		out = append(out, event{"", "[DONE]"})
	}
	return out
}

// chatCalls are the pieces in which calls come: beginnings first, then arguments in turn, as services interleave them.
func chatCalls(a Answer) (out [][]any) {
	if a.Lax || a.InOne {
		for i, k := range a.Calls {
			o := obj{"index": i, "id": k.ID, "type": "function", "function": obj{"name": k.Name, "arguments": k.Arguments}}
			if a.Lax {
				var args any = json.RawMessage(k.Arguments)
				if !json.Valid([]byte(k.Arguments)) {
					args = k.Arguments
				}
				o = obj{"function": obj{"name": k.Name, "arguments": args}}
			}
			out = append(out, []any{o})
		}
		return out
	}
	for i, k := range a.Calls {
		out = append(out, []any{obj{"index": i, "id": k.ID, "type": "function", "function": obj{"name": k.Name, "arguments": ""}}})
	}
	for part := range 2 {
		var both []any
		for i, k := range a.Calls {
			if h := halves(k.Arguments); part < len(h) && h[part] != "" {
				both = append([]any{obj{"index": i, "function": obj{"arguments": h[part]}}}, both...)
			}
		}
		if len(both) > 0 {
			out = append(out, both)
		}
	}
	return out
}

// document is a whole answer, from a server that does not stream.
func (chat) document(a Answer) string {
	m := obj{"role": "assistant", "content": a.Text}
	stop := "stop"
	if len(a.Calls) > 0 {
		m["tool_calls"], stop = wholeCalls(a.Calls), "tool_calls"
	}
	return mustJSON(obj{"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": []any{obj{"index": 0, "message": m, "finish_reason": stop}},
		"usage": obj{"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25, "prompt_tokens_details": obj{"cached_tokens": 10}}})
}

func wholeCalls(calls []llm.ToolCall) (out []any) {
	for _, k := range calls {
		out = append(out, obj{"id": k.ID, "type": "function", "function": obj{"name": k.Name, "arguments": k.Arguments}})
	}
	return out
}
