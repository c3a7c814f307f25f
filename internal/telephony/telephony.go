// Package telephony is what a telephone call is to the rest of the product, whichever carrier it goes by: how one is placed, transferred and ended, what became of it, and the tools by which an agent does
// the same. A carrier is a package of its own, such as sipline for SIP.
package telephony

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/live/transport"
)

// Direction says who called.
type Direction string

// The directions.
const (
	Inbound  Direction = "inbound"
	Outbound Direction = "outbound"
)

// State is where a call is in its life.
type State string

// The states, in their order. A call that is not answered goes from Dialing or Ringing to Ended.
const (
	Dialing State = "dialing" // asked for, and the far end has not said yet that it rings
	Ringing State = "ringing"
	Active  State = "active" // answered: a conversation is going on
	Ended   State = "ended"
)

// Outcome is what became of a call, in words that are the same for every carrier.
type Outcome string

// The outcomes. Only an Answered call had a conversation.
const (
	Answered      Outcome = "answered"
	Busy          Outcome = "busy"
	NoAnswer      Outcome = "no_answer"      // it rang, and nobody took it in time
	Declined      Outcome = "declined"       // somebody, or their telephone, did not want it
	Cancelled     Outcome = "cancelled"      // who called gave up before it was answered
	InvalidNumber Outcome = "invalid_number" // there is no such number, or it has gone
	Unreachable   Outcome = "unreachable"    // the telephone is switched off, or its network does not answer
	Congestion    Outcome = "congestion"     // too many calls somewhere on the way: later may do
	Forbidden     Outcome = "forbidden"      // the carrier does not let us: credentials, credit, or a barred number
	Incompatible  Outcome = "incompatible"   // no codec or security in common
	Failed        Outcome = "failed"         // anything else
)

// Retry reports whether the same call may succeed later.
func (o Outcome) Retry() bool {
	return o == Busy || o == NoAnswer || o == Unreachable || o == Congestion || o == Failed
}

// Call is one call at a moment.
type Call struct {
	ID           string // unguessable
	Carrier      string // "sip" or "twilio"
	CarrierID    string // the carrier's name of it, such as Twilio's CallSid or SIP's Call-ID; empty until there is one
	Trunk        string // by which it came or went; empty for a caller that belongs to none
	Tenant       string
	Direction    Direction
	From, To     string // numbers or addresses
	FromName     string // as the far end shows it
	Agent        string // reference
	Conversation string // id of its record; empty until there is one
	State        State
	Outcome      Outcome // once it has ended, or was answered
	Reason       string  // why it ended, in the words of conversations, or the carrier's own
	Created      time.Time
	Answered     time.Time // zero when it was not
	Ended        time.Time
}

// Order asks for a call.
type Order struct {
	Tenant string
	Agent  string // reference of who talks
	To     string // number, or the address that the carrier knows
	From   string // number shown to the far end; empty for the trunk's
	Trunk  string // empty for the carrier's choice
	Ring   time.Duration
	Max    time.Duration // length of the conversation; 0 leaves the agent's
}

// Text is a written message.
type Text struct{ Tenant, From, To, Trunk, Body string }

// Carrier carries calls. Its functions are safe for concurrent use, and return when the carrier has agreed or refused; a call that is asked for goes on when Place has returned. Faults: fault.NotFound "call_not_found",
// fault.Invalid with the parameter that is wrong, fault.Conflict "call_ended", fault.Unavailable when the carrier does not answer, fault.Denied when it does not let us.
type Carrier interface {
	// Place calls somebody for an agent and returns the call's id.
	Place(ctx context.Context, o Order) (id string, err error)
	// Transfer connects the far end with somebody else, and ends the conversation when that has been done. When it is refused, the conversation goes on.
	Transfer(ctx context.Context, id, to string) error
	// SendDigits presses keys for the far end.
	SendDigits(ctx context.Context, id, digits string) error
	SendText(ctx context.Context, t Text) error
	// HangUp ends a call with that reason. It is nothing when it is over already.
	HangUp(ctx context.Context, id, reason string) error
	// Call returns a call that is going on, Calls all of them, oldest first.
	Call(id string) (Call, error)
	Calls() []Call
}

// Briefer is a carrier that can tell whom a caller is connected with what it is about.
type Briefer interface {
	// Brief is Transfer for whom the caller is connected with to hear briefing before.
	Brief(ctx context.Context, id, to, briefing string) error
}

// Observer is told of every change of a call. It returns soon.
type Observer func(ctx context.Context, c Call)

// Directory says whose a number is that is called, and which agent answers; agent is empty when nobody does. It returns soon.
type Directory func(ctx context.Context, number string) (tenant, agent string)

// Host holds the conversations of calls. The application gives one.
type Host interface {
	// Open finds the agent and opens the record, before the call is answered. A fault says why not: NotFound, Limited (with a later try), Unavailable. carrier and c.ID are for the agent's own tools.
	Open(ctx context.Context, c Call, carrier Carrier, max time.Duration) (Conversation, error)
}

// Conversation is what Host.Open prepared. Either Run or Drop is called, once.
type Conversation interface {
	ID() string
	// Run holds it until the leg, the conversation or ctx ends, and returns why it ended.
	Run(ctx context.Context, leg transport.Leg) (reason string)
	// Drop closes the record of a call that was not answered.
	Drop(reason string, err error)
	// HangUp ends it while it runs; reason is what Run returns.
	HangUp(ctx context.Context, reason string) error
}

// NewID makes the id of a call.
func NewID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "tel_" + hex.EncodeToString(b[:])
}

// Number returns a telephone number without what people write between its digits. Other text is returned as it is.
func Number(text string) string {
	text = strings.TrimSpace(text)
	var b strings.Builder
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9' || r == '*' || r == '#' || r == '+' && i == 0:
			b.WriteRune(r)
		case strings.ContainsRune(" -./()\u00a0\u202f", r):
		default:
			return text
		}
	}
	return b.String()
}

// ErrNotFound is the fault for a call that is not going on.
func ErrNotFound(id string) error {
	return fault.New(fault.NotFound, "call_not_found", "No call with id '%s' is going on.", id).At("call_id")
}
