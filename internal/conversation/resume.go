package conversation

import (
	"context"
	"encoding/json"
	"fmt"

	"griot/internal/event"
	"griot/internal/fault"
)

// Resume opens the record of a conversation again that has ended, as a written one does between two messages, and returns its events so far without the end. Their log
// goes on with the sequence number after the last of them. End closes it again; until then the row in the database stays as it is, and a crash loses nothing, since the
// journal holds the old events too. One that goes on is fault.Conflict "conversation_active", one whose end is still being written fault.Unavailable
// "conversation_closing". When fit refuses what there is, nothing is opened and its error is returned.
func (s *Service) Resume(ctx context.Context, tenant, id string, fit func(Summary, []event.Event) error) (*Live, []event.Event, error) {
	if l := s.liveOf(tenant, id); l != nil {
		return nil, nil, stillThere(l)
	}
	r, err := s.store.Conversation(ctx, tenant, id)
	if err != nil {
		return nil, nil, fmt.Errorf("resume conversation %s: %w", id, err)
	}
	evs, err := s.store.ConversationEvents(ctx, tenant, id)
	if err != nil {
		return nil, nil, fmt.Errorf("events of conversation %s: %w", id, err)
	}
	if n := len(evs); n > 0 {
		if _, end := evs[n-1].Body.(event.SessionEnded); end {
			evs = evs[:n-1]
		}
	}
	if err := fit(r.Summary, evs); err != nil {
		return nil, nil, err
	}
	l := &Live{s: s, dirty: true, sum: r.Summary}
	l.sum.Node, l.sum.Status, l.sum.EndReason = s.node, Active, ""
	for _, e := range evs {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, nil, fmt.Errorf("event %d of conversation %s: %w", e.Seq, id, err)
		}
		l.size += len(line)
		l.lines = append(l.lines, line)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, fault.New(fault.Unavailable, "shutting_down", "The server is shutting down.")
	}
	if other := s.live[id]; other != nil {
		return nil, nil, stillThere(other)
	}
	s.live[id] = l
	s.wakeWriter()
	s.changed()
	return l, evs, nil
}

func stillThere(l *Live) error {
	if l.isEnded() {
		return fault.New(fault.Unavailable, "conversation_closing", "The end of the conversation is still being written down. Try again in a moment.")
	}
	return fault.New(fault.Conflict, "conversation_active", "The conversation has not ended. End it first.")
}

// resumed reports whether a journal goes on after what was recorded: the process died in a conversation that had been resumed.
func resumed(journal, recorded []event.Event) bool {
	if len(journal) == 0 || len(recorded) == 0 {
		return false
	}
	last, kept := journal[len(journal)-1], recorded[len(recorded)-1]
	if last.Seq != kept.Seq {
		return last.Seq > kept.Seq
	}
	return last.Body.EventType() != kept.Body.EventType() // in the place of the end
}
