package fake

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
)

func TestLLMStreamsOnVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewLLM(
			Answer{Text: "We open at nine.", First: 300 * time.Millisecond, WordsPerSec: 10},
			Answer{Calls: []llm.ToolCall{{Name: "hours"}, {ID: "x", Name: "hours", Arguments: `{"day":1}`}}},
		)
		start := time.Now()
		var words []string
		var at []time.Duration
		var stop llm.StopReason
		var usage *llm.Usage
		for d, err := range m.Generate(t.Context(), llm.Request{System: "Be brief.", Messages: []llm.Message{{Role: llm.User, Text: "What hours?"}}}) {
			require.NoError(t, err)
			if d.Text != "" {
				words = append(words, d.Text)
				at = append(at, time.Since(start))
			}
			if d.Usage != nil {
				usage = d.Usage
			}
			if d.Stop != "" {
				stop = d.Stop
			}
		}
		require.Equal(t, []string{"We", " open", " at", " nine."}, words)
		ms := time.Millisecond
		require.Equal(t, []time.Duration{300 * ms, 400 * ms, 500 * ms, 600 * ms}, at)
		require.Equal(t, llm.StopEnd, stop)
		require.Equal(t, &llm.Usage{Input: 4, Output: 4}, usage)

		for range 2 { // the last answer repeats
			var calls []llm.ToolCall
			for d, err := range m.Generate(t.Context(), llm.Request{}) {
				require.NoError(t, err)
				if d.Call != nil {
					calls = append(calls, *d.Call)
				}
				if d.Stop != "" {
					require.Equal(t, llm.StopTools, d.Stop)
				}
			}
			require.Len(t, calls, 2)
			require.NotEmpty(t, calls[0].ID)
			require.Equal(t, "{}", calls[0].Arguments)
			require.Equal(t, "x", calls[1].ID)
		}
		require.Len(t, m.Requests(), 3)
		require.Equal(t, "What hours?", m.Requests()[0].Messages[0].Text)
		require.Zero(t, m.Active())
	})
}

func TestLLMCancelled(t *testing.T) {
	cases := []struct {
		name   string
		answer Answer
		words  int
		took   time.Duration
	}{
		{"at once", Answer{Text: strings.Repeat("word ", 100), WordsPerSec: 10}, 6, 550 * time.Millisecond},
		{"before the first delta", Answer{Text: "late", First: time.Minute}, 0, 550 * time.Millisecond},
		{"hanging", Answer{Hang: true}, 0, 550 * time.Millisecond},
		{"hanging after a text", Answer{Text: "one", Hang: true}, 1, 550 * time.Millisecond},
		{"ignored for a while", Answer{Text: strings.Repeat("word ", 100), WordsPerSec: 10, IgnoreCancel: time.Second}, 16, 1550 * time.Millisecond},
		{"hanging and ignored", Answer{Hang: true, IgnoreCancel: time.Second}, 0, 1550 * time.Millisecond},
		{"ignored to the end", Answer{Text: "a b c d e f g h", WordsPerSec: 10, IgnoreCancel: time.Second}, 8, 700 * time.Millisecond},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 550*time.Millisecond)
				defer cancel()
				start := time.Now()
				words := 0
				var failed error
				m := NewLLM(c.answer)
				for d, err := range m.Generate(ctx, llm.Request{}) {
					if d.Text != "" {
						words++
					}
					failed = err
				}
				require.Equal(t, c.words, words)
				require.Equal(t, c.took, time.Since(start))
				if c.name != "ignored to the end" {
					require.ErrorIs(t, failed, context.DeadlineExceeded)
				}
				require.Zero(t, m.Active())
			})
		})
	}
}

func TestLLMFails(t *testing.T) {
	boom := fault.New(fault.Limited, "too_many", "slow down")
	m := NewLLM(Answer{Text: "half", Err: boom}, Answer{Err: boom})
	for _, want := range []string{"half", ""} {
		var text string
		var failed error
		for d, err := range m.Generate(t.Context(), llm.Request{}) {
			text += d.Text
			failed = err
		}
		require.Equal(t, want, text)
		require.ErrorIs(t, failed, boom)
	}
	for range m.Generate(t.Context(), llm.Request{}) {
		break // leaving early ends the answer
	}
	require.Zero(t, m.Active())
}

