package pocketsphinx

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/stt"
)

// newTestModel returns a recogniser, or ends the test where the machine has none.
func newTestModel(t testing.TB) *Model {
	t.Helper()
	m, err := newModel(defaults)
	if err != nil {
		mediatest.Missing(t, "libpocketsphinx3 pocketsphinx-en-us")
	}
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func openTest(t testing.TB, m *Model, h stt.Hints) *stream {
	t.Helper()
	s, err := m.Open(t.Context(), stt.Options{Lang: "en-US", Hints: h})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s.(*stream)
}

// sendAll sends audio in frames of 20 ms.
func sendAll(t testing.TB, s stt.Stream, pcm []int16) {
	t.Helper()
	for len(pcm) > 0 {
		n := min(320, len(pcm))
		require.NoError(t, s.Send(t.Context(), media.Frame{Format: format, PCM: pcm[:n]}))
		pcm = pcm[n:]
	}
}

// hear sends an utterance with a little silence around it and returns what was recognised.
func hear(t testing.TB, s stt.Stream, pcm []int16) (final stt.Event, partials []stt.Event) {
	t.Helper()
	quiet := mediatest.Silence(200*time.Millisecond, rate)
	sendAll(t, s, mediatest.Concat(quiet, pcm, quiet))
	require.NoError(t, s.Finalize(t.Context()))
	for {
		ev, err := s.Recv(t.Context())
		require.NoError(t, err)
		if ev.Kind == stt.Final {
			return ev, partials
		}
		partials = append(partials, ev)
	}
}

// sentences returns the recorded sentences whose words are known, at most n.
func sentences(t testing.TB, n int) (names []string) {
	t.Helper()
	all := mediatest.Prompts("en")
	if len(all) == 0 {
		mediatest.Missing(t, "asterisk-core-sounds-en-g722")
	}
	for _, name := range all {
		if !strings.Contains(name, "/") && mediatest.Text(name) != "" && len(names) < n {
			names = append(names, name)
		}
	}
	return names
}

func texts(names []string) (out []string) {
	for _, n := range names {
		out = append(out, mediatest.Text(n))
	}
	return out
}

// wordErrors returns the edit distance between two texts in words, and how many words were said.
func wordErrors(said, heard string) (errors, words int) {
	a, b := strings.Fields(said), strings.Fields(heard)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			best := min(row[j], row[j+1]) + 1
			if x == y {
				best = min(best, diagonal)
			} else {
				best = min(best, diagonal+1)
			}
			diagonal, row[j+1] = row[j+1], best
		}
	}
	return row[len(b)], len(a)
}

func errorRate(t testing.TB, s stt.Stream, names []string, prompt func(string) []int16) float64 {
	t.Helper()
	errs, words := 0, 0
	for _, n := range names {
		final, _ := hear(t, s, prompt(n))
		e, w := wordErrors(mediatest.Text(n), final.Text)
		if e > 0 {
			t.Logf("%s (%.2f): said %q, heard %q", n, final.Confidence, mediatest.Text(n), final.Text)
		}
		errs, words = errs+e, words+w
	}
	rate := 100 * float64(errs) / float64(words)
	t.Logf("%d prompts, %d words: %.1f %% word errors", len(names), words, rate)
	return rate
}

func TestRecordedSpeechWithPhrases(t *testing.T) {
	m := newTestModel(t)
	names := sentences(t, 60)
	s := openTest(t, m, stt.Hints{Phrases: texts(names)})
	require.Empty(t, s.Dropped())
	got := errorRate(t, s, names, func(n string) []int16 { return mediatest.Prompt(t, "en", n, rate) })
	require.LessOrEqual(t, got, 5.0)
}

func TestNothingAfterClose(t *testing.T) {
	m := newTestModel(t)
	s := openTest(t, m, stt.Hints{Phrases: []string{"yes", "no"}})
	require.NoError(t, s.Finalize(t.Context()))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err := s.Recv(context.Background())
	require.ErrorIs(t, err, io.EOF)
}
