package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Providers is what the API needs to know of the vendors of models and how a tenant has set them. An unknown id is fault.NotFound.
type Providers interface {
	List(ctx context.Context, tenant string) ([]Provider, error)
	Get(ctx context.Context, tenant, id string) (Provider, error)
	// Set puts settings in the place of those of the configuration. A secret that reads as its mask stays what it is.
	Set(ctx context.Context, tenant, id string, settings json.RawMessage) (Provider, error)
	// Reset goes back to the configuration's settings.
	Reset(ctx context.Context, tenant, id string) error
	// Check tries settings, those in use when they are empty, by a cheap request to the vendor.
	Check(ctx context.Context, tenant, id string, settings json.RawMessage) (ProviderCheck, error)
}

// Provider is a vendor of models, and how the tenant has set it.
type Provider struct {
	ID        string          `json:"id" example:"openai"`
	Name      string          `json:"name"`
	Offers    []string        `json:"offers" enum:"stt,llm,tts,s2s" doc:"Speech recognition, language models, voices, speech-to-speech models."`
	Source    string          `json:"source" enum:"default,configuration,console" doc:"Where the settings in use come from."`
	Settings  json.RawMessage `json:"settings" doc:"As the schema says. Secrets that are set read as a mask."`
	Schema    json.RawMessage `json:"schema" doc:"JSON schema of the settings, in the order of a form; secrets are writeOnly."`
	Checkable bool            `json:"checkable" doc:"The settings can be tried."`
	Present   bool            `json:"present" doc:"What it needs is there."`
	Found     string          `json:"found" doc:"What was found. Empty when nothing was."`
	Missing   string          `json:"missing" doc:"What was not, in one sentence. Empty when nothing is missing."`
	Mend      string          `json:"mend" doc:"A shell command that mends it. Empty when there is none."`
}

// ProviderCheck is what trying settings brought.
type ProviderCheck struct {
	OK      bool   `json:"ok"`
	Took    int64  `json:"took_ms"`
	Code    string `json:"code" doc:"Stable name of what is wrong; empty when nothing is."`
	Message string `json:"message" doc:"What is wrong, in English; empty when nothing is."`
}

type (
	providerPath struct {
		ID string `path:"id" maxLength:"64" example:"openai"`
	}
	providerList   Page[Provider]
	providersQuery struct {
		Search
		Paging
	}
	providerInput struct {
		ID   string `path:"id" maxLength:"64" example:"openai"`
		Body struct {
			Settings map[string]any `json:"settings" doc:"As the provider's schema says. A secret that reads as the mask stays what it is."`
		}
	}
)

var providerShelf = shelf[Provider]{
	id:    func(p Provider) string { return p.ID },
	words: func(p Provider) []string { return append([]string{p.ID, p.Name}, p.Offers...) },
}

func (a *api) providers() {
	const tag = "Providers"
	missing := []int{http.StatusNotFound}
	get(a, "/api/providers", "list-providers", tag, "List the providers and how they are set", nil, func(ctx context.Context, in *providersQuery) (providerList, error) {
		all, err := a.s.Providers.List(ctx, tenantOf(ctx))
		if err != nil {
			return providerList{}, err
		}
		page, err := providerShelf.page(all, in.Search, "", in.Paging)
		return providerList(page), err
	})
	get(a, "/api/providers/{id}", "get-provider", tag, "Get a provider and how it is set", missing, func(ctx context.Context, in *providerPath) (Provider, error) {
		return a.s.Providers.Get(ctx, tenantOf(ctx), in.ID)
	})
	change(a, "PUT", "/api/providers/{id}", "set-provider", tag, "Set a provider", 0, missing, func(ctx context.Context, in *providerInput) (Provider, error) {
		raw, err := json.Marshal(in.Body.Settings)
		if err != nil {
			return Provider{}, huma.Error400BadRequest("the settings cannot be read")
		}
		return a.s.Providers.Set(ctx, tenantOf(ctx), in.ID, raw)
	})
	remove(a, "DELETE", "/api/providers/{id}", "reset-provider", tag, "Go back to the configuration's settings", missing, func(ctx context.Context, in *providerPath) error {
		return a.s.Providers.Reset(ctx, tenantOf(ctx), in.ID)
	})
	change(a, "POST", "/api/providers/{id}/check", "check-provider", tag, "Try a provider's settings", 0, []int{http.StatusNotFound, http.StatusConflict}, func(ctx context.Context, in *providerInput) (ProviderCheck, error) {
		raw, err := json.Marshal(in.Body.Settings)
		if err != nil {
			return ProviderCheck{}, huma.Error400BadRequest("the settings cannot be read")
		}
		return a.s.Providers.Check(ctx, tenantOf(ctx), in.ID, raw)
	})
}
