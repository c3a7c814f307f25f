// Package openai speaks the OpenAI HTTP interface for chat, transcription and speech, and its Realtime interface for speech to speech, against OpenAI itself or any server that
// speaks it too: Ollama, vLLM, llama.cpp, LM Studio, LocalAI, speaches and others. What such servers leave out or do differently is
// tolerated where its meaning is clear: usage, ids and indexes of tool calls may be missing, arguments may be objects.
package openai

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/provider"
	"griot/internal/wire"
)

// defaultBaseURL is OpenAI's own.
const defaultBaseURL = "https://api.openai.com/v1"

// Config of the provider.
type Config struct {
	APIKey                string        `json:"api_key" doc:"API key. Servers of your own often need none." secret:"true" env:"OPENAI_API_KEY"`
	BaseURL               string        `json:"base_url" doc:"Address of the server up to and including /v1, for example http://localhost:11434/v1 for Ollama." env:"OPENAI_BASE_URL"`
	Model                 string        `json:"model" doc:"Language model." env:"OPENAI_MODEL" required:"true"`
	TranscriptionModel    string        `json:"transcription_model" doc:"Model that transcribes speech." env:"OPENAI_TRANSCRIPTION_MODEL" required:"true"`
	SpeechModel           string        `json:"speech_model" doc:"Model that speaks." env:"OPENAI_SPEECH_MODEL" required:"true"`
	Voice                 string        `json:"voice" doc:"Voice that speaks when the agent names none." env:"OPENAI_VOICE" required:"true"`
	RealtimeModel         string        `json:"realtime_model" doc:"Speech-to-speech model, for agents of the family s2s." env:"OPENAI_REALTIME_MODEL" required:"true"`
	RealtimeVoice         string        `json:"realtime_voice" doc:"Voice of the speech-to-speech model when the agent names none; empty leaves the model's own." env:"OPENAI_REALTIME_VOICE"`
	RealtimeTranscription string        `json:"realtime_transcription" doc:"Model that writes down what the speech-to-speech model hears; empty keeps no words of callers." env:"OPENAI_REALTIME_TRANSCRIPTION"`
	Effort                string        `json:"reasoning_effort" doc:"How long a reasoning model may think before it answers; empty leaves the model's own. Callers wait meanwhile." enum:"none,minimal,low,medium,high"`
	Interface             string        `json:"interface" doc:"Which interface language models are asked by: chat is what every compatible server has, responses is OpenAI's newer one, which lets reasoning models go on with their thoughts after a tool." enum:"chat,responses" env:"OPENAI_INTERFACE"`
	Images                string        `json:"images" doc:"Whether the language model takes images: auto is yes for OpenAI's own server and no for others." enum:"auto,yes,no"`
	Documents             string        `json:"documents" doc:"Whether the language model takes PDF documents: auto is yes for OpenAI's own server and no for others." enum:"auto,yes,no"`
	Organization          string        `json:"organization" doc:"Organization that requests count towards, where the key has several." env:"OPENAI_ORG_ID"`
	Project               string        `json:"project" doc:"Project that requests count towards, where the key has several." env:"OPENAI_PROJECT_ID"`
	Timeout               time.Duration `json:"timeout" doc:"Longest wait for the first token, the next one, the first audio or a transcript."`
}

// Provider describes OpenAI and everything compatible with it.
func Provider() provider.Provider {
	return provider.Define(provider.Spec[Config]{
		ID: "openai", Name: "OpenAI and compatible servers",
		Default: Config{
			BaseURL: defaultBaseURL, Model: "gpt-5.4-mini", TranscriptionModel: "gpt-transcribe", SpeechModel: "gpt-4o-mini-tts",
			Voice: "alloy", RealtimeModel: "gpt-realtime", RealtimeTranscription: "gpt-4o-mini-transcribe", Interface: "chat", Images: "auto", Documents: "auto", Timeout: 20 * time.Second,
		},
		LLM:     newLLM,
		STT:     newSTT,
		TTS:     newTTS,
		S2S:     newS2S,
		Present: present,
		Check:   check,
		Models:  list,
	})
}

// own reports whether the server is OpenAI's.
func (c Config) own() bool {
	return strings.TrimRight(strings.TrimSpace(c.BaseURL), "/") == defaultBaseURL
}

func present(_ context.Context, c Config) provider.Presence {
	switch {
	case !c.own():
		return provider.Presence{OK: true, Found: "server at " + host(c.BaseURL)}
	case c.APIKey != "":
		return provider.Presence{OK: true, Found: "API key"}
	}
	return provider.Presence{Missing: "There is neither an API key nor the address of a compatible server.", Mend: "export OPENAI_API_KEY=..."}
}

// list asks the server for the names of its models.
func list(ctx context.Context, c Config) ([]string, error) {
	cl, err := newClient(ctx, c)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := cl.JSON(ctx, wire.Request{Method: http.MethodGet, Path: "models"}, &page); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(page.Data))
	for _, m := range page.Data {
		names = append(names, m.ID)
	}
	return names, nil
}

// check lists the server's models, and looks for the configured one among them.
func check(ctx context.Context, c Config) error {
	names, err := list(ctx, c)
	if err != nil {
		return err
	}
	if len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return n == c.Model || strings.HasPrefix(n, c.Model+":") }) {
		return nil // with none the server answers, but does not tell its models
	}
	some := strings.Join(names[:min(len(names), 8)], ", ")
	return fault.New(fault.NotFound, "model_not_found", "%s has no model %q; it has %d others: %s", host(c.BaseURL), c.Model, len(names), some).At("openai.model")
}

// host returns what a person needs to recognise the server; never what a URL may hide, such as a password.
func host(base string) string {
	u, err := url.Parse(strings.TrimSpace(base))
	if err != nil || u.Host == "" {
		return "the server"
	}
	return u.Host
}

func newSTT(ctx context.Context, c Config) (stt.Model, error) {
	cl, err := newClient(ctx, c)
	if err != nil {
		return nil, err
	}
	return &transcriber{cl}, nil
}

func newTTS(ctx context.Context, c Config) (tts.Model, error) {
	cl, err := newClient(ctx, c)
	if err != nil {
		return nil, err
	}
	return &speaker{cl}, nil
}
