package llmtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// anthropic is the Messages interface in both its versions.
type anthropic struct{}

var plainName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func (anthropic) failure(code, message string, status int) string {
	if code == "" {
		code = map[int]string{400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}[status]
	}
	if code == "" {
		code = "api_error"
	}
	return mustJSON(obj{"type": "error", "error": obj{"type": code, "message": message}, "request_id": "req_1"})
}

func (anthropic) late(code, message string) event {
	return event{"error", mustJSON(obj{"type": "error", "error": obj{"type": code, "message": message}})}
}

func (anthropic) check(r *http.Request, b obj) (string, string) {
	c := &checker{}
	model := c.text("body", b, "model")
	version := r.Header.Get("Anthropic-Version")
	switch version {
	case "2026-10-21", "2023-06-01":
	default:
		c.fail("anthropic-version: %q is not a valid version", version)
	}
	c.only("body", b, "model", "max_tokens", "messages", "system", "stream", "stop_sequences", "tools", "tool_choice", "thinking", "output_config", "cache_control", "metadata", "service_tier",
		"temperature", "top_p", "top_k", "speed", "container", "inference_geo")
	if version == "2026-10-21" {
		for _, k := range []string{"temperature", "top_p", "top_k"} {
			if b[k] != nil {
				c.fail("%s: not supported with this version", k)
			}
		}
	}
	if n, ok := b["max_tokens"].(float64); !ok || n < 1 {
		c.fail("max_tokens: Field required")
	}
	if b["stream"] != true {
		c.fail("stream: these tests want a stream")
	}
	breakpoints := 0
	count := func(o obj) {
		if o["cache_control"] == nil {
			return
		}
		breakpoints++
		cc := c.object("cache_control", o, "cache_control")
		c.only("cache_control", cc, "type", "ttl")
		if cc["type"] != "ephemeral" {
			c.fail("cache_control.type: %v", cc["type"])
		}
		c.oneOf("cache_control.ttl", cc["ttl"], "5m", "1h")
	}
	switch sys := b["system"].(type) {
	case nil, string:
	default:
		for _, o := range c.list("system", sys) {
			c.block(o, "system", version, count)
		}
	}
	names := map[string]bool{}
	if b["tools"] != nil {
		for _, o := range c.list("tools", b["tools"]) {
			c.only("tools", o, "name", "description", "input_schema", "strict", "cache_control", "eager_input_streaming", "type")
			name := c.text("tools", o, "name")
			if schema := c.object("tools", o, "input_schema"); !plainName.MatchString(name) || schema["type"] != "object" || names[name] {
				c.fail("tools.%s: name or input_schema is wrong", name)
			}
			names[name] = true
			count(o)
		}
	}
	if b["tool_choice"] != nil {
		tc := c.object("body", b, "tool_choice")
		c.only("tool_choice", tc, "type", "name", "disable_parallel_tool_use")
		c.oneOf("tool_choice.type", tc["type"], "auto", "any", "none", "tool")
		if tc["type"] == "tool" && !names[fmt.Sprint(tc["name"])] || len(names) == 0 {
			c.fail("tool_choice: no such tool")
		}
	}
	if b["thinking"] != nil {
		th := c.object("body", b, "thinking")
		c.oneOf("thinking.type", th["type"], "adaptive", "enabled", "disabled", "between_tools")
		if n, ok := th["budget_tokens"].(float64); th["type"] == "enabled" && (!ok || n < 1024) {
			c.fail("thinking.budget_tokens: at least 1024")
		}
	}
	if b["output_config"] != nil {
		oc := c.object("body", b, "output_config")
		c.only("output_config", oc, "effort", "format")
		c.oneOf("output_config.effort", oc["effort"], "low", "medium", "high", "xhigh", "max")
	}
	c.conversation(b, version, count)
	if breakpoints > 4 {
		c.fail("a maximum of 4 blocks with cache_control may be provided, found %d", breakpoints)
	}
	return model, c.wrong
}

// conversation checks the order of messages: calls are answered at the beginning of the next message, by a user.
func (c *checker) conversation(b obj, version string, count func(obj)) {
	messages := c.list("messages", b["messages"])
	if len(messages) == 0 {
		c.fail("messages: at least one message is required")
	}
	open := map[string]bool{}
	for i, m := range messages {
		where := fmt.Sprintf("messages.%d", i)
		c.only(where, m, "role", "content")
		role, _ := m["role"].(string)
		c.oneOf(where+".role", m["role"], "user", "assistant", "system")
		if i == 0 && role != "user" {
			c.fail("%s: first message must use the user role", where)
		}
		if role == "system" && version != "2026-10-21" {
			c.fail("%s: system messages are not supported with this version", where)
		}
		if role == "assistant" && i == len(messages)-1 {
			c.fail("%s: this model does not support assistant message prefill", where)
		}
		blocks := []obj{}
		if s, ok := m["content"].(string); ok {
			blocks = append(blocks, obj{"type": "text", "text": s})
		} else {
			blocks = c.list(where+".content", m["content"])
		}
		if len(blocks) == 0 {
			c.fail("%s: content is empty", where)
		}
		needs, other := open, false
		open = map[string]bool{}
		for _, o := range blocks {
			kind := c.block(o, role, version, count)
			switch {
			case kind == "tool_use":
				id, _ := o["id"].(string)
				if open[id] {
					c.fail("%s: tool_use ids must be unique", where)
				}
				open[id] = true
			case kind == "tool_result" && (role != "user" || other):
				c.fail("%s: tool_result blocks must come first in a user message", where)
			case kind == "tool_result":
				id, _ := o["tool_use_id"].(string)
				if !needs[id] {
					c.fail("%s: unexpected tool_use_id %s", where, id)
				}
				delete(needs, id)
			default:
				other = true
			}
		}
		if len(needs) > 0 {
			c.fail("%s: tool_use ids were found without tool_result blocks immediately after", where)
		}
	}
	if len(open) > 0 {
		c.fail("messages: tool_use without tool_result")
	}
}

