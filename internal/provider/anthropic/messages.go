package anthropic

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"griot/internal/model/llm"
)

type request struct {
	Model       string      `json:"model"`
	MaxTokens   int         `json:"max_tokens"`
	System      []block     `json:"system,omitempty"`
	Messages    []message   `json:"messages"`
	Tools       []toolSpec  `json:"tools,omitempty"`
	ToolChoice  *choice     `json:"tool_choice,omitempty"`
	Thinking    *kind       `json:"thinking,omitempty"`
	Output      *outputSpec `json:"output_config,omitempty"`
	Temperature *float64    `json:"temperature,omitempty"`
	Stream      bool        `json:"stream"`
}

type kind struct {
	Type string `json:"type"`
}

type outputSpec struct {
	Effort string `json:"effort,omitempty"`
}

type choice struct {
	Type    string `json:"type"`
	Name    string `json:"name,omitempty"`
	OneCall bool   `json:"disable_parallel_tool_use,omitempty"`
}

type toolSpec struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"input_schema"`
}

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// block is one piece of a message's content; which fields it has depends on its type. A raw one is given back as it came.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text,omitempty"`
	Source    *source         `json:"source,omitempty"`
	Title     string          `json:"title,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	Content   string          `json:"content,omitempty"`
	Thinking  *string         `json:"thinking,omitempty"`
	Signature string          `json:"signature,omitempty"`
	Data      string          `json:"data,omitempty"`
	Cache     *cacheSpec      `json:"cache_control,omitempty"`
}

type source struct {
	Type      string `json:"type"`
	MediaType string `json:"media_type"`
	Data      string `json:"data"`
}

type cacheSpec struct {
	Type string `json:"type"`
	TTL  string `json:"ttl,omitempty"`
}

const (
	// toolWasCancelled stands in for a result that never came: each call must have an answer.
	toolWasCancelled = "The call was cancelled before it had a result."
	// opening and goOn are said by nobody: a conversation must begin and end with a user.
	opening = "(The conversation begins.)"
	goOn    = "(Go on.)"
)

// request writes what is asked.
func (m *model) request(r llm.Request) request {
	q := request{Model: m.c.Model, MaxTokens: r.Limits.MaxTokens, Messages: m.messages(r), Stream: true}
	if q.MaxTokens <= 0 {
		q.MaxTokens = m.c.MaxTokens
	}
	if strings.TrimSpace(r.System) != "" {
		q.System = []block{{Type: "text", Text: r.System, Cache: m.cache()}}
	}
	if m.c.Sampling && m.c.Version == previous {
		q.Temperature = r.Limits.Temperature
	}
	if m.c.Thinking != "" {
		q.Thinking = &kind{m.c.Thinking}
	}
	if m.c.Effort != "" {
		q.Output = &outputSpec{m.c.Effort}
	}
	if len(r.Tools) == 0 {
		return q
	}
	for _, t := range r.Tools {
		s := toolSpec{t.Name, t.Description, t.Parameters}
		if len(s.Schema) == 0 {
			s.Schema = json.RawMessage(`{"type":"object","properties":{}}`)
		}
		q.Tools = append(q.Tools, s)
	}
	c := choice{OneCall: r.OneCall}
	switch r.Choice {
	case "", "auto":
		c.Type = "auto"
	case "none":
		c = choice{Type: "none"}
	case "required":
		c.Type = "any"
	default:
		c.Type, c.Name = "tool", r.Choice
	}
	if c.Type != "auto" || c.OneCall {
		q.ToolChoice = &c
	}
	return q
}

// cache marks the end of what is worth keeping.
func (m *model) cache() *cacheSpec {
	switch m.c.Cache {
	case "off", "":
		return nil
	case "5m":
		return &cacheSpec{Type: "ephemeral"} // the service's own time
	}
	return &cacheSpec{Type: "ephemeral", TTL: m.c.Cache}
}

// messages writes a history as the interface wants it: users and assistants in turn, beginning and ending with a user, and each call answered at the beginning of the message
// after it, wherever its result stands in the history.
func (m *model) messages(r llm.Request) []message {
	results := map[string]string{}
	for _, x := range r.Messages {
		if x.Role == llm.ToolRole {
			results[x.CallID] = x.Text
		}
	}
	var out []message
	add := func(role string, bs ...block) {
		switch n := len(out); {
		case len(bs) == 0:
		case n > 0 && out[n-1].Role == role && !calls(out[n-1]):
			out[n-1].Content = append(out[n-1].Content, bs...)
		default:
			out = append(out, message{role, bs})
		}
	}
	for _, x := range r.Messages {
		switch x.Role {
		case llm.System:
			switch {
			case strings.TrimSpace(x.Text) == "":
			case m.c.Version == current && len(out) > 0: // a conversation begins with a user
				add("system", textBlock(x.Text))
			default:
				add("user", textBlock("<note from=\"system\">"+x.Text+"</note>"))
			}
		case llm.User:
			add("user", userBlocks(x)...)
		case llm.Assistant:
			if len(out) == 0 && (strings.TrimSpace(x.Text) != "" || len(x.Calls) > 0) {
				add("user", textBlock(opening))
			}
			add("assistant", m.assistantBlocks(x)...)
			var answers []block
			for _, c := range x.Calls {
				text, ok := results[c.ID]
				if !ok {
					text = toolWasCancelled
				}
				answers = append(answers, block{Type: "tool_result", ToolUseID: plain(c.ID), Content: text})
			}
			add("user", answers...)
		}
	}
	switch n := len(out); {
	case n == 0:
		add("user", textBlock(opening))
	case out[n-1].Role != "user":
		add("user", textBlock(goOn))
	}
	last := out[len(out)-1].Content
	last[len(last)-1].Cache = m.cache()
	return out
}

// calls reports whether a message ends in a call: then its results must follow, and nothing can be added to it.
func calls(m message) bool {
	return m.Role == "assistant" && m.Content[len(m.Content)-1].Type == "tool_use"
}

func textBlock(s string) block { return block{Type: "text", Text: s} }

func userBlocks(x llm.Message) (out []block) {
	for _, f := range x.Files {
		if f.Type == "text/plain" {
			if b, err := base64.StdEncoding.DecodeString(f.Base64); err == nil && strings.TrimSpace(string(b)) != "" {
				out = append(out, block{Type: "document", Source: &source{"text", f.Type, strings.ToValidUTF8(string(b), "�")}, Title: f.Name})
			}
			continue
		}
		out = append(out, block{Type: "document", Source: &source{"base64", f.Type, f.Base64}, Title: f.Name})
	}
	for _, im := range x.Images {
		out = append(out, block{Type: "image", Source: &source{"base64", im.Type, im.Base64}})
	}
	if strings.TrimSpace(x.Text) != "" { // empty ones are refused
		out = append(out, textBlock(x.Text))
	}
	return out
}

func (m *model) assistantBlocks(x llm.Message) (out []block) {
	for _, c := range x.Calls {
		out = append(out, m.thoughts(c.Opaque)...)
	}
	if strings.TrimSpace(x.Text) != "" {
		out = append(out, textBlock(x.Text))
	}
	for _, c := range x.Calls {
		out = append(out, block{Type: "tool_use", ID: plain(c.ID), Name: c.Name, Input: input(c.Arguments)})
	}
	return out
}

// input is an object, as the interface wants it: what a model got wrong is kept as a text, so that it can see that.
func input(arguments string) json.RawMessage {
	var o map[string]json.RawMessage
	if json.Unmarshal([]byte(arguments), &o) == nil && o != nil {
		return json.RawMessage(arguments)
	}
	b, err := json.Marshal(map[string]string{"not_an_object": arguments})
	if err != nil || strings.TrimSpace(arguments) == "" {
		return json.RawMessage("{}")
	}
	return b
}

// plain is an id in the letters that the interface takes: a history can hold those of other services.
func plain(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, id[:min(len(id), 64)])
}

// opaqueMark begins what calls carry for us; the model's name follows, since another one cannot read it.
func (m *model) opaqueMark() string { return "anthropic/" + m.c.Model + ":" }

// thoughts are what the model thought before a call. They are to be given back as they came.
func (m *model) thoughts(opaque string) (out []block) {
	raw, ok := strings.CutPrefix(opaque, m.opaqueMark())
	if !ok || json.Unmarshal([]byte(raw), &out) != nil {
		return nil
	}
	return out
}