func speak(t *testing.T, s tts.Stream) (pcm []int16, marks []tts.Mark, err error) {
	t.Helper()
	for {
		c, err := s.Recv(t.Context())
		if err != nil {
			return pcm, marks, err
		}
		require.Equal(t, c.Frame.Format.Duration(len(pcm)), c.Frame.PTS)
		pcm = append(pcm, c.Frame.PCM...)
		for _, m := range c.Marks {
			require.LessOrEqual(t, m.At, c.Frame.Format.Duration(len(pcm)))
		}
		marks = append(marks, c.Marks...)
	}
}

func TestTTSWordsAreTonesAndMarksAreExact(t *testing.T) {
	m := NewTTS(TTSOptions{Rate: 8000, WordsPerSec: 3, Marks: true})
	s, err := m.Open(t.Context(), tts.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Say(t.Context(), "Hello, dear  caller. "))
	require.NoError(t, s.Say(t.Context(), "¿Qué tal?"))
	require.NoError(t, s.End(t.Context()))
	pcm, marks, err := speak(t, s)
	require.ErrorIs(t, err, io.EOF)
	third := func(n int) time.Duration { return time.Duration(float64(n) / 3 * float64(time.Second)) }
	require.Equal(t, []tts.Mark{
		{Kind: tts.Word, Text: 0, Len: 6, At: 0},
		{Kind: tts.Word, Text: 7, Len: 4, At: third(1)},
		{Kind: tts.Word, Text: 13, Len: 7, At: third(2)},
		{Kind: tts.Sentence, Text: 0, Len: 21, At: third(3)},
		{Kind: tts.Word, Text: 21, Len: 6, At: third(3)},
		{Kind: tts.Word, Text: 28, Len: 4, At: third(4)},
		{Kind: tts.Sentence, Text: 21, Len: 11, At: third(5)},
	}, marks)
	require.Equal(t, 5*8000/3+1, len(pcm))
	for i := range 5 {
		at := i*8000/3 + 400
		n, ok := WordIn(pcm[at:at+800], 8000)
		require.True(t, ok)
		require.Equal(t, i, n)
	}
	_, ok := WordIn(make([]int16, 800), 8000)
	require.False(t, ok)
	_, ok = WordIn(pcm[2667-400:2667+400], 8000) // half one word and half the next
	require.False(t, ok)
	require.Equal(t, []string{"Hello, dear  caller. ¿Qué tal?"}, m.Said())
	require.Equal(t, 1, m.Active())
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.Zero(t, m.Active())
}

func TestTTSProducesAtItsSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewTTS(TTSOptions{First: 150 * time.Millisecond, WordsPerSec: 2, Speed: 2})
		s, err := m.Open(t.Context(), tts.Options{})
		require.NoError(t, err)
		start := time.Now()
		require.NoError(t, s.Say(t.Context(), "one two"))
		_, err = s.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, 200*time.Millisecond, time.Since(start)) // first + 100 ms of audio at twice real time
		time.Sleep(10 * time.Second)                              // a slow reader finds that the vendor went on
		for range 9 {
			_, err = s.Recv(t.Context())
			require.NoError(t, err)
		}
		require.Equal(t, 10200*time.Millisecond, time.Since(start))
		require.NoError(t, s.End(t.Context()))
		_, err = s.Recv(t.Context())
		require.ErrorIs(t, err, io.EOF)
	})
}

