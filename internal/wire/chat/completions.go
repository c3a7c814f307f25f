package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"

	"griot/internal/model/llm"
	"griot/internal/wire"
)

// Completions is a language model behind chat/completions.
type Completions struct{ base }

// NewCompletions returns a model; an empty path is chat/completions.
func NewCompletions(c *wire.Client, s Settings) *Completions {
	if s.Path == "" {
		s.Path = "chat/completions"
	}
	return &Completions{base{Client: c, s: s}}
}

// Generate implements llm.Model.
func (m *Completions) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return sequence(ctx, r, m.generate)
}

func (m *Completions) generate(ctx context.Context, r llm.Request, yield func(llm.Delta, error) bool) error {
	s, err := m.ask(ctx, func(without func(string) bool) any { return m.request(r, without) },
		"stream_options", "parallel_tool_calls", "tool_choice", "temperature", "reasoning_effort", "max_completion_tokens", "max_tokens")
	if err != nil {
		return err
	}
	defer s.Close()
	a := completion{m: m, s: s, yield: yield}
	a.think.off = !m.s.Thoughts
	for !a.done {
		ev, err := s.Next()
		if err != nil && a.finish != "" && ctx.Err() == nil {
			break // the answer is there: that its end was not said does no harm
		}
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

// request writes what is asked. The name of the limit that the server refused is replaced by the other.
func (m *Completions) request(r llm.Request, without func(string) bool) chatRequest {
	q := chatRequest{Model: m.s.Model, Messages: messages(r), Stream: true}
	if m.s.Nameless {
		q.Model = ""
	}
	if !without("stream_options") {
		q.StreamOptions = &streamOptions{IncludeUsage: true}
	}
	if !without("temperature") {
		q.Temperature = r.Limits.Temperature
	}
	if !without("reasoning_effort") {
		q.ReasoningEffort = m.s.Effort
	}
	old := m.s.OldTokens
	if without("max_tokens") {
		old = false
	}
	switch {
	case without("max_completion_tokens") && without("max_tokens"):
	case old || without("max_completion_tokens"):
		q.MaxTokens = r.Limits.MaxTokens
	default:
		q.MaxCompletionTokens = r.Limits.MaxTokens
	}
	if len(r.Tools) == 0 {
		return q
	}
	q.Tools = toolsOf(r.Tools)
	if r.OneCall && !without("parallel_tool_calls") {
		q.Parallel = new(bool)
	}
	switch {
	case r.Choice == "" || r.Choice == "auto": // the default; not all servers know the field
	case without("tool_choice"):
		if r.Choice == "none" {
			q.Tools, q.Parallel = nil, nil
		}
	case r.Choice == "none" || r.Choice == "required":
		q.ToolChoice = r.Choice
	default:
		q.ToolChoice = map[string]any{"type": "function", "function": map[string]string{"name": r.Choice}}
	}
	return q
}

// completion is one answer on its way.
type completion struct {
	m     *Completions
	s     *wire.Stream
	yield func(llm.Delta, error) bool

	calls  callSet
	think  thoughts
	usage  *llm.Usage
	finish string
	done   bool // "[DONE]" came
}

func (a *completion) event(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	if bytes.HasPrefix(data, []byte("[DONE]")) {
		a.done = true
		return nil
	}
	var c chatChunk
	if err := json.Unmarshal(data, &c); err != nil {
		return a.m.Garbage("a line that is not JSON: " + a.m.Scrub(string(data[:min(len(data), 80)])))
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return a.m.Told(wire.UnderstandError(c.Error))
	}
	if u := c.usage(); u != nil {
		a.usage = u
	}
	alive := false
	for _, ch := range c.Choices[:min(len(c.Choices), 1)] {
		d := ch.Delta
		if ch.Message != nil {
			d = *ch.Message
		}
		for _, p := range d.ToolCalls {
			alive = true
			if !a.calls.add(p) {
				return a.m.Garbage("tool calls without end")
			}
		}
		alive = alive || d.Reasoning != nil && *d.Reasoning != "" || d.Thinking != nil && d.Thinking != ""
		for _, t := range []*string{d.Content, d.Refusal} {
			if t == nil || *t == "" {
				continue
			}
			alive = true
			if err := a.say(a.think.push(*t)); err != nil {
				return err
			}
		}
		if ch.FinishReason != nil && *ch.FinishReason != "" {
			a.finish = *ch.FinishReason
		}
	}
	switch {
	case a.finish != "":
		a.s.Finished()
	case alive:
		a.s.Alive()
	default:
		a.s.Breath()
	}
	return nil
}

// say gives a piece of text to the reader, whose time does not count.
func (a *completion) say(text string) error {
	if text == "" {
		return nil
	}
	a.s.Hold()
	if !a.yield(llm.Delta{Text: text}, nil) {
		return errLeft
	}
	return nil
}

// end gives what could not be given before the end.
func (a *completion) end() error {
	a.s.Hold()
	if err := a.say(a.think.flush()); err != nil {
		return err
	}
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
	return finish(a.usage, stop, a.yield)
}

// finish ends an answer.
func finish(u *llm.Usage, stop llm.StopReason, yield func(llm.Delta, error) bool) error {
	if u != nil && !yield(llm.Delta{Usage: u}, nil) {
		return errLeft
	}
	if !yield(llm.Delta{Stop: stop}, nil) {
		return errLeft
	}
	return nil
}
