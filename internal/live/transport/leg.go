// Package transport is what a participant's connection looks like to a conversation, whatever carries it.
package transport

import (
	"context"
	"errors"
	"time"

	"griot/internal/event"
	"griot/internal/media"
)

// InboundKind tells what an Inbound holds.
type InboundKind uint8

// The kinds of inbound data.
const (
	Audio InboundKind = iota + 1
	Digit
	Text
)

// Inbound is what the far end sent: one audio frame, one key, or one typed message. Its frame's samples are valid until the next Recv.
type Inbound struct {
	Kind  InboundKind
	Frame media.Frame
	Digit rune   // 0-9 * # A-D
	Text  string // a complete message
}

// ErrHungUp is what Recv returns, with io.EOF, when the far end says that it ended the conversation, rather than that it is gone.
var ErrHungUp = errors.New("the far end hung up")

// Heard reports how much of a generation has reached the listener, from the far end's acknowledgements.
type Heard struct {
	Gen   event.Gen
	Upto  time.Duration
	Final bool // everything of this generation that will ever be heard has been
}

// Leg is one participant's connection: a phone call, a browser tab, a test loop. Recv is called by one goroutine; Play and Clear by one at a
// time (playout holds a lock); the rest from anywhere.
type Leg interface {
	Info() Info
	// Recv fills in; io.EOF when the far end is gone, with ErrHungUp when it says that it meant to end the conversation.
	Recv(ctx context.Context, in *Inbound) error
	// Play returns once the frame is written or queued for writing; it never waits for playback and does not keep f.PCM.
	Play(ctx context.Context, g event.Gen, f media.Frame) error
	// Clear tells the far end to forget queued audio of generations older than before.
	Clear(ctx context.Context, before event.Gen) error
	// Heard delivers acknowledgements; nil when this transport has none. Then our own pacing is the measure.
	Heard() <-chan Heard
	Close(reason string) error
}

// Info says who is there and how far ahead of the listener it is useful to send.
type Info struct {
	ID, Kind, Remote string
	In, Out          media.Format // what Recv delivers and Play takes: mono
	Ahead            time.Duration
	Clears           bool // after Clear the far end forgets at once what it holds, also of the current generation
}

// Holder is implemented by legs whose far end can fall silent and go on later where it stopped, keeping what it holds, or lower its
// voice. A leg that is none is simply not written to while it is held. Calls are made one at a time, never while Play runs.
type Holder interface {
	// Hold makes the far end pause, or go on. Can reports whether it does.
	Hold(ctx context.Context, on bool) error
	// Duck lowers the agent's voice by 12 dB, or restores it.
	Duck(ctx context.Context, on bool) error
	CanHold() bool
}

// Handler takes a leg whose far end has arrived, and returns when the conversation is over.
type Handler interface {
	ServeLeg(ctx context.Context, l Leg) error
}
