package openai

import (
	"context"
	"net/http"

	"griot/internal/fault"
	"griot/internal/provider"
	"griot/internal/wire"
)

const maxBody = 4 << 20 // bytes of an answer that is read whole

// client is one connection pool to one server. Its embedder is a model; Close closes the pool.
type client struct {
	*wire.Client
	c Config
}

func newClient(ctx context.Context, c Config) (*client, error) {
	if c.own() && c.APIKey == "" {
		return nil, fault.New(fault.Invalid, "missing_setting", "openai needs an API key: set api_key, or the environment variable OPENAI_API_KEY; or the base_url of a server of your own").At("openai.api_key")
	}
	h := http.Header{}
	if c.APIKey != "" {
		h.Set("Authorization", "Bearer "+c.APIKey)
	}
	if c.Organization != "" {
		h.Set("OpenAI-Organization", c.Organization)
	}
	if c.Project != "" {
		h.Set("OpenAI-Project", c.Project)
	}
	w, err := wire.New(wire.Options{Vendor: "openai", BaseURL: c.BaseURL, Secrets: []string{c.APIKey}, Header: h, Timeout: c.Timeout, HTTP: provider.HTTP(ctx)})
	if err != nil {
		return nil, err
	}
	return &client{w, c}, nil
}

// post sends a request whose answer the caller reads and closes. Errors are faults, or ctx's own error when it ended.
func (cl *client) post(ctx context.Context, path string, body any) (*http.Response, error) {
	return cl.Do(ctx, wire.Request{Path: path, Body: body})
}
