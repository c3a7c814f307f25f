package fake

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
)

func TestProviderAnswersHearsAndSpeaks(t *testing.T) {
	p := Provider()
	raw := json.RawMessage(`{"answers":["hours => We open at nine."],"heard":["one","two"],"voice_rate":8000}`)
	lm, err := p.LLM(t.Context(), raw)
	require.NoError(t, err)
	ask := func(lang, said string) string {
		var out string
		for d, err := range lm.Generate(t.Context(), llm.Request{Lang: lang, Messages: []llm.Message{{Role: llm.User, Text: said}}}) {
			require.NoError(t, err)
			out += d.Text
		}
		return out
	}
	require.Equal(t, "We open at nine.", ask("en", "What are your HOURS?"))
	require.Equal(t, "Vous avez dit : bonjour", ask("fr-FR", "bonjour"))
	require.Contains(t, ask("es", ""), "agente de prueba")
	require.Empty(t, lm.(*LLM).Requests())

	sm, err := p.STT(t.Context(), raw)
	require.NoError(t, err)
	for range 2 {
		s, err := sm.Open(t.Context(), stt.Options{Lang: "fr"})
		require.NoError(t, err)
		for _, want := range []string{"one", "two", "one"} {
			require.NoError(t, s.Finalize(t.Context()))
			ev, err := s.Recv(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, ev.Text)
		}
		require.NoError(t, s.Close())
	}

	vm, err := p.TTS(t.Context(), raw)
	require.NoError(t, err)
	require.Equal(t, 8000, vm.Caps().Rate)
	v, err := vm.Open(t.Context(), tts.Options{})
	require.NoError(t, err)
	require.NoError(t, v.Say(t.Context(), "one two three"))
	require.NoError(t, v.End(t.Context()))
	pcm, marks, _ := speak(t, v)
	require.Len(t, pcm, 8000)
	require.Len(t, marks, 4)
	require.NoError(t, v.Close())

	for _, bad := range []string{`{"answers":["no arrow"]}`} {
		_, err := p.LLM(t.Context(), json.RawMessage(bad))
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
	for _, bad := range []string{`{"words_per_second":-1}`, `{"voice_rate":12}`} {
		_, err = p.TTS(t.Context(), json.RawMessage(bad))
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
	require.True(t, p.Present(t.Context(), nil).OK)
}
