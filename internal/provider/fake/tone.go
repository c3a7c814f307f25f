package fake

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// Tones is how many different tones there are: word n and word n+Tones of a stream sound alike.
const Tones = 32

// ToneHz returns the frequency that stands for the n-th word of a stream: 400 Hz to 2,260 Hz, so that it survives telephone audio.
func ToneHz(n int) float64 { return 400 + 60*float64(n%Tones) }

const toneLevel = 9000.0

// tone returns samples from…from+n of the tone of word index, which lasts total samples. It fades in and out over 5 ms.
func tone(index, rate, total, from, n int) []int16 {
	out := make([]int16, n)
	step := 2 * math.Pi * ToneHz(index) / float64(rate)
	fade := rate / 200
	// A sine is twice the cosine of its step times the value before, less the one before that.
	now, before, turn := math.Sin(step*float64(from)), math.Sin(step*float64(from-1)), 2*math.Cos(step)
	for i := range out {
		k := from + i
		gain := 1.0
		if edge := min(k, total-1-k); edge < fade {
			gain = float64(edge) / float64(fade)
		}
		out[i] = int16(toneLevel * gain * now)
		now, before = turn*now-before, now
	}
	return out
}

// WordIn returns which word (modulo Tones) sounds in these samples, and false when none does: silence, or a mixture. Fifty
// milliseconds are enough.
func WordIn(pcm []int16, rate int) (int, bool) {
	if len(pcm) == 0 || rate <= 0 {
		return 0, false
	}
	var energy float64
	for _, s := range pcm {
		energy += float64(s) * float64(s)
	}
	if energy/float64(len(pcm)) < 300*300 {
		return 0, false
	}
	best, power := 0, 0.0
	for n := range Tones {
		if p := goertzel(pcm, ToneHz(n)/float64(rate)); p > power {
			best, power = n, p
		}
	}
	// A pure tone of N samples has |X|² = energy · N / 2.
	return best, power > 0.6*energy*float64(len(pcm))/2
}

func goertzel(pcm []int16, cycles float64) float64 {
	c := 2 * math.Cos(2*math.Pi*cycles)
	var s1, s2 float64
	for _, x := range pcm {
		s1, s2 = float64(x)+c*s1-s2, s1
	}
	return s1*s1 + s2*s2 - c*s1*s2
}

// wordsOf returns the byte ranges of the words of text: what stands between spaces, punctuation included.
func wordsOf(text string) [][2]int {
	var out [][2]int
	start := -1
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsSpace(r):
			if start >= 0 {
				out = append(out, [2]int{start, i})
				start = -1
			}
		case start < 0:
			start = i
		}
		i += n
	}
	if start >= 0 {
		out = append(out, [2]int{start, len(text)})
	}
	return out
}
