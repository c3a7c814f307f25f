package session

import (
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/reply"
	"griot/internal/live/upstream"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/stt"
)

// A conversation with a speech-to-speech model goes its ways as every other, with two differences. The caller's turns go to the model as sound: it can answer
// (stt.Taken) before anybody knows their words, which come later (stt.Late). And its answers come over the line, words and sound together. When the line cannot be had, the
// models of the cascade answer, with the history; who asked for the answer does not notice.

// lineState is what the state knows of the line.
type lineState uint8

const (
	noLine   lineState = iota // the cascade answers
	lineOpen                  // the line answers, as far as we know
	lineLost                  // it did
)

// lineMsg is news of the line.
type lineMsg struct{ n upstream.Note }

// Effects on the line.
type (
	lineCut  struct{ gen event.Gen } // what was heard will be told
	lineSaid struct {                // and is told
		gen   event.Gen
		upto  time.Duration
		whole bool
	}
	lineSet struct{ settings s2s.Settings }
)

const (
	// lateWords is how long the words of a turn that the model has taken may take.
	lateWords = 15 * time.Second
	// soonWords is how long when another model waits for them.
	soonWords = 6 * time.Second
)

// openLine makes the line, and the ear that belongs to it. The cascade's recogniser is its spare.
func (s *Session) openLine() {
	m := s.plan.Models
	if m.S2S == nil {
		return
	}
	o := upstream.Options{Settings: s2s.Options{Lang: s.plan.Lang, Settings: s.st.lineSettings()}, Limit: s.st.lim.History}
	if !s.st.cascade(&attempt{}) {
		o.Patience = 20 * time.Second // there is nobody else to answer
	}
	s.line = upstream.New(m.S2S, o, func(n upstream.Note) { s.post(lineMsg{n}) })
	s.plan.Models.STT = s.line.Ear(m.STT)
	s.st.plan.Models.STT, s.st.line = s.plan.Models.STT, lineOpen
}

// lineSettings is what a model upstream has to know.
func (s *state) lineSettings() s2s.Settings {
	set := s2s.Settings{Instructions: s.withBrief(s.set.Instructions), Voice: s.set.Voice, Speed: s.set.Speed, Text: s.set.TextOnly, Choice: s.set.ToolChoice, MaxTokens: s.set.MaxTokens, Temperature: s.set.Temperature}
	if set.Voice == "" {
		set.Voice = s.plan.Models.S2SVoice
	}
	for _, t := range s.tools {
		set.Tools = append(set.Tools, t.Spec())
	}
	return set
}

// ask is what the line is asked for. An answer outside the conversation is one like any other: as it is not in our history, the model has to forget it before the next one.
func (s *state) ask(a *attempt) upstream.Ask {
	ov := a.over
	q := upstream.Ask{Gen: a.gen, Item: a.item, Say: a.fixed, Instructions: ov.Instructions, Text: ov.TextOnly, Choice: ov.ToolChoice, MaxTokens: ov.MaxTokens}
	if ov.Tools != nil {
		q.Tools = []llm.ToolSpec{}
		for _, t := range s.server {
			q.Tools = append(q.Tools, t.Spec())
		}
		q.Tools = append(q.Tools, ov.Tools...)
	}
	if ov.Input != nil {
		q.Input = upstream.Messages(ov.Input)
		return q
	}
	for _, it := range s.hist.items {
		e := upstream.Entry{Item: s2s.Item{ID: it.ID, Role: it.Role, Text: it.Text}, Ref: it.Ref}
		switch it.Kind {
		case "function_call":
			e.Call, e.Text = &llm.ToolCall{ID: it.CallID, Name: it.Name, Arguments: it.Args}, ""
		case "function_call_output":
			e.Result, e.Text = &llm.ToolResult{CallID: it.CallID, Output: it.Text}, ""
		}
		q.History = append(q.History, e)
	}
	return q
}

