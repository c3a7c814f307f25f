package chat

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"griot/internal/model/llm"
)

// The wire types of chat completions, as far as we send and read them. Compatible servers are laxer than OpenAI, and a tool's schema must keep the order of its properties.

type chatRequest struct {
	Model               string         `json:"model,omitempty"`
	Messages            []chatMessage  `json:"messages"`
	Stream              bool           `json:"stream"`
	StreamOptions       *streamOptions `json:"stream_options,omitempty"`
	Tools               []chatTool     `json:"tools,omitempty"`
	ToolChoice          any            `json:"tool_choice,omitempty"`
	Parallel            *bool          `json:"parallel_tool_calls,omitempty"`
	MaxTokens           int            `json:"max_tokens,omitempty"`
	MaxCompletionTokens int            `json:"max_completion_tokens,omitempty"`
	Temperature         *float64       `json:"temperature,omitempty"`
	ReasoningEffort     string         `json:"reasoning_effort,omitempty"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type chatMessage struct {
	Role       string     `json:"role"`
	Content    any        `json:"content"` // a text, chatParts, or null beside tool calls
	ToolCalls  []chatCall `json:"tool_calls,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"`
}

// chatPart is a text, an image or a document; both of these are data URLs.
type chatPart struct {
	Type     string     `json:"type"`
	Text     string     `json:"text,omitempty"`
	ImageURL *chatImage `json:"image_url,omitempty"`
	File     *chatFile  `json:"file,omitempty"`
}

type chatFile struct {
	Name string `json:"filename,omitempty"`
	Data string `json:"file_data"`
}

type chatImage struct {
	URL    string `json:"url"`
	Detail string `json:"detail,omitempty"`
}

type chatCall struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type chatTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	} `json:"function"`
}

// chatDelta is what a chunk adds to the answer.
type chatDelta struct {
	Content   *string     `json:"content"`
	Refusal   *string     `json:"refusal"`
	ToolCalls []callPiece `json:"tool_calls"`
	Reasoning *string     `json:"reasoning_content"`
	Thinking  any         `json:"reasoning"` // a text; an object with some servers
}

// chatChunk is one event of a stream.
type chatChunk struct {
	Choices []struct {
		Delta        chatDelta  `json:"delta"`
		Message      *chatDelta `json:"message"` // of a server that gives its answer whole
		FinishReason *string    `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
		Details          *struct {
			CachedTokens int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type callPiece struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"` // a string; an object with some servers
	} `json:"function"`
}

// usage returns the counts of a chunk, nil when it has none.
func (c *chatChunk) usage() *llm.Usage {
	if c.Usage == nil {
		return nil
	}
	u := &llm.Usage{Input: c.Usage.PromptTokens, Output: c.Usage.CompletionTokens}
	if c.Usage.Details != nil {
		u.Cached = c.Usage.Details.CachedTokens
	}
	return u
}

// toolWasCancelled stands in for a result that never came: each call must have an answer.
const toolWasCancelled = "The call was cancelled before it had a result."

// messages writes a history. Results follow their calls at once, as the interface demands, wherever they stand in the history.
func messages(r llm.Request) []chatMessage {
	results := map[string]string{}
	for _, m := range r.Messages {
		if m.Role == llm.ToolRole {
			results[m.CallID] = m.Text
		}
	}
	var out []chatMessage
	if r.System != "" {
		out = append(out, chatMessage{Role: "system", Content: r.System})
	}
	for _, m := range r.Messages {
		switch m.Role {
		case llm.ToolRole:
			continue
		case llm.Assistant:
			if m.Text == "" && len(m.Calls) == 0 {
				continue // nothing of it was heard
			}
		}
		w := chatMessage{Role: string(m.Role)}
		switch {
		case len(m.Images)+len(m.Files) > 0:
			w.Content = parts(m)
		case m.Text != "" || len(m.Calls) == 0:
			w.Content = m.Text
		}
		for _, c := range m.Calls {
			k := chatCall{ID: c.ID, Type: "function"}
			k.Function.Name, k.Function.Arguments = c.Name, object(c.Arguments)
			w.ToolCalls = append(w.ToolCalls, k)
		}
		out = append(out, w)
		for _, c := range m.Calls {
			text, ok := results[c.ID]
			if !ok {
				text = toolWasCancelled
			}
			out = append(out, chatMessage{Role: "tool", Content: text, ToolCallID: c.ID})
		}
	}
	return out
}

