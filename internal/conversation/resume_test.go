package conversation_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
)

func fits(conversation.Summary, []event.Event) error { return nil }

// written is what somebody typed.
func written(seq uint64, text string) event.Event {
	return event.Event{Seq: seq, At: time.Now(), Body: event.ItemAdded{Item: text, Kind: "message", Role: "user", Text: text, Source: "typed"}}
}

// A record goes on after its end, and a crash in the middle of that loses nothing.
func TestResume(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	start := talk
	start.NoRecording = true
	l, err := s.Begin(t.Context(), start)
	require.NoError(t, err)
	_, _, err = s.Resume(t.Context(), "default", l.ID(), fits)
	require.Equal(t, "conversation_active", fault.CodeOf(err))
	require.NoError(t, l.Append(t.Context(), written(1, "one")))
	require.NoError(t, l.End(t.Context(), "client_closed", nil))

	_, _, err = s.Resume(t.Context(), "acme", l.ID(), fits)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	refused := fault.New(fault.Conflict, "over", "over")
	_, _, err = s.Resume(t.Context(), "default", l.ID(), func(conversation.Summary, []event.Event) error { return refused })
	require.ErrorIs(t, err, refused)

	again, evs, err := s.Resume(t.Context(), "default", l.ID(), fits)
	require.NoError(t, err)
	require.Len(t, evs, 1)
	require.NoError(t, again.Append(t.Context(), written(2, "two")))
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, []any{conversation.Active, 2}, []any{r.Status, r.Turns})
	w.crash(s)

	s = w.service()
	n, err := s.Recover(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	r, err = s.Get(context.Background(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, []any{conversation.Ended, 2, "recovered"}, []any{r.Status, r.Turns, r.EndReason})
	again, evs, err = s.Resume(t.Context(), "default", l.ID(), fits)
	require.NoError(t, err)
	require.Len(t, evs, 2)
	require.NoError(t, again.Append(t.Context(), written(3, "three")))
	require.NoError(t, again.End(t.Context(), "client_closed", nil))
	r, err = s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Equal(t, []any{conversation.Ended, 3, "client_closed"}, []any{r.Status, r.Turns, r.EndReason})
}
