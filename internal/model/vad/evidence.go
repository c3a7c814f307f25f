package vad

import "math"

const (
	longestHiss    = 20  // frames; consonants without voice are shorter
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
	if below := v.caller - depth - level; below > 0 {
		if e > 3 && v.voiced > 0.6 && level > v.floor.level+15 {
			v.caller -= 0.1 // a clear voice that the gate keeps out may be a quieter caller: let it in after a while
		}
		e -= 0.4 * below
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

// highPass takes away hum and offset below 80 Hz: a Butterworth filter of the second order.
type highPass struct {
	b0, b1, b2, a1, a2 float32
	x1, x2, y1, y2     float32
}

func newHighPass(rate int) highPass {
	w := 2 * math.Pi * 80 / float64(rate)
	alpha := math.Sin(w) / math.Sqrt2
	a0 := 1 + alpha
	return highPass{
		b0: float32((1 + math.Cos(w)) / 2 / a0), b1: float32(-(1 + math.Cos(w)) / a0), b2: float32((1 + math.Cos(w)) / 2 / a0),
		a1: float32(-2 * math.Cos(w) / a0), a2: float32((1 - alpha) / a0),
	}
}

func (h *highPass) reset() { h.x1, h.x2, h.y1, h.y2 = 0, 0, 0, 0 }

// filter writes pcm, filtered and on a scale of ±1, to dst.
func (h *highPass) filter(dst []float32, pcm []int16) {
	dst = dst[:len(pcm)]
	x1, x2, y1, y2 := h.x1, h.x2, h.y1, h.y2
	for i, s := range pcm {
		x := float32(s) / 32768
		y := h.b0*x + h.b1*x1 + h.b2*x2 - h.a1*y1 - h.a2*y2
		x1, x2, y1, y2 = x, x1, y, y1
		dst[i] = y
	}
	h.x1, h.x2, h.y1, h.y2 = x1, x2, y1, y2
}

// edgesHz of the bands; what lies above half the rate is left out.
var edgesHz = [...]int{90, 200, 400, 600, 850, 1150, 1500, 2000, 2600, 3200, 3900, 5000, 6300, 7700}

const maxBands = len(edgesHz) - 1

// bands holds the level of each band and of all of them, in dB relative to full scale.
type bands struct {
	n     int
	edge  [maxBands + 1]int // in bins
	level [maxBands]float32
	total float32
}

func newBands(rate, window int) bands {
	var b bands
	for i, hz := range edgesHz {
		if 2*hz > rate {
			break
		}
		b.edge[i] = hz * window / rate
		b.n = i
	}
	return b
}

func (b *bands) measure(power []float32) {
	all := float32(0)
	for i := range b.n {
		sum := float32(0)
		for _, p := range power[b.edge[i]:b.edge[i+1]] {
			sum += p
		}
		all += sum
		b.level[i] = decibel(sum)
	}
	b.total = decibel(all)
}

func decibel(power float32) float32 {
	return max(10*float32(math.Log10(float64(power)+1e-12)), quietestNoise)
}

const (
	leastSpread  = 1.5 // dB; noise varies at least this much within one frame's estimate
	minWindows   = 8   // the lowest level is looked for over 8 windows of 16 frames, about 2.5 s
	minLength    = 16
	loudestStart = -45 // dB
)

// tracker follows the noise: in each band its mean level and how much it varies while nobody speaks, and the level of the whole. Where somebody seems to
// speak all the time, the lowest level of the last two seconds pulls it up.
type tracker struct {
	frames int
	noise  [maxBands]float32
	spread [maxBands]float32
	level  float32 // of the whole background
	swing  float32
	risen  bool // a noise has begun: learn it though it is far above what was known

	smooth  [maxBands + 1]float32 // the last entry is the whole
	current [maxBands + 1]float32
	past    [minWindows][maxBands + 1]float32
	lowest  [maxBands + 1]float32
}

func (t *tracker) reset() { *t = tracker{} }

// start takes the first frame for noise, unless it is loud: then the stream may begin within a word.
func (t *tracker) start(b *bands) {
	for i := range b.n {
		x := min(b.level[i], loudestStart)
		t.noise[i], t.spread[i], t.smooth[i] = x, 3, x
	}
	x := min(b.total, loudestStart)
	t.level, t.swing, t.smooth[maxBands] = x, 3, x
	t.current, t.lowest = t.smooth, t.smooth
	for i := range t.past {
		t.past[i] = t.smooth
	}
}

func (t *tracker) learn(b *bands, p float32, hiss bool) {
	t.frames++
	t.risen = hiss
	quiet := (1 - p) * (1 - p)
	rate := max(0.06, 1/float32(t.frames+1)) * quiet
	for i := range b.n {
		t.follow(i, b.level[i], &t.noise[i], &t.spread[i], rate)
	}
	t.follow(maxBands, b.total, &t.level, &t.swing, rate)
	if t.frames%minLength == 0 {
		t.lowest = t.current
		for i := range t.past {
			for k := range t.lowest {
				t.lowest[k] = min(t.lowest[k], t.past[i][k])
			}
		}
		t.past[t.frames/minLength%minWindows] = t.current
		t.current = t.smooth
	}
}

// follow moves one level towards the newest measurement.
func (t *tracker) follow(i int, x float32, mean, spread *float32, rate float32) {
	t.smooth[i] += 0.4 * (x - t.smooth[i])
	t.current[i] = min(t.current[i], t.smooth[i])
	d := x - *mean
	if d > 3**spread && !t.risen { // not noise as it was: only the lowest level can tell that the noise itself has risen
		rate *= 0.1
	}
	*mean += rate * d
	if d < 0 {
		d = -d
	}
	*spread += rate * (1.25*min(d, 12) - *spread)
	if up := t.lowest[i] + 1 - *mean; up > 0 {
		*mean += 0.05 * up
	} else if down := t.smooth[i] - *mean + 4; down < 0 {
		*mean += 0.1 * down
	}
}

const lowestTone = 10 // bins of 31 Hz: below lie the fundamentals of voices

// toneGuard recognises one or two steady tones.
type toneGuard struct {
	first, second int
	level         float32
	run           int
}

// steady takes the spectrum of a frame and tells whether the sound has been the same one or two tones for at least two frames.
func (g *toneGuard) steady(power []float32, level float32) bool {
	a, pa := strongest(power, -10)
	b, pb := strongest(power, a)
	all := float32(1e-12)
	for _, p := range power[2:] {
		all += p
	}
	pure := (pa > 0.95*all || pa+pb > 0.95*all && b >= lowestTone) && a >= lowestTone
	if pa > 0.97*all {
		b = -10
	}
	same := near(a, g.first) && (near(b, g.second)) || near(a, g.second) && near(b, g.first)
	change := level - g.level
	if pure && same && change < 1 && change > -1 {
		g.run++
	} else {
		g.run = 0
	}
	g.first, g.second, g.level = a, b, level
	return g.run >= 2
}

func near(a, b int) bool { return a-b <= 1 && b-a <= 1 }

// strongest returns the highest bin at least 4 away from other, and the power around it.
func strongest(power []float32, other int) (int, float32) {
	best := 2
	top := float32(0)
	for i := 2; i < len(power)-2; i++ {
		if p := power[i]; p > top && (i-other >= 4 || other-i >= 4) {
			best, top = i, p
		}
	}
	sum := float32(0)
	for i := best - 2; i <= best+2; i++ {
		if i < len(power) {
			sum += power[i]
		}
	}
	return best, sum
}
