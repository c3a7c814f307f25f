package session

import (
	"fmt"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/turn"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
)

// tick looks at every deadline. Each wait of a session has one here, or is bounded by the reply's and the player's own.
func (s *state) tick(now time.Time, o *out) {
	if s.closing != "" {
		return
	}
	due := func(t time.Time) bool { return !t.IsZero() && !now.Before(t) }
	if due(s.policyWake) {
		s.policyWake = time.Time{}
		s.decide(s.policy.Observe(now, turn.Tick{}), now, o)
	}
	if due(s.keysDue) {
		s.flushKeys(now, o)
	}
	for len(s.finals) > 0 && due(s.finals[0].deadline) {
		t := s.finals[0]
		s.finals = s.finals[1:]
		o.emit(failed("stt", fault.New(fault.Unavailable, "recogniser_timeout", "the recogniser did not settle the turn within %s", s.lim.Final)))
		if t.partial != "" {
			o.emit(event.Repaired{Owner: "recogniser", Action: "use_partial"})
			s.heardUser(t, t.partial, stt.Event{}, now, o)
			continue
		}
		o.emit(event.UserFailed{Item: t.item, Code: "recogniser_timeout", Message: "the recogniser did not answer in time"})
		s.nothingHeard(t, now, o)
	}
	s.unreadDue(now, o)
	if a := s.rep; a != nil && now.Sub(a.moved) >= s.stall(a) {
		// The reply and the player have deadlines of their own; this one catches what they miss.
		o.emit(event.Repaired{Owner: "model", Action: "apologise"})
		a.status, a.reason, a.message = "failed", "stalled", "nothing came of the reply in time"
		cause := a.cause
		s.interruptFor("failed", "stalled", now, o)
		if cause != "repair" {
			s.say(s.plan.Phrases.Apology, "repair", now, o)
		}
	}
	s.watchAsides(now, o)
	for _, a := range append([]*attempt(nil), s.tails...) {
		if now.Sub(a.moved) >= s.lim.Move {
			o.emit(event.Repaired{Owner: "far_end", Action: "settle"})
			s.settle(a, a.heard, now, o)
		}
	}
	switch idle := now.Sub(s.active); {
	case now.Sub(s.began) >= s.lim.Max:
		s.close("limit", now, o)
	case idle >= s.lim.Idle:
		s.close("idle", now, o)
	case s.idlePrompt() > 0 && s.quiet() && idle >= s.idlePrompt() && s.idleAsked.Before(s.active):
		s.askSilent(now, o)
	}
}

// interruptFor cuts the reply under way with this status, and leaves nothing owed by it.
func (s *state) interruptFor(status, reason string, now time.Time, o *out) {
	a := s.rep
	s.interrupt(reason, now, o)
	if a != nil {
		a.status = status
	}
}

// stall is how long an attempt may go without any sign of life. A tool that may take longer, such as one that a person has to allow first, is given its time.
func (s *state) stall(a *attempt) time.Duration {
	most := max(s.lim.Reply.FirstDelta, s.lim.Reply.NextDelta, s.lim.Reply.Tool, 15*time.Second)
	for _, d := range a.tools {
		most = max(most, d)
	}
	return s.lim.Move + most
}

// working notes a call that has begun, with the time that its tool may take before something is heard of it.
func (s *state) working(a *attempt, c llm.ToolCall) {
	for _, t := range s.server {
		if t.Spec().Name != c.Name {
			continue
		}
		p := t.Policy()
		if p.Later > 0 && p.Later < p.Timeout {
			p.Timeout = p.Later
		}
		if a.tools == nil {
			a.tools = map[string]time.Duration{}
		}
		a.tools[c.ID] = p.Timeout
	}
}

func (s *state) idlePrompt() time.Duration {
	if s.plan.Phrases.StillThere == "" || s.gen == 0 { // the timeout runs from the end of what the agent said
		return 0
	}
	return s.set.Turn.IdleTimeout
}

// quiet reports whether nobody is doing anything: the caller may speak.
func (s *state) quiet() bool {
	return s.rep == nil && len(s.tails) == 0 && len(s.finals) == 0 && (s.turn == nil || s.turn.manual)
}

