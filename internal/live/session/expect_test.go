package session

import (
	"fmt"
	"math"
	"strings"
	"time"

	"griot/internal/event"
)

// events returns those of a type, in order.
func (s *stage) events(typ string) (out []event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.log {
		if e.Body.EventType() == typ {
			out = append(out, e)
		}
	}
	return out
}

// expect checks one line.
func (s *stage) expect(l call) {
	if err := s.holds(l); err != nil {
		s.t.Errorf("%v: %v", l, err)
	}
}

func (s *stage) holds(l call) error {
	switch l.words[0] {
	case "heard": // heard N "text": what the caller heard of the N-th reply
		said, err := s.said(l.number(s.t, 1))
		if err != nil {
			return err
		}
		return same(said.Text, l.words[2])
	case "said": // said N "text": all that the N-th reply generated
		said, err := s.said(l.number(s.t, 1))
		if err != nil {
			return err
		}
		return same(said.Said, l.words[2])
	case "user": // user N "text"
		evs := s.events("user.spoke")
		n := l.number(s.t, 1)
		if len(evs) < n {
			return fmt.Errorf("only %d turns were understood", len(evs))
		}
		return same(evs[n-1].Body.(event.UserSpoke).Text, l.words[2])
	case "users", "replies", "failures": // how many
		typ := map[string]string{"users": "user.spoke", "replies": "reply.started", "failures": "failed"}[l.words[0]]
		if got := len(s.events(typ)); got != l.number(s.t, 1) {
			return fmt.Errorf("there are %d", got)
		}
	case "reply": // reply N status [reason]
		return s.replyIs(l)
	case "cause":
		evs := s.events("reply.started")
		if n := l.number(s.t, 1); len(evs) < n {
			return fmt.Errorf("only %d replies", len(evs))
		} else {
			return same(evs[n-1].Body.(event.ReplyStarted).Cause, l.words[2])
		}
	case "silent": // silent N within X of T: the last frame of reply N
		return s.within(l, s.leg.last[s.gen(l.number(s.t, 1))])
	case "first": // first audio N within X of T
		at, ok := s.leg.first[s.gen(l.number(s.t, 2))]
		if !ok {
			return fmt.Errorf("it made no sound")
		}
		return s.within(l, at)
	case "asked": // asked N "user: … | assistant: …": the history that the N-th model call saw
		return s.asked(l)
	case "tool": // tool NAME called|returned|failed [n times]
		return s.toolIs(l)
	case "repaired":
		for _, e := range s.events("repaired") {
			if e.Body.(event.Repaired).Action == l.words[1] {
				return nil
			}
		}
		return fmt.Errorf("it was not")
	case "ended":
		evs := s.events("session.ended")
		if len(evs) != 1 {
			return fmt.Errorf("%d ends", len(evs))
		}
		return same(evs[0].Body.(event.SessionEnded).Reason, l.words[1])
	case "ended-within":
		return s.within(l, s.events("session.ended")[0].At.Sub(s.start))
	case "settled": // every reply that spoke was settled exactly once
		return s.settledOnce()
	case "no": // no TYPE event
		if n := len(s.events(l.words[1])); n > 0 {
			return fmt.Errorf("there are %d", n)
		}
	case "event":
		if len(s.events(l.words[1])) == 0 {
			return fmt.Errorf("there is none")
		}
	case "upstream":
		return s.upstreamIs(l)
	default:
		return fmt.Errorf("unknown expectation")
	}
	return nil
}

func same(got, want string) error {
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		return fmt.Errorf("got %q", got)
	}
	return nil
}

// gen is the generation of the N-th reply.
func (s *stage) gen(n int) event.Gen {
	if evs := s.events("reply.started"); n <= len(evs) {
		return evs[n-1].Gen
	}
	return 0
}

func (s *stage) said(n int) (event.AgentSaid, error) {
	g := s.gen(n)
	for _, e := range s.events("agent.said") {
		if e.Gen == g {
			return e.Body.(event.AgentSaid), nil
		}
	}
	return event.AgentSaid{}, fmt.Errorf("reply %d (generation %d) was never settled", n, g)
}

func (s *stage) replyIs(l call) error {
	g := s.gen(l.number(s.t, 1))
	for _, e := range s.events("reply.done") {
		if e.Gen == g {
			b := e.Body.(event.ReplyDone)
			if err := same(b.Status, l.words[2]); err != nil || len(l.words) < 4 {
				return err
			}
			return same(b.Reason, l.words[3])
		}
	}
	return fmt.Errorf("it was not done")
}

// within checks "within X of T" or "within X of turn end N".
func (s *stage) within(l call, at time.Duration) error {
	limit := l.span(s.t, "within", 0)
	var from time.Duration
	if l.has("turn") {
		stops := s.events("speech.stopped")
		n := 1
		if w := l.after("end"); w != "" {
			n = int(w[0] - '0')
		}
		if len(stops) < n {
			return fmt.Errorf("only %d turns ended", len(stops))
		}
		from = stops[n-1].At.Sub(s.start)
	} else {
		var f float64
		if _, err := fmt.Sscan(l.after("of"), &f); err != nil {
			return err
		}
		from = time.Duration(f * float64(time.Second))
	}
	if d := at - from; d < 0 || d > limit {
		return fmt.Errorf("it was at %.3fs, %.0f ms after %.3fs", at.Seconds(), math.Round(d.Seconds()*1000), from.Seconds())
	}
	return nil
}

func (s *stage) asked(l call) error {
	reqs := s.llm.Requests()
	n := l.number(s.t, 1)
	if len(reqs) < n {
		return fmt.Errorf("the model was asked %d times", len(reqs))
	}
	var parts []string
	for _, m := range reqs[n-1].Messages {
		text := strings.TrimSpace(m.Text)
		for _, c := range m.Calls {
			text = strings.TrimSpace(text + " " + c.Name + c.Arguments)
		}
		parts = append(parts, string(m.Role)+": "+text)
	}
	return same(strings.Join(parts, " | "), l.words[2])
}

func (s *stage) toolIs(l call) error {
	n := 0
	for _, e := range s.events("tool.called") {
		if b := e.Body.(event.ToolCalled); b.Name == l.words[1] && l.words[2] == "called" {
			n++
		}
	}
	for _, e := range s.events("tool.returned") {
		b := e.Body.(event.ToolReturned)
		if b.Name == l.words[1] && (l.words[2] == "returned" && !b.Failed || l.words[2] == "failed" && b.Failed) {
			n++
		}
	}
	want := 1
	if len(l.words) > 3 {
		want = l.number(s.t, 3)
	}
	if n != want {
		return fmt.Errorf("%d times", n)
	}
	return nil
}

func (s *stage) settledOnce() error {
	count := map[event.Gen]int{}
	for _, e := range s.events("agent.said") {
		count[e.Gen]++
	}
	for _, e := range s.events("reply.done") {
		if b := e.Body.(event.ReplyDone); b.Text != "" && count[e.Gen] != 1 {
			return fmt.Errorf("generation %d was settled %d times", e.Gen, count[e.Gen])
		}
	}
	return nil
}
