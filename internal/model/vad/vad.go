// Package vad tells speech from everything else, frame by frame.
package vad

import (
	"time"

	"griot/internal/media"
)

// Detector is fed every inbound frame of one leg, in order, by one goroutine. Push must take microseconds and
// allocate nothing. Frames are mono, 20 ms, at 8 or 16 kHz; another rate or size is an error of kind fault.Invalid.
// Push does not keep f.PCM.
type Detector interface {
	Push(f media.Frame) (Activity, error)
	Reset()
}

// Activity is what one frame held. At is the position of the frame's start in its stream; Speech is a probability
// in 0…1; Level is in dB relative to full scale (0 = a full-scale square wave, silence about -96).
type Activity struct {
	At     time.Duration
	Speech float32
	Level  float32
}
