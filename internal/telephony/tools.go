package telephony

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/tool"
)

// Tools are what an agent can do with the call that it is in.
func Tools(c Carrier, id string) tool.Set { return tools{c, id} }

type tools struct {
	carrier Carrier
	id      string
}

// Tools implements tool.Set.
func (t tools) Tools(context.Context) ([]tool.Tool, error) {
	return []tool.Tool{
		control{name: "transfer_call", about: "Connect the caller with a person or another number, and leave the call. Say so before. When it fails the caller is still there.",
			param: "to", means: "Telephone number or extension to connect to.", limit: 90 * time.Second, more: t.more(),
			do: func(ctx context.Context, to string, args map[string]string) error {
				if b, ok := t.carrier.(Briefer); ok {
					return b.Brief(ctx, t.id, to, args["briefing"])
				}
				return t.carrier.Transfer(ctx, t.id, to)
			}},
		control{name: "send_digits", about: "Press keys of the telephone, for example in the menu of another machine.",
			param: "digits", means: "0 to 9, *, # and A to D.", limit: 5 * time.Second,
			do: func(ctx context.Context, digits string, _ map[string]string) error {
				return t.carrier.SendDigits(ctx, t.id, digits)
			}},
		control{name: "hang_up", about: "End the call. Say good-bye before.", limit: 5 * time.Second,
			do: func(ctx context.Context, _ string, _ map[string]string) error {
				return t.carrier.HangUp(ctx, t.id, "agent_hung_up")
			}},
	}, nil
}

// more are the parameters of a transfer by a carrier that can brief.
func (t tools) more() map[string]string {
	if _, ok := t.carrier.(Briefer); !ok {
		return nil
	}
	return map[string]string{"briefing": "What the person who answers is told before the caller is connected: who calls, and why. One or two sentences."}
}

// Close implements tool.Set.
func (tools) Close() error { return nil }

// control is one of the tools; param is empty for one that needs nothing.
type control struct {
	name, about, param, means string
	limit                     time.Duration
	more                      map[string]string // other parameters that may be given, and what they mean
	do                        func(ctx context.Context, value string, args map[string]string) error
}

// Spec implements tool.Tool.
func (c control) Spec() llm.ToolSpec {
	schema := map[string]any{"type": "object", "properties": map[string]any{}, "additionalProperties": false}
	if c.param != "" {
		properties := map[string]any{c.param: map[string]any{"type": "string", "description": c.means}}
		for name, means := range c.more {
			properties[name] = map[string]any{"type": "string", "description": means}
		}
		schema["properties"] = properties
		schema["required"] = []string{c.param}
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		raw = []byte(`{"type":"object"}`)
	}
	return llm.ToolSpec{Name: c.name, Description: c.about, Parameters: raw}
}

// Policy implements tool.Tool. What has begun with a telephone is not undone by an interruption.
func (c control) Policy() tool.Policy { return tool.Policy{Timeout: c.limit, OnInterrupt: tool.Finish} }

// Call implements tool.Tool.
func (c control) Call(ctx context.Context, call llm.ToolCall) (llm.ToolResult, error) {
	args := map[string]string{}
	if err := json.Unmarshal([]byte(call.Arguments), &args); err != nil {
		return llm.ToolResult{}, fault.Wrap(err, fault.Invalid, "invalid_arguments", "read the arguments of %s", c.name)
	}
	value := args[c.param]
	if value == "" && c.param != "" {
		return llm.ToolResult{}, fault.New(fault.Invalid, "invalid_arguments", "%s needs %q", c.name, c.param).At(c.param)
	}
	if err := c.do(ctx, value, args); err != nil {
		return llm.ToolResult{}, fmt.Errorf("%s: %w", c.name, err)
	}
	return llm.ToolResult{Output: `{"ok":true}`}, nil
}
