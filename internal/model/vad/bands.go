package vad

import "math"

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
