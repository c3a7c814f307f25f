package session

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/reply"
	"griot/internal/live/selfvoice"
	"griot/internal/live/transport"
	"griot/internal/live/turn"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
	"griot/internal/tool"
)

// step decides what a message does. It reads no clock and touches nothing but the state; what is to be done in the world goes to o.
func (s *state) step(m msg, now time.Time, o *out) {
	switch m := m.(type) {
	case beginMsg:
		s.begin(now, o)
	case voiceMsg:
		s.voice(m, now, o)
	case suspectMsg:
		s.decide2(s.policy.Observe(now, turn.Suspicion{On: m.on}), now, o)
	case echoMsg:
		s.echo(m, now, o)
	case wordsMsg:
		s.words(m, now, o)
	case lineMsg:
		s.lineNews(m.n, now, o)
	case earFault:
		s.earFailed(m, now, o)
	case digitMsg:
		s.digit(m.digit, now, o)
	case textMsg:
		s.typed(m.text, "typed", now, o)
	case replyMsg:
		s.replied(m.n, now, o)
	case playMsg:
		s.played(m.n, now, o)
	case doMsg:
		o.add(answer{to: m.reply, err: s.do(m.cmd, now, o)})
	case legGone:
		if fault.CodeOf(m.err) != "" { // no farewell: it broke, or was cut off
			o.emit(failed("leg", m.err))
		}
		if errors.Is(m.err, transport.ErrHungUp) {
			s.close("client_closed", now, o)
		} else {
			s.close("caller_left", now, o)
		}
	case stopMsg:
		s.close(m.reason, now, o)
	case tickMsg:
		s.tick(now, o)
	}
	s.repay(now, o)
	s.settleFloor(now, o)
}

func (s *state) begin(now time.Time, o *out) {
	p := s.plan
	o.emit(event.SessionStarted{Agent: p.Agent, Name: p.Name, Version: p.Version, Lang: p.Lang, Leg: s.leg.Kind, Remote: s.leg.Remote,
		STT: p.Models.STTName, LLM: p.Models.LLMName, TTS: p.Models.TTSName})
	for _, n := range p.Notices {
		o.emit(event.Notice{Code: n.Code, Message: n.Message, Params: n.Params})
	}
	if s.set.Turn.Manual {
		s.openManual(now, o)
	}
	if p.Greeting != "" {
		s.say(p.Greeting, "greeting", now, o)
	}
	s.trace(o)
}

// voice handles an edge in the caller's sound.
func (s *state) voice(m voiceMsg, now time.Time, o *out) {
	s.active, s.pos = now, max(s.pos, m.pos)
	if !m.on {
		s.voiceEnd = m.seen.Add(m.at - m.pos)
	}
	for {
		d := s.policy.Observe(now, turn.Voice{On: m.on, At: m.at, Pos: m.pos})
		s.decide(d, now, o)
		if !d.Again {
			return
		}
	}
}

// decide carries out what the turn policy decided.
func (s *state) decide(d turn.Decision, now time.Time, o *out) {
	s.policyWake = d.Wake
	switch d.Act {
	case turn.Duck, turn.Unduck:
		o.add(duckPlay{d.Act == turn.Duck})
	case turn.Hold:
		s.cand = s.newTurn(max(0, d.At-s.set.Turn.PrefixPadding), o)
		o.add(holdPlay{true})
	case turn.Resume:
		s.letGo(o, true)
	case turn.Start, turn.Interrupt, turn.Reopen:
		t := s.cand
		if s.cand = nil; t == nil {
			t = s.newTurn(max(0, d.At-s.set.Turn.PrefixPadding), o)
		}
		s.turn = t
		t.cut, t.joins = d.Act != turn.Start, d.Act == turn.Reopen // of an answer that is taken back nothing was heard
		o.emit(event.SpeechStarted{Item: t.item, At: event.Ms(t.from)})
		if t.partial != "" {
			o.emit(event.UserPartial{Item: t.item, Text: t.partial})
		}
		if t.cut {
			s.interrupt("turn_detected", now, o)
		}
		o.add(duckPlay{false})
		o.add(holdPlay{false}) // also when there was nothing left to cut
	case turn.Prepare:
		s.thinkAhead(o)
	case turn.End:
		if t := s.turn; t != nil {
			t.lastVoice, t.voicePos = s.voiceEnd, d.LastVoice
			if t.lastVoice.IsZero() || t.lastVoice.After(now) {
				t.lastVoice = now
			}
			o.emit(event.SpeechStopped{Item: t.item, At: event.Ms(d.At), LastVoice: event.Ms(d.LastVoice)})
			s.commit(t, d.At, now, o)
		}
	}
}

