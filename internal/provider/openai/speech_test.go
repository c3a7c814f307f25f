package openai

import (
	"context"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/provider/providertest"
)

func speak(t *testing.T, m tts.Model, o tts.Options, texts ...string) (pcm []int16, marks []tts.Mark, err error) {
	t.Helper()
	st, err := m.Open(t.Context(), o)
	require.NoError(t, err)
	defer st.Close()
	for _, text := range texts {
		require.NoError(t, st.Say(t.Context(), text))
	}
	require.NoError(t, st.End(t.Context()))
	for {
		c, err := st.Recv(t.Context())
		if err == io.EOF {
			return pcm, marks, nil
		}
		if err != nil {
			return pcm, marks, err
		}
		pcm = append(pcm, c.Frame.PCM...)
		marks = append(marks, c.Marks...)
	}
}

func TestSpeech(t *testing.T) {
	s := newServer(t)
	m := &speaker{s.client("good")}
	pcm, marks, err := speak(t, m, tts.Options{Rate: 9, Voice: "verse"}, "We open at nine.", " …", " Goodbye!")
	require.NoError(t, err)
	require.Len(t, pcm, speakRate/2)
	require.Equal(t, []tts.Mark{
		{Kind: tts.Sentence, Text: 0, Len: 16, At: 400 * time.Millisecond},
		{Kind: tts.Sentence, Text: 16, Len: 4, At: 400 * time.Millisecond},
		{Kind: tts.Sentence, Text: 20, Len: 9, At: 500 * time.Millisecond},
	}, marks)
	require.JSONEq(t, `{"input":"Goodbye!","model":"good","voice":"verse","response_format":"pcm","speed":4}`, s.last())
	// The bytes came in odd pieces, and are still the samples that were sent.
	want := tone("We open at nine.")
	for i, v := range pcm[:100] {
		require.Equal(t, int16(want[2*i])|int16(want[2*i+1])<<8, v)
	}
	long := strings.Repeat("This sentence is one of very many. ", 300)
	pcm, marks, err = speak(t, m, tts.Options{}, long)
	require.NoError(t, err)
	require.Len(t, marks, 1)
	require.Equal(t, len(long), marks[0].Len)
	require.Len(t, pcm, 300*7*speakRate/10)
}

func TestSpeechFails(t *testing.T) {
	s := newServer(t)
	cases := []struct {
		model, voice string
		kind         fault.Kind
		code         string
		audio        bool
	}{
		{"cut", "", fault.Unavailable, "stream_cut", true},
		{"hang", "", fault.Unavailable, "timeout", false},
		{"hang later", "", fault.Unavailable, "timeout", true},
		{"mp3", "", fault.Unavailable, "bad_response", false},
		{"wav", "", fault.Unavailable, "bad_response", false},
		{"json", "", fault.Unavailable, "bad_response", false},
		{"429", "", fault.Limited, "rate_limited", false},
		{"none", "", fault.NotFound, "model_not_found", false},
		{"good", "nobody", fault.Invalid, "rejected", false},
	}
	for _, c := range cases {
		t.Run(c.model, func(t *testing.T) {
			cl := s.client(c.model)
			if strings.HasPrefix(c.model, "hang") {
				cl.c.Timeout = 100 * time.Millisecond
			}
			pcm, _, err := speak(t, &speaker{cl}, tts.Options{Voice: c.voice}, "Good morning, this is a test.")
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.Equal(t, c.code, fault.CodeOf(err), "%v", err)
			require.Equal(t, c.audio, len(pcm) > 0)
		})
	}
}

