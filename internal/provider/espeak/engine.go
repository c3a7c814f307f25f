package espeak

import (
	"context"
	"time"

	"griot/internal/model/tts"
)

// engine turns one short text into sound. It is safe for concurrent use.
type engine interface {
	// prepare says that requests with that voice and speed will come soon. It does not wait.
	prepare(voice string, wpm int)
	// speak gives the sound to emit piece by piece, in order, and returns when it was all given. emit must not block.
	// When ctx ends it gives nothing more and returns ctx's error within half a second.
	speak(ctx context.Context, r request, emit func(part)) error
	// exact tells whether cues are measured by the synthesiser, phonemes included, or estimated, words only.
	exact() bool
	// close ends every process. Requests in progress fail.
	close()
}

// request is one sentence, or a part of a very long one.
type request struct {
	voice string
	wpm   int
	text  []rune
}

// part is a stretch of sound, and what sounds in it. Both belong to whoever gets them.
type part struct {
	pcm  []int16
	cues []cue
}

// cue says that something starts to sound: a word, or a phoneme of the word at pos.
type cue struct {
	kind    tts.MarkKind
	pos     int           // of its first rune in the request's text
	at      time.Duration // since the start of the request's sound
	phoneme string        // IPA; empty for a pause
}

// Bounds of one request. Text is cut so that its sound stays short: a stream holds what it was given and not yet taken.
const (
	longestText  = 400              // runes
	longestSpeak = 10 * time.Second // to synthesise one request; a hundred times what it takes
	cancelGrace  = 500 * time.Millisecond
)
