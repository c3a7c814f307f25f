package calls

import (
	"context"
	"encoding/json"
	"time"
)

// Status is where a call is in its life.
type Status string

// The two states of a call.
const (
	Active Status = "active"
	Ended  Status = "ended"
)

// Call is one realtime call.
type Call struct {
	Tenant       string
	ID           string // "rtc_…"
	Conversation string // id of its conversation's record; empty until it is connected
	Node         string // where it takes place
	Settings     Settings
	Status       Status
	CreatedAt    time.Time
	EndedAt      time.Time // zero while it is active
	EndReason    string    // empty while it is active
}

// Duration is how long the call lasted, or has lasted until now.
func (c Call) Duration(now time.Time) time.Duration {
	if c.Status == Ended {
		now = c.EndedAt
	}
	return max(0, now.Sub(c.CreatedAt))
}

// Event is one thing that happened in a call.
type Event struct {
	Seq  int    // from 1, dense within the call
	Type string // "call.created", "call.ended", or the type of an event of the conversation
	At   time.Time
	Data json.RawMessage // a JSON object
}

// Filter selects calls.
type Filter struct {
	Status Status // empty for all
	Limit  int    // at least 1
	Offset int
}

// EventFilter selects events of a call.
type EventFilter struct {
	Type  string // empty for all
	After int    // only events with a greater number
	Limit int    // at least 1; how many of the first are returned
}

// Count is how many calls there are of a kind.
type Count struct {
	Model, Voice string
	Status       Status
	Calls        int
	Seconds      float64 // duration of those that ended, together
}

// Store keeps the register. All but EndCallsOf are of one tenant; an id that it does not have is fault.NotFound.
type Store interface {
	CreateCall(ctx context.Context, c Call) error
	// ConnectCall names the conversation of a call.
	ConnectCall(ctx context.Context, tenant, id, conversation string) error
	// EndCall ends an active call; of one that has ended it changes nothing.
	EndCall(ctx context.Context, tenant, id, reason string, at time.Time) error
	// EndCallsOf ends what a node left open, and returns how many calls that were.
	EndCallsOf(ctx context.Context, node, reason string, at time.Time) (int, error)
	Call(ctx context.Context, tenant, id string) (Call, error)
	// ListCalls returns the newest first, and how many there are without Limit and Offset.
	ListCalls(ctx context.Context, tenant string, f Filter) ([]Call, int, error)
	// CountCalls counts by model, voice and status.
	CountCalls(ctx context.Context, tenant string) ([]Count, error)
	// CountCallEvents counts the kept events of the conversations of calls.
	CountCallEvents(ctx context.Context, tenant string) (int, error)
}

// Offer is what a caller brings.
type Offer struct {
	Tenant   string
	SDP      string
	Settings Settings
}

// Media opens and ends calls. It tells the register (Begin, Connected, End) of every call, also of those that nobody opened through this package.
type Media interface {
	// Open answers an offer. An offer that cannot be answered, and a model or voice that nobody has, is a fault that names the field.
	Open(ctx context.Context, o Offer) (id, answer string, err error)
	// HangUp ends a call and waits until it is over. A call that it does not have is fault.NotFound.
	HangUp(ctx context.Context, tenant, id string) error
}
