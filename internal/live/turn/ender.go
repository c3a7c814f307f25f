package turn

import "time"

// ender says how long a pause must be to end the caller's turn. It may learn from the pauses that did not.
type ender interface {
	// pause is the answer for words that leave this impression. lag is how long after speech this caller's last words have come from the recogniser.
	pause(v verdict, lag time.Duration) time.Duration
	// wentOn tells that the caller went on after a pause: within the turn, or so soon after its end that it was the same turn.
	wentOn(v verdict, pause time.Duration)
	// ended tells that the caller had indeed finished.
	ended(v verdict)
}

func enderOf(s Settings) ender {
	if s.Kind == SemanticVAD {
		return newSemantic(s)
	}
	return silence{s.Silence}
}

// verdict is the impression that the words so far leave: are they all?
type verdict uint8

const (
	unknown    verdict = iota // no words, or none that are recent
	fragment                  // words without a clause: it may be an answer, it may go on
	reciting                  // digits or letters, of which more may come
	unfinished                // the last word asks for another one
	hesitant                  // the last word is "um"
	awaited                   // a part of the number or address that was asked for
	likely                    // a clause
	complete                  // a whole sentence, a question, or what was asked for
)