// thinkAhead has the model think about the turn as it is, in case it is over. Nothing is said, and no tool is run, before it is. The answer is used if the turn's
// words are in the end what they are now.
func (s *state) thinkAhead(o *out) {
	t := s.turn
	if t == nil || t.partial == "" || t.manual || s.line == lineOpen || s.rep != nil || s.asked != nil || len(s.finals) > 0 || !s.set.Turn.CreateResponse {
		return
	}
	s.hist.add(&Item{ID: t.item, Kind: "message", Role: llm.User, Text: t.partial, Joins: t.joins})
	req, _ := s.asking(Overrides{})
	s.hist.remove(t.item)
	o.add(prepare{req})
}

func (s *state) newTurn(from time.Duration, o *out) *userTurn {
	s.utts++
	t := &userTurn{item: s.id("item"), utt: s.utts, from: from, over: s.sounding()}
	hints := s.set.Hints
	if e, ok := s.plan.Models.LLM.(llm.Expecter); ok {
		phrases, grammar := e.Expect(s.request(Overrides{}))
		hints.Phrases = append(append([]string(nil), hints.Phrases...), phrases...)
		if hints.Grammar == "" {
			hints.Grammar = grammar
		}
	}
	o.add(openEar{utt: t.utt, hints: hints})
	return t
}

// openManual starts the next utterance of a session whose turns a client ends.
func (s *state) openManual(_ time.Time, o *out) {
	if s.plan.Models.STT != nil && s.turn == nil {
		s.turn = s.newTurn(s.pos, o)
		s.turn.manual = true
	}
}

// commit ends the caller's turn: its audio becomes an item, and the recogniser owes the words.
func (s *state) commit(t *userTurn, to time.Duration, now time.Time, o *out) {
	s.turn = nil
	t.to, t.ended = to, now
	prev := s.hist.add(&Item{ID: t.item, Kind: "message", Role: llm.User, Audio: true, Joins: t.joins})
	o.emit(event.InputCommitted{Item: t.item, Previous: prev, From: event.Ms(t.from), To: event.Ms(to)})
	if s.plan.Models.STT == nil {
		o.emit(event.UserFailed{Item: t.item, Code: "no_recogniser", Message: "this agent has no recogniser for its language: type instead"})
		return
	}
	t.deadline = now.Add(s.lim.Final)
	s.finals = append(s.finals, t)
	o.add(closeEar{utt: t.utt})
}

func (s *state) words(m wordsMsg, now time.Time, o *out) {
	switch m.ev.Kind {
	case stt.Partial:
		s.partial(m, now, o)
	case stt.Final:
		if t := s.takeFinal(m.utt); t != nil {
			s.heardUser(t, strings.TrimSpace(m.ev.Text), m.ev, now, o)
		}
	case stt.Taken:
		if t := s.takeFinal(m.utt); t != nil {
			s.taken(t, m.ev.Ref, now, o)
		}
	case stt.Late:
		s.wordsCame(m.ev, now, o)
	}
}

// partial shows what a turn seems to be so far, and lets the policy weigh it.
func (s *state) partial(m wordsMsg, now time.Time, o *out) {
	if m.ev.Text == "" {
		return
	}
	if len(s.finals) > 0 && s.finals[0].utt == m.utt {
		s.finals[0].partial = m.ev.Text
		o.emit(event.UserPartial{Item: s.finals[0].item, Text: m.ev.Text})
		return
	}
	for _, t := range [2]*userTurn{s.turn, s.cand} {
		if t != nil && t.utt == m.utt {
			text, ours := s.notOurs(t, m.ev.Text)
			if ours {
				s.echo(echoMsg{}, now, o)
				return
			}
			if m.ev.Text = text; text == "" {
				return
			}
			t.partial = m.ev.Text
			if t == s.turn {
				o.emit(event.UserPartial{Item: t.item, Text: m.ev.Text})
			}
			s.decide2(s.policy.Observe(now, turn.Words{Text: m.ev.Text}), now, o)
		}
	}
}