// A listener that does not listen holds the server up, not our memory; Close still returns.
func TestSpeechBackpressure(t *testing.T) {
	s := newServer(t)
	st, err := (&speaker{s.client("endless")}).Open(t.Context(), tts.Options{})
	require.NoError(t, err)
	require.NoError(t, st.Say(t.Context(), "Good morning."))
	_, err = st.Recv(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for err == nil {
		err = st.Say(ctx, "More.") // until the queue is full
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, st.Close())
	require.Equal(t, fault.Conflict, fault.KindOf(st.Say(t.Context(), "More.")))
}

func TestSpeechConformance(t *testing.T) {
	s := newServer(t)
	providertest.TTS(t, &speaker{s.client("good")}, providertest.TTSOptions{
		Deterministic: true, MinAudio: 1100 * time.Millisecond,
		Broken: []providertest.Broken[tts.Model]{
			{Name: "limit", Model: &speaker{s.client("429")}, Kind: fault.Limited},
			{Name: "model", Model: &speaker{s.client("none")}, Kind: fault.NotFound},
			{Name: "cut", Model: &speaker{s.client("cut")}, Kind: fault.Unavailable, Code: "stream_cut"},
		},
	})
}

func buzz(d time.Duration) []int16 {
	pcm := make([]int16, media.Mono(hearRate).Samples(d))
	for i := range pcm {
		pcm[i] = int16(5000 * math.Sin(float64(i)/9))
	}
	return pcm
}

func TestTranscription(t *testing.T) {
	s := newServer(t)
	st, err := (&transcriber{s.client("good")}).Open(t.Context(), stt.Options{Lang: "fr-CA", Hints: stt.Hints{Phrases: []string{"bonjour", strings.Repeat("x", 700)}}})
	require.NoError(t, err)
	defer st.Close()
	send := func(d time.Duration) {
		require.NoError(t, st.Send(t.Context(), media.Frame{Format: media.Mono(hearRate), PCM: buzz(d)}))
	}
	next := func() stt.Event {
		ev, err := st.Recv(t.Context())
		require.NoError(t, err)
		return ev
	}
	send(time.Second)
	send(500 * time.Millisecond)
	require.NoError(t, st.Finalize(t.Context()))
	send(80 * time.Millisecond) // too short to be anything
	require.NoError(t, st.Finalize(t.Context()))
	send(time.Second)
	require.NoError(t, st.(stt.Discarder).Discard(t.Context()))
	send(200 * time.Millisecond)
	require.NoError(t, st.Finalize(t.Context()))
	ms := time.Millisecond
	require.Equal(t, stt.Event{Kind: stt.Final, Text: "Heard 1500 ms.", To: 1500 * ms, Lang: "fr-CA"}, next())
	require.Equal(t, stt.Event{Kind: stt.Final, From: 1500 * ms, To: 1580 * ms, Lang: "fr-CA"}, next())
	require.Equal(t, stt.Event{Kind: stt.Final, Text: "Heard 200 ms.", From: 2580 * ms, To: 2780 * ms, Lang: "fr-CA"}, next())
	require.Equal(t, []string{"bonjour"}, s.lastForm()["prompt"])
	require.Equal(t, []string{"fr"}, s.lastForm()["language"])

	for range 13 {
		send(10 * time.Second)
	}
	require.NoError(t, st.Finalize(t.Context()))
	ev := next()
	require.Equal(t, "Heard 120000 ms.", ev.Text)
	require.Equal(t, 2*time.Minute, ev.To-ev.From)
	err = st.Send(t.Context(), media.Frame{Format: media.Mono(8000), PCM: make([]int16, 160)})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestTranscriptionKeywords(t *testing.T) {
	s := newServer(t)
	st, err := (&transcriber{s.client("gpt-transcribe")}).Open(t.Context(), stt.Options{})
	require.NoError(t, err)
	defer st.Close()
	require.NoError(t, st.(stt.Hinter).SetHints(t.Context(), stt.Hints{Phrases: []string{"opening hours", "sunday"}}))
	// Hints that are set hold from the next utterance on.
	for range 2 {
		require.NoError(t, st.Send(t.Context(), media.Frame{Format: media.Mono(hearRate), PCM: buzz(time.Second)}))
		require.NoError(t, st.Finalize(t.Context()))
		_, err = st.Recv(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, []string{"opening hours", "sunday"}, s.lastForm()["keywords[]"])
	require.Empty(t, s.lastForm()["language"])
}

func TestTranscriptionFails(t *testing.T) {
	s := newServer(t)
	cases := []struct {
		model string
		kind  fault.Kind
		code  string
	}{
		{"hang", fault.Unavailable, "timeout"},
		{"cut", fault.Unavailable, "stream_cut"},
		{"garbage", fault.Unavailable, "bad_response"},
		{"html", fault.Unavailable, "bad_response"},
		{"500", fault.Unavailable, "server_error"},
		{"none", fault.NotFound, "model_not_found"},
	}
	for _, c := range cases {
		t.Run(c.model, func(t *testing.T) {
			cl := s.client(c.model)
			if c.model == "hang" {
				cl.c.Timeout = 100 * time.Millisecond
			}
			st, err := (&transcriber{cl}).Open(t.Context(), stt.Options{})
			require.NoError(t, err)
			defer st.Close()
			for range 2 { // the stream survives a failure
				require.NoError(t, st.Send(t.Context(), media.Frame{Format: media.Mono(hearRate), PCM: buzz(time.Second)}))
				require.NoError(t, st.Finalize(t.Context()))
				_, err = st.Recv(t.Context())
				require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
				require.Equal(t, c.code, fault.CodeOf(err), "%v", err)
			}
		})
	}
}

func TestTranscriptionConformance(t *testing.T) {
	s := newServer(t)
	providertest.STT(t, &transcriber{s.client("good")}, providertest.STTOptions{
		Options: stt.Options{Lang: "en"}, Want: "heard 1",
		Broken: []providertest.Broken[stt.Model]{
			{Name: "down", Model: &transcriber{s.client("500")}, Kind: fault.Unavailable},
			{Name: "model", Model: &transcriber{s.client("none")}, Kind: fault.NotFound},
		},
	})
}
