package chat

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/reply"
	"griot/internal/model/llm"
	"griot/internal/tool"
)

// Incoming is a message to an agent.
type Incoming struct {
	Session     string // empty for a new one
	Text        string
	Attachments []Upload
	Metadata    json.RawMessage // of a new session; a JSON object
}

// errStopped is why a reply ends that its reader stopped.
var errStopped = errors.New("the reply was stopped")

// errLong ends a reply that says more than a stream holds.
var errLong = fault.New(fault.Limited, "reply_too_long", "The reply has become too long.")

// Send gives an agent a message and returns the stream of its reply, which goes on whatever becomes of ctx. Faults beside those of the agent, the session and the
// attachments: Invalid "empty_message", Conflict "reply_running", Limited "too_many_replies".
func (s *Service) Send(ctx context.Context, tenant, agent string, in Incoming) (*Stream, error) {
	began := time.Now()
	if strings.TrimSpace(in.Text) == "" && len(in.Attachments) == 0 {
		return nil, fault.New(fault.Invalid, "empty_message", "The message is empty.").At("body.message")
	}
	a, err := s.agent(ctx, agent)
	if err != nil {
		return nil, err
	}
	files, err := s.receive(ctx, a.LLM, in.Attachments)
	if err != nil {
		return nil, err
	}
	rctx, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	st, o, err := s.enter(ctx, tenant, a, in, stop)
	if err != nil {
		stop(nil)
		return nil, err
	}
	item := newID("item_")
	fresh := map[string]string{}
	if a.Settings.Unsaved {
		for i := range files {
			if files[i].data != nil {
				files[i].Key = item + "-" + files[i].Name
				fresh[files[i].Key] = base64.StdEncoding.EncodeToString(files[i].data)
			}
		}
	} else if err := s.keep(ctx, o.place, item, files); err != nil {
		s.leave(o.place, st, stop)
		return nil, errors.Join(err, o.record.End(ctx, waiting, nil))
	}
	var raw json.RawMessage
	if len(files) > 0 {
		if raw, err = json.Marshal(shown{files}); err != nil {
			s.leave(o.place, st, stop)
			return nil, errors.Join(err, o.record.End(ctx, waiting, nil))
		}
	}
	o.add(ctx, 0, event.ItemAdded{Item: item, Kind: "message", Role: "user", Text: in.Text, Source: "typed", Raw: raw})
	s.figures.message()
	first := opened{Type: "session", Session: st.Session}
	if in.Session == "" {
		first.Welcome = a.Welcome
	}
	st.send(first)
	go func() {
		defer s.wg.Done() // of enter
		defer stop(nil)
		s.answer(rctx, &answering{s: s, a: a, o: o, st: st, stop: stop, began: began, fresh: fresh})
	}()
	return st, nil
}

// enter opens the conversation for one reply, and counts it among those that the service waits for.
func (s *Service) enter(ctx context.Context, tenant string, a Agent, in Incoming, stop context.CancelCauseFunc) (*Stream, *open, error) {
	var p place
	if in.Session != "" {
		var err error
		if p, err = placeOf(tenant, in.Session); err != nil {
			return nil, nil, err
		}
	}
	st := newStream(prefix+p.id, newID("")[:16], stop)
	if err := s.reserve(p, st); err != nil {
		return nil, nil, err
	}
	var o *open
	var err error
	if in.Session != "" {
		o, err = s.resume(ctx, p, a)
	} else {
		o, err = s.begin(ctx, tenant, a, in.Metadata)
	}
	if err != nil {
		s.leave(p, st, stop)
		return nil, nil, err
	}
	if in.Session == "" {
		st.Session = prefix + o.id
		s.mu.Lock()
		s.streams[o.place] = st
		s.mu.Unlock()
	}
	return st, o, nil
}

// reserve takes one of the places for replies.
func (s *Service) reserve(p place, st *Stream) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if s.running >= s.lim.Replies {
		return fault.New(fault.Limited, "too_many_replies", "Too many replies are being written at this moment. Try again in a few seconds.")
	}
	if p.id != "" {
		if old := s.streams[p]; old != nil {
			if !old.ended() {
				return busy()
			}
			old.forget()
		}
		s.streams[p] = st
	}
	s.running++
	s.wg.Add(1)
	return nil
}

