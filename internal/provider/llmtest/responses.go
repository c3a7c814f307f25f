package llmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// responses is OpenAI's interface of that name.
type responses struct {
	dated bool // Azure's older form of address
}

func (responses) failure(code, message string, status int) string {
	return chat{}.failure(code, message, status)
}

func (responses) late(code, message string) event {
	if code == "response.failed" {
		return event{code, mustJSON(obj{"type": code, "sequence_number": 99, "response": obj{"id": "resp_1", "object": "response", "status": "failed", "error": obj{"code": "server_error", "message": message}}})}
	}
	return event{"error", mustJSON(obj{"type": "error", "code": code, "message": message, "param": nil, "sequence_number": 99})}
}

func (p responses) check(r *http.Request, b obj) (string, string) {
	c := &checker{}
	if r.URL.Query().Has("api-version") != p.dated {
		c.fail("api-version: needed at the older address, not allowed at the present one")
	}
	model := c.text("body", b, "model")
	c.only("body", b, "model", "input", "instructions", "previous_response_id", "conversation", "store", "include", "max_output_tokens", "temperature", "top_p", "top_logprobs", "truncation", "service_tier",
		"metadata", "parallel_tool_calls", "background", "prompt", "prompt_cache_key", "safety_identifier", "reasoning", "text", "tools", "tool_choice", "stream", "stream_options")
	if b["stream"] != true {
		c.fail("stream: these tests want a stream")
	}
	if n, ok := b["max_output_tokens"].(float64); ok && n < 16 {
		c.fail("Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got %v instead.", n)
	}
	if l, ok := b["include"].([]any); ok {
		for _, v := range l {
			c.oneOf("include", v, "reasoning.encrypted_content")
		}
	}
	if o, ok := b["reasoning"].(obj); ok {
		c.only("reasoning", o, "effort", "summary")
		c.oneOf("reasoning.effort", o["effort"], "none", "minimal", "low", "medium", "high", "xhigh", "max")
	}
	names := map[string]bool{}
	if b["tools"] != nil {
		for _, o := range c.list("tools", b["tools"]) {
			if o["type"] != "function" {
				c.fail("tools.type: %v", o["type"])
			}
			c.function("tools", o, names)
			if o["strict"] != false {
				c.fail("Invalid schema for function: with strict, 'additionalProperties' is required to be supplied and to be false.")
			}
		}
	}
	switch tc := b["tool_choice"].(type) {
	case nil:
	case string:
		c.oneOf("tool_choice", tc, "none", "auto", "required")
	case obj:
		if c.only("tool_choice", tc, "type", "name"); tc["type"] != "function" || !names[fmt.Sprint(tc["name"])] {
			c.fail("Tool choice %v not found in 'tools' parameter.", tc)
		}
	}
	c.input(b["input"], b["store"] == false)
	return model, c.wrong
}

// input checks the list of items: each call has an output somewhere after it, and each output its call before it.
func (c *checker) input(v any, stateless bool) {
	if _, ok := v.(string); ok {
		return
	}
	open := map[string]bool{}
	for i, o := range c.list("input", v) {
		where := fmt.Sprintf("input[%d]", i)
		switch kind, _ := o["type"].(string); kind {
		case "", "message":
			c.only(where, o, "type", "role", "content", "id", "status")
			c.oneOf(where+".role", o["role"], "user", "assistant", "system", "developer")
			if _, ok := o["content"].(string); ok {
				continue
			}
			for _, p := range c.list(where+".content", o["content"]) {
				c.part(where, p)
			}
		case "function_call":
			c.only(where, o, "type", "id", "call_id", "name", "arguments", "status")
			c.text(where, o, "name")
			if s, ok := o["arguments"].(string); !ok || !json.Valid([]byte(s)) {
				c.fail("%s.arguments: a text of JSON is needed", where)
			}
			open[c.text(where, o, "call_id")] = true
		case "function_call_output":
			c.only(where, o, "type", "id", "call_id", "output", "status")
			id := c.text(where, o, "call_id")
			if _, ok := o["output"].(string); !ok || !open[id] {
				c.fail("No tool call found for function call output with call_id %s.", id)
			}
			delete(open, id)
		case "reasoning":
			if o["encrypted_content"] != sealed || !stateless {
				c.fail("Item '%v' of type 'reasoning' was not found.", o["id"])
			}
		default:
			c.fail("%s.type: %v", where, kind)
		}
	}
	for id := range open {
		c.fail("No tool output found for function call %s.", id)
	}
}

