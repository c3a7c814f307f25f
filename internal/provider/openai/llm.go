package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/openai/openai-go/v3/packages/ssestream"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

// afterwards is how long a stream may take from its finish reason to its end: usage comes in between.
const afterwards = 2 * time.Second

// chat is a language model behind chat/completions.
type chat struct{ *client }

// Generate implements llm.Model. It works in the caller's goroutine.
func (m *chat) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if err := m.generate(ctx, r, yield); err != nil && !errors.Is(err, errLeft) {
			yield(llm.Delta{}, err)
		}
	}
}

// errLeft says that nobody ranges over the answer any more.
var errLeft = errors.New("left")

// TakesImages implements llm.Viewer.
func (m *chat) TakesImages() bool {
	return m.c.Images == "yes" || m.c.Images != "no" && m.c.own()
}

func (m *chat) generate(outer context.Context, r llm.Request, yield func(llm.Delta, error) bool) error {
	ctx, l := newLeash(outer, m.c.Timeout)
	defer l.release()
	res, err := m.post(ctx, "chat/completions", m.request(r))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	switch t := mediaType(res); t {
	case "text/event-stream", "application/octet-stream", "text/plain", "":
	default:
		return m.garbage("a body of type " + t + " instead of a stream of events")
	}
	a := answer{m: m, l: l, yield: yield}
	return a.read(ctx, res)
}

func (m *chat) request(r llm.Request) chatRequest {
	q := chatRequest{
		Model: m.c.Model, Messages: messages(r), Stream: true, StreamOptions: &streamOptions{IncludeUsage: true},
		Temperature: r.Limits.Temperature, ReasoningEffort: m.c.Effort,
	}
	if m.c.own() { // others mostly know the older name only
		q.MaxCompletionTokens = r.Limits.MaxTokens
	} else {
		q.MaxTokens = r.Limits.MaxTokens
	}
	if len(r.Tools) == 0 {
		return q
	}
	q.Tools = toolsOf(r.Tools)
	if r.OneCall {
		q.Parallel = new(bool)
	}
	switch r.Choice {
	case "", "auto": // the default; not all servers know the field
	case "none", "required":
		q.ToolChoice = r.Choice
	default:
		q.ToolChoice = map[string]any{"type": "function", "function": map[string]string{"name": r.Choice}}
	}
	return q
}

// garbage is the fault for an answer that makes no sense.
func (m *chat) garbage(what string) error {
	return fault.New(fault.Unavailable, "bad_response", "%s answers with %s", host(m.c.BaseURL), what)
}

// answer is one stream on its way.
type answer struct {
	m     *chat
	l     *leash
	yield func(llm.Delta, error) bool

	calls  callSet
	usage  *llm.Usage
	finish string
	done   bool // "[DONE]" came
}

func (a *answer) read(ctx context.Context, res *http.Response) error {
	events := ssestream.NewDecoder(res)
	for !a.done && events.Next() {
		if err := a.event(bytes.TrimSpace(events.Event().Data)); err != nil {
			return err
		}
	}
	if a.finish == "" && !a.done {
		// Neither sign of an end: the stream was cut, or we cut it.
		if errors.Is(context.Cause(ctx), errSilent) || ctx.Err() != nil {
			return a.m.fault(ctx, nil, ctx.Err())
		}
		return fault.Wrap(events.Err(), fault.Unavailable, "stream_cut", "%s broke off in the middle of its answer", host(a.m.c.BaseURL))
	}
	if err := ctx.Err(); err != nil && !errors.Is(context.Cause(ctx), errSilent) {
		return err
	}
	return a.end()
}

func (a *answer) event(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if bytes.HasPrefix(data, []byte("[DONE]")) {
		a.done = true
		return nil
	}
	var c chatChunk
	if err := json.Unmarshal(data, &c); err != nil {
		return a.m.garbage("a line that is not JSON: " + a.m.scrub(string(data[:min(len(data), 80)])))
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return a.failed(c.Error)
	}
	if u := c.usage(); u != nil {
		a.usage = u
	}
	alive := false
	for _, ch := range c.Choices[:min(len(c.Choices), 1)] {
		d := ch.Delta
		for _, p := range d.ToolCalls {
			alive = true
			if !a.calls.add(p) {
				return a.m.garbage("tool calls without end")
			}
		}
		alive = alive || d.Reasoning != nil && *d.Reasoning != "" || d.Thinking != nil && *d.Thinking != ""
		for _, t := range []*string{d.Content, d.Refusal} {
			if t == nil || *t == "" {
				continue
			}
			alive = true
			a.l.hold() // the reader's time does not count
			if !a.yield(llm.Delta{Text: *t}, nil) {
				return errLeft
			}
		}
		if ch.FinishReason != nil && *ch.FinishReason != "" {
			a.finish = *ch.FinishReason
		}
	}
	switch {
	case a.finish != "":
		a.l.renew(afterwards)
	case alive:
		a.l.renew(a.m.c.Timeout)
	}
	return nil
}

// failed translates an error that comes inside a stream, where the status was already given.
func (a *answer) failed(raw json.RawMessage) error {
	var e struct {
		Message string `json:"message"`
		Type    string `json:"type"`
		Code    any    `json:"code"`
	}
	if json.Unmarshal(raw, &e) != nil {
		_ = json.Unmarshal(raw, &e.Message) // Ollama: a text
	}
	said := a.m.scrub(e.Message)
	code, _ := e.Code.(string)
	where := host(a.m.c.BaseURL)
	switch {
	case code == "insufficient_quota" || e.Type == "insufficient_quota":
		return fault.New(fault.Denied, "quota_exceeded", "the account at %s has no credit left: %s", where, said)
	case strings.Contains(code+e.Type, "rate_limit"):
		return fault.New(fault.Limited, "rate_limited", "%s takes no more requests for now: %s", where, said)
	case e.Type == "invalid_request_error":
		return fault.New(fault.Invalid, "rejected", "%s rejects the request: %s", where, said)
	}
	return fault.New(fault.Unavailable, "server_error", "%s fails in the middle of its answer: %s", where, said)
}

// end gives what could not be given before the end.
func (a *answer) end() error {
	a.l.hold()
	stop := llm.StopEnd
	switch a.finish {
	case "length":
		stop = llm.StopLength
	case "content_filter":
		stop = llm.StopFilter
	default:
		// Some servers finish with "stop" though they made calls. An answer that ended for length or filter may hold half a call: none.
		for _, c := range a.calls.whole() {
			stop = llm.StopTools
			if !a.yield(llm.Delta{Call: &c}, nil) {
				return errLeft
			}
		}
	}
	if a.usage != nil && !a.yield(llm.Delta{Usage: a.usage}, nil) {
		return errLeft
	}
	if !a.yield(llm.Delta{Stop: stop}, nil) {
		return errLeft
	}
	return nil
}
