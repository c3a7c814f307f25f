package app

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	openai "github.com/openai/openai-go/v3/realtime"
	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/live/realtime"
	"griot/internal/media/mediatest"
)

// A transcription session by the official client: it needs no agent and no language model, is recorded like a conversation, and nobody answers.
func TestTranscriptionSession(t *testing.T) {
	s := launch(t, func(c *config.Config) {
		c.Speech.LLM, c.Speech.TTS = "", "none"
		c.Providers = config.Providers{"fake": json.RawMessage(`{"heard":["Good morning.","And good night."]}`)}
	})
	c := s.connect(t, option.WithQuery("intent", "transcription"))
	c.send(openai.RealtimeClientEventUnionParam{OfSessionUpdate: &openai.SessionUpdateEventParam{Session: openai.SessionUpdateEventSessionUnionParam{
		OfTranscription: &openai.RealtimeTranscriptionSessionCreateRequestParam{Audio: openai.RealtimeTranscriptionSessionAudioParam{Input: openai.RealtimeTranscriptionSessionAudioInputParam{
			Transcription: openai.AudioTranscriptionParam{Model: "gpt-4o-transcribe", Language: param.NewOpt("en")}}}}}}})
	c.wait("session.updated")
	c.openMic()
	for _, words := range []string{"Good morning.", "And good night."} {
		c.say(mediatest.Voice(time.Second, 24000))
		require.Equal(t, words, c.wait("conversation.item.input_audio_transcription.completed").fields.Transcript)
	}
	c.leave()
	k := s.record(c.id)
	require.Equal(t, "caller_left", k.EndReason)
	require.Len(t, k.Transcript, 2)
	require.Equal(t, "And good night.", k.Transcript[1].Text)
}

// Which recogniser listens: the machine's own by the names of the clouds, a provider's by its id; others and languages that nobody understands are refused.
func TestListener(t *testing.T) {
	cfg := config.Default()
	cfg.Speech.STT = "fake"
	a := &App{cfg: cfg}
	require.NoError(t, a.openPlans())
	defer a.Close()
	for _, model := range []string{"", "fake", "whisper-1", "gpt-4o-mini-transcribe"} {
		l, err := a.plans.listener(t.Context(), realtime.Hearing{Model: model, Lang: "fr"})
		require.NoError(t, err, model)
		require.Equal(t, "fake", l.Name)
		require.Equal(t, "fr", l.Lang)
	}
	_, err := a.plans.listener(t.Context(), realtime.Hearing{Model: "nova-3"})
	require.Equal(t, "invalid_value", fault.CodeOf(err))
	a.plans.cfg.Speech.STT = "pocketsphinx"
	if a.plans.cfg.Providers == nil {
		a.plans.cfg.Providers = config.Providers{}
	}
	_, err = a.plans.listener(t.Context(), realtime.Hearing{Lang: "fr"})
	require.Error(t, err)
	a.plans.cfg.Speech.STT = "none"
	_, err = a.plans.listener(t.Context(), realtime.Hearing{Lang: "en"})
	require.Equal(t, "no_recogniser", fault.CodeOf(err))
}