// leave gives the place of a reply back that did not begin.
func (s *Service) leave(p place, st *Stream, stop context.CancelCauseFunc) {
	stop(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[p] == st {
		delete(s.streams, p)
	}
	s.running--
	s.wg.Done()
}

// answering is one reply on its way.
type answering struct {
	s     *Service
	a     Agent
	o     *open
	st    *Stream
	stop  context.CancelCauseFunc
	began time.Time
	fresh map[string]string // files that are not kept: base64 by key

	mu    sync.Mutex // notes come from tools side by side
	text  strings.Builder
	told  bool // the first piece came
	usage llm.Usage
	late  bool // a tool reported after the reply
	done  reply.Note
	id    string // of the response
	item  string
	gen   event.Gen
	names map[string]string // of tools by call
}

// maxLate is how often a reply goes on because a tool reported later.
const maxLate = 3

// answer writes the reply, the record's end and the stream's.
func (s *Service) answer(ctx context.Context, w *answering) {
	limit := fault.New(fault.Unavailable, "reply_timeout", "The reply took longer than %s.", s.lim.Reply)
	ctx, cancel := context.WithTimeoutCause(ctx, s.lim.Reply, limit)
	defer cancel()
	defer context.AfterFunc(s.ctx, func() { w.stop(errClosed) })()
	ctx, span := s.turn(ctx, w)
	over := make(chan struct{})
	defer close(over)
	ctx = tool.In(ctx, tool.Conversation{Tenant: w.o.tenant, Session: w.o.id, Agent: w.a.Reference, Lang: w.a.Lang, Over: over})
	var tools []tool.Tool
	if w.a.Equip != nil {
		ts, give := w.a.Equip(ctx)
		defer give()
		tools = ts
	}
	finish := ""
	var sum Usage
	for round := range maxLate + 1 {
		cause := "turn"
		if round > 0 {
			cause = "tool"
		}
		finish = w.once(ctx, cause, tools)
		sum.Prompt += w.usage.Input
		sum.Completion += w.usage.Output
		if finish == "error" || finish == "stopped" || !w.late {
			break
		}
	}
	s.figures.spent(sum)
	w.ended(span, finish, sum)
	// What was written is kept whatever becomes of the reply.
	why := waiting
	if finish == "ended" {
		why = hungUp
	}
	if err := w.o.record.End(context.WithoutCancel(ctx), why, nil); err != nil {
		s.log.ErrorContext(ctx, "a written conversation could not be recorded yet", "conversation", w.o.id, "error", err)
	}
	s.mu.Lock()
	s.running--
	if !s.closed {
		w.st.keep(time.AfterFunc(s.lim.Keep, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.streams[w.o.place] == w.st {
				delete(s.streams, w.o.place)
			}
		}))
	}
	s.mu.Unlock()
	w.st.finish(done{"done", sum, w.st.Session, finish})
}

// once makes one attempt and returns how it ended, in the words of the last event.
func (w *answering) once(ctx context.Context, cause string, tools []tool.Tool) string {
	evs := w.o.events()
	w.id, w.item, w.gen, w.late, w.usage, w.done, w.names = newID("resp_"), newID("item_"), generation(evs)+1, false, llm.Usage{}, reply.Note{}, map[string]string{}
	w.text.Reset()
	req := llm.Request{Session: w.o.id, Lang: w.a.Lang, System: w.a.Instructions, Messages: w.s.history(ctx, w.a.LLM, evs, w.fresh), Limits: w.a.Limits, Began: w.o.sum.StartedAt}
	for _, t := range tools {
		req.Tools = append(req.Tools, t.Spec())
	}
	w.o.add(ctx, w.gen, event.ReplyStarted{Response: w.id, Item: w.item, Cause: cause, Text: true})
	reply.Run(ctx, reply.Job{Gen: w.gen, LLM: traced{w.a.LLM, w.s.tracer, w.a.Model}, Request: req, Tools: tools, Limits: reply.Limits{FirstDelta: 60 * time.Second, NextDelta: 30 * time.Second}}, nil, func(n reply.Note) { w.note(ctx, n) })
	end := event.ReplyDone{Response: w.id, Item: w.item, Status: "completed", Text: w.text.String(), Input: w.usage.Input, Cached: w.usage.Cached, Output: w.usage.Output}
	finish := "stop"
	switch err := w.done.Err; {
	case err == nil && w.done.Stop == llm.StopLength:
		end.Status, end.Reason, finish = "incomplete", "max_output_tokens", "length"
	case err == nil && w.done.Stop == llm.StopFilter:
		end.Status, end.Reason, finish = "incomplete", "content_filter", "content_filter"
	case err == nil && w.done.Stop == llm.StopHangUp:
		finish = "ended"
	case err == nil:
	case errors.Is(err, errStopped):
		end.Status, end.Reason, finish = "cancelled", "client_cancelled", "stopped"
	default:
		finish = "error"
		f := told(err)
		end.Status, end.Reason, end.Message = "failed", f.Code, f.Message
		w.o.add(ctx, w.gen, event.Failed{Stage: first(w.done.Stage, "llm"), Kind: string(fault.KindOf(err)), Code: f.Code, Message: f.Message})
		w.s.log.WarnContext(ctx, "a reply failed", "conversation", w.o.id, "agent", w.a.Reference, "error", err)
		w.st.send(f)
	}
	if finish != "stopped" {
		w.s.figures.answered(w.a.Model, finish != "error")
	}
	if end.Text != "" {
		w.o.add(ctx, w.gen, event.AgentSaid{Response: w.id, Item: w.item, Said: end.Text, Text: end.Text})
	}
	w.o.add(ctx, w.gen, end)
	return finish
}