// block checks one content block and returns its type.
func (c *checker) block(o obj, role, version string, count func(obj)) string {
	kind, _ := o["type"].(string)
	count(o)
	allowed := map[string]string{"text": "system user assistant", "image": "user", "document": "user", "tool_use": "assistant", "tool_result": "user", "thinking": "assistant", "redacted_thinking": "assistant"}
	if !strings.Contains(allowed[kind], role) || allowed[kind] == "" {
		c.fail("content: %q is not allowed in a message of role %s", kind, role)
		return kind
	}
	switch kind {
	case "text":
		c.only("text", o, "type", "text", "cache_control", "citations")
		if strings.TrimSpace(c.text("text", o, "text")) == "" {
			c.fail("text content blocks must contain non-whitespace text")
		}
		if l, ok := o["citations"].([]any); ok && len(l) > 0 && role == "user" && version == "2026-10-21" {
			c.fail("citations: not supported with this version")
		}
	case "image", "document":
		c.only(kind, o, "type", "source", "title", "context", "citations", "cache_control")
		src := c.object(kind, o, "source")
		switch src["type"] {
		case "base64":
			c.only("source", src, "type", "media_type", "data")
			_, err := base64.StdEncoding.DecodeString(c.text("source", src, "data"))
			if err != nil {
				c.fail("source.data: %v", err)
			}
			if kind == "image" {
				c.oneOf("source.media_type", src["media_type"], "image/jpeg", "image/png", "image/gif", "image/webp")
			} else {
				c.oneOf("source.media_type", src["media_type"], "application/pdf")
			}
		case "text":
			if kind != "document" || src["media_type"] != "text/plain" {
				c.fail("source: %v", src)
			}
			c.text("source", src, "data")
		default:
			c.fail("source.type: %v", src["type"])
		}
	case "tool_use":
		c.only(kind, o, "type", "id", "name", "input", "cache_control")
		if !plainName.MatchString(c.text(kind, o, "id")) {
			c.fail("tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
		}
		c.text(kind, o, "name")
		c.object(kind, o, "input")
	case "tool_result":
		c.only(kind, o, "type", "tool_use_id", "content", "is_error", "cache_control")
		c.text(kind, o, "tool_use_id")
	case "thinking":
		c.only(kind, o, "type", "thinking", "signature")
		if o["signature"] != thinkSignature {
			c.fail("thinking: Invalid `signature` in `thinking` block")
		}
	case "redacted_thinking":
		c.text(kind, o, "data")
	}
	return kind
}

// thinkSignature is what thinking comes with, and must come back with.
const thinkSignature = "EqQBCgIYAhIM+signed=="

func (anthropic) events(a Answer) []event {
	var out []event
	add := func(name string, o obj) {
		o["type"] = name
		out = append(out, event{name, mustJSON(o)})
	}
	add("message_start", obj{"message": obj{"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []any{}, "stop_reason": nil, "stop_sequence": nil,
		"usage": obj{"input_tokens": 4, "cache_creation_input_tokens": 6, "cache_read_input_tokens": 10, "output_tokens": 1}}})
	index := 0
	block := func(start obj, deltas ...obj) {
		add("content_block_start", obj{"index": index, "content_block": start})
		for i, d := range deltas {
			if i == 0 {
				add("ping", obj{})
			}
			add("content_block_delta", obj{"index": index, "delta": d})
		}
		add("content_block_stop", obj{"index": index})
		index++
	}
	if a.Think != "" {
		block(obj{"type": "thinking", "thinking": "", "signature": ""}, obj{"type": "thinking_delta", "thinking": a.Think}, obj{"type": "signature_delta", "signature": thinkSignature})
	}
	if a.Text != "" {
		var deltas []obj
		for _, w := range words(a.Text) {
			if a.Empty {
				deltas = append(deltas, obj{"type": "text_delta", "text": ""})
			}
			deltas = append(deltas, obj{"type": "text_delta", "text": w})
		}
		block(obj{"type": "text", "text": ""}, deltas...)
	}
	for _, k := range a.Calls {
		var deltas []obj
		if k.Arguments != "" {
			deltas = append(deltas, obj{"type": "input_json_delta", "partial_json": ""})
		}
		for _, h := range halves(k.Arguments) {
			deltas = append(deltas, obj{"type": "input_json_delta", "partial_json": h})
		}
		start := obj{"type": "tool_use", "id": k.ID, "name": k.Name, "input": obj{}}
		if a.InOne && json.Valid([]byte(k.Arguments)) {
			start["input"], deltas = json.RawMessage(k.Arguments), nil
		}
		block(start, deltas...)
	}
	stop := a.Stop
	if stop == "" {
		stop = "end_turn"
		if len(a.Calls) > 0 {
			stop = "tool_use"
		}
	}
	end := obj{"delta": obj{"stop_reason": stop, "stop_sequence": nil}, "usage": obj{"output_tokens": 5}}
	if stop == "refusal" {
		end["delta"].(obj)["stop_details"] = obj{"category": "cyber", "explanation": "not that"}
	}
	add("vendor_novelty", obj{"something": 1}) // unknown events are to be ignored
	add("message_delta", end)
	add("message_stop", obj{})
	return out
}
