package vad

import (
	"griot/internal/fault"
	"griot/internal/media"
)

// Voice is the detector that is built in. Each frame yields evidence for or against a voice near the microphone, as logarithms of odds:
//
//   - how far the bands of the spectrum rise above the noise tracked in each, in units of that noise's own variation;
//   - whether the waveform repeats itself at the period of a voice;
//   - how far the level lies below the caller's own: by how much it may, depends on how far the caller is above the background;
//   - against it, whether the sound is one or two steady tones (a key, a dial tone, a beep).
//
// The evidence moves the odds of a two-state model, in which both speech and its absence tend to last. That carries
// soft endings, and keeps a click from being more than one frame.
type Voice struct {
	rate, size int
	high       highPass
	hist       []float32 // the window of the spectrum, newest last
	fresh      []float32 // this frame, filtered, ±1
	spec       *spectrum
	pitch      pitch
	bands      bands
	floor      tracker
	tones      toneGuard
	hissing    int     // frames in a row that are loud but not periodic
	caller     float32 // level of the caller's loud frames, dB
	odds       float32 // log odds of speech after the last frame
	now        float32 // level of the frame alone, filtered, dB
	voiced     float32 // how periodic the last frame was, 0…1
}

var _ Detector = (*Voice)(nil)

// The weights of the evidence, found by trial on recorded French and Spanish prompts with noise; the figures in
// docs/quality.md come from English ones.
const (
	stay       = 0.8 // probability that speech goes on
	arise      = 0.1 // probability that it begins
	maxForIt   = 4.0 // most that one frame can say for speech
	maxAgainst = -4.5
	gateDepth  = 15 // dB below the caller at which evidence starts to weigh against
)

// New returns a detector for mono frames of 20 ms at 8000 or 16000 Hz; another rate is a fault.Invalid.
func New(rate int) (*Voice, error) {
	if rate != 8000 && rate != 16000 {
		return nil, fault.New(fault.Invalid, "sample_rate", "voice detection works at 8000 and 16000 Hz, not at %d Hz", rate)
	}
	window := rate * 32 / 1000
	v := &Voice{rate: rate, size: rate / 50, high: newHighPass(rate), spec: newSpectrum(window)}
	v.hist = make([]float32, window)
	v.fresh = make([]float32, v.size)
	v.bands = newBands(rate, window)
	v.Reset()
	return v, nil
}

// Reset forgets the stream so far: levels, noise and state.
func (v *Voice) Reset() {
	v.high.reset()
	clear(v.hist)
	v.pitch = pitch{}
	v.floor.reset()
	v.tones = toneGuard{}
	v.caller = quietestCaller
	v.odds = -4
	v.voiced, v.hissing = 0, 0
}

// Push implements Detector.
func (v *Voice) Push(f media.Frame) (Activity, error) {
	if f.Rate != v.rate || f.Channels != 1 || len(f.PCM) != v.size {
		return Activity{}, fault.New(fault.Invalid, "audio_format",
			"voice detection wants mono frames of %d samples at %d Hz, not %d samples of %d channels at %d Hz", v.size, v.rate, len(f.PCM), f.Channels, f.Rate)
	}
	v.high.filter(v.fresh, f.PCM)
	copy(v.hist, v.hist[v.size:])
	copy(v.hist[len(v.hist)-v.size:], v.fresh)
	v.pitch.push(v.fresh, v.rate/pitchRate)
	v.spec.of(v.hist)
	v.bands.measure(v.spec.power)
	v.now = decibel(media.Dot(v.fresh, v.fresh) / float32(v.size))
	e := v.evidence()
	prior := float32(stay)*probability(v.odds) + float32(arise)*(1-probability(v.odds))
	v.odds = logit(prior) + e
	p := probability(v.odds)
	v.learn(p)
	return Activity{At: f.PTS, Speech: p, Level: media.Level(f.PCM)}, nil
}
