// Package tts is what a voice looks like to a conversation.
package tts

import (
	"context"
	"time"

	"griot/internal/media"
)

// Model opens speech streams. It is safe for concurrent use.
type Model interface {
	Caps() Caps
	Open(ctx context.Context, o Options) (Stream, error)
}

// Caps says what a voice model can do.
type Caps struct {
	ID        string   // e.g. "espeak"
	Languages []string // BCP 47 prefixes; empty means any
	Rate      int      // sample rate of its chunks, Hz; mono
	WordMarks bool     // chunks carry Word marks
	Phonemes  bool     // chunks carry Phoneme marks
	Voices    []Voice
}

// Voice is one of a model's voices.
type Voice struct {
	ID, Name, Lang, Gender string
}

// Options of one stream. Rate is a factor (1 is normal).
type Options struct {
	Voice string // one of Caps().Voices; empty lets the model choose for Lang
	Lang  string // BCP 47
	Rate  float64
}

// Stream speaks one generation. One goroutine calls Say and End, another Recv. A vendor may pool connections, but nothing said into
// one Stream may ever come out of another, and nothing may come out after Close.
type Stream interface {
	Say(ctx context.Context, text string) error
	End(ctx context.Context) error           // no more text
	Recv(ctx context.Context) (Chunk, error) // io.EOF when everything has been spoken
	Close() error
}

// Chunk is a stretch of speech. The frame is mono, of any length, and belongs to the receiver. Marks lie at or before the end of the
// audio received so far and come in order of time.
type Chunk struct {
	Frame media.Frame
	Marks []Mark
}

// MarkKind tells what a Mark marks.
type MarkKind uint8

// The kinds of marks.
const (
	Word     MarkKind = iota + 1
	Sentence          // the end of one Say: Text+Len is where it ends, At when it was spoken to its end
	Phoneme
)

// Mark ties text to audio. Text and Len are in bytes of all texts given to Say, concatenated without separators.
// At counts from the start of the stream's audio.
type Mark struct {
	Kind      MarkKind
	Text, Len int
	At        time.Duration
	Phoneme   string // IPA, empty for a pause; Phoneme marks only
}
