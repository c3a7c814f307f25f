package vad

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