func (c *checker) part(where string, p obj) {
	switch p["type"] {
	case "input_text", "output_text":
		c.only(where, p, "type", "text")
		c.text(where, p, "text")
	case "input_image":
		c.only(where, p, "type", "image_url", "detail", "file_id")
		c.oneOf(where+".detail", p["detail"], "auto", "low", "high", "original")
		c.dataURL(where+".image_url", p["image_url"], "image/")
	case "input_file":
		c.only(where, p, "type", "filename", "file_data", "file_url", "file_id")
		c.text(where, p, "filename")
		c.dataURL(where+".file_data", p["file_data"], "application/pdf")
	default:
		c.fail("%s.content: type %v", where, p["type"])
	}
}

// sealed is what thoughts come with, and must come back with.
const sealed = "gAAAAAB-sealed=="

func (responses) events(a Answer) []event {
	var out []event
	add := func(name string, o obj) {
		o["type"], o["sequence_number"] = name, len(out)
		out = append(out, event{name, mustJSON(o)})
	}
	begun := obj{"id": "resp_1", "object": "response", "created_at": 1, "status": "in_progress", "output": []any{}, "usage": nil}
	add("response.created", obj{"response": begun})
	add("response.in_progress", obj{"response": begun})
	var output []any
	index := 0
	if a.Think != "" {
		add("response.output_item.added", obj{"output_index": index, "item": obj{"type": "reasoning", "id": "rs_1", "summary": []any{}}})
		add("response.reasoning_summary_text.delta", obj{"item_id": "rs_1", "output_index": index, "summary_index": 0, "delta": a.Think})
		it := obj{"type": "reasoning", "id": "rs_1", "summary": []any{obj{"type": "summary_text", "text": a.Think}}, "encrypted_content": sealed}
		add("response.output_item.done", obj{"output_index": index, "item": it})
		output = append(output, it)
		index++
	}
	if a.Text != "" {
		at := obj{"item_id": "msg_1", "output_index": index, "content_index": 0}
		with := func(more obj) obj {
			for k, v := range at {
				more[k] = v
			}
			return more
		}
		add("response.output_item.added", obj{"output_index": index, "item": obj{"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant", "content": []any{}}})
		add("response.content_part.added", with(obj{"part": obj{"type": "output_text", "text": "", "annotations": []any{}}}))
		for _, w := range words(a.Text) {
			if a.Empty {
				add("response.output_text.delta", with(obj{"delta": ""}))
			}
			add("response.output_text.delta", with(obj{"delta": w, "obfuscation": "abc"}))
		}
		part := obj{"type": "output_text", "text": a.Text, "annotations": []any{}}
		add("response.output_text.done", with(obj{"text": a.Text}))
		add("response.content_part.done", with(obj{"part": part}))
		it := obj{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": []any{part}}
		add("response.output_item.done", obj{"output_index": index, "item": it})
		output = append(output, it)
		index++
	}
	for i, k := range a.Calls {
		id := fmt.Sprintf("fc_%d", i)
		it := func(status, args string) obj {
			return obj{"type": "function_call", "id": id, "call_id": k.ID, "name": k.Name, "arguments": args, "status": status}
		}
		add("response.output_item.added", obj{"output_index": index, "item": it("in_progress", "")})
		if !a.InOne {
			for _, h := range halves(k.Arguments) {
				add("response.function_call_arguments.delta", obj{"item_id": id, "output_index": index, "delta": h})
			}
			add("response.function_call_arguments.done", obj{"item_id": id, "output_index": index, "arguments": k.Arguments})
		}
		add("response.output_item.done", obj{"output_index": index, "item": it("completed", k.Arguments)})
		output = append(output, it("completed", k.Arguments))
		index++
	}
	whole := obj{"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "error": nil, "incomplete_details": nil, "output": output}
	if !a.NoUsage {
		whole["usage"] = obj{"input_tokens": 20, "input_tokens_details": obj{"cached_tokens": 10}, "output_tokens": 5, "output_tokens_details": obj{"reasoning_tokens": 0}, "total_tokens": 25}
	}
	end := "response.completed"
	if a.Stop != "" {
		end, whole["status"], whole["incomplete_details"] = "response.incomplete", "incomplete", obj{"reason": strings.TrimPrefix(a.Stop, "incomplete: ")}
	}
	add("response.novelty", obj{})
	add(end, obj{"response": whole})
	return out
}
