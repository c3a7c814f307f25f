// Package event is the vocabulary of what happens in a conversation, and the append-only log of it.
package event

import (
	"context"
	"iter"
	"time"
)

// Gen numbers the agent's attempts to speak within one session. It only grows; 0 means none.
type Gen uint64

// Event is one thing that happened. Seq is dense within a session over the events that are kept; ephemeral ones carry the
// Seq of the last kept event. Gen is 0 when it does not apply.
type Event struct {
	Tenant  string    `json:"tenant"`
	Session string    `json:"session"`
	Seq     uint64    `json:"seq"`
	At      time.Time `json:"at"`
	Gen     Gen       `json:"gen,omitempty"`
	Body    Body      `json:"body"`
}

// Body is a closed set, listed in types.go.
type Body interface{ EventType() string }

// Ephemeral is implemented by bodies that are shown live and not kept: deltas, partials, positions.
type Ephemeral interface{ Ephemeral() }

// Appender takes events in order. Append returns quickly and keeps nothing of evs; an error means that the log is not
// being kept, which the session reports once and survives.
type Appender interface {
	Append(ctx context.Context, evs ...Event) error
}

// Tee gives every event to both, a first. Its error is a's: that is where the record is.
func Tee(a, b Appender) Appender { return tee{a, b} }

type tee struct{ a, b Appender }

func (t tee) Append(ctx context.Context, evs ...Event) error {
	err := t.a.Append(ctx, evs...)
	if berr := t.b.Append(ctx, evs...); err == nil {
		err = berr
	}
	return err
}

// Reader gives a session's events back.
type Reader interface {
	// Read yields what is there with Seq > after.
	Read(ctx context.Context, session string, after uint64) iter.Seq2[Event, error]
}
