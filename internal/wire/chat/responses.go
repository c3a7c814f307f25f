package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"griot/internal/model/llm"
	"griot/internal/wire"
)

// Responses is a language model behind responses. Nothing is kept at the server: each request holds the whole conversation.
type Responses struct{ base }

// NewResponses returns a model; an empty path is responses.
func NewResponses(c *wire.Client, s Settings) *Responses {
	if s.Path == "" {
		s.Path = "responses"
	}
	return &Responses{base{Client: c, s: s}}
}

// Generate implements llm.Model.
func (m *Responses) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return sequence(ctx, r, m.generate)
}

func (m *Responses) generate(ctx context.Context, r llm.Request, yield func(llm.Delta, error) bool) error {
	s, err := m.ask(ctx, func(without func(string) bool) any { return m.request(r, without) },
		"include", "parallel_tool_calls", "tool_choice", "temperature", "reasoning", "max_output_tokens", "store")
	if err != nil {
		return err
	}
	defer s.Close()
	a := response{m: m, s: s, yield: yield, items: map[int]*item{}}
	for !a.over {
		ev, err := s.Next()
		if err != nil {
			return s.Cut(err)
		}
		if err := a.event(bytes.TrimSpace(ev.Data)); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.end()
}

type responseRequest struct {
	Model        string         `json:"model"`
	Instructions string         `json:"instructions,omitempty"`
	Input        []any          `json:"input"`
	Tools        []flatTool     `json:"tools,omitempty"`
	ToolChoice   any            `json:"tool_choice,omitempty"`
	Parallel     *bool          `json:"parallel_tool_calls,omitempty"`
	MaxTokens    int            `json:"max_output_tokens,omitempty"`
	Temperature  *float64       `json:"temperature,omitempty"`
	Reasoning    *reasoningSpec `json:"reasoning,omitempty"`
	Include      []string       `json:"include,omitempty"`
	Store        *bool          `json:"store,omitempty"`
	Stream       bool           `json:"stream"`
}

type reasoningSpec struct {
	Effort string `json:"effort"`
}

type flatTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      bool            `json:"strict"` // the server's default is true, which not every schema satisfies
}

type inputMessage struct {
	Role    string `json:"role"`
	Content any    `json:"content"` // a text or inputParts
}

type inputPart struct {
	Type     string `json:"type"`
	Text     string `json:"text,omitempty"`
	ImageURL string `json:"image_url,omitempty"`
	Detail   string `json:"detail,omitempty"`
	FileName string `json:"filename,omitempty"`
	FileData string `json:"file_data,omitempty"`
}

