package vad

import (
	"math"

	"griot/internal/media"
)

// The search for a voice's period runs on the last 40 ms at 4 kHz, over periods of 60 to 400 Hz.
const (
	pitchRate   = 4000
	pitchWindow = 160
	shortestLag = pitchRate / 400
	longestLag  = pitchRate / 60
)

// pitch finds how periodic the recent signal is.
type pitch struct {
	x [pitchWindow]float32
}

// push takes one frame at 4000·step Hz.
func (p *pitch) push(frame []float32, step int) {
	n := len(frame) / step
	copy(p.x[:], p.x[n:])
	tail := p.x[pitchWindow-n:]
	for i := range tail {
		sum := float32(0)
		for _, v := range frame[i*step : (i+1)*step] {
			sum += v
		}
		tail[i] = sum
	}
}

// periodicity returns the highest normalised correlation of the signal with itself one period before, 0…1.
func (p *pitch) periodicity() float32 {
	now := p.x[longestLag:]
	var energy, past float32
	for _, v := range now {
		energy += v * v
	}
	for _, v := range p.x[longestLag-shortestLag+1 : pitchWindow-shortestLag+1] {
		past += v * v
	}
	if energy < 1e-9 {
		return 0
	}
	var r, before, here float32 // correlation at the two lags before: only a peak counts, not the slope down from lag 0
	before, here = 2, 2
	for l := shortestLag; l <= longestLag; l++ {
		then := p.x[longestLag-l : pitchWindow-l]
		// The window of the past moves one sample to the left.
		past += then[0]*then[0] - p.x[pitchWindow-l]*p.x[pitchWindow-l]
		c := media.Dot(now, then)
		next := float32(0)
		if c > 0 && past > 1e-9 {
			next = c * c / (energy * past) // squared: the root is taken once
		}
		if here > before && here >= next && here > r {
			r = here
		}
		before, here = here, next
	}
	return float32(math.Sqrt(float64(min(r, 1))))
}
