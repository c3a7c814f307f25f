package llmtest

import (
	"context"
	"encoding/json"

	"griot/internal/model/llm"
)

// Result is all that a model gave.
type Result struct {
	Text  string
	Calls []llm.ToolCall
	Usage *llm.Usage
	Stop  llm.StopReason
	Err   error
}

// Ask reads a whole answer.
func Ask(ctx context.Context, m llm.Model, r llm.Request) (a Result) {
	for d, err := range m.Generate(ctx, r) {
		if err != nil {
			a.Err = err
			continue
		}
		a.Text += d.Text
		if d.Call != nil {
			a.Calls = append(a.Calls, *d.Call)
		}
		if d.Usage != nil {
			a.Usage = d.Usage
		}
		if d.Stop != "" {
			a.Stop = d.Stop
		}
	}
	return a
}

// Hello is a request that wants a text.
func Hello() llm.Request {
	return llm.Request{System: "Be brief.", Messages: []llm.Message{{Role: llm.User, Text: "Hello."}}}
}

// WithTools is one that may lead to calls of hours and place.
func WithTools() llm.Request {
	r := Hello()
	r.Tools = []llm.ToolSpec{
		{Name: "hours", Description: "Opening hours", Parameters: json.RawMessage(`{"type":"object","properties":{"day":{"type":"string"},"a":{"type":"string"}}}`)},
		{Name: "place"},
	}
	return r
}

// Messy is a history as conversations leave them behind: greetings, interruptions, late and missing results, calls that went wrong, notes of the system, empty texts.
func Messy() llm.Request {
	r := WithTools()
	r.Messages = []llm.Message{
		{Role: llm.Assistant, Text: "Hello, this is the surgery."},
		{Role: llm.User, Text: "When are you open?"},
		{Role: llm.Assistant, Text: "One moment.", Calls: []llm.ToolCall{{ID: "1", Name: "hours", Arguments: "{}"}, {ID: "call.2/x", Name: "place", Arguments: `{"broken`}}},
		{Role: llm.User, Text: "And where?"}, // interrupted: the results come late or never
		{Role: llm.ToolRole, CallID: "1", Text: "nine to five"},
		{Role: llm.ToolRole, CallID: "unknown", Text: "dropped"},
		{Role: llm.Assistant, Text: ""}, // nothing of it was heard
		{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "3", Name: "place", Arguments: "{}"}}},
		{Role: llm.ToolRole, CallID: "3", Text: ""},
		{Role: llm.System, Text: "The caller is in a hurry."},
		{Role: llm.User, Text: ""},
	}
	return r
}

// TwoCalls are what models of these tests answer to WithTools.
func TwoCalls() []llm.ToolCall {
	return []llm.ToolCall{{ID: "call_a", Name: "hours", Arguments: `{"day":"sunday"}`}, {ID: "call_b", Name: "place", Arguments: "{}"}}
}
