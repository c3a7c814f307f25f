// Package google speaks Google's Gemini interface for language models.
package google

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/provider"
	"griot/internal/wire"
)

// defaultBaseURL is that of the Gemini API.
const defaultBaseURL = "https://generativelanguage.googleapis.com/v1beta"

// Config of the provider.
type Config struct {
	APIKey   string        `json:"api_key" doc:"API key." secret:"true" env:"GEMINI_API_KEY,GOOGLE_API_KEY"`
	Token    string        `json:"token" doc:"OAuth token, instead of a key, for Vertex AI. It is not renewed." secret:"true"`
	BaseURL  string        `json:"base_url" doc:"Address of the interface. For Vertex AI it ends in /publishers/google." env:"GEMINI_BASE_URL"`
	Model    string        `json:"model" doc:"Language model." env:"GEMINI_MODEL" required:"true"`
	Thinking string        `json:"thinking" doc:"How long the model may think before it answers: off, or one of the levels that newer models have; empty leaves the model's own. Callers wait meanwhile." enum:"off,minimal,low,medium,high"`
	Images   bool          `json:"images" doc:"The model takes images."`
	Files    bool          `json:"documents" doc:"The model takes PDF documents."`
	Timeout  time.Duration `json:"timeout" doc:"Longest wait for the first token, or the next one."`
}

// Provider describes Google.
func Provider() provider.Provider {
	return provider.Define(provider.Spec[Config]{
		ID: "google", Name: "Google Gemini",
		Default: Config{BaseURL: defaultBaseURL, Model: "gemini-2.5-flash", Images: true, Files: true, Timeout: 20 * time.Second},
		LLM:     newLLM,
		Present: present,
		Check:   check,
		Models:  list,
	})
}

func present(_ context.Context, c Config) provider.Presence {
	if c.APIKey != "" || c.Token != "" {
		return provider.Presence{OK: true, Found: "API key"}
	}
	return provider.Presence{Missing: "There is no API key of Google Gemini.", Mend: "export GEMINI_API_KEY=..."}
}

// model is a language model behind streamGenerateContent.
type model struct {
	*wire.Client
	c Config
}

func newLLM(ctx context.Context, c Config) (llm.Model, error) {
	m, err := newModel(ctx, c)
	if err != nil {
		return nil, err
	}
	return m, nil
}

func newModel(ctx context.Context, c Config) (*model, error) {
	h := http.Header{}
	switch {
	case c.APIKey != "":
		h.Set("X-Goog-Api-Key", c.APIKey)
	case c.Token != "":
		h.Set("Authorization", "Bearer "+c.Token)
	default:
		return nil, fault.New(fault.Invalid, "missing_setting", "google needs an API key: set api_key, or the environment variable GEMINI_API_KEY").At("google.api_key")
	}
	w, err := wire.New(wire.Options{Vendor: "google", BaseURL: c.BaseURL, Secrets: []string{c.APIKey, c.Token}, Header: h, Timeout: c.Timeout, HTTP: provider.HTTP(ctx), Understand: understand})
	if err != nil {
		return nil, err
	}
	c.Model = strings.TrimPrefix(c.Model, "models/")
	return &model{w, c}, nil
}

// list asks for the names of the models.
func list(ctx context.Context, c Config) ([]string, error) {
	m, err := newModel(ctx, c)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	var page struct {
		Models []struct {
			Name string `json:"name"`
		} `json:"models"`
	}
	if err := m.JSON(ctx, wire.Request{Method: http.MethodGet, Path: "models", Query: url.Values{"pageSize": {"1000"}}}, &page); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(page.Models))
	for _, d := range page.Models {
		names = append(names, d.Name[strings.LastIndexByte(d.Name, '/')+1:])
	}
	return names, nil
}

// check lists the models, and looks for the configured one among them.
func check(ctx context.Context, c Config) error {
	names, err := list(ctx, c)
	if err != nil {
		return err
	}
	if len(names) == 0 || slices.Contains(names, strings.TrimPrefix(c.Model, "models/")) {
		return nil // with none the service answers, but does not tell its models
	}
	some := strings.Join(names[:min(len(names), 8)], ", ")
	return fault.New(fault.NotFound, "model_not_found", "Google has no model %q; it has %d others: %s", c.Model, len(names), some).At("google.model")
}
