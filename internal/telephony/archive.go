package telephony

import (
	"context"
	"io"
	"time"
)

// Archive is what a carrier keeps of calls, text messages and recordings. Lists hold what began since then, newest first. Faults are those of Carrier.
type Archive interface {
	// Calls lists calls with State, Outcome and CarrierID, and without our own ids.
	Calls(ctx context.Context, since time.Time) ([]Call, error)
	Texts(ctx context.Context, since time.Time) ([]KeptText, error)
	Recordings(ctx context.Context, since time.Time) ([]KeptRecording, error)
	// Sound returns a recording as a WAV file. The caller closes it.
	Sound(ctx context.Context, carrierID string) (io.ReadCloser, error)
	// The next three remove what the carrier keeps; what is gone already is no fault.
	RemoveCall(ctx context.Context, carrierID string) error
	RemoveText(ctx context.Context, carrierID string) error
	RemoveRecording(ctx context.Context, carrierID string) error
}

// KeptText is a text message that a carrier keeps.
type KeptText struct {
	CarrierID      string
	Direction      Direction
	From, To, Body string
	Status         string // "received", "queued", "sending", "sent", "delivered", "undelivered" or "failed"
	Error          string // the carrier's code
	Created        time.Time
}

// KeptRecording is a recording that a carrier keeps.
type KeptRecording struct {
	CarrierID, CallCarrierID string
	Duration                 time.Duration
	Created                  time.Time
}
