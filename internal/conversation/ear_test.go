package conversation_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/conversation"
	"griot/internal/conversation/eartruth"
	"griot/internal/event"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// askAndAnswer has a conversation in which the caller asks after 1 s and the agent answers 700 ms after that. The pipeline believes that it took
// 600 ms. It returns when the question ends.
func askAndAnswer(t *testing.T, l *conversation.Live) time.Duration {
	t.Helper()
	question := mediatest.Prompt(t, "en", "vm-nobodyavail", 16000)
	question = mediatest.Gain(question, -20-mediatest.SpeechLevel(question))
	const asks = time.Second
	ends := asks + heardUntil(question)
	answers := ends + 700*time.Millisecond
	for i := 0; i+320 <= len(question); i += 320 {
		l.Recorder().Caller(asks+time.Duration(i/320)*media.FrameTime, media.Frame{Format: media.Mono(16000), PCM: question[i : i+320]})
	}
	voice := mediatest.Tones(time.Second, 16000, 200, 417)
	l.Recorder().Agent(answers, media.Frame{Format: media.Mono(16000), PCM: voice})

	// The session begins 250 ms after the record, and the recording with it.
	began := l.StartedAt().Add(250 * time.Millisecond)
	for i, e := range []event.Event{
		{At: began, Body: event.SessionStarted{Agent: "reception-en"}},
		{At: began.Add(answers), Body: event.TurnTimed{Response: "r1", Turn: 1, Sent: event.Ms(550 * time.Millisecond), Heard: event.Ms(600 * time.Millisecond)}},
		{At: began.Add(answers + time.Minute), Body: event.TurnTimed{Response: "r2", Turn: 2, Heard: event.Ms(600 * time.Millisecond)}},
	} {
		e.Seq = uint64(i + 1)
		require.NoError(t, l.Append(t.Context(), e))
	}
	return ends
}

// heardUntil is where a clean utterance ends for the ear: with the last 10 ms within 32 dB of its loud part, which is at -20 dB.
func heardUntil(pcm []int16) time.Duration {
	end := len(pcm)
	for end > 160 && media.Level(pcm[end-160:end]) < -50 {
		end -= 16
	}
	return media.Mono(16000).Duration(end)
}

func requireEar(t *testing.T, r conversation.Record, ends time.Duration) {
	t.Helper()
	require.NotNil(t, r.Ear)
	require.Len(t, r.Ear.Turns, 1)
	turn := r.Ear.Turns[0]
	near := func(want time.Duration, got event.Millis) {
		t.Helper()
		require.InDelta(t, want.Milliseconds(), got.Duration().Milliseconds(), 20)
	}
	near(ends, turn.At)
	near(700*time.Millisecond, turn.Delay)
	require.Equal(t, "r1", turn.Response)
	require.Equal(t, 600*time.Millisecond, turn.Pipeline.Duration())
	near(100*time.Millisecond, *turn.Unexplained)
	require.Equal(t, turn.Unexplained, r.Ear.UnexplainedP50)
	near(r.Recording.Duration, r.Ear.Duration)
}

func TestEarTruthIsKept(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	l := begin(t, s)
	ends := askAndAnswer(t, l)
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Nil(t, r.Ear, "not while it lasts")
	require.NoError(t, l.End(t.Context(), "caller_left", nil))
	r, err = s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	requireEar(t, r, ends)
}

func TestEarTruthOfARecoveredConversation(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	l := begin(t, s)
	ends := askAndAnswer(t, l)
	w.crash(s)
	s = w.service()
	n, err := s.Recover(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	requireEar(t, r, ends)
}

func TestNoRecordingNoEarTruth(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	silent := talk
	silent.NoRecording = true
	l, err := s.Begin(t.Context(), silent)
	require.NoError(t, err)
	require.NoError(t, l.End(t.Context(), "caller_left", nil))
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	require.Nil(t, r.Ear)
}

// A database that fails makes the end come again; what was heard is still there.
func TestEarTruthOutlivesAFailedWrite(t *testing.T) {
	w := newWorld(t)
	st := &failsOnce{Store: w.store}
	s := w.serviceOn(st)
	l := begin(t, s)
	ends := askAndAnswer(t, l)
	require.Error(t, l.End(t.Context(), "caller_left", nil))
	require.NoError(t, s.Close(context.Background()))
	require.Len(t, st.ears, 2)
	require.Same(t, st.ears[0], st.ears[1], "it was listened to once")
	r, err := w.store.Conversation(t.Context(), "default", l.ID())
	require.NoError(t, err)
	requireEar(t, r, ends)
}

type failsOnce struct {
	conversation.Store
	ears []*eartruth.Report
}

func (f *failsOnce) CloseConversation(ctx context.Context, r conversation.Record, evs []event.Event) error {
	f.ears = append(f.ears, r.Ear)
	if len(f.ears) == 1 {
		return errors.New("no")
	}
	return f.Store.CloseConversation(ctx, r, evs)
}

// The process dies after the record is written and before the journal is gone: what is recorded again keeps what was heard.
func TestEarTruthIsNotLostByRecordingAgain(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	l := begin(t, s)
	ends := askAndAnswer(t, l)
	w.crash(s)
	journal := filepath.Join(w.dir, "journal", l.ID()+".jsonl")
	raw, err := os.ReadFile(journal)
	require.NoError(t, err)
	s = w.service()
	_, err = s.Recover(t.Context())
	require.NoError(t, err)
	w.crash(s)
	require.NoError(t, os.WriteFile(journal, raw, 0o600))
	s = w.service()
	_, err = s.Recover(t.Context())
	require.NoError(t, err)
	r, err := s.Get(t.Context(), "default", l.ID())
	require.NoError(t, err)
	requireEar(t, r, ends)
}
