package vad

import (
	"time"

	"griot/internal/media"
)

// Edge is what a Segmenter finds at a frame.
type Edge uint8

// The edges.
const (
	NoEdge Edge = iota
	Onset       // speech has begun
	Offset      // speech has ended
)

// The defaults of a Segmenter.
const (
	DefaultOpen      = 4
	DefaultClose     = 30 // frames: 600 ms
	DefaultThreshold = 0.5
)

// Segmenter makes stretches of speech out of the activity of single frames: it opens when Open of the last Open+1 frames hold speech,
// and closes after Close frames in a row without. Fields that are not above zero have their defaults; change them
// between frames as you like. Open is at most 15. It allocates nothing and is for one goroutine.
type Segmenter struct {
	Open      int     // frames with speech, of the last Open+1
	Close     int     // frames without
	Threshold float32 // of Activity.Speech

	recent uint32 // one bit for each frame, the newest lowest: did it hold speech?
	first  [16]time.Duration
	frames int
	quiet  int
	speech bool
	ended  time.Duration // end of the last frame with speech
}

// Push takes the next frame. At an Onset, at is the start of the first frame with speech of those that opened; at an Offset, the end of
// the last frame with speech. Otherwise it is the start of the frame.
func (s *Segmenter) Push(a Activity) (edge Edge, at time.Duration) {
	threshold, open, closing := s.Threshold, s.Open, s.Close
	if threshold <= 0 {
		threshold = DefaultThreshold
	}
	if open <= 0 {
		open = DefaultOpen
	}
	open = min(open, len(s.first)-1)
	if closing <= 0 {
		closing = DefaultClose
	}
	voice := a.Speech >= threshold
	s.recent <<= 1
	if voice {
		s.recent |= 1
		s.ended = a.At + media.FrameTime
	}
	s.first[s.frames%len(s.first)] = a.At
	s.frames++
	if s.speech {
		if voice {
			s.quiet = 0
			return NoEdge, a.At
		}
		if s.quiet++; s.quiet < closing {
			return NoEdge, a.At
		}
		s.speech, s.recent = false, 0
		return Offset, s.ended
	}
	held, oldest := 0, 0
	for back := range open + 1 {
		if s.recent>>back&1 != 0 {
			held++
			oldest = back
		}
	}
	if held < open {
		return NoEdge, a.At
	}
	s.speech, s.quiet = true, 0
	return Onset, s.first[(s.frames-1-oldest)%len(s.first)]
}

// Speaking tells whether a stretch of speech is open.
func (s *Segmenter) Speaking() bool { return s.speech }

// Quiet returns how long no frame has held speech while the stretch is open.
func (s *Segmenter) Quiet() time.Duration { return time.Duration(s.quiet) * media.FrameTime }

// Reset forgets the stream so far and keeps the settings.
func (s *Segmenter) Reset() {
	*s = Segmenter{Open: s.Open, Close: s.Close, Threshold: s.Threshold}
}
