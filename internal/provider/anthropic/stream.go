package anthropic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"

	"griot/internal/model/llm"
	"griot/internal/wire"
)

// bounds of one answer: beyond them it makes no sense.
const (
	maxBlocks    = 256
	maxArguments = 1 << 20 // bytes of all calls' arguments
	maxThoughts  = 1 << 20 // bytes
)

// TakesImages implements llm.Viewer.
func (m *model) TakesImages() bool { return m.c.Images }

// TakesFiles implements llm.Reader.
func (m *model) TakesFiles() bool { return m.c.Files }

// Generate implements llm.Model. It works in the caller's goroutine.
func (m *model) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if err := m.generate(ctx, r, yield); err != nil && !errors.Is(err, errLeft) {
			yield(llm.Delta{}, err)
		}
	}
}

// errLeft says that nobody ranges over the answer any more.
var errLeft = errors.New("left")

func (m *model) generate(ctx context.Context, r llm.Request, yield func(llm.Delta, error) bool) error {
	s, err := m.Stream(ctx, wire.Request{Path: "v1/messages", Body: m.request(r), Model: m.c.Model, Header: http.Header{"Accept": {"text/event-stream"}}})
	if err != nil {
		return err
	}
	defer s.Close()
	a := answer{m: m, s: s, yield: yield}
	for !a.over {
		ev, err := s.Next()
		if err != nil && a.stop != "" && ctx.Err() == nil {
			break // the answer is there: that its end was not said does no harm
		}
		if err != nil {
			return s.Cut(err)
		}
		if err := a.event(ev); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.end()
}

// event is one of a stream: which fields it has depends on its type.
type event struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		Usage *usage `json:"usage"`
	} `json:"message"`
	Block struct {
		Type  string          `json:"type"`
		Text  string          `json:"text"`
		ID    string          `json:"id"`
		Name  string          `json:"name"`
		Input json.RawMessage `json:"input"`
		Data  string          `json:"data"`
	} `json:"content_block"`
	Delta struct {
		Type       string  `json:"type"`
		Text       string  `json:"text"`
		Partial    string  `json:"partial_json"`
		Thinking   string  `json:"thinking"`
		Signature  string  `json:"signature"`
		StopReason *string `json:"stop_reason"`
	} `json:"delta"`
	Usage *usage          `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type usage struct {
	Input   *int `json:"input_tokens"`
	Written *int `json:"cache_creation_input_tokens"`
	Read    *int `json:"cache_read_input_tokens"`
	Output  *int `json:"output_tokens"`
}

// part is a block of the answer in the making.
type part struct {
	kind, id, name, data string
	whole                string // the input that came with the block's beginning
	text                 strings.Builder
	signature            string
}

// answer is one on its way.
type answer struct {
	m     *model
	s     *wire.Stream
	yield func(llm.Delta, error) bool

	parts               map[int]*part
	size                int
	input, cached, made int // tokens
	written             int
	counted, over       bool
	stop                string
}

func (a *answer) event(e wire.Event) error {
	if len(bytes.TrimSpace(e.Data)) == 0 {
		return nil
	}
	var ev event
	if err := json.Unmarshal(e.Data, &ev); err != nil {
		return a.m.Garbage("a line that is not JSON: " + a.m.Scrub(string(e.Data[:min(len(e.Data), 80)])))
	}
	switch ev.Type {
	case "ping":
		a.s.Breath()
	case "message_start":
		a.count(ev.Message.Usage)
		a.s.Breath()
	case "content_block_start":
		return a.begin(ev)
	case "content_block_delta":
		return a.more(ev)
	case "message_delta":
		a.count(ev.Usage)
		if r := ev.Delta.StopReason; r != nil && *r != "" {
			a.stop = *r
			a.s.Finished()
		}
	case "message_stop":
		a.over = true
	case "error":
		f := failure(ev.Error)
		return a.m.Told(f)
	case "":
		if len(ev.Error) > 0 && string(ev.Error) != "null" {
			return a.m.Told(failure(ev.Error))
		}
	}
	return nil // what is new is not for us
}

func (a *answer) begin(ev event) error {
	if a.parts == nil {
		a.parts = map[int]*part{}
	}
	if len(a.parts) >= maxBlocks {
		return a.m.Garbage("blocks without end")
	}
	a.s.Alive()
	p := &part{kind: ev.Block.Type, id: ev.Block.ID, name: ev.Block.Name, data: ev.Block.Data}
	if in := bytes.TrimSpace(ev.Block.Input); len(in) > 2 {
		p.whole = string(in)
	}
	a.parts[ev.Index] = p
	if p.kind == "text" && ev.Block.Text != "" {
		return a.say(ev.Block.Text)
	}
	return nil
}

func (a *answer) more(ev event) error {
	p := a.parts[ev.Index]
	if p == nil { // a block that was not announced
		p = &part{kind: "text"}
		if a.parts == nil {
			a.parts = map[int]*part{}
		}
		if len(a.parts) >= maxBlocks {
			return a.m.Garbage("blocks without end")
		}
		a.parts[ev.Index] = p
	}
	switch ev.Delta.Type {
	case "text_delta":
		if ev.Delta.Text != "" {
			return a.say(ev.Delta.Text)
		}
		return nil
	case "input_json_delta":
		p.text.WriteString(ev.Delta.Partial)
		a.size += len(ev.Delta.Partial)
	case "thinking_delta":
		p.text.WriteString(ev.Delta.Thinking)
		a.size += len(ev.Delta.Thinking)
	case "signature_delta":
		p.signature += ev.Delta.Signature
		a.size += len(ev.Delta.Signature)
	default:
		return nil
	}
	if a.size > maxArguments+maxThoughts {
		return a.m.Garbage("tool calls without end")
	}
	a.s.Alive()
	return nil
}

// say gives a piece of text to the reader, whose time does not count.
func (a *answer) say(text string) error {
	a.s.Hold()
	if !a.yield(llm.Delta{Text: text}, nil) {
		return errLeft
	}
	a.s.Alive()
	return nil
}

// count takes what is told of tokens; later numbers replace earlier ones.
func (a *answer) count(u *usage) {
	if u == nil {
		return
	}
	for to, from := range map[*int]*int{&a.input: u.Input, &a.written: u.Written, &a.cached: u.Read, &a.made: u.Output} {
		if from != nil {
			*to, a.counted = *from, true
		}
	}
}

var stops = map[string]llm.StopReason{"max_tokens": llm.StopLength, "model_context_window_exceeded": llm.StopLength, "refusal": llm.StopFilter}

// end gives what could not be given before the end.
func (a *answer) end() error {
	a.s.Hold()
	stop := stops[a.stop]
	if stop == "" {
		stop = llm.StopEnd
		for _, c := range a.calls() { // an answer that ended for length may hold half a call: none
			stop = llm.StopTools
			if !a.yield(llm.Delta{Call: &c}, nil) {
				return errLeft
			}
		}
	}
	if a.counted && !a.yield(llm.Delta{Usage: &llm.Usage{Input: a.input + a.written + a.cached, Cached: a.cached, Output: a.made}}, nil) {
		return errLeft
	}
	if !a.yield(llm.Delta{Stop: stop}, nil) {
		return errLeft
	}
	return nil
}

// calls are the tools that the model wants, in order. The first carries what was thought before.
func (a *answer) calls() (out []llm.ToolCall) {
	var order []int
	for i := range a.parts {
		order = append(order, i)
	}
	slices.Sort(order)
	var thoughts []block
	for _, i := range order {
		p := a.parts[i]
		text := p.text.String()
		switch p.kind {
		case "thinking":
			if p.signature != "" {
				thoughts = append(thoughts, block{Type: p.kind, Thinking: &text, Signature: p.signature})
			}
		case "redacted_thinking":
			thoughts = append(thoughts, block{Type: p.kind, Data: p.data})
		case "tool_use":
			if strings.TrimSpace(text) == "" {
				text = p.whole
			}
			if text == "" {
				text = "{}"
			}
			out = append(out, llm.ToolCall{ID: p.id, Name: p.name, Arguments: text})
		}
	}
	if len(out) > 0 && len(thoughts) > 0 {
		if b, err := json.Marshal(thoughts); err == nil {
			out[0].Opaque = a.m.opaqueMark() + string(b)
		}
	}
	return out
}

// understand reads a failure's body.
func understand(_ int, h http.Header, body []byte) wire.Failure {
	var doc struct {
		Error json.RawMessage `json:"error"`
	}
	_ = json.Unmarshal(body, &doc) // what is no JSON says nothing
	f := failure(doc.Error)
	switch h.Get("X-Should-Retry") {
	case "true":
		f.Retry = "yes"
	case "false":
		f.Retry = "no"
	}
	return f
}

var troubles = map[string]wire.Trouble{
	"invalid_request_error": wire.Rejected, "authentication_error": wire.Refused, "billing_error": wire.Quota, "permission_error": wire.Forbidden, "not_found_error": wire.Missing,
	"request_too_large": wire.TooLong, "rate_limit_error": wire.Busy, "api_error": wire.Down, "timeout_error": wire.Down, "overloaded_error": wire.Overloaded,
}

func failure(raw json.RawMessage) wire.Failure {
	var e struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &e) != nil {
		_ = json.Unmarshal(raw, &e.Message) // a text; what is neither says nothing
	}
	f := wire.Failure{Message: e.Message, Trouble: troubles[e.Type]}
	if f.Trouble == wire.Rejected && strings.Contains(e.Message, "too long") {
		f.Trouble = wire.TooLong
	}
	return f
}
