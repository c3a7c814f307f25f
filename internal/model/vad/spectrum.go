package vad

import (
	"math"
	"sync"
)

// spectrum computes the power of the frequencies of a window of real samples with a transform of half its length.
type spectrum struct {
	*tables
	re, im []float32 // n/2 values
	power  []float32 // n/2 bins; a full-scale sine is 1/2 over the bins it covers
}

// tables are what all transforms of one length share. They are never changed.
type tables struct {
	window  []float32 // Hann, n samples
	cos     []float32 // of 2πk/n, k < n/2
	sin     []float32
	turns   []float32 // cos and sin of each stage of the transform, in the order of their use
	reverse []uint16  // bit reversal of n/2 positions
}

// made holds the tables of each length that was needed: there are two.
var made sync.Map // int → *tables

func newSpectrum(n int) *spectrum {
	t, ok := made.Load(n)
	if !ok {
		t, _ = made.LoadOrStore(n, newTables(n))
	}
	half := n / 2
	return &spectrum{tables: t.(*tables), re: make([]float32, half), im: make([]float32, half), power: make([]float32, half)}
}

func newTables(n int) *tables {
	half := n / 2
	s := &tables{window: make([]float32, n), cos: make([]float32, half), sin: make([]float32, half), reverse: make([]uint16, half)}
	for i := range s.window {
		s.window[i] = float32(0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(n)))
	}
	for k := range half {
		s.cos[k] = float32(math.Cos(2 * math.Pi * float64(k) / float64(n)))
		s.sin[k] = float32(math.Sin(2 * math.Pi * float64(k) / float64(n)))
		r := 0
		for bit := 1; bit < half; bit <<= 1 {
			r <<= 1
			if k&bit != 0 {
				r |= 1
			}
		}
		s.reverse[k] = uint16(r)
	}
	for size := 4; size <= half; size <<= 1 {
		for k := range size / 2 {
			a := 2 * math.Pi * float64(k) / float64(size)
			s.turns = append(s.turns, float32(math.Cos(a)), float32(math.Sin(a)))
		}
	}
	return s
}

// of fills s.power with the power of x, n samples on a scale of ±1.
func (s *spectrum) of(x []float32) {
	half := len(s.re)
	x, w := x[:2*half], s.window[:2*half]
	re, im := s.re, s.im[:half]
	for i, r := range s.reverse { // even samples are the real parts, odd ones the imaginary parts
		re[r] = x[2*i] * w[2*i]
		im[r] = x[2*i+1] * w[2*i+1]
	}
	s.transform()
	// Take the two interleaved spectra apart and join them to the one of x.
	const hannPower = 3.0 / 8
	scale := float32(2 / (float64(4*half*half) * hannPower))
	dc := re[0] + im[0]
	s.power[0] = dc * dc * scale / 2
	cos, sin, power := s.cos[:half], s.sin[:half], s.power[:half]
	for k := 1; k < half; k++ {
		ar, ai, br, bi := re[k], im[k], re[half-k], im[half-k]
		er, ei := (ar+br)/2, (ai-bi)/2
		or, oi := (ai+bi)/2, (br-ar)/2
		c, sn := cos[k], sin[k]
		xr := er + c*or + sn*oi
		xi := ei + c*oi - sn*or
		power[k] = (xr*xr + xi*xi) * scale
	}
}

// transform is a radix-2 transform in place of values already in bit-reversed order.
func (s *spectrum) transform() {
	n := len(s.re)
	re, im := s.re, s.im[:n]
	for i := 0; i+1 < n; i += 2 { // the first stage needs no multiplication
		ar, ai, br, bi := re[i], im[i], re[i+1], im[i+1]
		re[i], im[i], re[i+1], im[i+1] = ar+br, ai+bi, ar-br, ai-bi
	}
	turns := s.turns
	for size := 4; size <= n; size <<= 1 {
		half := size / 2
		w := turns[:size]
		turns = turns[size:]
		for start := 0; start < n; start += size {
			lr, li := re[start:start+half], im[start:start+half]
			hr, hi := re[start+half:start+size], im[start+half:start+size]
			hr, hi, li = hr[:len(lr)], hi[:len(lr)], li[:len(lr)]
			w := w[:2*len(lr)]
			for k := range lr {
				c, sn := w[2*k], w[2*k+1]
				tr := hr[k]*c + hi[k]*sn
				ti := hi[k]*c - hr[k]*sn
				hr[k], hi[k] = lr[k]-tr, li[k]-ti
				lr[k], li[k] = lr[k]+tr, li[k]+ti
			}
		}
	}
}