type inputCall struct {
	Type      string `json:"type"`
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type inputResult struct {
	Type   string `json:"type"`
	CallID string `json:"call_id"`
	Output string `json:"output"`
}

func (m *Responses) request(r llm.Request, without func(string) bool) responseRequest {
	q := responseRequest{Model: m.s.Model, Instructions: r.System, Input: m.input(r), Stream: true}
	if !without("store") {
		q.Store = new(bool)
	}
	if !without("include") {
		q.Include = []string{"reasoning.encrypted_content"}
	}
	if !without("temperature") {
		q.Temperature = r.Limits.Temperature
	}
	if !without("max_output_tokens") && r.Limits.MaxTokens > 0 {
		q.MaxTokens = max(r.Limits.MaxTokens, 16) // the least that the interface takes
	}
	if m.s.Effort != "" && !without("reasoning") {
		q.Reasoning = &reasoningSpec{m.s.Effort}
	}
	if len(r.Tools) == 0 {
		return q
	}
	for _, t := range r.Tools {
		f := flatTool{Type: "function", Name: t.Name, Description: t.Description, Parameters: t.Parameters}
		if len(f.Parameters) == 0 {
			f.Parameters = json.RawMessage(`{"type":"object","properties":{}}`)
		}
		q.Tools = append(q.Tools, f)
	}
	if r.OneCall && !without("parallel_tool_calls") {
		q.Parallel = new(bool)
	}
	switch {
	case r.Choice == "" || r.Choice == "auto":
	case without("tool_choice"):
		if r.Choice == "none" {
			q.Tools, q.Parallel = nil, nil
		}
	case r.Choice == "none" || r.Choice == "required":
		q.ToolChoice = r.Choice
	default:
		q.ToolChoice = map[string]string{"type": "function", "name": r.Choice}
	}
	return q
}

// input writes a history. Results follow their calls at once, wherever they stand in it.
func (m *Responses) input(r llm.Request) []any {
	results := map[string]string{}
	for _, x := range r.Messages {
		if x.Role == llm.ToolRole {
			results[x.CallID] = x.Text
		}
	}
	out := []any{}
	for _, x := range r.Messages {
		if x.Role == llm.ToolRole {
			continue
		}
		switch {
		case len(x.Images)+len(x.Files) > 0:
			out = append(out, inputMessage{string(x.Role), inputParts(x)})
		case x.Text != "":
			out = append(out, inputMessage{string(x.Role), x.Text})
		case x.Role != llm.Assistant:
			out = append(out, inputMessage{string(x.Role), ""})
		}
		for _, c := range x.Calls {
			out = append(out, m.thoughts(c.Opaque)...)
			out = append(out, inputCall{"function_call", c.ID, c.Name, object(c.Arguments)})
		}
		for _, c := range x.Calls {
			text, ok := results[c.ID]
			if !ok {
				text = toolWasCancelled
			}
			out = append(out, inputResult{"function_call_output", c.ID, text})
		}
	}
	return out
}

func inputParts(x llm.Message) (out []inputPart) {
	for _, f := range x.Files {
		if f.Type == "text/plain" {
			out = append(out, inputPart{Type: "input_text", Text: plainFile(f)})
			continue
		}
		out = append(out, inputPart{Type: "input_file", FileName: f.Name, FileData: dataURL(f.Type, f.Base64)})
	}
	if x.Text != "" {
		out = append(out, inputPart{Type: "input_text", Text: x.Text})
	}
	for _, im := range x.Images {
		p := inputPart{Type: "input_image", ImageURL: dataURL(im.Type, im.Base64), Detail: im.Detail}
		if p.Detail == "" {
			p.Detail = "auto"
		}
		out = append(out, p)
	}
	return out
}

// mark begins what calls carry for us; the model's name follows, since another one cannot read it.
func (m *Responses) mark() string { return "responses/" + m.s.Model + ":" }

// thoughts are what the model thought before a call, sealed by the service. They go back as they came.
func (m *Responses) thoughts(opaque string) (out []any) {
	raw, ok := strings.CutPrefix(opaque, m.mark())
	var list []json.RawMessage
	if !ok || json.Unmarshal([]byte(raw), &list) != nil {
		return nil
	}
	for _, r := range list {
		out = append(out, r)
	}
	return out
}

// responseEvent is one of a stream: which fields it has depends on its type.
type responseEvent struct {
	Type    string          `json:"type"`
	Index   int             `json:"output_index"`
	Delta   string          `json:"delta"`
	Args    string          `json:"arguments"`
	Code    any             `json:"code"`
	Message string          `json:"message"`
	Item    json.RawMessage `json:"item"`
	Error   json.RawMessage `json:"error"`
	Whole   struct {
		Status     string          `json:"status"`
		Error      json.RawMessage `json:"error"`
		Incomplete struct {
			Reason string `json:"reason"`
		} `json:"incomplete_details"`
		Output []json.RawMessage `json:"output"`
		Usage  *struct {
			Input   int `json:"input_tokens"`
			Output  int `json:"output_tokens"`
			Details struct {
				Cached int `json:"cached_tokens"`
			} `json:"input_tokens_details"`
		} `json:"usage"`
	} `json:"response"`
}

// item is one of the answer's.
type item struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	Encrypted string          `json:"encrypted_content"`

	args string
	raw  json.RawMessage
}

// response is one answer on its way.
type response struct {
	m     *Responses
	s     *wire.Stream
	yield func(llm.Delta, error) bool

	items  map[int]*item
	size   int
	spoken bool
	usage  *llm.Usage
	stop   llm.StopReason
	over   bool
}

func (a *response) event(data []byte) error {
	if len(data) == 0 || bytes.HasPrefix(data, []byte("[DONE]")) {
		return nil
	}
	var ev responseEvent
	if err := json.Unmarshal(data, &ev); err != nil {
		return a.m.Garbage("a line that is not JSON: " + a.m.Scrub(string(data[:min(len(data), 80)])))
	}
	switch ev.Type {
	case "response.output_text.delta", "response.refusal.delta":
		if ev.Delta == "" {
			return nil
		}
		a.spoken = true
		a.s.Hold()
		if !a.yield(llm.Delta{Text: ev.Delta}, nil) {
			return errLeft
		}
		a.s.Alive()
	case "response.output_item.added", "response.output_item.done":
		a.s.Alive()
		return a.item(ev)
	case "response.function_call_arguments.delta":
		a.s.Alive()
		return a.arguments(ev.Index, ev.Delta, false)
	case "response.function_call_arguments.done":
		a.s.Alive()
		return a.arguments(ev.Index, ev.Args, true)
	case "response.completed", "response.incomplete", "response.done":
		return a.finished(ev)
	case "response.failed", "response.cancelled":
		return a.m.Told(wire.UnderstandError(ev.Whole.Error))
	case "error":
		return a.m.Told(a.failure(ev))
	case "":
		if len(ev.Error) > 0 && string(ev.Error) != "null" {
			return a.m.Told(wire.UnderstandError(ev.Error))
		}
	default:
		if strings.HasSuffix(ev.Type, ".delta") { // thoughts
			a.s.Alive()
		} else {
			a.s.Breath()
		}
	}
	return nil
}

