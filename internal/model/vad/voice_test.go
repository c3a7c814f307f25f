package vad

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

var rates = []int{8000, 16000}

// listen runs a new detector over pcm.
func listen(t testing.TB, pcm []int16, rate int) []Activity {
	t.Helper()
	v, err := New(rate)
	require.NoError(t, err)
	return push(t, v, pcm, rate)
}

func push(t testing.TB, v *Voice, pcm []int16, rate int) []Activity {
	t.Helper()
	var out []Activity
	size := rate / 50
	for i := 0; i+size <= len(pcm); i += size {
		a, err := v.Push(media.Frame{Format: media.Mono(rate), PTS: time.Duration(i/size) * media.FrameTime, PCM: pcm[i : i+size]})
		require.NoError(t, err)
		require.Equal(t, time.Duration(i/size)*media.FrameTime, a.At)
		require.True(t, a.Speech >= 0 && a.Speech <= 1, "a probability: %v", a.Speech)
		out = append(out, a)
	}
	return out
}

// room is quiet noise of -72 dB.
func room(d time.Duration, rate int) []int16 {
	return mediatest.Gain(mediatest.Noise(mediatest.Pink, d, rate, 99), -52)
}

func speechFrames(as []Activity) int {
	n := 0
	for _, a := range as {
		if a.Speech >= DefaultThreshold {
			n++
		}
	}
	return n
}

// onsets counts how often a segmenter opens.
func onsets(as []Activity) int {
	var s Segmenter
	n := 0
	for _, a := range as {
		if e, _ := s.Push(a); e == Onset {
			n++
		}
	}
	return n
}

