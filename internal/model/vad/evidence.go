package vad

import "math"

const (
	longestHiss    = 20  // frames; consonants without voice are shorter
	hissDepth      = 12  // dB; the gate for the beginning of what is not periodic
	quietestCaller = -45 // dB; where the caller's level starts, and never falls below
	quietestVoice  = -58 // dB; what is weaker is no caller, whatever it sounds like
	quietestNoise  = -85 // dB in one band; digital silence must not make dither look loud
)

// evidence weighs the frame that has just been measured.
func (v *Voice) evidence() float32 {
	level := v.bands.total
	if v.floor.frames == 0 {
		v.floor.start(&v.bands)
	}
	// How far the bands rise above their noise. Few bands well above it count as much as many a little above.
	rise := float32(0)
	for b := range v.bands.n {
		z := (v.bands.level[b] - v.floor.noise[b]) / max(v.floor.spread[b], leastSpread)
		rise += min(max(z-1, -1), 4)
	}
	rise /= float32(v.bands.n)
	e := min(2.5*(rise-0.1), 3.5)

	if level < quietestVoice {
		e -= 0.5 * (quietestVoice - level)
	}
	v.voiced = 0
	if rise > -0.6 && level > quietestVoice-6 {
		v.voiced = v.pitch.periodicity()
		e += 3 * (min(v.voiced, 0.9) - 0.45)
	}
	// Nobody speaks for long without a vowel: what hisses on is a noise that has begun.
	if v.voiced > 0.55 || rise < 0 {
		v.hissing = 0
	} else {
		v.hissing++
	}
	if long := v.hissing - longestHiss; long > 0 {
		e -= min(0.3*float32(long), 6)
	}
	// The gate. The quieter the background, the less of a voice it cuts off.
	room := v.caller - v.floor.level
	depth := gateDepth + min(max(0.35*(room-22), 0), 10)
	if v.voiced < 0.5 && v.odds < 0 {
		// What begins without a vowel must be louder and takes longer to believe: bangs are short, breaths are weak.
		e, depth = min(e, 2), hissDepth
	}
	if below := v.caller - depth - v.now; below > 0 {
		if e > 3 && v.voiced > 0.6 && level > v.floor.level+15 {
			v.caller -= 0.1 // a clear voice that the gate keeps out may be a quieter caller: let it in after a while
		}
		e -= 0.6 * below
	}
	if v.tones.steady(v.spec.power, level) {
		e = min(e, -3)
	}
	return min(max(e, maxAgainst), maxForIt)
}

// learn lets the noise and the caller's level follow the frame, which holds speech with probability p.
func (v *Voice) learn(p float32) {
	v.floor.learn(&v.bands, p, v.hissing > longestHiss)
	level := v.bands.total
	if p > 0.9 && level > v.caller && v.voiced > 0.5 {
		v.caller += 0.15 * (level - v.caller)
	}
	v.caller = max(v.caller-0.01, quietestCaller)
}

func probability(odds float32) float32 { return float32(1 / (1 + math.Exp(-float64(odds)))) }

func logit(p float32) float32 { return float32(math.Log(float64(p) / float64(1-p))) }