// echo settles that what sounded like the caller was the agent.
func (s *state) echo(m echoMsg, now time.Time, o *out) {
	if !s.echoes {
		s.echoes = true
		n := event.Notice{Code: "echo", Message: "The caller's device gives back the agent's voice, which is left out. A headset or a lower volume would make the conversation better."}
		if m.delay > 0 {
			n.Params = map[string]string{"delay_ms": strconv.FormatInt(m.delay.Milliseconds(), 10)}
		}
		o.emit(n)
	}
	s.decide2(s.policy.Observe(now, turn.Echo{}), now, o)
}

// notOurs takes the agent's own words out of what was recognised in a turn that began while the agent was heard. ours means that nothing else is left.
func (s *state) notOurs(t *userTurn, text string) (rest string, ours bool) {
	if t.over == "" || s.plan.NoSelfVoice {
		return text, false
	}
	return selfvoice.Own(text, t.over)
}

// sounding is what the agent says that may just now be heard, up to the word that will be a second from now.
func (s *state) sounding() string {
	var b strings.Builder
	add := func(a *attempt) {
		if a == nil || a.textOnly || a.sent.IsZero() {
			return
		}
		b.WriteString(a.text[:min(len(a.text), a.heard+60)])
		b.WriteByte(' ')
	}
	for _, a := range s.tails {
		add(a)
	}
	add(s.rep)
	return strings.TrimSpace(b.String())
}

// decide2 is decide for signals that may leave the policy's wish to be woken as it was.
func (s *state) decide2(d turn.Decision, now time.Time, o *out) {
	if d.Act != turn.None || !d.Wake.IsZero() {
		s.decide(d, now, o)
	}
}

func (s *state) takeFinal(utt int) *userTurn {
	for i, t := range s.finals {
		if t.utt == utt {
			s.finals = append(s.finals[:i], s.finals[i+1:]...)
			return t
		}
	}
	return nil
}

// heardUser settles a turn's words and answers them.
func (s *state) heardUser(t *userTurn, text string, ev stt.Event, now time.Time, o *out) {
	t.finalText = now
	if rest, ours := s.notOurs(t, text); ours {
		s.echo(echoMsg{}, now, o)
		text = ""
	} else {
		text = rest
	}
	if text == "" {
		o.emit(event.InputDropped{Item: t.item, Reason: "empty"})
		s.nothingHeard(t, now, o)
		return
	}
	s.nonsense = 0
	s.cutOff, s.goOn = nil, false
	if it := s.hist.find(t.item); it != nil {
		it.Text, it.Done = text, true
	}
	lang := ev.Lang
	if lang == "" {
		lang = s.plan.Lang
	}
	o.emit(event.UserSpoke{Item: t.item, Text: text, From: event.Ms(t.from), To: event.Ms(t.to), Confidence: ev.Confidence, Lang: lang})
	s.answerTurn(t, now, o)
}

// answerTurn notes that a finished turn is owed an answer, which repay gives as soon as it can.
func (s *state) answerTurn(t *userTurn, now time.Time, o *out) {
	if s.asked != nil || t.manual || !s.set.Turn.CreateResponse {
		return // whoever asks for an answer decides when
	}
	s.owed = t
	if a := s.rep; a != nil && a.cause == "turn" && a.harmless() && s.set.Turn.InterruptResponse && !s.set.Turn.KeepThinking {
		s.interrupt("turn_detected", now, o) // nothing of it was heard: better one answer to everything than two
	}
}

// nothingHeard handles a turn in which nothing was recognised: a cough must not cost the answer that it cut, nor leave silence behind.
func (s *state) nothingHeard(t *userTurn, now time.Time, o *out) {
	switch {
	case s.asked != nil || s.rep != nil || len(s.finals) > 0 || s.callersTurn() || !s.set.Turn.CreateResponse:
		// Somebody else owes the next move.
	case s.owed != nil: // repay answers it
	case t.manual:
		s.cutOff = nil
	case s.cutOff != nil:
		s.goOn = true
	case t.voicePos-t.from-s.set.Turn.PrefixPadding < 400*time.Millisecond:
		// Too short to have been words: go on listening.
	default:
		s.nonsense++
		o.emit(event.Repaired{Owner: "recogniser", Action: "ask_again"})
		if s.nonsense <= 3 {
			s.say(s.plan.Phrases.NotUnderstood, "repair", now, o)
		}
	}
}

// callersTurn reports whether the caller has the turn, or may have it.
func (s *state) callersTurn() bool { return s.cand != nil || s.turn != nil && !s.turn.manual }

