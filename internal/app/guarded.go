package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/outbound"
	"griot/internal/provider"
)

// guardedHTTP is the way out for models at addresses that tenants chose. The operator's own may be anywhere, also on this machine.
func guardedHTTP(c config.Outbound) (*outbound.Client, error) {
	var o outbound.Options
	for _, a := range c.Allow {
		p, err := config.ParsePrefix(a)
		if err != nil {
			return nil, fmt.Errorf("outbound.allow: %w", err)
		}
		o.Allow = append(o.Allow, p)
	}
	if c.Proxy != "" {
		u, err := url.Parse(c.Proxy)
		if err != nil {
			return nil, fault.New(fault.Invalid, "bad_value", "outbound.proxy is no address")
		}
		o.Proxy = u
	}
	return outbound.New(o), nil
}

// guardedBy sends what a vendor's models ask through the guarded way.
func guardedBy(ctx context.Context, c *http.Client) context.Context {
	if c == nil {
		return ctx
	}
	return provider.WithHTTP(ctx, "guarded", c)
}

// configured are a vendor's settings, and the context in which its models are made: with the guarded way out where another tenant than the operator's has set them.
func (p *planner) configured(ctx context.Context, vendor string) (context.Context, json.RawMessage, error) {
	if p.saved != nil && tenantOf(ctx) != tenant {
		switch raw, err := p.saved(ctx, vendor); {
		case err == nil:
			return guardedBy(ctx, p.guarded), raw, nil
		case fault.KindOf(err) != fault.NotFound:
			return ctx, nil, fmt.Errorf("settings of %s: %w", vendor, err)
		}
	}
	raw, err := p.settings(ctx, vendor)
	return ctx, raw, err
}

// way is the context of configured alone.
func (p *planner) way(ctx context.Context, vendor string) context.Context {
	guarded, _, err := p.configured(ctx, vendor)
	if err != nil {
		return ctx
	}
	return guarded
}
