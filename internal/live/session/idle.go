package session

import (
	"fmt"
	"time"

	"griot/internal/event"
	"griot/internal/model/llm"
)

// askSilent asks a caller of whom nothing was heard for the idle timeout whether they are still there. What the model will read of it is a word of the system's and
// the caller's silence, which is a turn with no words in it; the Realtime protocol's order of events is kept. A caller who goes on being silent is asked once.
func (s *state) askSilent(now time.Time, o *out) {
	silence := now.Sub(s.active)
	s.idleAsked = now
	user := &Item{ID: s.id("item"), Kind: "message", Role: llm.User, Audio: true, Done: true}
	from := event.Ms(max(0, s.pos-silence))
	o.emit(event.IdleTriggered{Item: user.ID, From: from, To: event.Ms(s.pos)})
	nudge := &Item{ID: s.id("item"), Kind: "message", Role: llm.System, Text: fmt.Sprintf("The user has said nothing for %.0f seconds.", silence.Seconds()), Done: true}
	prev := s.hist.add(nudge)
	o.emit(event.ItemAdded{Item: nudge.ID, Previous: prev, Kind: nudge.Kind, Role: string(nudge.Role), Text: nudge.Text, Source: "idle"})
	prev = s.hist.add(user)
	o.emit(event.InputCommitted{Item: user.ID, Previous: prev, From: from, To: event.Ms(s.pos)})
	s.say(s.plan.Phrases.StillThere, "idle", now, o)
	o.emit(event.InputDropped{Item: user.ID, Reason: "empty"})
}