func TestVoiceRefusesWhatItCannotHear(t *testing.T) {
	for _, rate := range []int{0, 11025, 44100} {
		_, err := New(rate)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
	v, err := New(16000)
	require.NoError(t, err)
	for _, f := range []media.Frame{
		{},
		{Format: media.Mono(8000), PCM: make([]int16, 160)},
		{Format: media.Mono(16000), PCM: make([]int16, 319)},
		{Format: media.Format{Rate: 16000, Channels: 2}, PCM: make([]int16, 320)},
	} {
		_, err := v.Push(f)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

func TestVoiceIsDeafToSilenceAndSteadyNoise(t *testing.T) {
	for _, rate := range rates {
		require.Zero(t, speechFrames(listen(t, mediatest.Silence(3*time.Second, rate), rate)))
		for _, db := range []float64{-50, -30, -15} {
			for _, c := range []mediatest.Colour{mediatest.White, mediatest.Pink} {
				as := listen(t, mediatest.Gain(mediatest.Noise(c, 6*time.Second, rate, 5), db), rate)
				require.Zero(t, onsets(as[50:]), "colour %v at %v dB, %d Hz", c, db, rate)
			}
		}
	}
}

func TestVoiceLearnsANoiseThatBegins(t *testing.T) {
	for _, rate := range rates {
		pcm := mediatest.Concat(room(3*time.Second, rate), mediatest.Gain(mediatest.Noise(mediatest.Pink, 6*time.Second, rate, 4), -10))
		as := listen(t, pcm, rate)
		require.Zero(t, onsets(as[:150]))
		require.Zero(t, speechFrames(as[150+60:]), "1.2 s after a noise began it must be known")
	}
}

// The keys of a telephone, its tones and clicks of the line are no caller.
func TestVoiceRejectsTones(t *testing.T) {
	for _, rate := range rates {
		for name, sound := range map[string][]int16{
			"key 1":       mediatest.DTMF('1', 100*time.Millisecond, rate),
			"key 5":       mediatest.DTMF('5', 300*time.Millisecond, rate),
			"key #":       mediatest.DTMF('#', 200*time.Millisecond, rate),
			"dial tone":   mediatest.Tones(2*time.Second, rate, 350, 440),
			"425 Hz tone": mediatest.Tones(500*time.Millisecond, rate, 425),
			"beep":        mediatest.Tones(300*time.Millisecond, rate, 1000),
			"click":       click(rate),
		} {
			pcm := mediatest.Prompt(t, "en", "conf-kicked", rate)
			for i := range 5 {
				pcm = mediatest.Concat(pcm, mediatest.Silence(time.Second+time.Duration(i)*7*time.Millisecond, rate), sound)
			}
			pcm = mediatest.Concat(pcm, mediatest.Silence(time.Second, rate))
			media.Mix(pcm, room(media.Mono(rate).Duration(len(pcm)), rate))
			require.Equal(t, 1, onsets(listen(t, pcm, rate)), "%s at %d Hz: only the prompt may open", name, rate)
		}
	}
}

// click is 10 ms of a full-scale zigzag that dies away.
func click(rate int) []int16 {
	x := make([]int16, rate/100)
	for i := range x {
		x[i] = int16(20000*(1-2*(i%2))) >> (i * 16 / len(x))
	}
	return x
}

func TestVoiceHearsAStreamThatBeginsWithinAWord(t *testing.T) {
	for _, rate := range rates {
		pcm := mediatest.Prompt(t, "en", "vm-nobodyavail", rate)
		for media.Level(pcm[:rate/50]) < -35 {
			pcm = pcm[rate/50:]
		}
		require.Greater(t, speechFrames(listen(t, pcm, rate)[:25]), 18)
	}
}

func TestVoiceLetsAQuieterCallerIn(t *testing.T) {
	for _, rate := range rates {
		v, err := New(rate)
		require.NoError(t, err)
		loud := mediatest.Gain(mediatest.Prompt(t, "en", "vm-nobodyavail", rate), 6)
		quiet := mediatest.Gain(mediatest.Prompt(t, "en", "vm-nobodyavail", rate), -18)
		pcm := mediatest.Concat(loud, mediatest.Silence(time.Second, rate), quiet, mediatest.Silence(time.Second, rate), quiet)
		media.Mix(pcm, room(media.Mono(rate).Duration(len(pcm)), rate))
		push(t, v, pcm[:len(pcm)-len(quiet)], rate)
		as := push(t, v, pcm[len(pcm)-len(quiet):], rate)
		require.Positive(t, onsets(as))
	}
}

func TestVoiceResetForgets(t *testing.T) {
	pcm := mediatest.Prompt(t, "en", "vm-nobodyavail", 16000)
	v, err := New(16000)
	require.NoError(t, err)
	want := push(t, v, pcm, 16000)
	push(t, v, mediatest.Noise(mediatest.White, time.Second, 16000, 3), 16000)
	v.Reset()
	require.Equal(t, want, push(t, v, pcm, 16000))
}

func TestVoiceReportsTheLevel(t *testing.T) {
	as := listen(t, mediatest.Tones(time.Second, 8000, 440), 8000)
	require.InDelta(t, -20, as[20].Level, 0.3)
	require.Equal(t, float32(media.Quietest), listen(t, mediatest.Silence(time.Second, 8000), 8000)[3].Level)
}

func TestVoiceAllocatesNothing(t *testing.T) {
	for _, rate := range rates {
		v, err := New(rate)
		require.NoError(t, err)
		f := media.Frame{Format: media.Mono(rate), PCM: mediatest.Noise(mediatest.Pink, media.FrameTime, rate, 1)}
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if _, err := v.Push(f); err != nil {
				t.Fatal(err)
			}
		}))
	}
}

// BenchmarkVoice is the cost of one frame of speech, the dearest kind.
func BenchmarkVoice(b *testing.B) {
	for _, rate := range rates {
		b.Run(map[int]string{8000: "8k", 16000: "16k"}[rate], func(b *testing.B) {
			pcm := mediatest.Prompt(b, "en", "vm-nobodyavail", rate)
			v, err := New(rate)
			require.NoError(b, err)
			f := media.Frame{Format: media.Mono(rate)}
			size := rate / 50
			b.ReportAllocs()
			for i := 0; b.Loop(); i += size {
				if i+size > len(pcm) {
					i = 0
				}
				f.PCM = pcm[i : i+size]
				if _, err := v.Push(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
