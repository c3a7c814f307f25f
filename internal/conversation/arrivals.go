package conversation

import (
	"time"

	"griot/internal/media"
)

const (
	// stall is the longest that a network is taken to hold sound back. What stays away for longer was never said to us.
	stall = time.Second
	// burst is how far sound may come before its time. What comes earlier is no live speech.
	burst = 300 * time.Millisecond
)

// Steady makes of when frames arrived when they were said: networks hold sound back and bring it all at once, and without this a
// recording would have a silence and then miss as much of what was said. The frames follow each other; a gap is left only when sound
// stays away for a second, or comes late for a second without ever catching up. What the returned function is given as at is the moment
// when the frame arrived, what tap is given is the position of its first sample. It is for one goroutine.
func Steady(tap func(at time.Duration, f media.Frame)) func(arrived time.Duration, f media.Frame) {
	var a arrivals
	return func(arrived time.Duration, f media.Frame) { tap(a.place(arrived, f.Duration()), f) }
}

// arrivals is the clock of one stream of live sound.
type arrivals struct {
	begun bool
	end   time.Duration // where the next frame belongs if nothing is missing
	late  bool          // frames have been late without exception
	since time.Duration // from then on
	least time.Duration // by so much at least
}

// place returns where a frame begins that is so long and has just arrived.
func (a *arrivals) place(now, length time.Duration) time.Duration {
	at := max(0, now-length)
	behind := at - a.end
	switch {
	case !a.begun || behind >= stall || behind <= -burst:
		a.begun, a.late, a.end = true, false, at
	case behind < together:
		a.late = false
	case !a.late:
		a.late, a.since, a.least = true, now, behind
	default:
		a.least = min(a.least, behind)
		if now-a.since >= stall { // it was not held back: it is missing
			a.late, a.end = false, a.end+a.least
		}
	}
	at = a.end
	a.end += length
	return at
}
