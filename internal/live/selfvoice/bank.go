package selfvoice

import "math"

// bands of speech that every telephone passes on, each by its middle in Hz.
var middles = [...]float64{300, 450, 650, 900, 1250, 1700, 2300, 3000}

// levels are the loudness of each band in dB, on the scale of 16 bits.
type levels [len(middles)]float64

// loud reports whether there is speech rather than its pauses.
func (v *levels) loud() bool {
	n := 0
	for _, l := range v {
		if l > quiet+12 {
			n++
		}
	}
	return n >= 3
}

// bank splits sound into bands at 8 kHz. Everything above is left out: what comes back over a telephone has none of it.
type bank struct {
	rate  int
	skip  int                      // samples averaged to one
	sum   float64                  // of those gathered
	n     int                      // how many
	coef  [len(middles)][3]float64 // b0, a1, a2 of a resonator
	state [len(middles)][2]float64
	last  [2]float64 // the two inputs before
}

// open prepares for a rate.
func (k *bank) open(rate int) {
	*k = bank{rate: rate, skip: max(1, int(math.Round(float64(rate)/8000)))}
	fs := float64(rate) / float64(k.skip)
	for i, f := range middles {
		w := 2 * math.Pi * f / fs
		alpha := math.Sin(w) / (2 * 2.2) // quality 2.2
		a0 := 1 + alpha
		k.coef[i] = [3]float64{alpha / a0, -2 * math.Cos(w) / a0, (1 - alpha) / a0}
	}
}

// levels returns the loudness of a piece of sound of any length.
func (k *bank) levels(pcm []int16, rate int) (out levels) {
	if rate != k.rate {
		k.open(rate)
	}
	var e levels
	count := 0
	for _, s := range pcm {
		k.sum += float64(s)
		if k.n++; k.n < k.skip {
			continue
		}
		x := k.sum / float64(k.skip)
		k.sum, k.n = 0, 0
		count++
		dx := x - k.last[1]
		k.last[1], k.last[0] = k.last[0], x
		for i := range k.coef {
			c, z := &k.coef[i], &k.state[i]
			y := c[0]*dx - c[1]*z[0] - c[2]*z[1]
			z[1], z[0] = z[0], y
			e[i] += y * y
		}
	}
	for i := range e {
		l := quiet
		if count > 0 {
			l = math.Max(quiet, 10*math.Log10(e[i]/float64(count)+1))
		}
		out[i] = l
	}
	return out
}
