package mediatest

import (
	"math"
	"time"
)

// Voice makes speech out of nothing, for tests that must not depend on a recording: a gliding pitch with its harmonics under three moving formants, four syllables
// a second, about 20 dB under full scale. It has no words, but a voice detector takes it for speech from its first sample to its last.
func Voice(d time.Duration, rate int) []int16 {
	out := make([]int16, int(d.Seconds()*float64(rate)))
	phase := 0.0
	for i := range out {
		t := float64(i) / float64(rate)
		f0 := 120 + 25*math.Sin(2*math.Pi*1.3*t)
		phase += f0 / float64(rate)
		open := 0.5 + 0.5*math.Sin(2*math.Pi*4*t)
		sum := 0.0
		for h := 1; float64(h)*f0 < min(3400, float64(rate)/2); h++ {
			f := float64(h) * f0
			gain := formant(f, 500+200*open, 120) + formant(f, 1400+300*open, 180)/2 + formant(f, 2500, 250)/4
			sum += gain * math.Sin(2*math.Pi*phase*float64(h))
		}
		out[i] = int16(2500 * (0.35 + 0.65*open) * sum)
	}
	return out
}

func formant(f, at, width float64) float64 {
	x := (f - at) / width
	return 1 / (1 + x*x)
}
