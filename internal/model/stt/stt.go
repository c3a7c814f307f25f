// Package stt is what a speech recogniser looks like to a conversation.
package stt

import (
	"context"
	"time"

	"griot/internal/media"
	"griot/internal/model/llm"
)

// Model opens recognition streams. It is safe for concurrent use.
type Model interface {
	Caps() Caps
	// Open starts a stream for one caller; ctx bounds the stream's life. A language that the model does not know is
	// a fault.Invalid with code "unsupported_language".
	Open(ctx context.Context, o Options) (Stream, error)
}

// Caps says what a model can do.
type Caps struct {
	ID        string   // e.g. "pocketsphinx/en-us", shown to people
	Languages []string // BCP 47 prefixes ("en", "fr-FR"); empty means any
	Rate      int      // sample rate the stream takes, Hz; frames are mono
	Partials  bool     // Partial events arrive while the caller speaks
	Hints     bool     // Options.Hints are used, and streams implement Hinter
}

// Options of one stream.
type Options struct {
	Lang  string // BCP 47
	Hints Hints
}

// Hints tell a recogniser what is likely to be said next.
type Hints struct {
	Phrases []string // whole utterances or fragments, lower case, as they are spoken
	Grammar string   // a complete JSGF grammar; wins over Phrases where the recogniser takes grammars
	Open    bool     // other words are likely too: fall back to dictation where that is possible
}

// Stream: one goroutine sends, one receives. A stream carries many utterances: Send the audio of one utterance,
// Finalize, and its Final event (perhaps with empty Text) arrives; then the next. Recv returns io.EOF after Close or when ctx is
// done. Send does not keep f.PCM and does not block for longer than it takes to copy or decode one frame.
type Stream interface {
	Send(ctx context.Context, f media.Frame) error
	Finalize(ctx context.Context) error // "the user has stopped": settle what you have; exactly one Final follows
	Recv(ctx context.Context) (Event, error)
	Close() error
}

// Hinter is implemented by streams whose hints can change between utterances. SetHints holds from the next
// utterance on; it may be called by the goroutine that sends, between Finalize and the next Send.
type Hinter interface {
	SetHints(ctx context.Context, h Hints) error
}

// Discarder is implemented by streams that can forget the utterance in progress: no Final follows for it.
type Discarder interface {
	Discard(ctx context.Context) error
}

// Kind of an Event.
type Kind uint8

// The kinds of recognition events.
const (
	Partial       Kind = iota + 1 // what the utterance seems to be so far; replaces the previous Partial
	Final                         // what it was; exactly one for each Finalize
	SpeechStarted                 // the recogniser's own idea of speech, where it has one
	SpeechEnded
	// Only from the ear of a conversation whose model hears for itself:
	Taken // instead of a Final: the model has the utterance, under the name Ref, and can answer it
	Late  // the words of an utterance that was Taken, perhaps none, or Err when they are not known
)

// Event is one result. From and To are positions in the audio sent into the stream.
type Event struct {
	Kind       Kind
	Text       string
	From, To   time.Duration
	Confidence float32 // 0…1; 0 when unknown
	Lang       string
	Ref        string     // of Taken and Late
	Usage      *llm.Usage // of Late: what finding out cost
	Err        error      // of Late
}
