// Package phone is a tenant's telephone, whatever carriers it goes by: who answers which number, what callers are told before anything is recorded, the calls that go on, and what there was: calls,
// text messages and the recordings that carriers keep.
//
// Read phone.go (what there is), service.go (calls that go on), history.go (what there was), numbers.go, texts.go, carriers.go (what a carrier needs), archive.go (what carriers keep).
package phone

import (
	"context"
	"time"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// Call is a call of the present or of the past.
type Call struct {
	telephony.Call
	Node string // where it goes on
}

// Number says which agent answers a number. A number leads to one tenant.
type Number struct {
	Number, Tenant string
	Agent          string // reference; empty while nobody answers
	Label          string
	Fixed          bool   // it is in the configuration, and cannot be changed here
	Carrier        string // of a fixed one: by which it comes
	UpdatedAt      time.Time
	UpdatedBy      string
}

// Text is a text message of the past.
type Text struct {
	Tenant, ID         string
	Carrier, CarrierID string
	Direction          telephony.Direction
	From, To, Body     string
	Status             string // "received"; of ours: "queued", "sent", "delivered", "undelivered" or "failed"
	Error              string // the carrier's code of what went wrong
	Agent              string // that answered or wrote it
	Conversation       string // id of the record that it belongs to
	Created            time.Time
}

// Recording is one that a carrier made, and of which there is a copy here.
type Recording struct {
	Tenant, ID         string
	Carrier, CarrierID string
	Call               string // id
	File               string // key of the copy
	Bytes              int64
	Duration           time.Duration
	Created            time.Time
}

// Filter chooses calls or text messages. Zero values choose all.
type Filter struct {
	Number    string // a part of either number
	Direction telephony.Direction
	Outcome   telephony.Outcome // of calls
	Agent     string
	Carrier   string
	From, To  time.Time // begun then or later, and before
	Limit     int       // 1…200
	Offset    int
}

// Store keeps all of it. Lists are newest first, and come with how many there are in all. What is not there is fault.NotFound.
type Store interface {
	PhoneNumber(ctx context.Context, number string) (Number, error)
	ListPhoneNumbers(ctx context.Context, tenant string) ([]Number, error) // of all tenants when tenant is empty
	PutPhoneNumber(ctx context.Context, n Number) error
	DeletePhoneNumber(ctx context.Context, number string) error

	PutPhoneCall(ctx context.Context, c Call) error // made, or changed as a whole
	PhoneCall(ctx context.Context, tenant, id string) (Call, error)
	PhoneCallOf(ctx context.Context, carrier, carrierID string) (Call, error)
	ListPhoneCalls(ctx context.Context, tenant string, f Filter) ([]Call, int, error)
	DeletePhoneCall(ctx context.Context, tenant, id string) error
	EndPhoneCalls(ctx context.Context, node, reason string, at time.Time) (int, error) // that a node left open

	PutPhoneText(ctx context.Context, t Text) error
	PhoneText(ctx context.Context, tenant, id string) (Text, error)
	PhoneTextOf(ctx context.Context, carrier, carrierID string) (Text, error)
	ListPhoneTexts(ctx context.Context, tenant string, f Filter) ([]Text, int, error)
	DeletePhoneText(ctx context.Context, tenant, id string) error

	PutPhoneRecording(ctx context.Context, r Recording) error
	PhoneRecording(ctx context.Context, tenant, id string) (Recording, error)
	PhoneRecordingOf(ctx context.Context, carrier, carrierID string) (Recording, error)
	ListPhoneRecordings(ctx context.Context, tenant string, f Filter) ([]Recording, int, error)
	DeletePhoneRecording(ctx context.Context, tenant, id string) error

	Setting(ctx context.Context, tenant, key string) (string, error)
	PutSetting(ctx context.Context, tenant, key, value string) error
}

// Item is one line of a carrier's checklist.
type Item struct {
	ID     string // such as "from"; the console words it
	OK     bool
	Detail string // a value that is set, or what is wrong, in English
}

// Carrier is a way for calls, whether or not it is set up.
type Carrier struct {
	ID, Name string
	Line     telephony.Carrier                     // nil when it is not set up
	Numbers  []Number                              // of the configuration
	From     string                                // shown when an order names none
	Texts    bool                                  // it carries text messages
	Items    func() []Item                         // what it needs, without asking anybody
	Test     func(context.Context) ([]Item, error) // asks the far end; nil where there is nothing to ask
	Archive  telephony.Archive                     // nil where it keeps nothing
}

// Texter is a carrier that names the messages that it takes.
type Texter interface {
	// Text sends a message and returns the carrier's name of it.
	Text(ctx context.Context, t telephony.Text) (carrierID string, err error)
}

// Faults of what is not there.
func missing(code, format, value string) error {
	f := fault.New(fault.NotFound, code, format, value)
	f.Params = map[string]string{"id": value}
	return f
}

// ErrNoCall, ErrNoText, ErrNoRecording and ErrNoNumber are the faults for an id that the tenant does not have.
func ErrNoCall(id string) error { return missing("call_not_found", "There is no call %q.", id) }

// ErrNoText is ErrNoCall for text messages.
func ErrNoText(id string) error { return missing("text_not_found", "There is no text message %q.", id) }

// ErrNoRecording is ErrNoCall for carriers' recordings.
func ErrNoRecording(id string) error {
	return missing("recording_not_found", "There is no recording %q.", id)
}

// ErrNoNumber is ErrNoCall for numbers.
func ErrNoNumber(number string) error {
	return missing("number_not_found", "There is no number %q.", number)
}