// over reports whether the session can go: the end has begun, and what was heard is settled or will not be known.
func (s *state) over(now time.Time) bool {
	return s.closing != "" && (len(s.tails) == 0 && s.rep == nil || !now.Before(s.closeBy))
}

// wake is when tick wants to be called next.
func (s *state) wake() time.Time {
	if s.closing != "" {
		return s.closeBy
	}
	w := s.began.Add(s.lim.Max)
	first := func(t time.Time) {
		if !t.IsZero() && t.Before(w) {
			w = t
		}
	}
	first(s.policyWake)
	first(s.keysDue)
	if len(s.finals) > 0 {
		first(s.finals[0].deadline)
	}
	if len(s.unread) > 0 {
		first(s.unread[0].deadline)
	}
	if s.rep != nil {
		first(s.rep.moved.Add(s.stall(s.rep)))
	}
	for _, a := range s.asides {
		first(a.moved.Add(s.stall(a)))
	}
	for _, a := range s.tails {
		first(a.moved.Add(s.lim.Move))
	}
	first(s.active.Add(s.lim.Idle))
	if d := s.idlePrompt(); d > 0 && s.quiet() && s.idleAsked.Before(s.active) {
		first(s.active.Add(d))
	}
	return w
}

// invariants states what always holds. Tests call it after every step.
func (s *state) invariants(now time.Time) error {
	switch {
	case s.closing != "":
		return nil
	case s.rep != nil && s.rep.done:
		return fmt.Errorf("attempt %d is done and still under way", s.rep.gen)
	case s.rep != nil && s.rep.stopped && s.rep.drained && !s.rep.cut:
		return fmt.Errorf("attempt %d has ended and was not finished", s.rep.gen)
	case s.rep == nil && len(s.waiting) > 0 && s.quiet() && !s.callersTurn() && s.keys == "" && s.owed == nil && !s.goOn:
		return fmt.Errorf("a response outside the conversation waits and nobody speaks")
	case s.rep != nil && s.rep.waits && len(s.unread) == 0:
		return fmt.Errorf("attempt %d waits for words that are all there", s.rep.gen)
	case s.rep == nil && s.asked != nil && len(s.finals) == 0:
		return fmt.Errorf("a reply was asked for and nobody makes it")
	case s.rep == nil && s.owed != nil && len(s.finals) == 0 && !s.callersTurn() && s.keys == "":
		return fmt.Errorf("turn %s is owed an answer and nobody makes it", s.owed.item)
	case s.rep == nil && s.goOn && (s.cutOff == nil || s.cutOff.settled) && len(s.finals) == 0 && !s.callersTurn() && s.keys == "":
		return fmt.Errorf("the rest of what a noise cut is owed and nobody says it")
	case len(s.finals) > 0 && now.Sub(s.finals[0].deadline) > time.Second:
		return fmt.Errorf("turn %s waits for its words beyond its deadline", s.finals[0].item)
	case s.floor == event.FloorModel && len(s.finals) == 0 && s.rep == nil:
		return fmt.Errorf("the model has the floor and nobody is thinking")
	case s.cand != nil && s.turn != nil && !s.turn.manual:
		return fmt.Errorf("the caller has a turn and the agent is held all the same")
	case s.cand != nil && s.policyWake.IsZero() && now.Sub(s.active) > s.lim.Move:
		return fmt.Errorf("the agent is held and nobody decides")
	case s.floor == event.FloorCaller && s.turn == nil && s.cand == nil:
		return fmt.Errorf("the caller has the floor without a turn")
	case !s.wake().After(now.Add(-time.Second)):
		return fmt.Errorf("a deadline passed a second ago and nobody looked")
	}
	for _, a := range s.tails {
		if !a.done {
			return fmt.Errorf("attempt %d is a tail and not done", a.gen)
		}
	}
	for _, it := range s.hist.items {
		if a := s.spoken[it.ID]; a != nil && a.settled && !a.textOnly && a.cutAt == 0 && len(it.Text) > max(a.heard, 0) && len(it.Text) != len(a.text) {
			return fmt.Errorf("item %s holds %d bytes and %d were heard", it.ID, len(it.Text), a.heard)
		}
	}
	return nil
}
