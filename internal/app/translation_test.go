package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	openai "github.com/openai/openai-go/v3/realtime"
	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media/mediatest"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
)

// translating is the fake provider as an interpreter who knows two sentences.
func translating(c *config.Config) {
	c.Providers = config.Providers{"fake": json.RawMessage(`{"heard":["Good morning.","And good night."],"answers":["morning => Bonjour.","night => Et bonne nuit."]}`)}
}

// heardOf is what a client of a translation session got.
type heardOf struct {
	types      []string
	said, into string
	sound      int
}

// interpret reads until a translation has all of the words, or the session closes.
func interpret(t *testing.T, conn *openai.TranslationConnection, until string) (h heardOf) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		raw, err := conn.RecvRaw(ctx)
		require.NoError(t, err, "%+v", h)
		var ev struct {
			Type, Delta, Format string
			EventID             string `json:"event_id"`
			SampleRate          int    `json:"sample_rate"`
			Channels            int
		}
		require.NoError(t, json.Unmarshal(raw, &ev))
		require.NotEmpty(t, ev.EventID)
		h.types = append(h.types, ev.Type)
		switch ev.Type {
		case "session.input_transcript.delta":
			h.said += ev.Delta
		case "session.output_transcript.delta":
			h.into += ev.Delta
		case "session.output_audio.delta":
			require.Equal(t, "pcm16", ev.Format)
			require.Equal(t, 24000, ev.SampleRate)
			require.Equal(t, 1, ev.Channels)
			b, err := base64.StdEncoding.DecodeString(ev.Delta)
			require.NoError(t, err)
			h.sound += len(b) / 2
		}
		if ev.Type == until {
			return h
		}
	}
}

func appendSound(t *testing.T, conn *openai.TranslationConnection, pcm []int16) {
	t.Helper()
	b := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		b = append(b, byte(v), byte(v>>8))
	}
	raw, err := json.Marshal(map[string]string{"type": "session.input_audio_buffer.append", "audio": base64.StdEncoding.EncodeToString(b)})
	require.NoError(t, err)
	require.NoError(t, conn.SendRaw(t.Context(), raw))
}

// A translation session by the official client: sound in, words and sound in another language out, in the session's own events and no others; what was said before the
// close is translated before it is confirmed.
func TestTranslationSession(t *testing.T) {
	s := launch(t, translating)
	service := openai.NewTranslationService(option.WithBaseURL(s.URL()+"/v1/"), option.WithAPIKey("unused"))
	conn, err := service.Connect(t.Context(), openai.TranslationConnectionOptions{}, option.WithQuery("model", "gpt-realtime-translate"))
	require.NoError(t, err)
	defer conn.Close()
	raw, err := conn.RecvRaw(t.Context())
	require.NoError(t, err)
	var created struct {
		Type    string
		Session struct {
			ID, Type, Model string
			Audio           struct{ Output struct{ Language string } }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &created))
	require.Equal(t, "session.created", created.Type)
	require.Equal(t, "translation", created.Session.Type)
	require.Equal(t, "gpt-realtime-translate", created.Session.Model)
	require.Equal(t, "en", created.Session.Audio.Output.Language)

	require.NoError(t, conn.SendRaw(t.Context(), json.RawMessage(`{"type":"session.update","session":{"audio":{"output":{"language":"fr"},"input":{"transcription":{"model":"gpt-realtime-whisper"}}}}}`)))
	interpret(t, conn, "session.updated")
	for _, bad := range []string{`{"type":"response.create"}`, `{"type":"session.update","session":{"instructions":"x"}}`, `{"type":"session.update","session":{"audio":{"output":{"language":"1"}}}}`, `not json`, `{"type":"session.input_audio_buffer.append","audio":"%%"}`} {
		require.NoError(t, conn.SendRaw(t.Context(), json.RawMessage(strings.ReplaceAll(bad, "not json", `"not an object"`))))
		interpret(t, conn, "error")
	}
	appendSound(t, conn, mediatest.Voice(time.Second, 24000))
	appendSound(t, conn, make([]int16, 24000))
	h := interpret(t, conn, "session.output_transcript.delta")
	for h.into != "Bonjour." {
		more := interpret(t, conn, "session.output_transcript.delta")
		h.into, h.said = h.into+more.into, h.said+more.said
	}
	require.Equal(t, "Good morning.", h.said)
	interpret(t, conn, "session.output_audio.delta")

	appendSound(t, conn, mediatest.Voice(time.Second, 24000))
	require.NoError(t, conn.SendRaw(t.Context(), json.RawMessage(`{"type":"session.close"}`)))
	h = interpret(t, conn, "session.closed")
	require.Equal(t, "Et bonne nuit.", h.into, "what was said last is translated before the end")
	require.Greater(t, h.sound, 12000)
	for _, typ := range h.types {
		require.True(t, strings.HasPrefix(typ, "session."), typ)
	}
	k := s.record(created.Session.ID[len("sess_"):])
	require.Equal(t, "caller_left", k.EndReason)
}

// Without a language model there is nobody to translate: the client is told so before anything happens.
func TestTranslationNeedsALanguageModel(t *testing.T) {
	s := launch(t, func(c *config.Config) { translating(c); c.Speech.LLM = "" })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/v1/realtime/translations?model=gpt-realtime-translate", nil)
	require.NoError(t, err)
	for k, v := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		req.Header.Set(k, v)
	}
	resp, err := s.http.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var body struct {
		Error struct{ Code, Message string }
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&body))
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.Equal(t, "no_language_model", body.Error.Code)
	require.Contains(t, body.Error.Message, "speech.llm")
}

// Each turn is translated once, also those that came while another was being thought about, and the language is the one that holds then.
func TestTranslatorTakesWhatIsNew(t *testing.T) {
	mind := fake.NewLLM(fake.Answer{Text: "x"})
	tr := &translator{mind: mind, lang: "fr"}
	u := func(s string) llm.Message { return llm.Message{Role: llm.User, Text: s} }
	agent := llm.Message{Role: llm.Assistant, Text: "x"}
	for _, history := range [][]llm.Message{{u("one")}, {u("one"), u("two"), agent, u("three")}, {u("one"), u("two"), agent, u("three"), agent, u("four")}} {
		for _, err := range tr.Generate(t.Context(), llm.Request{System: "ignored", Messages: history}) {
			require.NoError(t, err)
		}
		tr.lang = "es"
	}
	asked := mind.Requests()
	for i, want := range []string{"one", "two three", "four"} {
		require.Equal(t, []llm.Message{u(want)}, asked[i].Messages)
	}
	require.Contains(t, asked[0].System, `"fr"`)
	require.Contains(t, asked[1].System, `"es"`)
}
