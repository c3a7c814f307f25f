package session

import (
	"time"

	"griot/internal/event"
	"griot/internal/live/reply"
	"griot/internal/model/llm"
)

// maxBrief bounds what tools may add to the instructions, in bytes.
const maxBrief = 4000

// reported takes in the result of a tool whose call ended with the word that it would come: the model reads it as news, and tells it when nobody else has the floor.
func (s *state) reported(n reply.Note, now time.Time, o *out) {
	o.emitGen(n.Gen, event.ToolReturned{CallID: n.Call.ID, Name: n.Call.Name, Output: n.Result.Output, Failed: n.Result.Failed, Took: event.Ms(n.Took)})
	s.briefed(n.Result, o)
	if s.closing != "" {
		return
	}
	s.active = now
	it := &Item{ID: s.id("item"), Kind: "message", Role: llm.System, Done: true, Text: "The tool " + n.Call.Name + ", which was called before with " + n.Call.Arguments + ", has now answered: " + n.Result.Output}
	prev := s.hist.add(it)
	o.emit(event.ItemAdded{Item: it.ID, Previous: prev, Kind: it.Kind, Role: string(it.Role), Text: it.Text, Source: "tool"})
	if s.owed == nil && s.asked == nil && s.set.Turn.CreateResponse {
		s.owed = &userTurn{item: it.ID}
	}
}

// briefed keeps what a tool wants the model to know in every answer that follows.
func (s *state) briefed(r llm.ToolResult, o *out) {
	switch {
	case r.Brief == "" || r.Failed:
		return
	case r.Brief == "-":
		s.brief = ""
	case len(r.Brief) <= maxBrief:
		s.brief = r.Brief
	default:
		return
	}
	if s.line == lineOpen {
		o.add(lineSet{s.lineSettings()})
	}
}

// withBrief adds it to instructions.
func (s *state) withBrief(instructions string) string {
	if s.brief == "" {
		return instructions
	}
	return instructions + "\n\n" + s.brief
}
