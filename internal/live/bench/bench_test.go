package bench

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/live/load"
	"griot/internal/media"
	"griot/internal/model/vad"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// heardAsSpeech counts the onsets that our voice detector finds.
func heardAsSpeech(t *testing.T, pcm []int16) (onsets int) {
	d, err := vad.New(rate)
	require.NoError(t, err)
	var seg vad.Segmenter
	pcm = append(append(noise(rate, -68), pcm...), noise(rate, -68)...)
	for i := 0; i+frameSamples <= len(pcm); i += frameSamples {
		a, err := d.Push(media.Frame{Format: media.Mono(rate), PCM: pcm[i : i+frameSamples]})
		require.NoError(t, err)
		if e, _ := seg.Push(a); e == vad.Onset {
			onsets++
		}
	}
	return onsets
}

func TestMadeUpSpeechCountsAsSpeech(t *testing.T) {
	for i := range 12 {
		require.Equal(t, 1, heardAsSpeech(t, level(syllables(8+i, uint64(i)))), "utterance %d", i)
	}
	require.Zero(t, heardAsSpeech(t, noise(3*rate, -68)))
}

func TestSpeechIsReadyToSend(t *testing.T) {
	s := loadSpeech()
	require.NotEmpty(t, s.clips)
	require.NotEmpty(t, s.firm)
	require.Len(t, s.room, 50)
	for _, c := range s.clips {
		require.Less(t, c.onset, c.last)
		require.Less(t, c.last, len(c.frames))
	}
	for _, c := range s.firm {
		require.GreaterOrEqual(t, c.last-c.onset, firm)
	}
}

func TestSoundsTellsSilenceFromATone(t *testing.T) {
	say := func(v int16) []byte {
		pcm := make([]int16, frameSamples)
		for i := range pcm {
			pcm[i] = v
		}
		return encode(pcm)[0].ulaw
	}
	require.False(t, sounds(say(0)))
	require.False(t, sounds(say(60)))
	require.False(t, sounds(say(-60)))
	require.True(t, sounds(say(1000)))
	require.True(t, sounds(say(-1000)))
}

// Our own socket speaks with a real server, messages of every length of header.
func TestSocketSpeaksWebSocket(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		for {
			typ, b, err := c.Read(context.Background())
			if err != nil || c.Write(context.Background(), typ, b) != nil {
				return
			}
		}
	}))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	require.NoError(t, err)
	_, err = dial(t.Context(), u, "wrong")
	require.ErrorContains(t, err, "who are you?")
	s, err := dial(t.Context(), u, "secret")
	require.NoError(t, err)
	defer s.close()
	for _, n := range []int{0, 1, 125, 126, 5000, 1<<16 - 1, 1 << 16, 100000} {
		want := bytes.Repeat([]byte{'x'}, n)
		require.NoError(t, s.write(message(opText, want)))
		op, got, err := s.read()
		require.NoError(t, err)
		require.EqualValues(t, opText, op)
		require.Equal(t, len(want), len(got))
		require.True(t, bytes.Equal(want, got))
	}
	require.NoError(t, s.write(message(opPing, []byte("are you there"))))
	op, got, err := s.read()
	require.NoError(t, err)
	require.EqualValues(t, opPong, op)
	require.Equal(t, "are you there", string(got))
	require.NoError(t, s.write(message(opClose, []byte{0x03, 0xe8})))
	op, _, err = s.read()
	require.NoError(t, err)
	require.EqualValues(t, opClose, op)
	_, _, err = s.read()
	require.ErrorIs(t, err, io.EOF)
}

// steady is a soak's samples whose memory and goroutines change by so much an hour.
func steady(memory, goroutines float64) (s Soak) {
	for i := range 100 {
		at := float64(i * 36)
		s.Samples = append(s.Samples, SoakSample{At: at, RSS: 500000 + int64(memory*at/3600), Goroutines: 1000 + int(goroutines*at/3600), Files: 300 + i%3})
	}
	s.Calls = 100
	s.Before = SoakSample{RSS: 60000, Goroutines: 12, Files: 20}
	return s
}

func TestSoakFindsWhatOnlyGrows(t *testing.T) {
	good := steady(2000, 0)
	good.After = SoakSample{RSS: 90000, Goroutines: 13, Files: 20}
	good.judge()
	require.False(t, good.Leaks, "%+v", good.Findings)

	leak := steady(300000, 0)
	leak.After = SoakSample{RSS: 400000, Goroutines: 12, Files: 20}
	leak.judge()
	require.True(t, leak.Findings[0].Leaks)
	require.InDelta(t, 300000, leak.Findings[0].PerHour, 1000)

	stuck := steady(0, 600)
	stuck.After = SoakSample{RSS: 60000, Goroutines: 500, Files: 20}
	stuck.judge()
	require.True(t, stuck.Findings[1].Leaks)

	files := steady(0, 0)
	files.After = SoakSample{RSS: 60000, Goroutines: 12, Files: 90}
	files.judge()
	require.True(t, files.Findings[2].Leaks)
	var out bytes.Buffer
	files.Print(&out)
	require.Contains(t, out.String(), "LEAK")
}

func TestTroubleEndsARamp(t *testing.T) {
	good := Report{Calls: 10, Held: 10, Answers: 50, PacerLate: Late{P99: 2}}
	require.Empty(t, good.trouble())
	for _, bad := range []func(*Report){
		func(r *Report) { r.Held = 9 },
		func(r *Report) { r.PacerLate.P99 = 5.1 },
		func(r *Report) { r.Unanswered = 1 },
		func(r *Report) { r.DroppedFrames = 1 },
	} {
		r := good
		bad(&r)
		require.NotEmpty(t, r.trouble())
	}
}

func TestQuantiles(t *testing.T) {
	var ds []time.Duration
	for i := range 100 {
		ds = append(ds, time.Duration(100-i)*time.Millisecond)
	}
	require.Equal(t, 51.0, quantile(ds, 0.5))
	require.Equal(t, 96.0, quantile(ds, 0.95))
	require.Equal(t, 100.0, quantile(ds, 1))
	require.Zero(t, quantile(nil, 0.5))
}

func TestStatsOfThisProcess(t *testing.T) {
	var m load.Meter
	m.Late(3 * time.Millisecond)
	m.Drop(2)
	srv := httptest.NewServer(Handler(&m))
	defer srv.Close()
	b := &bench{Options: Options{URL: srv.URL}}
	s, err := b.stats(t.Context(), "?gc&files")
	require.NoError(t, err)
	require.Positive(t, s.Goroutines)
	require.Positive(t, s.CPU)
	require.EqualValues(t, 2, s.Dropped)
	require.Len(t, s.Late, 1)
	http.DefaultClient.CloseIdleConnections()
}