// repay begins the reply that is owed, if one is and nothing stands in its way. It runs after every message, whatever that was, so that no path through the state
// can leave a caller without an answer.
func (s *state) repay(now time.Time, o *out) {
	switch {
	case s.closing != "" || s.rep != nil || len(s.finals) > 0:
	case s.asked != nil:
		q := s.asked
		s.asked = nil
		s.respond("client", q.turn, q.over, now, o)
	case s.callersTurn() || s.keys != "":
	case s.owed != nil:
		s.respond("turn", s.owed, Overrides{}, now, o)
	case s.goOn && s.cutOff.settled:
		a := s.cutOff
		s.goOn, s.cutOff = false, nil
		rest := a.text[min(a.heard, len(a.text)):]
		if strings.TrimSpace(rest) == "" {
			s.repay(now, o) // it had come to its end: whatever else is owed has its turn
			return
		}
		o.emit(event.Repaired{Owner: "caller", Action: "resume"})
		s.say(rest, "resume", now, o)
		s.rep.stop = a.stop
	case len(s.waiting) > 0 && !s.goOn:
		s.sayAside(now, o)
	}
}

func (s *state) earFailed(m earFault, now time.Time, o *out) {
	o.emit(failed("stt", m.err))
	t := s.takeFinal(m.utt)
	if t == nil {
		return
	}
	if t.partial != "" {
		o.emit(event.Repaired{Owner: "recogniser", Action: "use_partial"})
		s.heardUser(t, t.partial, stt.Event{}, now, o)
		return
	}
	o.emit(event.UserFailed{Item: t.item, Code: codeOf(m.err), Message: m.err.Error()})
	s.nothingHeard(t, now, o)
}

func (s *state) digit(d rune, now time.Time, o *out) {
	s.active = now
	if s.keys == "" && s.set.Turn.InterruptResponse {
		s.interrupt("turn_detected", now, o)
	}
	if d != '#' {
		s.keys += string(d)
		s.keysDue = now.Add(1200 * time.Millisecond)
		return
	}
	s.flushKeys(now, o)
}

func (s *state) flushKeys(now time.Time, o *out) {
	keys := s.keys
	s.keys, s.keysDue = "", time.Time{}
	if keys == "" {
		keys = "#"
	}
	s.typed(keys, "digits", now, o)
}

// typed handles a message that the caller wrote, or keys that were pressed.
func (s *state) typed(text, source string, now time.Time, o *out) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	s.active = now
	s.interrupt("turn_detected", now, o)
	it := &Item{ID: s.id("item"), Kind: "message", Role: llm.User, Text: text, Done: true}
	prev := s.hist.add(it)
	o.emit(event.ItemAdded{Item: it.ID, Previous: prev, Kind: it.Kind, Role: string(llm.User), Text: text, Source: source})
	if s.plan.Transcribe {
		return
	}
	s.owed = &userTurn{item: it.ID, lastVoice: now, ended: now, finalText: now}
	s.cutOff, s.goOn, s.nonsense = nil, false, 0
	if s.rep == nil && len(s.finals) == 0 { // else repay answers, once what was said before is known
		s.respond("turn", s.owed, Overrides{}, now, o)
	}
}

// interrupt cuts everything that the agent is saying or about to say.
func (s *state) interrupt(reason string, now time.Time, o *out) {
	if s.rep == nil && len(s.tails) == 0 {
		return
	}
	s.gen++
	o.add(cutPlay{gen: s.gen})
	if s.cand != nil { // decided by other means; what the caller is saying is weighed all the same
		o.add(holdPlay{true})
	}
	for _, a := range s.tails {
		a.cut = true
		if a.line {
			o.add(lineCut{a.gen})
		}
		if a.it != nil && !a.it.Done {
			a.it.Text = a.text[:min(a.heard, len(a.text))]
		}
		if a.cutBy == "" {
			a.cutBy = reason
		}
		s.keep(a, reason)
	}
	s.asked = nil
	a := s.rep
	if a == nil {
		return
	}
	a.cut, a.cutBy = true, reason
	if a.line {
		o.add(lineCut{a.gen})
	}
	o.add(cancelRep{gen: a.gen})
	s.keep(a, reason)
	if a.it != nil && !a.textOnly {
		a.it.Text = a.text[:min(a.heard, len(a.text))]
	}
	a.status, a.reason = "cancelled", reason
	s.finish(a, now, o)
}

