package app

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/outbound"
	"griot/internal/provider/llmtest"
)

// A tenant's own address is reached by the guarded way: not this machine, unless the operator allows it. The operator's may be anywhere, also for tenants that use it.
func TestTenantsAddressesAreGuarded(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: map[string][]llmtest.Answer{"good": {{Text: "Good morning."}}}})
	settings := json.RawMessage(`{"api_key":"test-key","model":"good","base_url":"` + s.URL + `/v1"}`)
	other := identity.With(t.Context(), identity.Principal{Tenant: "other"})
	ask := func(cfg config.Config, ctx context.Context, own bool) error {
		cfg.Data = t.TempDir()
		a := &App{cfg: cfg}
		require.NoError(t, a.openPlans())
		defer a.Close()
		a.plans.saved = func(context.Context, string) (json.RawMessage, error) {
			if own {
				return settings, nil
			}
			return nil, fault.New(fault.NotFound, "secret_not_found", "none")
		}
		m, err := a.plans.writes(ctx, "openai", "good")
		require.NoError(t, err)
		return llmtest.Ask(ctx, m, llmtest.Hello()).Err
	}
	cfg := config.Default()
	require.Equal(t, outbound.CodeRefused, fault.CodeOf(ask(cfg, other, true)))
	require.NoError(t, ask(cfg, t.Context(), true), "the operator's tenant")
	cfg.Providers = map[string]json.RawMessage{"openai": settings}
	require.NoError(t, ask(cfg, other, false), "what the operator has set")
	cfg.Outbound.Allow = []string{"127.0.0.1"}
	require.NoError(t, ask(cfg, other, true), "what the operator allows")
}
