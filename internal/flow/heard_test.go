package flow

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
	"griot/internal/provider/pocketsphinx"
)

// TestRecordedCallersAreUnderstood plays every recording of the table to the offline recogniser, which is told what the flow expects, and answers what
// it heard.
func TestRecordedCallersAreUnderstood(t *testing.T) {
	// Whether an utterance is refused is the recogniser's own affair: here it takes the best sentence of the grammar.
	model, err := pocketsphinx.Provider().STT(t.Context(), []byte(`{"limit": -500}`))
	if err != nil {
		mediatest.Missing(t, "libpocketsphinx3 pocketsphinx-en-us")
	}
	m := open(t, "en", nil)
	phrases, grammar := m.(llm.Expecter).Expect(llm.Request{})
	s, err := model.Open(t.Context(), stt.Options{Lang: "en", Hints: stt.Hints{Phrases: phrases, Grammar: grammar}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	all, err := packs()
	require.NoError(t, err)

	right, wrong := 0, 0
	for _, r := range recordings(t) {
		text := recognise(t, s, mediatest.Prompt(t, "en", r.name, 16000))
		_, a, _ := replay(all["en"], wednesday(), user(text))
		if a.intent == r.intent {
			right++
			continue
		}
		wrong++
		t.Logf("%s: said %q, heard %q, answered as %s", r.name, r.wording, text, a.intent)
	}
	t.Logf("%d of %d recordings understood", right, right+wrong)
	require.GreaterOrEqual(t, right*100, (right+wrong)*90, "nine of ten")
}

// recognise sends one utterance and returns its text.
func recognise(t *testing.T, s stt.Stream, pcm []int16) string {
	t.Helper()
	quiet := mediatest.Silence(200*time.Millisecond, 16000)
	pcm = mediatest.Concat(quiet, pcm, quiet)
	for len(pcm) > 0 {
		n := min(320, len(pcm))
		require.NoError(t, s.Send(t.Context(), media.Frame{Format: media.Format{Rate: 16000, Channels: 1}, PCM: pcm[:n]}))
		pcm = pcm[n:]
	}
	require.NoError(t, s.Finalize(t.Context()))
	for {
		ev, err := s.Recv(t.Context())
		require.NoError(t, err)
		if ev.Kind == stt.Final {
			return ev.Text
		}
	}
}
