package google

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/wire"
)

// bounds of one answer: beyond them it makes no sense.
const (
	maxCalls     = 128
	maxArguments = 1 << 20 // bytes of all calls' arguments
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
	s, err := m.Stream(ctx, wire.Request{Path: "models/" + url.PathEscape(m.c.Model) + ":streamGenerateContent", Query: url.Values{"alt": {"sse"}}, Body: m.request(r), Model: m.c.Model,
		Header: http.Header{"Accept": {"text/event-stream"}}})
	if err != nil {
		return err
	}
	defer s.Close()
	a := answer{m: m, s: s, yield: yield}
	for {
		ev, err := s.Next()
		if err != nil && a.finish != "" && ctx.Err() == nil {
			return a.end()
		}
		if err != nil {
			return s.Cut(err)
		}
		if err := a.chunk(bytes.TrimSpace(ev.Data)); err != nil {
			return err
		}
	}
}

// chunk is one event: a whole response with what is new.
type chunk struct {
	Candidates []struct {
		Content content `json:"content"`
		Finish  string  `json:"finishReason"`
		Message string  `json:"finishMessage"`
	} `json:"candidates"`
	Feedback struct {
		Block string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage *struct {
		Prompt   int `json:"promptTokenCount"`
		Cached   int `json:"cachedContentTokenCount"`
		Answer   int `json:"candidatesTokenCount"`
		Thoughts int `json:"thoughtsTokenCount"`
		ToolUse  int `json:"toolUsePromptTokenCount"`
	} `json:"usageMetadata"`
	Error json.RawMessage `json:"error"`
}

// answer is one on its way.
type answer struct {
	m     *model
	s     *wire.Stream
	yield func(llm.Delta, error) bool

	calls  []llm.ToolCall
	size   int
	usage  *llm.Usage
	finish string
	detail string
}

func (a *answer) chunk(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return a.m.Garbage("a line that is not JSON: " + a.m.Scrub(string(data[:min(len(data), 80)])))
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return a.m.Told(failure(c.Error))
	}
	if u := c.Usage; u != nil { // the last is final
		a.usage = &llm.Usage{Input: u.Prompt + u.ToolUse, Cached: u.Cached, Output: u.Answer + u.Thoughts}
	}
	if c.Feedback.Block != "" {
		return a.m.Told(wire.Failure{Trouble: wire.Filtered, Message: c.Feedback.Block})
	}
	if len(c.Candidates) == 0 {
		a.s.Breath()
		return nil
	}
	first := c.Candidates[0]
	for _, p := range first.Content.Parts {
		if err := a.part(p); err != nil {
			return err
		}
	}
	if first.Finish != "" && first.Finish != "FINISH_REASON_UNSPECIFIED" {
		a.finish, a.detail = first.Finish, first.Message
		a.s.Finished()
	}
	return nil
}

func (a *answer) part(p part) error {
	a.s.Alive()
	switch {
	case p.Thought:
	case p.Call != nil:
		args := string(bytes.TrimSpace(p.Call.Args))
		if args == "" || args == "null" {
			args = "{}"
		}
		if a.size += len(args); a.size > maxArguments || len(a.calls) >= maxCalls {
			return a.m.Garbage("tool calls without end")
		}
		c := llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name, Arguments: args}
		if c.ID == "" || a.has(c.ID) {
			c.ID = "call_" + rand.Text()
		}
		if o := (opaque{p.Call.ID, p.Signature}); o != (opaque{}) {
			if b, err := json.Marshal(o); err == nil {
				c.Opaque = a.m.mark() + string(b)
			}
		}
		a.calls = append(a.calls, c)
	case p.Text != "":
		a.s.Hold()
		if !a.yield(llm.Delta{Text: p.Text}, nil) {
			return errLeft
		}
		a.s.Alive()
	}
	return nil
}

func (a *answer) has(id string) bool {
	for _, c := range a.calls {
		if c.ID == id {
			return true
		}
	}
	return false
}

var stops = map[string]llm.StopReason{
	"MAX_TOKENS": llm.StopLength,
	"SAFETY":     llm.StopFilter, "RECITATION": llm.StopFilter, "BLOCKLIST": llm.StopFilter, "PROHIBITED_CONTENT": llm.StopFilter, "SPII": llm.StopFilter,
}

// end gives what could not be given before the end.
func (a *answer) end() error {
	a.s.Hold()
	switch a.finish {
	case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS": // the service threw the answer away: another attempt may do
		return fault.New(fault.Unavailable, "bad_call", "%s gave no answer, because the model called a tool wrongly (%s): %s", a.m.Host(), a.finish, a.m.Scrub(a.detail))
	}
	stop := stops[a.finish]
	if stop == "" {
		stop = llm.StopEnd
		for _, c := range a.calls { // calls end with STOP too
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

// understand reads a failure's body: an object, or, where a stream was asked for, a list of one.
func understand(_ int, _ http.Header, body []byte) wire.Failure {
	type doc struct {
		Error json.RawMessage `json:"error"`
	}
	var one doc
	if json.Unmarshal(body, &one) != nil {
		var list []doc
		if json.Unmarshal(body, &list) == nil && len(list) > 0 {
			one = list[0]
		}
	}
	return failure(one.Error)
}

var troubles = map[string]wire.Trouble{
	"INVALID_ARGUMENT": wire.Rejected, "FAILED_PRECONDITION": wire.Forbidden, "OUT_OF_RANGE": wire.Rejected, "UNAUTHENTICATED": wire.Refused, "PERMISSION_DENIED": wire.Forbidden, "NOT_FOUND": wire.Missing,
	"RESOURCE_EXHAUSTED": wire.Busy, "UNAVAILABLE": wire.Overloaded, "INTERNAL": wire.Down, "UNKNOWN": wire.Down, "DEADLINE_EXCEEDED": wire.Down, "CANCELLED": wire.Down, "ABORTED": wire.Down,
}

func failure(raw json.RawMessage) wire.Failure {
	var e struct {
		Message string `json:"message"`
		Status  string `json:"status"`
		Details []struct {
			Reason string `json:"reason"`
			Delay  string `json:"retryDelay"`
		} `json:"details"`
	}
	if json.Unmarshal(raw, &e) != nil {
		_ = json.Unmarshal(raw, &e.Message) // a text; what is neither says nothing
	}
	f := wire.Failure{Message: e.Message, Trouble: troubles[e.Status]}
	for _, d := range e.Details {
		if d.Reason == "API_KEY_INVALID" {
			f.Trouble = wire.Refused
		}
		if wait, err := time.ParseDuration(d.Delay); err == nil && wait > 0 {
			f.After = wait
		}
	}
	switch {
	case f.Trouble != wire.Rejected:
	case strings.Contains(e.Message, "API key not valid"):
		f.Trouble = wire.Refused
	case strings.Contains(e.Message, "exceeds the maximum number of tokens"):
		f.Trouble = wire.TooLong
	}
	return f
}
