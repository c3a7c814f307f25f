package media

import (
	"time"

	"griot/internal/fault"
)

// Framer cuts audio that arrives in pieces of any size into frames of exactly FrameTime. Its buffer is reused: once it has grown to
// the largest piece, it allocates nothing. It is for one goroutine.
//
//	f.Push(piece)
//	for frame, ok := f.Next(); ok; frame, ok = f.Next() { … }
type Framer struct {
	format Format
	size   int // samples of one frame, over all channels
	buf    []int16
	start  int // of what has not been handed out yet
	pts    time.Duration
}

// NewFramer returns a framer for audio of the given format. A rate at which FrameTime is not a whole number of samples is a
// fault.Invalid.
func NewFramer(f Format) (*Framer, error) {
	if f.Rate <= 0 || f.Channels <= 0 || f.Rate%int(time.Second/FrameTime) != 0 {
		return nil, fault.New(fault.Invalid, "audio_format", "cannot cut audio of %d Hz and %d channels into frames of %v", f.Rate, f.Channels, FrameTime)
	}
	return &Framer{format: f, size: f.Samples(FrameTime)}, nil
}

// Push takes over a copy of pcm. Frames that Next returned earlier become invalid.
func (f *Framer) Push(pcm []int16) {
	if f.start > 0 {
		n := copy(f.buf, f.buf[f.start:])
		f.buf, f.start = f.buf[:n], 0
	}
	f.buf = append(f.buf, pcm...)
}

// Next returns the next whole frame, or false when there is none. The frame is valid until the next Push, Flush or Reset.
func (f *Framer) Next() (Frame, bool) {
	if len(f.buf)-f.start < f.size {
		return Frame{}, false
	}
	fr := Frame{Format: f.format, PTS: f.pts, PCM: f.buf[f.start : f.start+f.size : f.start+f.size]}
	f.start += f.size
	f.pts += FrameTime
	return fr, true
}

// Flush returns what is left as one frame, filled up with silence, or false when nothing is left. Call it after Next has returned false.
func (f *Framer) Flush() (Frame, bool) {
	if len(f.buf) == f.start {
		return Frame{}, false
	}
	var tail []int16
	f.buf, tail = grow(f.buf, max(0, f.size-(len(f.buf)-f.start)))
	clear(tail)
	return f.Next()
}

// Buffered returns how many samples, over all channels, wait for the rest of their frame.
func (f *Framer) Buffered() int { return len(f.buf) - f.start }

// Reset forgets what is buffered and starts again at PTS 0.
func (f *Framer) Reset() {
	f.buf, f.start, f.pts = f.buf[:0], 0, 0
}
