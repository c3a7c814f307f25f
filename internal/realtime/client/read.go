package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/coder/websocket"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/tts"
	wire "griot/internal/realtime"
)

// incoming is an event of the service: what is of use to us in any of them, in any dialect. What it does not know it ignores.
type incoming struct {
	Type       string
	ItemID     string `json:"item_id"`
	ResponseID string `json:"response_id"`
	Delta      string
	Transcript string
	Text       string
	Offset     float64 `json:"audio_offset_ms"`
	Error      *problem
	Usage      *transcription
	Warning    *problem
	Item       *struct {
		ID, Type, Status, Name, Arguments string
		CallID                            string `json:"call_id"`
	}
	Response *struct {
		ID, Status string
		Details    *struct {
			Reason string
			Error  *problem
		} `json:"status_details"`
		Usage    *wire.Usage
		Metadata map[string]string
	}
}

type problem struct {
	Type, Code, Message, Param string
	EventID                    string `json:"event_id"`
}

type transcription struct {
	Input   int `json:"input_tokens"`
	Output  int `json:"output_tokens"`
	Details struct {
		Audio int `json:"audio_tokens"`
	} `json:"input_token_details"`
}

// settle waits for the session to be there, gives it the settings and waits for them to be accepted.
func (s *session) settle(ctx context.Context, o s2s.Options) error {
	told := false
	for {
		ev, raw, err := s.next(ctx)
		switch {
		case err != nil:
			return err
		case ev.Type == "session.created" && !told:
			told = true
			if err := s.Send(ctx, s2s.Update{Settings: o.Settings}); err != nil {
				return err
			}
		case ev.Type == "session.updated" && told:
			return nil
		case ev.Type == "error":
			return fmt.Errorf("open a session: %w", s.fault(ev.Error))
		default:
			s.take(ev, raw)
		}
	}
}

// Recv implements s2s.Session.
func (s *session) Recv(ctx context.Context) (s2s.Event, error) {
	for len(s.queue) == 0 {
		ev, raw, err := s.next(ctx)
		if err != nil {
			return s2s.Event{}, err
		}
		s.take(ev, raw)
	}
	ev := s.queue[0]
	s.queue[0] = s2s.Event{}
	if s.queue = s.queue[1:]; len(s.queue) == 0 {
		s.queue = nil
	}
	return ev, nil
}

// next reads one message. A piece of sound comes as raw alone.
func (s *session) next(ctx context.Context) (ev incoming, raw []byte, err error) {
	if err := s.read(ctx); err != nil {
		return ev, nil, s.end(ctx, err)
	}
	if _, ok := wire.ParseAudioDelta(s.in); ok {
		return ev, s.in, nil
	}
	if err := json.Unmarshal(s.in, &ev); err != nil {
		return incoming{}, nil, nil // a message that is no event says nothing; whatever it should have said has a deadline elsewhere
	}
	return ev, s.in, nil
}

// read fills in with the next text message.
func (s *session) read(ctx context.Context) error {
	for {
		kind, r, err := s.conn.Reader(ctx)
		if err != nil {
			return err
		}
		b := bytes.NewBuffer(s.in[:0])
		if _, err := b.ReadFrom(r); err != nil {
			return err
		}
		s.in = b.Bytes()
		if kind == websocket.MessageText {
			return nil
		}
	}
}

