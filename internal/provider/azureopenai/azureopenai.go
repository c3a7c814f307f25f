// Package azureopenai speaks to language models that are deployed in an Azure OpenAI or Azure AI Foundry resource, by both forms of address: the present one under /openai/v1, and
// the dated one under /openai/deployments.
package azureopenai

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/provider"
	"griot/internal/wire"
	"griot/internal/wire/chat"
)

// Config of the provider.
type Config struct {
	Endpoint     string        `json:"endpoint" doc:"Address of the resource, such as https://my-resource.openai.azure.com." env:"AZURE_OPENAI_ENDPOINT"`
	Key          string        `json:"key" doc:"Key of the resource." secret:"true" env:"AZURE_OPENAI_API_KEY,AZURE_OPENAI_KEY"`
	Model        string        `json:"model" doc:"Name of the model's deployment." env:"AZURE_OPENAI_DEPLOYMENT" required:"true"`
	APIVersion   string        `json:"api_version" doc:"Version of the interface, such as 2024-10-21, for the older form of address; empty for the present one, which needs none." env:"AZURE_OPENAI_API_VERSION"`
	Interface    string        `json:"interface" doc:"Which interface language models are asked by: chat is what every compatible server has, responses is OpenAI's newer one, which lets reasoning models go on with their thoughts after a tool." enum:"chat,responses"`
	TenantID     string        `json:"tenant_id" doc:"Directory of an app registration, whose Microsoft Entra tokens are used instead of a key." env:"AZURE_TENANT_ID"`
	ClientID     string        `json:"client_id" doc:"Application id of the app registration." env:"AZURE_CLIENT_ID"`
	ClientSecret string        `json:"client_secret" doc:"Secret of the app registration." secret:"true" env:"AZURE_CLIENT_SECRET"`
	Scope        string        `json:"scope" doc:"What tokens are asked for. Older resources want https://cognitiveservices.azure.com/.default."`
	Authority    string        `json:"authority_url" doc:"Where tokens come from; other in national clouds." env:"AZURE_AUTHORITY_HOST"`
	Token        string        `json:"token" doc:"Microsoft Entra token, instead of a key. It is not renewed." secret:"true"`
	Effort       string        `json:"reasoning_effort" doc:"How long a reasoning model may think before it answers; empty leaves the model's own. Callers wait meanwhile." enum:"none,minimal,low,medium,high"`
	Images       bool          `json:"images" doc:"The model takes images."`
	Documents    bool          `json:"documents" doc:"The model takes PDF documents."`
	Timeout      time.Duration `json:"timeout" doc:"Longest wait for the first token, or the next one."`
}

// Provider describes Azure OpenAI.
func Provider() provider.Provider {
	return provider.Define(provider.Spec[Config]{
		ID: "azure-openai", Name: "Azure OpenAI",
		Default: Config{Model: "gpt-5-mini", Interface: "chat", Scope: "https://ai.azure.com/.default", Authority: "https://login.microsoftonline.com", Images: true, Timeout: 20 * time.Second},
		LLM:     newLLM,
		Present: present,
		Check:   check,
	})
}

func present(_ context.Context, c Config) provider.Presence {
	switch {
	case strings.TrimSpace(c.Endpoint) == "":
		return provider.Presence{Missing: "There is no address of an Azure OpenAI resource.", Mend: "export AZURE_OPENAI_ENDPOINT=... AZURE_OPENAI_API_KEY=..."}
	case c.Key != "":
		return provider.Presence{OK: true, Found: "key"}
	case c.Token != "":
		return provider.Presence{OK: true, Found: "token"}
	case c.app():
		return provider.Presence{OK: true, Found: "app registration"}
	}
	return provider.Presence{Missing: "There is neither a key of the Azure OpenAI resource nor an app registration.", Mend: "export AZURE_OPENAI_API_KEY=..."}
}