// keep remembers what a voice has cut, in case it was no interruption: of an answer that is written to its end the rest can be said; another is made again.
func (s *state) keep(a *attempt, reason string) {
	switch {
	case reason != "turn_detected", a.aside:
	case a.turn != nil && s.rep == a && (a.heard == 0 || !a.written):
		if s.owed == nil {
			s.owed = a.turn
		}
	case a.cause != "idle":
		s.cutOff, s.goOn = a, false
	}
}

// finish ends the sending of an attempt. What was heard of it is settled later.
func (s *state) finish(a *attempt, now time.Time, o *out) {
	if a.done {
		return
	}
	a.done = true
	if a.status == "" {
		a.status = "completed"
	}
	o.emitGen(a.gen, event.ReplyDone{Response: a.response, Item: a.item, Status: a.status, Reason: a.reason, Message: a.message, Text: a.text,
		Input: a.usage.Input, Cached: a.usage.Cached, Output: a.usage.Output,
		AudioInput: a.usage.AudioInput, AudioCached: a.usage.AudioCached, AudioOutput: a.usage.AudioOutput})
	if s.rep == a {
		s.rep = nil
	}
	s.asides = without(s.asides, a)
	a.moved = now
	if a.it != nil && !a.cut {
		a.it.Text = a.text // it will be heard, unless it is cut in its last moments
	}
	switch {
	case a.textOnly:
		s.settle(a, len(a.text), now, o)
	case a.early:
		s.settle(a, a.heard, now, o)
	default:
		s.tails = append(s.tails, a)
	}
	if s.closing == "" && !a.cut && a.status == "failed" && a.cause != "repair" && !a.aside {
		o.emit(event.Repaired{Owner: "model", Action: "apologise"})
		s.say(s.plan.Phrases.Apology, "repair", now, o)
	}
}

// settle fixes what was heard of an attempt.
func (s *state) settle(a *attempt, text int, now time.Time, o *out) {
	a.settled, a.heard = true, min(text, len(a.text))
	if a.cutAt > 0 && a.heardAt != nil {
		a.upto = min(a.cutAt, a.wrote) // nobody hears what was not sent
		a.heard = min(a.heardAt(a.upto), len(a.text))
	}
	text = a.heard
	heard := a.text[:text]
	whole := text == len(a.text)
	if a.it != nil {
		a.it.Text, a.it.Said, a.it.Done = heard, a.text, true
	}
	if !whole && a.cutBy != "" {
		o.emitGen(a.gen, event.Interrupted{Response: a.response, Item: a.item, Reason: a.cutBy, Said: a.text, Text: heard, Upto: event.Ms(a.upto)})
	}
	if a.text != "" && !a.beside() { // of which nobody was told anything
		o.emitGen(a.gen, event.AgentSaid{Response: a.response, Item: a.item, Said: a.text, Text: heard, Upto: event.Ms(a.upto), Total: event.Ms(a.total), Cut: !whole})
	}
	if !whole && heard != "" {
		s.awaits(heard, now, o)
	}
	if a.line && !a.textOnly {
		o.add(lineSaid{a.gen, a.upto, whole})
	}
	s.tails = without(s.tails, a)
	if !a.stopped {
		s.late = append(s.late, a)
	}
	s.stir(a, now)
	if a.stop == llm.StopHangUp && !a.cut && s.closing == "" {
		s.close("agent_hung_up", now, o)
	}
}

// awaits tells the turn policy what the agent's words ask the caller for: who dictates a number pauses in it.
func (s *state) awaits(text string, now time.Time, o *out) {
	s.decide2(s.policy.Observe(now, turn.Asked{Kind: turn.KindOfQuestion(s.plan.Lang, text)}), now, o)
}

// say speaks a fixed text.
func (s *state) say(text, cause string, now time.Time, o *out) {
	if text == "" || s.closing != "" {
		return
	}
	a := s.newAttempt(cause, nil, Overrides{}, now)
	a.fixed = text
	s.launch(a, o)
}

// respond starts an answer.
func (s *state) respond(cause string, t *userTurn, ov Overrides, now time.Time, o *out) {
	if s.closing != "" {
		return
	}
	s.owed = nil
	s.launch(s.newAttempt(cause, t, ov, now), o)
}