func TestTTSEnds(t *testing.T) {
	boom := errors.New("boom")
	cases := []struct {
		name  string
		o     TTSOptions
		stop  func(s tts.Stream, cancel func())
		audio time.Duration
		err   error
	}{
		{"fails after two words", TTSOptions{FailAfter: 2, Err: boom}, nil, time.Second, boom},
		{"fails at once", TTSOptions{FailAfter: -1, Err: boom}, nil, 0, boom},
		{"hangs until closed", TTSOptions{Hang: true}, func(s tts.Stream, _ func()) { _ = s.Close() }, 0, io.EOF},
		{"hangs until cancelled", TTSOptions{Hang: true}, func(_ tts.Stream, cancel func()) { cancel() }, 0, context.Canceled},
		{"closed while speaking", TTSOptions{Speed: 1}, func(s tts.Stream, _ func()) { _ = s.Close() }, 700 * time.Millisecond, io.EOF},
		{"speaks on after close", TTSOptions{Speed: 1, IgnoreClose: true}, func(s tts.Stream, _ func()) { _ = s.Close() }, 2 * time.Second, io.EOF},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				c.o.WordsPerSec = 2
				s, err := NewTTS(c.o).Open(ctx, tts.Options{})
				require.NoError(t, err)
				require.NoError(t, s.Say(ctx, "one two three four"))
				if c.stop != nil {
					time.AfterFunc(750*time.Millisecond, func() { c.stop(s, cancel) })
				}
				pcm, _, err := speak(t, s)
				require.ErrorIs(t, err, c.err)
				require.Equal(t, c.audio, media.Mono(16000).Duration(len(pcm)))
				_ = s.Close()
			})
		})
	}
	_, err := NewTTS(TTSOptions{}).Open(t.Context(), tts.Options{Voice: "nobody"})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestSTTHearsItsScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewSTT(STTOptions{Rate: 8000, Default: "…"},
			Utterance{Text: "what are your hours", FinalAfter: 200 * time.Millisecond, Confidence: 0.9,
				Partials: []PartialText{{At: 40 * time.Millisecond, Text: "what"}, {At: 80 * time.Millisecond, Text: "what are"}}},
			Utterance{Text: "and on sunday"})
		s, err := m.Open(t.Context(), stt.Options{Lang: "en-US", Hints: stt.Hints{Phrases: []string{"hours"}}})
		require.NoError(t, err)
		quiet := media.Frame{Format: media.Mono(8000), PCM: make([]int16, 160)}
		voice := media.Frame{Format: media.Mono(8000), PCM: slices.Repeat([]int16{3000, -3000}, 80)}
		send := func(f media.Frame, n int) {
			for range n {
				require.NoError(t, s.Send(t.Context(), f))
			}
		}
		send(quiet, 5)
		send(voice, 5)
		start := time.Now()
		require.NoError(t, s.Finalize(t.Context()))
		require.NoError(t, s.Finalize(t.Context()))
		require.NoError(t, s.Finalize(t.Context()))
		var got []stt.Event
		for range 5 {
			ev, err := s.Recv(t.Context())
			require.NoError(t, err)
			got = append(got, ev)
		}
		ms := time.Millisecond
		require.Equal(t, []stt.Event{
			{Kind: stt.Partial, Text: "what", From: 100 * ms, To: 140 * ms, Lang: "en-US"},
			{Kind: stt.Partial, Text: "what are", From: 100 * ms, To: 180 * ms, Lang: "en-US"},
			{Kind: stt.Final, Text: "what are your hours", From: 100 * ms, To: 200 * ms, Confidence: 0.9, Lang: "en-US"},
			{Kind: stt.Final, Text: "and on sunday", From: 200 * ms, To: 200 * ms, Lang: "en-US"},
			{Kind: stt.Final, Text: "…", From: 200 * ms, To: 200 * ms, Lang: "en-US"},
		}, got)
		require.Equal(t, 200*ms, time.Since(start))
		require.Equal(t, fault.Invalid, fault.KindOf(s.Send(t.Context(), media.Frame{Format: media.Mono(16000)})))
		require.NoError(t, s.(stt.Hinter).SetHints(t.Context(), stt.Hints{Open: true}))
		require.Equal(t, []stt.Hints{{Phrases: []string{"hours"}}, {Open: true}}, m.Hints())
		time.AfterFunc(time.Second, func() { _ = s.Close() })
		_, err = s.Recv(t.Context())
		require.ErrorIs(t, err, io.EOF)
		require.Zero(t, m.Active())
	})
}

func TestSTTBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := fault.New(fault.Unavailable, "gone", "gone")
		m := NewSTT(STTOptions{Languages: []string{"en"}}, Utterance{Err: boom}, Utterance{Hang: true}, Utterance{Text: "kept"})
		_, err := m.Open(t.Context(), stt.Options{Lang: "fr"})
		require.Equal(t, "unsupported_language", fault.CodeOf(err))

		s, err := m.Open(t.Context(), stt.Options{Lang: "en-GB"})
		require.NoError(t, err)
		require.NoError(t, s.Finalize(t.Context()))
		for range 2 {
			_, err = s.Recv(t.Context())
			require.ErrorIs(t, err, boom)
		}
		require.NoError(t, s.Close())

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s, err = m.Open(ctx, stt.Options{})
		require.NoError(t, err)
		require.NoError(t, s.Finalize(t.Context()))
		_, err = s.Recv(t.Context()) // hangs until the stream's context ends
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, s.Close())

		s, err = m.Open(t.Context(), stt.Options{})
		require.NoError(t, err)
		require.NoError(t, s.(stt.Discarder).Discard(t.Context()))
		require.Equal(t, 1, m.Left())
		require.NoError(t, s.Finalize(t.Context()))
		ev, err := s.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, "kept", ev.Text)
		require.NoError(t, s.Close())
	})
}