// failure reads an event "error", which holds the fields itself or, with some servers, as an object.
func (a *response) failure(ev responseEvent) wire.Failure {
	if len(ev.Error) > 0 && string(ev.Error) != "null" {
		return wire.UnderstandError(ev.Error)
	}
	raw, err := json.Marshal(map[string]any{"code": ev.Code, "message": ev.Message})
	if err != nil {
		return wire.Failure{Message: ev.Message}
	}
	return wire.UnderstandError(raw)
}

func (a *response) item(ev responseEvent) error {
	var it item
	if err := json.Unmarshal(ev.Item, &it); err != nil {
		return a.m.Garbage("an item that makes no sense")
	}
	if it.Type != "function_call" && it.Type != "reasoning" {
		return nil
	}
	it.raw = append(json.RawMessage(nil), ev.Item...)
	it.args = text(it.Arguments)
	if was := a.items[ev.Index]; was != nil && it.args == "" {
		it.args = was.args
	}
	a.size += len(it.raw)
	if len(a.items) > 128 || a.size > 4*maxArguments {
		return a.m.Garbage("tool calls without end")
	}
	a.items[ev.Index] = &it
	return nil
}

func (a *response) arguments(index int, s string, whole bool) error {
	it := a.items[index]
	if it == nil {
		return nil // what is not announced has no name
	}
	if whole && s != "" {
		it.args = s
		return nil
	}
	it.args += s
	if a.size += len(s); a.size > 4*maxArguments {
		return a.m.Garbage("tool calls without end")
	}
	return nil
}

// finished takes the last event, which holds the whole answer: what no event told of is taken from it.
func (a *response) finished(ev responseEvent) error {
	a.over = true
	w := ev.Whole
	if w.Usage != nil {
		a.usage = &llm.Usage{Input: w.Usage.Input, Cached: w.Usage.Details.Cached, Output: w.Usage.Output}
	}
	if w.Status == "failed" {
		return a.m.Told(wire.UnderstandError(w.Error))
	}
	switch {
	case w.Incomplete.Reason == "content_filter":
		a.stop = llm.StopFilter
	case ev.Type == "response.incomplete" || w.Status == "incomplete":
		a.stop = llm.StopLength
	}
	if !a.spoken && len(a.items) == 0 {
		return a.document(w.Output)
	}
	return nil
}

// document takes an answer that came whole.
func (a *response) document(output []json.RawMessage) error {
	for i, raw := range output {
		var o struct {
			Type    string `json:"type"`
			Content []struct {
				Text    string `json:"text"`
				Refusal string `json:"refusal"`
			} `json:"content"`
		}
		if json.Unmarshal(raw, &o) != nil {
			continue
		}
		if o.Type != "message" {
			if err := a.item(responseEvent{Index: i, Item: raw}); err != nil {
				return err
			}
			continue
		}
		for _, c := range o.Content {
			if t := c.Text + c.Refusal; t != "" && !a.yield(llm.Delta{Text: t}, nil) {
				return errLeft
			}
		}
	}
	return nil
}

// end gives what could not be given before the end.
func (a *response) end() error {
	a.s.Hold()
	stop := a.stop
	if stop == "" {
		stop = llm.StopEnd
		for _, c := range a.calls() { // an answer that was broken off may hold half a call: none
			stop = llm.StopTools
			if !a.yield(llm.Delta{Call: &c}, nil) {
				return errLeft
			}
		}
	}
	return finish(a.usage, stop, a.yield)
}

// calls are the tools that the model wants, in order. Each carries what was thought before it.
func (a *response) calls() []llm.ToolCall {
	var order []int
	for i := range a.items {
		order = append(order, i)
	}
	slices.Sort(order)
	var set callSet
	var thought []json.RawMessage
	opaque := map[int]string{}
	n := 0
	for _, i := range order {
		it := a.items[i]
		if it.Type == "reasoning" {
			if it.Encrypted != "" { // else it is known to the server only, which keeps nothing
				thought = append(thought, it.raw)
			}
			continue
		}
		args, err := json.Marshal(it.args)
		if err != nil || it.Name == "" {
			continue
		}
		at := n
		p := callPiece{Index: &at, ID: it.CallID}
		p.Function.Name, p.Function.Arguments = it.Name, args
		if !set.add(p) {
			break
		}
		if len(thought) > 0 {
			if b, err := json.Marshal(thought); err == nil {
				opaque[n] = a.m.mark() + string(b)
			}
			thought = nil
		}
		n++
	}
	out := set.whole()
	for i := range out {
		out[i].Opaque = opaque[i]
	}
	return out
}