// asking is what a model is asked, with the tools that it may call.
func (s *state) asking(ov Overrides) (llm.Request, []tool.Tool) {
	req := s.request(ov)
	tools := s.tools
	if ov.Tools != nil {
		tools = append(append([]tool.Tool(nil), s.server...), clientTools(ov.Tools)...)
	}
	if req.Choice == "none" {
		tools = nil
	}
	for _, tl := range tools {
		req.Tools = append(req.Tools, tl.Spec())
	}
	return req, tools
}

func (s *state) newAttempt(cause string, t *userTurn, ov Overrides, now time.Time) *attempt {
	s.gen++
	a := s.attemptOf(cause, t, ov, now)
	s.rep = a
	s.cutOff, s.goOn = nil, false
	return a
}

func (s *state) attemptOf(cause string, t *userTurn, ov Overrides, now time.Time) *attempt {
	return &attempt{gen: s.gen, response: s.id("resp"), item: s.id("item"), cause: cause, turn: t, metadata: ov.Metadata, over: ov, fixed: ov.Say, line: s.line == lineOpen,
		textOnly: s.writes(ov), aside: ov.OutOfBand, request: ov.Request, started: now, moved: now}
}

// launch begins an attempt.
func (s *state) launch(a *attempt, o *out) {
	o.emitGen(a.gen, event.ReplyStarted{Response: a.response, Item: a.item, Previous: s.hist.last(), Cause: a.cause, Text: a.textOnly, OutOfBand: a.aside, Metadata: a.metadata, Request: a.request})
	s.start(a, o)
}

// start has an attempt made, by the line or by the cascade.
func (s *state) start(a *attempt, o *out) {
	j := reply.Job{Gen: a.gen, Limits: s.lim.Reply, Fixed: a.fixed, Filler: s.plan.Phrases.Filler}
	if a.fixed == "" {
		j.Request, j.Tools = s.asking(a.over)
		if a.aside {
			j.Request.Session += "/" + a.response // a model that keeps state must not take it for the conversation
		}
	}
	if a.line {
		j.Fixed, j.Ask, j.Text = "", s.ask(a), a.textOnly
		o.add(startRep{att: a, job: j, line: true})
		return
	}
	j.LLM = s.plan.Models.LLM
	if !a.textOnly {
		j.TTS, j.Voice = s.plan.Models.TTS, s.plan.Voice
		if s.set.Speed > 0 {
			j.Voice.Rate = max(j.Voice.Rate, 0)
			if j.Voice.Rate == 0 {
				j.Voice.Rate = 1
			}
			j.Voice.Rate *= s.set.Speed
		}
	}
	if a.fixed == "" && !a.aside {
		s.trace(o)
	}
	o.add(startRep{att: a, job: j})
}

// trace tells where the agent's call flow stands, when that is somewhere else than before.
func (s *state) trace(o *out) {
	t, ok := s.plan.Models.LLM.(llm.Tracer)
	if !ok {
		return
	}
	req, _ := s.asking(Overrides{})
	node, slots := t.Trace(req)
	if node == s.node && maps.Equal(slots, s.slots) {
		return
	}
	s.node, s.slots = node, slots
	o.emit(event.FlowMoved{Node: node, Slots: slots})
}

// request is what a model is asked.
func (s *state) request(ov Overrides) llm.Request {
	r := llm.Request{Session: s.plan.ID, Lang: s.plan.Lang, Began: s.began, System: s.set.Instructions, Choice: s.set.ToolChoice, Limits: llm.Limits{MaxTokens: s.set.MaxTokens, Temperature: s.set.Temperature}}
	if ov.Instructions != nil {
		r.System = *ov.Instructions
	}
	r.System = s.withBrief(r.System)
	if ov.ToolChoice != "" {
		r.Choice = ov.ToolChoice
	}
	if r.OneCall = s.set.OneCall; ov.OneCall != nil {
		r.OneCall = *ov.OneCall
	}
	if ov.Temperature != nil {
		r.Limits.Temperature = ov.Temperature
	}
	if ov.MaxTokens > 0 {
		r.Limits.MaxTokens = ov.MaxTokens
	}
	if r.Messages = ov.Input; ov.Input == nil {
		r.Messages = s.hist.messages(s.lim.History)
	}
	return r
}

