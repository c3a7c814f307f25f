package openai

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/tts"
)

func TestPresence(t *testing.T) {
	for _, v := range []string{"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_TRANSCRIPTION_MODEL", "OPENAI_SPEECH_MODEL", "OPENAI_VOICE"} {
		t.Setenv(v, "")
	}
	p := Provider()
	pr := p.Present(t.Context(), nil)
	require.False(t, pr.OK)
	require.Equal(t, "export OPENAI_API_KEY=...", pr.Mend)
	_, err := p.LLM(t.Context(), nil)
	require.Equal(t, "missing_setting", fault.CodeOf(err))

	pr = p.Present(t.Context(), json.RawMessage(`{"base_url":"http://user:pass@localhost:11434/v1"}`))
	require.True(t, pr.OK)
	require.Equal(t, "server at localhost:11434", pr.Found)

	t.Setenv("OPENAI_API_KEY", "sk-x")
	require.True(t, p.Present(t.Context(), nil).OK)
	m, err := p.TTS(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, "alloy", m.Caps().Voices[0].ID)
	require.Greater(t, len(m.Caps().Voices), 10)

	t.Setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
	m, err = p.TTS(t.Context(), json.RawMessage(`{"voice":"af_sky"}`))
	require.NoError(t, err)
	require.Equal(t, []tts.Voice{{ID: "af_sky", Name: "af_sky"}}, m.Caps().Voices)

	for _, raw := range []string{`{"base_url":"localhost:11434"}`, `{"base_url":"ftp://x/v1"}`, `{"timeout":"0s"}`} {
		_, err := p.STT(t.Context(), json.RawMessage(raw))
		require.Equal(t, fault.Invalid, fault.KindOf(err), raw)
	}
}

func TestCheck(t *testing.T) {
	s := newServer(t)
	for model, code := range map[string]string{"good": "", "llama3.2": "", "llama3.3": "model_not_found"} {
		err := check(t.Context(), s.config(model))
		require.Equal(t, code, fault.CodeOf(err), "%v", err)
	}
	c := s.config("good")
	c.APIKey = "sk-wrong"
	require.Equal(t, "key_refused", fault.CodeOf(check(t.Context(), c)))
	c = s.config("good")
	c.BaseURL = s.URL // without /v1
	require.Equal(t, fault.NotFound, fault.KindOf(check(t.Context(), c)))

	html := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	defer html.Close()
	require.Equal(t, "bad_response", fault.CodeOf(check(t.Context(), Config{BaseURL: html.URL, Timeout: time.Minute})))
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hang.Close()
	require.Equal(t, "timeout", fault.CodeOf(check(t.Context(), Config{BaseURL: hang.URL, Timeout: 50 * time.Millisecond})))
}
