// Package anthropic speaks the Messages interface of Anthropic, in both versions that are served, and that of servers which offer it too.
package anthropic

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

// defaultBaseURL is Anthropic's own.
const defaultBaseURL = "https://api.anthropic.com"

// The versions of the interface.
const (
	current  = "2026-10-21"
	previous = "2023-06-01"
)

// Config of the provider.
type Config struct {
	APIKey    string        `json:"api_key" doc:"API key." secret:"true" env:"ANTHROPIC_API_KEY"`
	Token     string        `json:"auth_token" doc:"Bearer token, instead of a key, for gateways that want one." secret:"true" env:"ANTHROPIC_AUTH_TOKEN"`
	BaseURL   string        `json:"base_url" doc:"Address of the server, without /v1." env:"ANTHROPIC_BASE_URL"`
	Model     string        `json:"model" doc:"Language model." env:"ANTHROPIC_MODEL" required:"true"`
	Version   string        `json:"api_version" doc:"Version of the interface. Servers that only imitate it may know the older one alone." enum:"2026-10-21,2023-06-01" required:"true"`
	Beta      []string      `json:"beta" doc:"Beta features to ask for, by their names."`
	MaxTokens int           `json:"max_tokens" doc:"Longest answer, in tokens, when the agent sets none."`
	Thinking  string        `json:"thinking" doc:"Whether the model thinks before it answers; empty leaves the model's own. Callers wait meanwhile." enum:"adaptive,disabled"`
	Effort    string        `json:"effort" doc:"How much work goes into an answer; empty leaves the model's own. Not all models know it." enum:"low,medium,high,xhigh,max"`
	Cache     string        `json:"cache" doc:"How long the service keeps what conversations begin with, which makes long ones quicker and cheaper; off keeps nothing." enum:"5m,1h,off"`
	Sampling  bool          `json:"sampling" doc:"Send the agent's temperature. Only older models take it, and only with the version 2023-06-01."`
	Files     bool          `json:"documents" doc:"The model reads PDF documents. Servers that only imitate the interface often do not."`
	Images    bool          `json:"images" doc:"The model takes images."`
	Timeout   time.Duration `json:"timeout" doc:"Longest wait for the first token, or the next one."`
}

// Provider describes Anthropic.
func Provider() provider.Provider {
	return provider.Define(provider.Spec[Config]{
		ID: "anthropic", Name: "Anthropic",
		Default: Config{BaseURL: defaultBaseURL, Model: "claude-opus-4-5", Version: current, MaxTokens: 4096, Cache: "5m", Files: true, Images: true, Timeout: 20 * time.Second},
		LLM:     newLLM,
		Present: present,
		Check:   check,
		Models:  list,
	})
}

// own reports whether the server is Anthropic's.
func (c Config) own() bool {
	return strings.TrimRight(strings.TrimSpace(c.BaseURL), "/") == defaultBaseURL
}

func present(_ context.Context, c Config) provider.Presence {
	switch {
	case c.APIKey != "" || c.Token != "":
		return provider.Presence{OK: true, Found: "API key"}
	case !c.own():
		return provider.Presence{OK: true, Found: "server at " + hostOf(c.BaseURL)}
	}
	return provider.Presence{Missing: "There is no API key of Anthropic.", Mend: "export ANTHROPIC_API_KEY=..."}
}

func hostOf(base string) string {
	if u, err := url.Parse(strings.TrimSpace(base)); err == nil && u.Host != "" {
		return u.Host
	}
	return "the server"
}

// model is a language model behind v1/messages.
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
	if c.own() && c.APIKey == "" && c.Token == "" {
		return nil, fault.New(fault.Invalid, "missing_setting", "anthropic needs an API key: set api_key, or the environment variable ANTHROPIC_API_KEY").At("anthropic.api_key")
	}
	if c.MaxTokens <= 0 {
		return nil, fault.New(fault.Invalid, "bad_max_tokens", "the longest answer of anthropic must be above 0 tokens").At("anthropic.max_tokens")
	}
	h := http.Header{"Anthropic-Version": {c.Version}}
	switch { // a key is what the documentation shows, a bearer token what gateways want
	case c.APIKey != "":
		h.Set("X-Api-Key", c.APIKey)
	case c.Token != "":
		h.Set("Authorization", "Bearer "+c.Token)
	}
	if len(c.Beta) > 0 {
		h.Set("Anthropic-Beta", strings.Join(c.Beta, ","))
	}
	if c.own() {
		c.Model = strings.ReplaceAll(c.Model, ".", "-") // the service's names have hyphens where people write dots
	}
	base := strings.TrimSuffix(strings.TrimRight(strings.TrimSpace(c.BaseURL), "/"), "/v1") // a habit of other interfaces
	w, err := wire.New(wire.Options{Vendor: "anthropic", BaseURL: base, Secrets: []string{c.APIKey, c.Token}, Header: h, Timeout: c.Timeout, HTTP: provider.HTTP(ctx), Understand: understand})
	if err != nil {
		return nil, err
	}
	return &model{w, c}, nil
}

// list asks the server for the names of its models.
func list(ctx context.Context, c Config) ([]string, error) {
	m, err := newModel(ctx, c)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	var page struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := m.JSON(ctx, wire.Request{Method: http.MethodGet, Path: "v1/models", Query: url.Values{"limit": {"1000"}}}, &page); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(page.Data))
	for _, d := range page.Data {
		names = append(names, d.ID)
	}
	return names, nil
}

// check lists the server's models, and looks for the configured one among them.
func check(ctx context.Context, c Config) error {
	names, err := list(ctx, c)
	if err != nil {
		return err
	}
	asked := strings.ReplaceAll(c.Model, ".", "-")
	if len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return n == c.Model || n == asked || strings.HasPrefix(n, asked+"-20") }) {
		return nil // with none the server answers, but does not tell its models
	}
	some := strings.Join(names[:min(len(names), 8)], ", ")
	return fault.New(fault.NotFound, "model_not_found", "%s has no model %q; it has %d others: %s", hostOf(c.BaseURL), c.Model, len(names), some).At("anthropic.model")
}