// told is what the reader is told of a fault.
func told(err error) failure {
	var f *fault.Error
	if errors.As(err, &f) && f.Code != "" {
		return failure{"error", f.Code, f.Message, f.Params}
	}
	return failure{Type: "error", Code: "internal", Message: "The reply failed for a reason that is in the server's log."}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// generation is the last one of a log.
func generation(evs []event.Event) event.Gen {
	g := event.Gen(0)
	for _, e := range evs {
		g = max(g, e.Gen)
	}
	return g
}

// maxResult bounds what a stream shows of a tool's result, in bytes; the model reads it whole.
const maxResult = 64 << 10

// note takes what the reply tells.
func (w *answering) note(ctx context.Context, n reply.Note) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch n.Kind {
	case reply.Text:
		if !w.told {
			w.told = true
			w.s.figures.first(n.At.Sub(w.began))
		}
		w.text.WriteString(n.Text)
		w.o.add(ctx, w.gen, event.TextDelta{Response: w.id, Item: w.item, Text: n.Text}, event.Heard{Response: w.id, Item: w.item, TextBytes: w.text.Len()})
		if !w.st.write(n.Text) {
			w.stop(errLong)
		}
	case reply.Called:
		w.s.figures.tool()
		w.names[n.Call.ID] = n.Call.Name
		w.o.add(ctx, w.gen, event.ToolCalled{Response: w.id, Item: w.item, CallID: n.Call.ID, Name: n.Call.Name, Arguments: n.Call.Arguments, Client: n.Client})
		w.st.send(called{"tool_call", n.Call.Name, value(n.Call.Arguments), n.Call.ID})
	case reply.Returned, reply.Reported:
		w.late = w.late || n.Kind == reply.Reported
		w.s.called(ctx, n)
		w.o.add(ctx, w.gen, event.ToolReturned{CallID: n.Call.ID, Name: n.Call.Name, Output: n.Result.Output, Failed: n.Result.Failed, Took: event.Ms(n.Took)})
		w.st.send(returned{"tool_result", n.Call.Name, value(n.Result.Output), n.Call.ID, n.Result.Failed})
	case reply.Spent:
		w.usage.Add(n.Usage)
	case reply.Done:
		w.done = n
	}
}

// value is text as a JSON value: itself where it is one, else a string.
func value(text string) json.RawMessage {
	if len(text) > maxResult {
		text = strings.ToValidUTF8(text[:maxResult], "") + "…"
	}
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	b, _ := json.Marshal(text) // a string can be
	return b
}

// Running returns the last reply of a session, while it can be read: as long as it is written, and for a minute afterwards. Without one it is fault.NotFound
// "stream_gone".
func (s *Service) Running(ctx context.Context, tenant, agent, session string) (*Stream, error) {
	if _, err := s.Get(ctx, tenant, agent, session); err != nil {
		return nil, err
	}
	p, err := placeOf(tenant, session)
	if err != nil {
		return nil, err
	}
	if st := s.stream(p); st != nil {
		return st, nil
	}
	return nil, fault.New(fault.NotFound, "stream_gone", "The reply that broke off cannot be read any more. Read the session instead.")
}

// Stop ends the reply that is being written in a session; what was written of it stays. It reports whether there was one.
func (s *Service) Stop(ctx context.Context, tenant, agent, session string) (bool, error) {
	st, err := s.Running(ctx, tenant, agent, session)
	if fault.CodeOf(err) == "stream_gone" {
		return false, nil
	}
	if err != nil || st.ended() {
		return false, err
	}
	st.stop(errStopped)
	return true, nil
}
