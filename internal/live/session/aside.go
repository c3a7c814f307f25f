package session

import (
	"slices"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/reply"
	"griot/internal/model/llm"
)

// An aside is a response outside the conversation: it reads the history, or what the client gives instead, and adds nothing to it. A written one runs beside whatever
// happens, whoever speaks. A spoken one needs the caller's ear, of which there is one: it waits until nobody else owes or says anything, is then said like any other
// response, and is cut by the caller's voice like any other.

// maxAsides is how many may be under way or wait at once.
const maxAsides = 8

// doAside begins an aside, or lets it wait.
func (s *state) doAside(ov Overrides, now time.Time, o *out) error {
	if len(s.asides)+len(s.waiting) >= maxAsides {
		return fault.New(fault.Limited, "too_many_responses", "%d responses outside the conversation are under way: wait until one of them is finished.", maxAsides)
	}
	if !s.writes(ov) {
		s.waiting = append(s.waiting, ov) // repay begins it, in this step when nothing stands in its way
		return nil
	}
	if s.plan.Models.LLM == nil {
		return fault.New(fault.Invalid, "out_of_band_unsupported", "This agent has a speech-to-speech model and no language model beside it, which is what writes outside the conversation.")
	}
	s.gen++
	a := s.attemptOf("client", nil, ov, now)
	a.line = false // the line makes one answer at a time
	s.asides = append(s.asides, a)
	s.launch(a, o)
	return nil
}

// sayAside begins the oldest aside that waits for the caller's ear.
func (s *state) sayAside(now time.Time, o *out) {
	ov := s.waiting[0]
	s.waiting = slices.Delete(s.waiting, 0, 1)
	s.launch(s.newAttempt("client", nil, ov, now), o)
}

// writes reports whether a response is written rather than spoken.
func (s *state) writes(ov Overrides) bool {
	if s.plan.Models.TTS == nil && s.line != lineOpen {
		return true
	}
	if ov.TextOnly != nil {
		return *ov.TextOnly
	}
	return s.set.TextOnly
}

// beside reports whether the attempt is a written aside.
func (a *attempt) beside() bool { return a.aside && a.textOnly }

// besideOf finds a written aside by the id of its response.
func (s *state) besideOf(response string) *attempt {
	for _, a := range s.asides {
		if a.response == response {
			return a
		}
	}
	return nil
}

// endAside stops a written aside.
func (s *state) endAside(a *attempt, status, reason, message string, now time.Time, o *out) {
	a.cut, a.cutBy = true, reason
	a.status, a.reason, a.message = status, reason, message
	o.add(cancelRep{gen: a.gen})
	s.finish(a, now, o)
}

// endAsides stops all of them, because the conversation ends.
func (s *state) endAsides(now time.Time, o *out) {
	s.waiting = nil
	for _, a := range slices.Clone(s.asides) {
		s.endAside(a, "cancelled", "hang_up", "", now, o)
	}
}

// watchAsides ends those of which nothing comes: a reply has deadlines of its own, and this catches what they miss.
func (s *state) watchAsides(now time.Time, o *out) {
	for _, a := range slices.Clone(s.asides) {
		if now.Sub(a.moved) >= s.stall(a) {
			s.endAside(a, "failed", "stalled", "nothing came of the reply in time", now, o)
		}
	}
}

// noteAside takes what a reply reports of an aside that differs from what it would be in the conversation. It reports whether that is all.
func (s *state) noteAside(a *attempt, n reply.Note, o *out) bool {
	switch n.Kind {
	case reply.Text:
		if a.cut {
			return true
		}
		if a.firstToken.IsZero() {
			a.firstToken = n.At
		}
		a.text += n.Text
		o.emitGen(a.gen, event.TextDelta{Response: a.response, Item: a.item, Text: n.Text})
	case reply.Called:
		a.acted = true
		s.working(a, n.Call)
		o.emitGen(a.gen, event.ToolCalled{Response: a.response, Item: s.id("item"), CallID: n.Call.ID, Name: n.Call.Name, Arguments: n.Call.Arguments, Client: n.Client})
	case reply.Returned:
		a.toolsDone = n.At
		delete(a.tools, n.Call.ID)
		o.emitGen(a.gen, event.ToolReturned{CallID: n.Call.ID, Name: n.Call.Name, Output: n.Result.Output, Failed: n.Result.Failed, Took: event.Ms(n.Took)})
	case reply.Written:
		a.written, a.stop = true, llm.StopEnd // it cannot end the conversation
	default:
		return false
	}
	return true
}