// lineNews takes in how the line is.
func (s *state) lineNews(n upstream.Note, now time.Time, o *out) {
	notice := func(code, message string) {
		e := event.Notice{Code: code, Message: message, Params: map[string]string{"model": s.plan.Models.S2SName}}
		if n.Err != nil {
			e.Params["reason"] = n.Err.Error()
		}
		o.emit(e)
	}
	switch n.Kind {
	case upstream.Up:
		if s.lineDown {
			s.lineDown = false
			notice("upstream_back", "The line to "+s.plan.Models.S2SName+" is back.")
		}
	case upstream.Down:
		s.lineDown = true
		o.emit(failed("s2s", n.Err))
		notice("upstream_lost", "The line to "+s.plan.Models.S2SName+" was lost. Until it is back, the models of this server answer.")
	case upstream.Lost:
		s.line = lineLost
		o.emit(failed("s2s", n.Err))
		if s.closing != "" {
			return
		}
		if !s.cascade(&attempt{}) {
			s.close("failed", now, o)
			return
		}
		notice("upstream_unavailable", s.plan.Models.S2SName+" cannot be had. The models of this server answer instead.")
	case upstream.Refused:
		o.emit(failed("s2s", n.Err))
	}
}

// taken: the model has a turn, and can answer it. Its words come later.
func (s *state) taken(t *userTurn, ref string, now time.Time, o *out) {
	t.finalText, t.ref, t.deadline = now, ref, now.Add(lateWords)
	if it := s.hist.find(t.item); it != nil {
		it.Ref = ref
	}
	s.unread = append(s.unread, t)
	s.nonsense = 0
	s.cutOff, s.goOn = nil, false
	s.answerTurn(t, now, o)
}

// wordsCame settles the words of a turn that was answered without them.
func (s *state) wordsCame(ev stt.Event, now time.Time, o *out) {
	for i, t := range s.unread {
		if t.ref == ev.Ref {
			s.unread = append(s.unread[:i], s.unread[i+1:]...)
			s.read(t, ev, o)
			s.retake(now, o)
			return
		}
	}
}

func (s *state) read(t *userTurn, ev stt.Event, o *out) {
	text, _ := s.notOurs(t, ev.Text)
	switch {
	case ev.Err != nil:
		o.emit(event.UserFailed{Item: t.item, Code: codeOf(ev.Err), Message: ev.Err.Error()})
		return
	case text == "":
		o.emit(event.InputDropped{Item: t.item, Reason: "empty"})
		return
	}
	if it := s.hist.find(t.item); it != nil {
		it.Text, it.Done = text, true
	}
	spoke := event.UserSpoke{Item: t.item, Text: text, From: event.Ms(t.from), To: event.Ms(t.to), Lang: ev.Lang}
	if u := ev.Usage; u != nil {
		spoke.Input, spoke.Output = u.Input, u.Output
	}
	o.emit(spoke)
}

// unreadDue gives up words that did not come in time.
func (s *state) unreadDue(now time.Time, o *out) {
	for len(s.unread) > 0 && !now.Before(s.unread[0].deadline) {
		t := s.unread[0]
		s.unread = s.unread[1:]
		s.read(t, stt.Event{Err: fault.New(fault.Unavailable, "transcript_timeout", "the words of this turn were never told")}, o)
	}
	s.retake(now, o)
}

// lineFailed: the line failed before anything of an attempt was noticed. The cascade makes the same attempt, once it knows what was said.
func (s *state) lineFailed(a *attempt, n reply.Note, now time.Time, o *out) {
	if a.cut || s.closing != "" {
		a.stopped = true
		s.late = without(s.late, a)
		return
	}
	o.emitGen(a.gen, failed("s2s", n.Err))
	if !s.cascade(a) {
		a.stopped, a.status, a.reason, a.message = true, "failed", codeOf(n.Err), n.Err.Error()
		s.finish(a, now, o)
		return
	}
	o.emit(event.Repaired{Owner: "model", Action: "fail_over"})
	a.line, a.waits = false, true
	for _, t := range s.unread {
		if soon := now.Add(soonWords); soon.Before(t.deadline) {
			t.deadline = soon
		}
	}
	s.retake(now, o)
}

// cascade reports whether the models of the cascade can make an attempt.
func (s *state) cascade(a *attempt) bool {
	m := s.plan.Models
	if m.TTS == nil && !a.textOnly && !s.set.TextOnly {
		return false
	}
	return m.LLM != nil || a.fixed != ""
}

// retake makes the attempt that waits for the cascade, once all that was said is known.
func (s *state) retake(now time.Time, o *out) {
	a := s.rep
	if a == nil || !a.waits || len(s.unread) > 0 {
		return
	}
	a.waits, a.moved = false, now
	if t := a.turn; t != nil && t.ref != "" && a.fixed == "" {
		if it := s.hist.find(t.item); it == nil || it.Text == "" {
			a.fixed = s.plan.Phrases.NotUnderstood
		}
	}
	s.start(a, o)
}