// parts writes a message with images or documents.
func parts(m llm.Message) (out []chatPart) {
	for _, f := range m.Files {
		if f.Type == "text/plain" { // the interface takes PDF only
			out = append(out, chatPart{Type: "text", Text: plainFile(f)})
			continue
		}
		out = append(out, chatPart{Type: "file", File: &chatFile{f.Name, dataURL(f.Type, f.Base64)}})
	}
	if m.Text != "" {
		out = append(out, chatPart{Type: "text", Text: m.Text})
	}
	for _, im := range m.Images {
		out = append(out, chatPart{Type: "image_url", ImageURL: &chatImage{URL: dataURL(im.Type, im.Base64), Detail: im.Detail}})
	}
	return out
}

func dataURL(kind, data string) string { return "data:" + kind + ";base64," + data }

// plainFile is a text file as a text.
func plainFile(f llm.File) string {
	b, err := base64.StdEncoding.DecodeString(f.Base64)
	if err != nil {
		return f.Name + ": (cannot be read)"
	}
	return f.Name + ":\n" + strings.ToValidUTF8(string(b), "\uFFFD")
}

// object is a call's arguments as a JSON object: servers that fill them into a template fail over anything else, so what a model got wrong is kept as a text in one.
func object(arguments string) string {
	var o map[string]json.RawMessage
	if json.Unmarshal([]byte(arguments), &o) == nil && o != nil {
		return arguments
	}
	b, err := json.Marshal(map[string]string{"not_an_object": arguments})
	if err != nil || strings.TrimSpace(arguments) == "" {
		return "{}"
	}
	return string(b)
}

func toolsOf(specs []llm.ToolSpec) []chatTool {
	out := make([]chatTool, len(specs))
	for i, s := range specs {
		out[i].Type = "function"
		f := &out[i].Function
		f.Name, f.Description, f.Parameters = s.Name, s.Description, s.Parameters
		if len(f.Parameters) == 0 {
			f.Parameters = json.RawMessage(`{"type":"object","properties":{}}`)
		}
	}
	return out
}

// maxArguments bounds the arguments of all calls of one answer, in bytes.
const maxArguments = 1 << 20

// callSet puts calls together from their pieces.
type callSet struct {
	byIndex map[int]*llm.ToolCall
	last    int
	size    int
}

// add takes a piece and reports false when the arguments have grown beyond reason.
func (s *callSet) add(p callPiece) bool {
	if s.byIndex == nil {
		s.byIndex, s.last = map[int]*llm.ToolCall{}, -1
	}
	i := max(s.last, 0)
	switch {
	case p.Index != nil:
		i = *p.Index
	case p.ID != "" || p.Function.Name != "": // a new call; without index they come one after the other
		i = s.last + 1
	}
	c := s.byIndex[i]
	if c == nil {
		c = &llm.ToolCall{}
		s.byIndex[i] = c
	}
	s.last = i
	if p.ID != "" {
		c.ID = p.ID
	}
	if c.Name == "" {
		c.Name = p.Function.Name
	}
	c.Arguments += text(p.Function.Arguments)
	s.size += len(p.Function.Arguments)
	return s.size <= maxArguments && len(s.byIndex) <= 128
}

// text returns the string that raw encodes, or raw itself when it is an object.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s // null too: ""
	}
	return string(bytes.TrimSpace(raw))
}

// whole returns the calls in order, with ids and arguments.
func (s *callSet) whole() []llm.ToolCall {
	var order []int
	for i := range s.byIndex {
		order = append(order, i)
	}
	slices.Sort(order)
	var out []llm.ToolCall
	seen := map[string]bool{}
	for _, i := range order {
		c := *s.byIndex[i]
		if c.Name == "" {
			continue
		}
		if c.ID == "" || seen[c.ID] {
			c.ID = "call_" + rand.Text()
		}
		seen[c.ID] = true
		if c.Arguments == "" {
			c.Arguments = "{}"
		}
		out = append(out, c)
	}
	return out
}