// app reports whether tokens can be asked for.
func (c Config) app() bool { return c.TenantID != "" && c.ClientID != "" && c.ClientSecret != "" }

// model is a deployment with the connections that it closes.
type model struct {
	llm.Model
	close func()
}

// Close gives up idle connections.
func (m model) Close() error { m.close(); return nil }

// TakesImages implements llm.Viewer.
func (m model) TakesImages() bool { return llm.TakesImages(m.Model) }

// TakesFiles implements llm.Reader.
func (m model) TakesFiles() bool { return llm.TakesFiles(m.Model) }

func newLLM(ctx context.Context, c Config) (llm.Model, error) {
	base, version, err := address(c)
	if err != nil {
		return nil, err
	}
	o := wire.Options{Vendor: "azure-openai", BaseURL: base, URLField: "endpoint", KeyField: "key", Secrets: []string{c.Key, c.Token, c.ClientSecret}, Header: http.Header{}, Timeout: c.Timeout, HTTP: provider.HTTP(ctx)}
	closeTokens := func() {}
	switch {
	case c.Key != "":
		o.Header.Set("Api-Key", c.Key)
	case c.Token != "":
		o.Header.Set("Authorization", "Bearer "+c.Token)
	case c.app():
		t, err := newTokens(ctx, c)
		if err != nil {
			return nil, err
		}
		o.Authorize, closeTokens = t.authorize, func() { _ = t.Close() }
	default:
		return nil, fault.New(fault.Invalid, "missing_setting", "azure-openai needs a key, or an app registration (tenant_id, client_id and client_secret): set key, or the environment variable AZURE_OPENAI_API_KEY").At("azure-openai.key")
	}
	w, err := wire.New(o)
	if err != nil {
		return nil, err
	}
	s := chat.Settings{Model: c.Model, Effort: c.Effort, Images: c.Images, Files: c.Documents}
	m := model{close: func() { _ = w.Close(); closeTokens() }}
	if version != "" {
		s.Query = url.Values{"api-version": {version}}
	}
	switch {
	case c.Interface == "responses" && version != "":
		s.Path = "openai/responses"
	case c.Interface == "responses":
		s.Path = "openai/v1/responses"
	case version != "":
		s.Path, s.Nameless = "openai/deployments/"+url.PathEscape(c.Model)+"/chat/completions", true
	default:
		s.Path = "openai/v1/chat/completions"
	}
	if c.Interface == "responses" {
		m.Model = chat.NewResponses(w, s)
	} else {
		m.Model = chat.NewCompletions(w, s)
	}
	return m, nil
}

// address takes the resource's part of an address, which people copy from the portal with all that follows, and the version that may stand at its end.
func address(c Config) (base, version string, err error) {
	end := strings.TrimSpace(c.Endpoint)
	if end == "" {
		return "", "", fault.New(fault.Invalid, "missing_setting", "azure-openai needs the address of the resource: set endpoint, or the environment variable AZURE_OPENAI_ENDPOINT").At("azure-openai.endpoint")
	}
	u, err := url.Parse(end)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", "", fault.New(fault.Invalid, "bad_endpoint", "the endpoint of azure-openai is no address of the form https://my-resource.openai.azure.com").At("azure-openai.endpoint")
	}
	version = strings.TrimSpace(c.APIVersion)
	if version == "" {
		version = u.Query().Get("api-version")
	}
	if version == "v1" || version == "preview" { // words for the present form
		version = ""
	}
	path, _, _ := strings.Cut(u.Path+"/", "/openai/")
	return (&url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Path: strings.TrimRight(path, "/")}).String(), version, nil
}

// check asks for the shortest answer: a resource does not tell the names of its deployments.
func check(ctx context.Context, c Config) error {
	m, err := newLLM(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = m.(model).Close() }()
	for _, err := range m.Generate(ctx, llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "Hi"}}, Limits: llm.Limits{MaxTokens: 16}}) {
		return err
	}
	return nil
}