// replied handles what a reply reports. Facts count whatever generation they belong to; the rest only while it is the current one.
func (s *state) replied(n reply.Note, now time.Time, o *out) {
	if n.Kind == reply.Reported {
		s.reported(n, now, o)
		return
	}
	if n.Kind == reply.Returned {
		s.briefed(n.Result, o)
	}
	a := s.attempt(n.Gen)
	if a == nil {
		return
	}
	a.moved = now
	if a.aside && s.noteAside(a, n, o) {
		return
	}
	switch n.Kind {
	case reply.Text:
		if a.cut {
			return
		}
		if a.firstToken.IsZero() {
			a.firstToken = n.At
		}
		if a.it == nil {
			a.it = &Item{ID: a.item, Kind: "message", Role: llm.Assistant, Audio: !a.textOnly}
			s.hist.add(a.it)
			s.spoken[a.item] = a
		}
		a.text += n.Text
		a.it.Said = a.text
		if a.textOnly {
			a.it.Text = a.text
		}
		o.emitGen(a.gen, event.TextDelta{Response: a.response, Item: a.item, Text: n.Text})
	case reply.Called:
		a.acted = true
		s.working(a, n.Call)
		it := &Item{ID: s.id("item"), Kind: "function_call", CallID: n.Call.ID, Name: n.Call.Name, Args: n.Call.Arguments, Done: true, Inner: !n.Client}
		if n.Client { // nothing of this attempt follows it
			s.hist.add(it)
		} else {
			s.hist.addBefore(it, a.it)
		}
		o.emitGen(a.gen, event.ToolCalled{Response: a.response, Item: it.ID, CallID: n.Call.ID, Name: n.Call.Name, Arguments: n.Call.Arguments, Client: n.Client})
	case reply.Returned:
		it := &Item{ID: s.id("item"), Kind: "function_call_output", CallID: n.Call.ID, Text: n.Result.Output, Done: true, Inner: true}
		s.hist.addBefore(it, a.it)
		a.toolsDone = n.At
		delete(a.tools, n.Call.ID)
		o.emitGen(a.gen, event.ToolReturned{CallID: n.Call.ID, Name: n.Call.Name, Output: n.Result.Output, Failed: n.Result.Failed, Took: event.Ms(n.Took)})
	case reply.Spent:
		a.usage.Add(n.Usage)
	case reply.FirstAudio:
		a.firstAudio = n.At
	case reply.Written:
		if a.written = true; a.stop == "" {
			a.stop = n.Stop
		}
		if !a.cut {
			s.awaits(a.text, now, o)
		}
	case reply.Done:
		s.replyOver(a, n, now, o)
	case reply.Lost:
		s.lineFailed(a, n, now, o)
	}
}

func (s *state) replyOver(a *attempt, n reply.Note, now time.Time, o *out) {
	a.stopped = true
	s.late = without(s.late, a)
	if a.cut {
		return
	}
	if a.pending = n.Pending; a.stop == "" {
		a.stop = n.Stop
	}
	if !a.aside {
		s.trace(o) // tools that it called have moved it on
	}
	switch {
	case n.Err != nil:
		o.emitGen(a.gen, failed(n.Stage, n.Err))
		a.status, a.reason, a.message = "failed", codeOf(n.Err), n.Err.Error()
	case n.Stop == llm.StopLength:
		a.status, a.reason = "incomplete", "max_output_tokens"
	case n.Stop == llm.StopFilter:
		a.status, a.reason = "incomplete", "content_filter"
	}
	if !n.Spoken || a.drained {
		s.finish(a, now, o)
	}
}

// played handles what the player reports.
func (s *state) played(n playNote, now time.Time, o *out) {
	a := s.attempt(n.Gen)
	if a == nil || a.settled {
		return
	}
	a.moved = now
	switch n.Kind {
	case playSent:
		a.sent = n.At
	case playSounded:
		a.ear = n.At
		s.timed(a, o)
	case playProgress:
		a.upto, a.heard, a.total = n.Upto, n.Text, n.Total
		s.stir(a, now)
		if !a.settled {
			o.emitGen(a.gen, event.Heard{Response: a.response, Item: a.item, Upto: event.Ms(n.Upto), TextBytes: n.Text})
		}
	case playDrained:
		a.drained = true
		if a.stopped {
			s.finish(a, now, o)
		}
	case playSettled:
		a.upto, a.heard, a.total, a.wrote, a.drained = n.Upto, n.Text, n.Total, n.Wrote, true
		a.heardAt = n.HeardAt
		if !a.done { // drained and settled may come before the reply's own report
			a.early = true
			return
		}
		s.settle(a, n.Text, now, o)
	case playBroken:
		o.emitGen(a.gen, failed("leg", n.Err))
		s.close("failed", now, o)
	}
}

