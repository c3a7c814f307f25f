package mediatest

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
)

// The telephone recording and the decoded wideband one are the same speech: brought to one rate they must agree.
func TestPromptIsTheSameSpeechAtBothRates(t *testing.T) {
	for lang, name := range map[string]string{"en": "vm-nobodyavail", "fr": "digits/mon-7", "es": "digits/day-3"} {
		narrow := Prompt(t, lang, name, 8000)
		wide := Prompt(t, lang, name, 16000)
		require.InDelta(t, 2*len(narrow), len(wide), 3200, "%s/%s", lang, name)
		// The two were filtered differently, so it is their loudness over time that is compared, in pieces of 10 ms.
		best := 0.0
		for shift := -5; shift <= 5; shift++ {
			best = max(best, correlation(loudness(narrow, 80), loudness(wide, 160), shift))
		}
		require.Greater(t, best, 0.95, "%s/%s", lang, name)
	}
}

func loudness(x []int16, piece int) []float64 {
	var out []float64
	for i := 0; i+piece <= len(x); i += piece {
		out = append(out, float64(media.Level(x[i:i+piece])))
	}
	return out
}

// correlation of a with b moved by shift.
func correlation(a, b []float64, shift int) float64 {
	var n, sa, sb, ab, aa, bb float64
	for i, v := range a {
		if k := i + shift; k >= 0 && k < len(b) {
			n, sa, sb = n+1, sa+v, sb+b[k]
			ab, aa, bb = ab+v*b[k], aa+v*v, bb+b[k]*b[k]
		}
	}
	return (ab - sa*sb/n) / math.Sqrt((aa-sa*sa/n)*(bb-sb*sb/n))
}

func TestPromptAtAnotherRate(t *testing.T) {
	require.InDelta(t, 3*len(Prompt(t, "en", "hello-world", 16000)), len(Prompt(t, "en", "hello-world", 48000)), 3)
}

func TestEveryTextBelongsToAPrompt(t *testing.T) {
	for _, lang := range []string{"en", "fr", "es"} {
		installed := Prompts(lang)
		if len(installed) == 0 {
			Missing(t, "asterisk-core-sounds-"+lang+"-wav")
		}
		known := 0
		for _, n := range installed {
			require.NotEmpty(t, PromptPath(lang, n))
			if text := TextIn(lang, n); text != "" {
				known++
				require.Equal(t, strings.ToLower(text), text)
				require.False(t, TextlessPrompt(n), n)
			}
		}
		require.Greater(t, known, map[string]int{"en": 150, "fr": 40, "es": 40}[lang], lang)
	}
	installed := Prompts("en")
	for n := range sentences {
		require.Contains(t, installed, n)
	}
	for n := range phonetic {
		require.Contains(t, installed, "phonetic/"+n)
	}
	require.Equal(t, "sunday", Text("digits/day-0"))
	require.Equal(t, "q", Text("letters/q"))
	require.Empty(t, Text("beep"))
	require.Empty(t, Text("digits/day-9"))
	require.Empty(t, PromptPath("de", "hello"))
	require.Empty(t, PromptPath("en", "no-such-prompt"))
}

func TestNoise(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		for _, c := range []Colour{White, Pink} {
			x := Noise(c, 4*time.Second, rate, 7)
			require.Len(t, x, 4*rate)
			require.InDelta(t, -20, media.Level(x), 0.2)
			require.Equal(t, x, Noise(c, 4*time.Second, rate, 7))
			require.NotEqual(t, x, Noise(c, 4*time.Second, rate, 8))
			// Differences of neighbours hold the high frequencies: twice the power of white noise, much less than pink noise's.
			d := make([]float64, 0, len(x))
			for i := 1; i < len(x); i++ {
				d = append(d, float64(x[i])-float64(x[i-1]))
			}
			sum := 0.0
			for _, v := range d {
				sum += v * v
			}
			ratio := sum / float64(len(d)) / (noiseRMS * noiseRMS)
			if c == White {
				require.InDelta(t, 2, ratio, 0.1)
			} else {
				require.Less(t, ratio, 1.0)
			}
		}
	}
}

func TestAddAtKeepsTheRatio(t *testing.T) {
	speech := Concat(Silence(time.Second, 8000), Tones(time.Second, 8000, 440), Silence(time.Second, 8000))
	require.InDelta(t, -20, SpeechLevel(speech), 0.2)
	mixed := AddAt(speech, Noise(White, 500*time.Millisecond, 8000, 1), 15)
	require.InDelta(t, -35, media.Level(mixed[:8000]), 0.3)
	require.InDelta(t, -20, media.Level(mixed[8000:16000]), 0.3)
	require.True(t, slices.Equal(speech[:8000], make([]int16, 8000)), "the input is not changed")
	require.Equal(t, speech, AddAt(speech, nil, 3))
	require.InDelta(t, -26, media.Level(Gain(speech, -6)[8000:16000]), 0.2)
}

func TestBabbleAndTones(t *testing.T) {
	b := Babble(t, 3*time.Second, 8000, 1)
	require.InDelta(t, -20, media.Level(b), 1)
	require.InDelta(t, -20, media.Level(Chords(2*time.Second, 16000, 1)), 0.5)
	require.InDelta(t, -20, media.Level(DTMF('5', time.Second, 8000)), 0.1)
	require.Equal(t, float32(media.Quietest), media.Level(DTMF('x', time.Second, 8000)))
}

func TestVoiceIsSpeechFromEndToEnd(t *testing.T) {
	for _, rate := range []int{8000, 16000, 24000} {
		v := Voice(2*time.Second, rate)
		require.Len(t, v, 2*rate)
		require.InDelta(t, -20, media.Level(v), 5)
		require.Equal(t, v, Voice(2*time.Second, rate))
		for i := 0; i+rate/10 <= len(v); i += rate / 10 {
			require.Greater(t, media.Level(v[i:i+rate/10]), float32(-35), "no pause at %d ms", i*1000/rate)
		}
	}
}
