package mediatest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"griot/internal/media"
)

// Colour of a noise.
type Colour uint8

// The colours: White has the same power at every frequency, Pink the same in every octave.
const (
	White Colour = iota
	Pink
)

// noiseRMS is the level of everything made here, before AddAt: 20 dB under full scale.
const noiseRMS = 3276.8

// Silence returns d of digital silence.
func Silence(d time.Duration, rate int) []int16 {
	return make([]int16, media.Mono(rate).Samples(d))
}

// Concat returns the pieces one after the other.
func Concat(pieces ...[]int16) []int16 { return slices.Concat(pieces...) }

// Noise returns d of noise at 20 dB under full scale; the same seed gives the same noise.
func Noise(c Colour, d time.Duration, rate int, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, uint64(c)+1))
	x := make([]float64, media.Mono(rate).Samples(d))
	// Pink noise is white noise through first-order low-pass filters, one for each two octaves, of equal power per octave.
	var poles []float64
	for hz := float64(rate) / 4; hz > 5; hz /= 4 {
		poles = append(poles, math.Exp(-2*math.Pi*hz/float64(rate)))
	}
	state := make([]float64, len(poles))
	for i := range x {
		if c == White {
			x[i] = r.NormFloat64()
			continue
		}
		for k, p := range poles {
			state[k] = p*state[k] + math.Sqrt(1-p*p)*r.NormFloat64()
			x[i] += state[k]
		}
	}
	return normalise(x)
}

// Chords returns d of music-like sound at 20 dB under full scale: chords of three tones, each with two overtones, that change every 0.6 s.
func Chords(d time.Duration, rate int, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 100))
	x := make([]float64, media.Mono(rate).Samples(d))
	length := rate * 3 / 5
	for start := 0; start < len(x); start += length {
		root := 131 * math.Pow(2, float64(r.IntN(13))/12)
		for i := start; i < min(start+length, len(x)); i++ {
			t := float64(i) / float64(rate)
			fade := math.Min(1, math.Min(float64(i-start)/float64(rate)/0.02, float64(start+length-i)/float64(rate)/0.05))
			for _, ratio := range []float64{1, 1.25, 1.5} {
				for k, part := range []float64{1, 0.5, 0.25} {
					x[i] += fade * part * math.Sin(2*math.Pi*root*ratio*float64(k+1)*t)
				}
			}
		}
	}
	return normalise(x)
}

// Tones returns d of steady sines of the given frequencies, in Hz, together at 20 dB under full scale.
func Tones(d time.Duration, rate int, hz ...float64) []int16 {
	x := make([]float64, media.Mono(rate).Samples(d))
	for i := range x {
		for _, f := range hz {
			x[i] += math.Sin(2 * math.Pi * f * float64(i) / float64(rate))
		}
	}
	return normalise(x)
}

// DTMF returns d of the key's two tones; key is one of 0…9, *, #, A…D. Another key is silence.
func DTMF(key byte, d time.Duration, rate int) []int16 {
	for row, keys := range [4]string{"123A", "456B", "789C", "*0#D"} {
		for col := range keys {
			if keys[col] == key {
				return Tones(d, rate, [4]float64{697, 770, 852, 941}[row], [4]float64{1209, 1336, 1477, 1633}[col])
			}
		}
	}
	return Silence(d, rate)
}

// Babble returns d of six recorded speakers at once, French and Spanish prompts in an order that the seed decides, at 20 dB under full scale.
func Babble(t testing.TB, d time.Duration, rate int, seed uint64) []int16 {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 200))
	x := make([]float64, media.Mono(rate).Samples(d))
	for voice := range 6 {
		lang := []string{"fr", "es"}[voice%2]
		names := slices.DeleteFunc(Prompts(lang), func(n string) bool { return TextlessPrompt(n) })
		if len(names) == 0 {
			Missing(t, "asterisk-core-sounds-"+lang+"-wav")
		}
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		at := 0
		for _, n := range names {
			for _, s := range Prompt(t, lang, n, rate) {
				if at >= len(x) {
					break
				}
				x[at] += float64(s)
				at++
			}
		}
	}
	return normalise(x)
}

// AddAt returns speech with noise added so that the speech lies snr dB above it; noise is repeated when it is too short. The level of
// the speech is that of its frames that are not pauses, the noise's that of the whole.
func AddAt(speech, noise []int16, snr float64) []int16 {
	out := slices.Clone(speech)
	if len(noise) == 0 {
		return out
	}
	gain := math.Pow(10, (SpeechLevel(speech)-float64(media.Level(noise))-snr)/20)
	for i, s := range out {
		out[i] = clamp(float64(s) + gain*float64(noise[i%len(noise)]))
	}
	return out
}

// Gain returns x louder by db decibels.
func Gain(x []int16, db float64) []int16 {
	out, g := slices.Clone(x), math.Pow(10, db/20)
	for i, s := range out {
		out[i] = clamp(float64(s) * g)
	}
	return out
}

// SpeechLevel returns the level of x without its pauses, in dB relative to full scale: the mean power of the pieces of 160 samples
// that lie at most 26 dB under the loud ones.
func SpeechLevel(x []int16) float64 {
	const piece = 160
	var powers []float64
	for i := 0; i+piece <= len(x); i += piece {
		sum := 0.0
		for _, s := range x[i : i+piece] {
			sum += float64(s) * float64(s)
		}
		if sum > piece { // digital silence and dither say nothing about the speaker
			powers = append(powers, sum/piece)
		}
	}
	if len(powers) == 0 {
		return media.Quietest
	}
	slices.Sort(powers)
	loud := powers[len(powers)*9/10]
	sum, n := 0.0, 0
	for _, p := range powers {
		if p > loud/400 {
			sum += p
			n++
		}
	}
	return float64(media.PowerLevel(sum / float64(n)))
}

// normalise scales x to noiseRMS.
func normalise(x []float64) []int16 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	out := make([]int16, len(x))
	if sum == 0 {
		return out
	}
	gain := noiseRMS / math.Sqrt(sum/float64(len(x)))
	for i, v := range x {
		out[i] = clamp(v * gain)
	}
	return out
}

func clamp(v float64) int16 { return int16(math.Round(min(max(v, -32768), 32767))) }