// timed reports how long the caller waited for this answer.
func (s *state) timed(a *attempt, o *out) {
	t := a.turn
	if t == nil || t.lastVoice.IsZero() {
		return
	}
	s.turns++
	since := func(at time.Time) event.Millis {
		if at.IsZero() {
			return event.Ms(-time.Millisecond)
		}
		return event.Ms(at.Sub(t.lastVoice))
	}
	o.emitGen(a.gen, event.TurnTimed{Response: a.response, Turn: s.turns, Item: t.item, EndOfTurn: since(t.ended), FinalText: since(t.finalText),
		FirstToken: since(a.firstToken), ToolsDone: since(a.toolsDone), FirstAudio: since(a.firstAudio), Sent: since(a.sent), Heard: since(a.ear)})
}

// stir notes that the agent did something. Asking whether the caller is still there does not count.
func (s *state) stir(a *attempt, now time.Time) {
	if a.cause != "idle" {
		s.active = now
	}
}

func (s *state) attempt(g event.Gen) *attempt {
	if s.rep != nil && s.rep.gen == g {
		return s.rep
	}
	for _, a := range s.tails {
		if a.gen == g {
			return a
		}
	}
	for _, a := range s.asides {
		if a.gen == g {
			return a
		}
	}
	for _, a := range s.late {
		if a.gen == g {
			return a
		}
	}
	return nil
}

// without returns the attempts but a.
func without(list []*attempt, a *attempt) []*attempt {
	return slices.DeleteFunc(list, func(t *attempt) bool { return t == a })
}

// agentState is what the turn policy has to know of the agent.
func (s *state) agentState() (ag turn.Agent) {
	ag.Thinking = s.rep != nil
	for _, a := range s.tails {
		if !a.cut {
			ag.Speaking = true
			ag.Left = max(ag.Left, a.total-a.upto)
		}
	}
	if a := s.rep; a != nil && !a.sent.IsZero() {
		ag.Speaking = true
		ag.Protected = a.cause == "greeting" && s.plan.Protected
		if ag.Left = a.total - a.upto; !a.stopped {
			ag.Left = time.Hour // how much is still to come is not known
		}
	}
	return ag
}

// settleFloor says who has the floor, when that changed, and tells the turn policy what the agent is doing.
func (s *state) settleFloor(now time.Time, o *out) {
	ag := s.agentState()
	if ag != s.agent {
		s.agent = ag
		s.decide2(s.policy.Observe(now, ag), now, o)
	}
	speaking, thinking := ag.Speaking, len(s.finals) > 0 || s.rep != nil
	f := event.FloorNone
	switch {
	case s.turn != nil && !s.turn.manual, s.cand != nil:
		f = event.FloorCaller
	case speaking:
		f = event.FloorAgent
	case thinking:
		f = event.FloorModel
	}
	if f != s.floor {
		s.floor = f
		o.emit(event.FloorChanged{Floor: f})
	}
}

// close begins the end: the agent falls silent, and what was heard of it is settled before the session goes.
func (s *state) close(reason string, now time.Time, o *out) {
	if s.closing != "" {
		return
	}
	s.closing, s.closeBy = reason, now.Add(400*time.Millisecond)
	for _, t := range [2]*userTurn{s.turn, s.cand} {
		if t != nil {
			o.add(discardEar{utt: t.utt})
		}
	}
	s.turn, s.cand = nil, nil
	s.endAsides(now, o)
	s.interrupt("hang_up", now, o)
}

func failed(stage string, err error) event.Failed {
	return event.Failed{Stage: stage, Kind: string(fault.KindOf(err)), Code: codeOf(err), Message: err.Error()}
}

func codeOf(err error) string {
	if c := fault.CodeOf(err); c != "" {
		return c
	}
	return "internal"
}

func clientTools(specs []llm.ToolSpec) []tool.Tool {
	ts := make([]tool.Tool, len(specs))
	for i, sp := range specs {
		ts[i] = clientTool{sp}
	}
	return ts
}

// notActive is the protocol's answer to a cancel with nothing to cancel.
func notActive(format string, args ...any) error {
	return fault.New(fault.Conflict, "response_cancel_not_active", "%s", fmt.Sprintf(format, args...))
}
