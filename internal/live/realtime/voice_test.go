package realtime

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
	"griot/internal/model/vad"
)

// speech makes a voice out of nothing: a gliding pitch with its harmonics under three formants, in syllables. The real detector takes it for
// speech from its first syllable to its last.
func speech(d time.Duration, rate int) []int16 {
	out := make([]int16, int(d.Seconds()*float64(rate)))
	phase := 0.0
	for i := range out {
		t := float64(i) / float64(rate)
		f0 := 120 + 25*math.Sin(2*math.Pi*1.3*t)
		phase += f0 / float64(rate)
		sum := 0.0
		open := 0.5 + 0.5*math.Sin(2*math.Pi*4*t) // four syllables a second
		for h := 1; float64(h)*f0 < min(3400, float64(rate)/2); h++ {
			f := float64(h) * f0
			gain := 1/(1+sq((f-(500+200*open))/120)) + 0.5/(1+sq((f-(1400+300*open))/180)) + 0.25/(1+sq((f-2500)/250))
			sum += gain * math.Sin(2*math.Pi*phase*float64(h))
		}
		out[i] = int16(5000 * (0.35 + 0.65*open) * sum / 2)
	}
	return out
}

func sq(x float64) float64 { return x * x }

func TestSpeechIsSpeech(t *testing.T) {
	det, err := vad.New(16000)
	require.NoError(t, err)
	seg := vad.Segmenter{Close: 5}
	fr, err := media.NewFramer(media.Mono(16000))
	require.NoError(t, err)
	pcm := append(make([]int16, 16000), speech(1200*time.Millisecond, 16000)...)
	pcm = append(pcm, make([]int16, 16000)...)
	fr.Push(pcm)
	pos := time.Duration(0)
	for {
		f, ok := fr.Next()
		if !ok {
			break
		}
		f.PTS = pos
		pos += media.FrameTime
		a, _ := det.Push(f)
		a.At = f.PTS
		e, at := seg.Push(a)
		if e != vad.NoEdge {
			t.Log(e, at)
		}
	}
}
