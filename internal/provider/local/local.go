// Package local finds a server of language models on this machine, such as Ollama, LM Studio, vLLM or llama.cpp, and speaks to it by OpenAI's interface.
package local

import (
	"context"
	"net/http"
	"strconv"
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
	Search  bool          `json:"search" doc:"Look for a server at the usual ports of this machine when no address is set." env:"LOCAL_MODELS"`
	BaseURL string        `json:"base_url" doc:"Address of the server up to and including /v1; empty looks for one." env:"LOCAL_MODELS_URL"`
	Model   string        `json:"model" doc:"Language model; empty takes the first that the server has."`
	APIKey  string        `json:"api_key" doc:"API key. Servers of your own often need none." secret:"true"`
	Images  bool          `json:"images" doc:"The model takes images."`
	Timeout time.Duration `json:"timeout" doc:"Longest wait for the first token, or the next one. A model that is loaded first takes its time."`
}

// Provider describes servers on this machine.
func Provider() provider.Provider { return providerAt(usual) }

func providerAt(places []Place) provider.Provider {
	s := &seeker{places: places}
	return provider.Define(provider.Spec[Config]{
		ID: "local", Name: "Models on this machine",
		Default: Config{Search: true, Timeout: time.Minute},
		LLM:     s.newLLM,
		Present: s.present,
		Check: func(ctx context.Context, c Config) error {
			_, err := s.server(ctx, c)
			return err
		},
		Models: func(ctx context.Context, c Config) ([]string, error) {
			f, err := s.server(ctx, c)
			return f.Models, err
		},
	})
}

func (s *seeker) present(ctx context.Context, c Config) provider.Presence {
	f, err := s.server(ctx, c)
	if err != nil {
		return provider.Presence{Missing: err.Error(), Mend: "ollama serve"}
	}
	return provider.Presence{OK: true, Found: f.String()}
}

// String names the server, its address and how many models it has.
func (f Found) String() string {
	models := strconv.Itoa(len(f.Models)) + " models"
	if len(f.Models) == 1 {
		models = "1 model"
	}
	return f.Name + " at " + f.BaseURL + " with " + models
}

// server is the one that is set, or found.
func (s *seeker) server(ctx context.Context, c Config) (Found, error) {
	if base := strings.TrimSpace(c.BaseURL); base != "" {
		models, err := list(ctx, c, base)
		return Found{Name: "server", BaseURL: base, Models: models}, err
	}
	if !c.Search {
		return Found{}, fault.New(fault.Unavailable, "local_search_off", "No server of language models on this machine is set, and the search for one is switched off.")
	}
	for _, f := range s.find(ctx) {
		if c.Model == "" || has(f.Models, c.Model) {
			return f, nil
		}
	}
	if c.Model != "" && len(s.find(ctx)) > 0 {
		return Found{}, fault.New(fault.NotFound, "model_not_found", "No server on this machine has the model %q.", c.Model).At("local.model")
	}
	return Found{}, fault.New(fault.Unavailable, "no_local_server", "No server of language models answers on this machine (%s).", s.where())
}

// has reports whether a name is listed, with or without the tag of a version.
func has(names []string, name string) bool {
	for _, n := range names {
		if n == name || strings.HasPrefix(n, name+":") {
			return true
		}
	}
	return false
}

// client of a server. Whatever way out of this machine was given does not count for a server that was found on it.
func client(ctx context.Context, c Config, base string) (*wire.Client, error) {
	h := http.Header{}
	if c.APIKey != "" {
		h.Set("Authorization", "Bearer "+c.APIKey)
	}
	o := wire.Options{Vendor: "local", BaseURL: base, Secrets: []string{c.APIKey}, Header: h, Timeout: c.Timeout}
	if strings.TrimSpace(c.BaseURL) != "" {
		o.HTTP = provider.HTTP(ctx)
	}
	return wire.New(o)
}

func list(ctx context.Context, c Config, base string) ([]string, error) {
	w, err := client(ctx, c, base)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	l, err := models(ctx, w)
	return l.names(), err
}

// model is a language model with the connections that it closes.
type model struct {
	*chat.Completions
	*wire.Client
}

func (s *seeker) newLLM(ctx context.Context, c Config) (llm.Model, error) {
	f, err := s.server(ctx, c)
	if err != nil {
		return nil, err
	}
	if c.Model == "" {
		for _, name := range f.Models {
			if !strings.Contains(strings.ToLower(name), "embed") {
				c.Model = name
				break
			}
		}
	}
	if c.Model == "" {
		return nil, fault.New(fault.NotFound, "model_not_found", "%s has no language model yet: give it one, such as by ollama pull llama3.2.", f.Name).At("local.model")
	}
	w, err := client(ctx, c, f.BaseURL)
	if err != nil {
		return nil, err
	}
	return model{chat.NewCompletions(w, chat.Settings{Model: c.Model, OldTokens: true, Thoughts: true, Images: c.Images}), w}, nil
}
