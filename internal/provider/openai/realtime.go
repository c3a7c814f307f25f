package openai

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/model/s2s"
	rt "griot/internal/realtime/client"
)

// Three tries of at most 20 seconds each, and short pauses between them: a caller is waiting.
const (
	realtimeTries = 3
	realtimeOpen  = 20 * time.Second
	realtimePause = 250 * time.Millisecond
)

// realtimeVoices are those that the service knows by name.
var realtimeVoices = []string{"alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"}

// conversant is a speech-to-speech model behind the Realtime interface, in its present form.
type conversant struct {
	c      Config
	target rt.Target
}

func newS2S(ctx context.Context, c Config) (s2s.Model, error) {
	cl, err := newClient(ctx, c)
	if err != nil {
		return nil, err
	}
	defer cl.Close() // it was made for its judgement of the configuration
	u, err := url.Parse(strings.TrimRight(cl.c.BaseURL, "/") + "/realtime")
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad_base_url", "the base_url of openai is no address of the form https://host/v1").At("openai.base_url")
	}
	q := u.Query()
	q.Set("model", c.RealtimeModel)
	u.RawQuery = q.Encode()
	h := http.Header{}
	if c.APIKey != "" {
		h.Set("Authorization", "Bearer "+c.APIKey)
	}
	m := &conversant{c: c, target: rt.Target{URL: u.String(), Header: h, Name: host(c.BaseURL), Key: c.APIKey, Param: "openai.api_key", Open: realtimeOpen,
		Shape: rt.GA{Voice: c.RealtimeVoice, Transcription: c.RealtimeTranscription}}}
	return s2s.Retry(m, realtimeTries, realtimeOpen, realtimePause), nil
}

// Caps implements s2s.Model.
func (m *conversant) Caps() s2s.Caps {
	c := s2s.Caps{ID: "openai/" + m.c.RealtimeModel, Rate: rt.Rate}
	if m.c.own() {
		c.Voices = realtimeVoices
	}
	return c
}

// Open implements s2s.Model.
func (m *conversant) Open(ctx context.Context, o s2s.Options) (s2s.Session, error) {
	return rt.Dial(ctx, m.target, o)
}
