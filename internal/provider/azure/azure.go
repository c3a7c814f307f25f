// Package azure speaks to Azure Voice Live, which hears, thinks and speaks over one WebSocket.
package azure

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/model/s2s"
	"griot/internal/provider"
	"griot/internal/realtime/client"
)

// Config of the provider.
type Config struct {
	Key           string   `json:"key" doc:"Key of the Azure AI resource." secret:"true" env:"VOICE_LIVE_KEY"`
	Token         string   `json:"token" doc:"Microsoft Entra token for https://ai.azure.com, instead of a key. It is not renewed." secret:"true" env:"VOICE_LIVE_TOKEN"`
	Endpoint      string   `json:"endpoint" doc:"Address of the resource, such as https://my-resource.services.ai.azure.com. Empty makes it of the resource's name." env:"VOICE_LIVE_ENDPOINT"`
	Name          string   `json:"name" doc:"Name of the resource." env:"VOICE_LIVE_NAME"`
	EndpointType  string   `json:"endpoint_type" doc:"Kind of address that a name stands for; older resources have cognitiveservices." enum:"services.ai,cognitiveservices" env:"VOICE_LIVE_ENDPOINT_TYPE"`
	APIVersion    string   `json:"api_version" doc:"Version of the interface." env:"VOICE_LIVE_API_VERSION" required:"true"`
	Model         string   `json:"realtime_model" doc:"Model that is talked to: one that hears and speaks itself, such as gpt-realtime, or one that the service surrounds with speech, such as gpt-4.1." env:"VOICE_LIVE_MODEL" required:"true"`
	Voice         string   `json:"realtime_voice" doc:"Voice when the agent names none, such as fr-FR-VivienneMultilingualNeural or alloy." env:"VOICE_LIVE_VOICE"`
	Transcription string   `json:"transcription" doc:"Model that writes down what is heard, such as azure-speech or gpt-4o-mini-transcribe; empty keeps no words of callers."`
	Languages     string   `json:"languages" doc:"Languages that callers may speak, separated by commas; empty for the agent's."`
	Phrases       []string `json:"phrases" doc:"Names and words that callers are likely to say."`
	Noise         bool     `json:"noise_reduction" doc:"Let the service reduce noise in the callers' sound."`
	Echo          bool     `json:"echo_cancellation" doc:"Let the service take our own sound out of the callers'."`
	Agent         string   `json:"agent" doc:"Name of an agent of Azure AI Foundry that answers instead of a model."`
	Project       string   `json:"project" doc:"Project of that agent."`
	AgentVersion  string   `json:"agent_version" doc:"Version of that agent; empty for the newest."`
}

// Provider describes Azure Voice Live.
func Provider() provider.Provider {
	return provider.Define(provider.Spec[Config]{
		ID: "azure", Name: "Azure Voice Live",
		Default: Config{EndpointType: "services.ai", APIVersion: "2026-04-10", Model: "gpt-realtime", Transcription: "azure-speech"},
		S2S:     newS2S,
		Present: present,
		Check:   check,
		Voices:  voices,
	})
}

func present(_ context.Context, c Config) provider.Presence {
	switch {
	case c.Endpoint == "" && c.Name == "":
		return provider.Presence{Missing: "There is neither the name nor the address of an Azure AI resource.", Mend: "export VOICE_LIVE_NAME=... VOICE_LIVE_KEY=..."}
	case c.Key == "" && c.Token == "":
		return provider.Presence{Missing: "There is no key of the Azure AI resource.", Mend: "export VOICE_LIVE_KEY=..."}
	}
	return provider.Presence{OK: true, Found: "key"}
}

// check opens a session and closes it: nothing is said in it, so it costs nothing.
func check(ctx context.Context, c Config) error {
	m, err := newModel(c)
	if err != nil {
		return err
	}
	s, err := m.Open(ctx, s2s.Options{})
	if err != nil {
		return err
	}
	return s.Close()
}

// Three tries of at most 20 seconds each, and short pauses between them: a caller is waiting.
const (
	tries = 3
	open  = 20 * time.Second
	pause = 250 * time.Millisecond
)

func newS2S(_ context.Context, c Config) (s2s.Model, error) {
	m, err := newModel(c)
	if err != nil {
		return nil, err
	}
	return s2s.Retry(m, tries, open, pause), nil
}

// live is a model of Voice Live.
type live struct {
	c      Config
	target client.Target
}

func newModel(c Config) (*live, error) {
	u, err := address(c)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	key := first(c.Key, c.Token)
	switch {
	case key == "" && !local(u):
		return nil, fault.New(fault.Invalid, "missing_setting", "azure needs the key of the resource: set key, or the environment variable VOICE_LIVE_KEY").At("azure.key")
	case c.Key != "":
		h.Set("Api-Key", c.Key)
	case c.Token != "":
		h.Set("Authorization", "Bearer "+c.Token)
	}
	shape := client.VoiceLive{Voice: c.Voice, Transcription: c.Transcription, Phrases: c.Phrases, Languages: c.Languages, Noise: c.Noise, Echo: c.Echo,
		Speaks: c.APIVersion >= "2026"} // the versions are dates
	return &live{c: c, target: client.Target{URL: u.String(), Header: h, Shape: shape, Name: u.Host, Key: key, Param: "azure.key", Open: open}}, nil
}

// local reports whether an address is on this machine, where a stand-in may want no key.
func local(u *url.URL) bool {
	h := u.Hostname()
	return h == "localhost" || strings.HasPrefix(h, "127.") || h == "::1"
}

// address is that of a session: whatever path the endpoint has is replaced, as the vendor's own clients do.
func address(c Config) (*url.URL, error) {
	end := strings.TrimSpace(c.Endpoint)
	if end == "" {
		if c.Name == "" {
			return nil, fault.New(fault.Invalid, "missing_setting", "azure needs the name or the address of the resource: set name or endpoint").At("azure.endpoint")
		}
		kind := map[string]string{"cognitiveservices": "cognitiveservices.azure.com"}[c.EndpointType]
		end = "https://" + c.Name + "." + first(kind, "services.ai.azure.com")
	}
	u, err := url.Parse(end)
	if err != nil || u.Host == "" {
		return nil, fault.New(fault.Invalid, "bad_endpoint", "the endpoint of azure is no address of the form https://my-resource.services.ai.azure.com").At("azure.endpoint")
	}
	switch u.Scheme {
	case "https", "wss":
		u.Scheme = "wss"
	case "http", "ws":
		u.Scheme = "ws"
	default:
		return nil, fault.New(fault.Invalid, "bad_endpoint", "the endpoint of azure begins with %q, which is neither https nor wss", u.Scheme).At("azure.endpoint")
	}
	q := url.Values{"api-version": {c.APIVersion}}
	if c.Agent != "" {
		q.Set("agent-name", c.Agent)
		q.Set("agent-project-name", c.Project)
		if c.AgentVersion != "" {
			q.Set("agent-version", c.AgentVersion)
		}
	} else {
		q.Set("model", c.Model)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/voice-live/realtime", RawQuery: q.Encode()}, nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Caps implements s2s.Model.
func (m *live) Caps() s2s.Caps {
	return s2s.Caps{ID: "azure/" + first(m.c.Agent, m.c.Model), Rate: client.Rate, Words: strings.Count(m.c.Voice, "-") >= 2}
}

// Open implements s2s.Model.
func (m *live) Open(ctx context.Context, o s2s.Options) (s2s.Session, error) {
	return client.Dial(ctx, m.target, o)
}
