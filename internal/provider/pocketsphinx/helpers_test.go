package pocketsphinx

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/stt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newTestModel returns a recogniser, or ends the test where the machine has none.
func newTestModel(t testing.TB) *Model {
	t.Helper()
	m, err := newModel(defaults)
	if err != nil {
		mediatest.Missing(t, "libpocketsphinx3 and pocketsphinx-en-us")
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

func frame(pcm []int16) media.Frame { return media.Frame{Format: format, PCM: pcm} }

// sendAll sends audio in frames of 20 ms.
func sendAll(t testing.TB, s stt.Stream, pcm []int16) {
	t.Helper()
	for len(pcm) > 0 {
		n := min(320, len(pcm))
		require.NoError(t, s.Send(t.Context(), frame(pcm[:n])))
		pcm = pcm[n:]
	}
}

// quiet is what surrounds speech in a conversation.
var quiet = mediatest.Silence(200*time.Millisecond, rate)

// hear sends an utterance with a little silence around it and returns what was recognised.
func hear(t testing.TB, s stt.Stream, pcm []int16) (final stt.Event, partials []stt.Event) {
	t.Helper()
	sendAll(t, s, mediatest.Concat(quiet, pcm, quiet))
	require.NoError(t, s.Finalize(t.Context()))
	return results(t, s)
}

// results receives up to the next Final.
func results(t testing.TB, s stt.Stream) (final stt.Event, partials []stt.Event) {
	t.Helper()
	for {
		ev, err := s.Recv(t.Context())
		require.NoError(t, err)
		if ev.Kind == stt.Final {
			return ev, partials
		}
		partials = append(partials, ev)
	}
}

// sentences returns the names of recorded sentences whose words are known, at most n.
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

// wide is a prompt as a browser would send it.
func wide(t testing.TB, name string) []int16 { return mediatest.Prompt(t, "en", name, rate) }

// narrow is a prompt as it comes from the telephone.
func narrow(t testing.TB, name string) []int16 {
	t.Helper()
	r, err := media.NewResampler(8000, rate)
	require.NoError(t, err)
	return r.Flush(r.Process(nil, mediatest.Prompt(t, "en", name, 8000)))
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

// errorRate has all the prompts recognised by one stream and returns the word error rate in per cent.
func errorRate(t testing.TB, s stt.Stream, names []string, prompt func(testing.TB, string) []int16) float64 {
	t.Helper()
	errs, words := 0, 0
	for _, n := range names {
		final, _ := hear(t, s, prompt(t, n))
		e, w := wordErrors(mediatest.Text(n), final.Text)
		if e > 0 {
			t.Logf("%s (%.2f): said %q, heard %q", n, final.Confidence, mediatest.Text(n), final.Text)
		}
		errs, words = errs+e, words+w
	}
	per := 100 * float64(errs) / float64(words)
	t.Logf("%d prompts, %d words: %.1f %% word errors", len(names), words, per)
	return per
}