// end says how the session has ended.
func (s *session) end(ctx context.Context, err error) error {
	if s.ended() != nil {
		return io.EOF
	}
	if s.life.Err() != nil {
		return context.Cause(s.life)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if f := s.broken.Load(); f != nil {
		return f
	}
	var c websocket.CloseError
	if errors.As(err, &c) && c.Reason != "" {
		// After the upgrade a refusal is a close with <type>.<code> as its reason.
		typ, code, _ := strings.Cut(c.Reason, ".")
		p := problem{Type: typ, Code: code, Message: fmt.Sprintf("closed with code %d (%s)", c.Code, c.Reason)}
		if c.Code == 3000 {
			p.Type = "authentication_error"
		}
		if code != "" {
			return s.fault(&p)
		}
	}
	return fault.Wrap(s.t.bare(err), fault.Unavailable, "upstream_lost", "the connection with %s is lost", s.t.Name)
}

// fault translates what the service says of a failure.
func (s *session) fault(p *problem) *fault.Error {
	if p == nil {
		return fault.New(fault.Unavailable, "server_error", "%s failed and does not say why", s.t.Name)
	}
	code := p.Code
	if code == "" {
		code = "server_error"
	}
	kind := fault.Unavailable
	switch {
	case code == "session_expired":
	case code == "insufficient_quota":
		kind, code = fault.Denied, "quota_exceeded"
	case strings.HasPrefix(code, "rate_limit"), p.Type == "rate_limit_error":
		kind, code = fault.Limited, "rate_limited"
	case p.Type == "authentication_error", strings.Contains(code, "api_key"):
		return fault.New(fault.Denied, "key_refused", "%s refuses the key", s.t.Name).At(s.t.Param)
	case code == wire.CodeActiveResponse, code == wire.CodeCancelNotActive:
		kind = fault.Conflict
	case strings.HasSuffix(p.Type, "not_found_error"), code == "model_not_found":
		kind = fault.NotFound
	case p.Type == "invalid_request_error":
		kind = fault.Invalid
	}
	return fault.New(kind, code, "%s: %s", s.t.Name, s.t.scrub(p.Message)).At(p.Param)
}

func (s *session) put(ev s2s.Event) { s.queue = append(s.queue, ev) }

// take turns one message into events.
func (s *session) take(ev incoming, raw []byte) {
	if ev.Type == "" {
		if d, ok := wire.ParseAudioDelta(raw); ok {
			s.audio(d)
		}
		return
	}
	switch ev.Type {
	case "session.updated":
		s.put(s2s.Event{Kind: s2s.Updated})
	case "error":
		s.problem(ev.Error)
	case "warning":
		if ev.Warning != nil {
			s.put(s2s.Event{Kind: s2s.Warning, Text: s.t.scrub(ev.Warning.Message)})
		}
	case "input_audio_buffer.committed":
		s.put(s2s.Event{Kind: s2s.Committed, Item: ev.ItemID})
	case "conversation.item.input_audio_transcription.delta":
		s.heard[ev.ItemID] += ev.Delta
		s.put(s2s.Event{Kind: s2s.Partial, Item: ev.ItemID, Text: s.heard[ev.ItemID]})
	case "conversation.item.input_audio_transcription.completed":
		delete(s.heard, ev.ItemID)
		e := s2s.Event{Kind: s2s.Heard, Item: ev.ItemID, Text: strings.TrimSpace(ev.Transcript)}
		if u := ev.Usage; u != nil && u.Input+u.Output > 0 {
			e.Usage = &llm.Usage{Input: u.Input, Output: u.Output, AudioInput: u.Details.Audio}
		}
		s.put(e)
	case "conversation.item.input_audio_transcription.failed":
		delete(s.heard, ev.ItemID)
		s.put(s2s.Event{Kind: s2s.Unheard, Item: ev.ItemID, Err: s.fault(ev.Error)})
	default:
		s.response(ev)
	}
}

// response takes what belongs to an answer, in any dialect.
func (s *session) response(ev incoming) {
	switch wire.OlderName(ev.Type) {
	case "response.created":
		s.started(ev)
	case "response.audio_transcript.delta", "response.text.delta":
		if ev.Delta != "" {
			s.said[ev.ItemID] = true
			s.put(s2s.Event{Kind: s2s.Text, Response: ev.ResponseID, Item: ev.ItemID, Text: ev.Delta})
		}
	case "response.audio_transcript.done", "response.text.done":
		if whole := ev.Transcript + ev.Text; whole != "" && !s.said[ev.ItemID] {
			s.put(s2s.Event{Kind: s2s.Text, Response: ev.ResponseID, Item: ev.ItemID, Text: whole})
		}
		delete(s.said, ev.ItemID)
	case "response.audio.delta": // not plain enough for the fast path
		s.audio(wire.AudioDelta{ResponseID: []byte(ev.ResponseID), ItemID: []byte(ev.ItemID), Audio: []byte(ev.Delta)})
	case "response.audio_timestamp.delta":
		s.put(s2s.Event{Kind: s2s.Words, Response: ev.ResponseID, Item: ev.ItemID,
			Marks: []tts.Mark{{Kind: tts.Word, At: time.Duration(ev.Offset * float64(time.Millisecond)), Phoneme: ev.Text}}})
	case "response.output_item.done":
		s.item(ev)
	case "response.done":
		s.done(ev)
	}
}

func (s *session) audio(d wire.AudioDelta) {
	f := media.Frame{Format: media.Mono(Rate)}
	var err error
	if f.PCM, err = wire.DecodePCM(nil, d.Audio, &s.carry); err != nil {
		s.carry.Reset()
		s.put(s2s.Event{Kind: s2s.Warning, Text: s.t.Name + " sends sound that cannot be decoded"})
		return
	}
	if string(d.ResponseID) != s.ids[0] || string(d.ItemID) != s.ids[1] {
		s.ids = [2]string{string(d.ResponseID), string(d.ItemID)}
	}
	if len(f.PCM) > 0 {
		s.put(s2s.Event{Kind: s2s.Audio, Response: s.ids[0], Item: s.ids[1], Frame: f})
	}
}

// tag is the key of an answer's metadata under which services give back who asked for it.
const tag = "griot_tag"

func (s *session) started(ev incoming) {
	if ev.Response == nil {
		return
	}
	e := s2s.Event{Kind: s2s.Started, Response: ev.Response.ID, Tag: ev.Response.Metadata[tag]}
	s.carry = wire.Carry{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, t := range s.asked {
		if e.Tag == "" || e.Tag == t { // a service that gives nothing back answers in order
			e.Tag = t
			s.asked = append(s.asked[:i], s.asked[i+1:]...)
			break
		}
	}
	s.put(e)
}

func (s *session) item(ev incoming) {
	it := ev.Item
	if it == nil || it.Type != "function_call" || it.Status != "" && it.Status != wire.Completed {
		return
	}
	if it.Arguments == "" {
		it.Arguments = "{}"
	}
	s.called[ev.ResponseID] = true
	s.put(s2s.Event{Kind: s2s.Call, Response: ev.ResponseID, Item: it.ID, Call: &llm.ToolCall{ID: it.CallID, Name: it.Name, Arguments: it.Arguments}})
}

func (s *session) done(ev incoming) {
	r := ev.Response
	if r == nil {
		return
	}
	e := s2s.Event{Kind: s2s.Done, Response: r.ID, Stop: llm.StopEnd, Usage: usageOf(r.Usage)}
	reason := ""
	if r.Details != nil {
		reason = r.Details.Reason
	}
	switch {
	case r.Status == wire.Cancelled:
		e.Cancelled = true
	case r.Status == wire.Failed:
		var p *problem
		if r.Details != nil {
			p = r.Details.Error
		}
		e.Err = s.fault(p)
	case reason == wire.ReasonMaxOutputTokens:
		e.Stop = llm.StopLength
	case reason == wire.ReasonContentFilter:
		e.Stop = llm.StopFilter
	case s.called[r.ID]:
		e.Stop = llm.StopTools
	}
	delete(s.called, r.ID)
	s.put(e)
}

// problem tells what an error is about.
func (s *session) problem(p *problem) {
	f := s.fault(p)
	id := ""
	if p != nil {
		id = p.EventID
	}
	switch {
	case strings.HasPrefix(id, aboutRespond):
		t := strings.TrimPrefix(id, aboutRespond)
		s.forget(t)
		s.put(s2s.Event{Kind: s2s.Refused, Tag: t, Command: s2s.Respond{}, Err: f})
	case strings.HasPrefix(id, aboutUpdate):
		s.put(s2s.Event{Kind: s2s.Refused, Command: s2s.Update{}, Err: f})
	case strings.HasPrefix(id, aboutCommit), f.Code == wire.CodeCommitEmpty:
		s.put(s2s.Event{Kind: s2s.Refused, Command: s2s.Commit{}, Err: f})
	case f.Code == wire.CodeCancelNotActive, strings.HasPrefix(id, aboutCancel): // the answer was quicker
	case strings.HasPrefix(id, aboutOther):
		s.put(s2s.Event{Kind: s2s.Warning, Text: f.Error()})
	case f.Code == "session_expired":
		s.broken.CompareAndSwap(nil, f)
	case f.Code == wire.CodeActiveResponse:
		if t, ok := s.oldest(); ok {
			s.put(s2s.Event{Kind: s2s.Refused, Tag: t, Command: s2s.Respond{}, Err: f})
		}
	default:
		s.put(s2s.Event{Kind: s2s.Warning, Text: f.Error()})
	}
}

// forget takes a tag out of those that were asked for.
func (s *session) forget(tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, t := range s.asked {
		if t == tag {
			s.asked = append(s.asked[:i], s.asked[i+1:]...)
			return
		}
	}
}

// oldest takes the tag that has waited longest.
func (s *session) oldest() (tag string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) == 0 {
		return "", false
	}
	tag = s.asked[0]
	s.asked = s.asked[1:]
	return tag, true
}
