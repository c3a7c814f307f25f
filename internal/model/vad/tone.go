package vad

// Bins are 31 Hz wide at both rates.
const (
	lowestTone = 10 // below lie the fundamentals of voices
	toneWidth  = 2  // bins on each side of a tone's middle that hold its power
)

// toneGuard recognises one or two steady tones by their purity and by their standing still.
type toneGuard struct {
	first, second int // bins of the two strongest tones of the last frame
	level         float32
	run           int // frames in a row that continued the ones before
}

// steady takes the spectrum and the level, in dB, of a frame and tells whether the sound has been the same one or two tones for at least three
// frames, which is one less than it takes to open a turn.
func (g *toneGuard) steady(power []float32, level float32) bool {
	all := float32(1e-12)
	for _, p := range power[2:] {
		all += p
	}
	a, pa := strongest(power, -toneApart)
	b, pb := strongest(power, a)
	switch {
	case a < lowestTone:
		a, b = 0, 0
	case pa > 0.95*all:
		b = a
	case b >= lowestTone && pa+pb > 0.95*all:
	default:
		a, b = 0, 0
	}
	same := near(a, g.first) && near(b, g.second) || near(a, g.second) && near(b, g.first)
	change := level - g.level
	if a > 0 && same && change < 1 && change > -1 {
		g.run++
	} else {
		g.run = 0
	}
	g.first, g.second, g.level = a, b, level
	return g.run >= 2
}

// toneApart is how many bins two tones must lie apart to be told apart.
const toneApart = 4

func near(a, b int) bool { return a-b <= 1 && b-a <= 1 }

// strongest returns the strongest bin that lies apart from other, and the power of the tone there.
func strongest(power []float32, other int) (int, float32) {
	best, top := 2, float32(0)
	for i := 2; i < len(power)-toneWidth; i++ {
		if p := power[i]; p > top && (i-other >= toneApart || other-i >= toneApart) {
			best, top = i, p
		}
	}
	sum := float32(0)
	for _, p := range power[best-toneWidth : best+toneWidth+1] {
		sum += p
	}
	return best, sum
}
