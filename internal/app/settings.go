package app

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"griot/internal/api"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/provider"
	"griot/internal/secret"
)

// checkLimit bounds the request by which settings are tried.
const checkLimit = 15 * time.Second

// providerSettings is how tenants set the vendors of models. Settings of the console are sealed as a whole, and stand in the place of the configuration's.
type providerSettings struct {
	plans *planner
	vault secret.Vault
}

func secretOf(vendor string) string { return "provider/" + vendor }

// saved is what was set in the console; fault.NotFound when nothing was.
func (s *providerSettings) saved(ctx context.Context, vendor string) (json.RawMessage, error) {
	return s.vault.Get(ctx, tenantOf(ctx), secretOf(vendor))
}

// inUse returns a vendor's settings and where they come from.
func (s *providerSettings) inUse(ctx context.Context, owner, vendor string) (json.RawMessage, string, error) {
	raw, err := s.vault.Get(ctx, owner, secretOf(vendor))
	switch {
	case err == nil:
		return raw, "console", nil
	case fault.KindOf(err) != fault.NotFound:
		return nil, "", err
	case len(s.plans.cfg.Providers[vendor]) > 0:
		return s.plans.cfg.Providers[vendor], "configuration", nil
	}
	return nil, "default", nil
}

// before returns what settings that are entered build on: those in use, as far as they are the tenant's own.
func (s *providerSettings) before(ctx context.Context, owner, vendor string) (json.RawMessage, error) {
	raw, source, err := s.inUse(ctx, owner, vendor)
	if lost(err) || err == nil && source != "console" && owner != tenant {
		return nil, nil
	}
	return raw, err
}

// lost reports whether settings are there and cannot be opened.
func lost(err error) bool {
	return fault.CodeOf(err) == "secret_key_missing" || fault.CodeOf(err) == "secret_damaged"
}

// List implements api.Providers.
func (s *providerSettings) List(ctx context.Context, owner string) ([]api.Provider, error) {
	var out []api.Provider
	for _, v := range s.plans.models.All() {
		p, err := s.show(ctx, owner, v)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Get implements api.Providers.
func (s *providerSettings) Get(ctx context.Context, owner, id string) (api.Provider, error) {
	v, err := s.plans.models.Get(id)
	if err != nil {
		return api.Provider{}, err
	}
	return s.show(ctx, owner, v)
}

func (s *providerSettings) show(ctx context.Context, owner string, v provider.Provider) (api.Provider, error) {
	p := api.Provider{ID: v.ID, Name: v.Name, Offers: offers(v), Schema: v.Schema, Checkable: v.Check != nil, Settings: json.RawMessage(`{}`)}
	raw, source, err := s.inUse(ctx, owner, v.ID)
	p.Source = source
	if lost(err) { // to be seen, and entered again
		p.Source, p.Missing = "console", err.Error()
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if source == "console" || owner == tenant { // what the operator has set is not other tenants' to read
		p.Settings = provider.Mask(raw, v.Schema)
	}
	if len(raw) == 0 {
		p.Settings = json.RawMessage(`{}`)
	}
	if owner != tenant && source == "console" {
		ctx = guardedBy(ctx, s.plans.guarded)
	}
	got := v.Present(ctx, raw)
	p.Present, p.Found, p.Missing, p.Mend = got.OK, got.Found, got.Missing, got.Mend
	return p, nil
}

func offers(v provider.Provider) []string {
	out := []string{}
	for _, o := range []struct {
		name string
		has  bool
	}{{"stt", v.STT != nil}, {"llm", v.LLM != nil}, {"tts", v.TTS != nil}, {"s2s", v.S2S != nil}} {
		if o.has {
			out = append(out, o.name)
		}
	}
	return out
}

// Set implements api.Providers.
func (s *providerSettings) Set(ctx context.Context, owner, id string, settings json.RawMessage) (api.Provider, error) {
	v, err := s.plans.models.Get(id)
	if err != nil {
		return api.Provider{}, err
	}
	was, err := s.before(ctx, owner, id)
	if err != nil {
		return api.Provider{}, err
	}
	raw, err := s.complete(owner, v, was, settings)
	if err != nil {
		return api.Provider{}, err
	}
	if err := s.vault.Put(ctx, owner, secretOf(id), raw); err != nil {
		return api.Provider{}, err
	}
	note(ctx, v, was, raw)
	s.plans.forget(owner, id)
	return s.show(ctx, owner, v)
}

// Reset implements api.Providers.
func (s *providerSettings) Reset(ctx context.Context, owner, id string) error {
	v, err := s.plans.models.Get(id)
	if err != nil {
		return err
	}
	identity.Target(ctx, id, v.Name)
	err = s.vault.Delete(ctx, owner, secretOf(id))
	if fault.KindOf(err) == fault.NotFound { // it is as the configuration has it
		identity.Quiet(ctx)
		err = nil
	}
	s.plans.forget(owner, id)
	return err
}

// Check implements api.Providers.
func (s *providerSettings) Check(ctx context.Context, owner, id string, settings json.RawMessage) (api.ProviderCheck, error) {
	v, err := s.plans.models.Get(id)
	if err != nil {
		return api.ProviderCheck{}, err
	}
	if v.Check == nil {
		return api.ProviderCheck{}, fault.New(fault.Conflict, "nothing_to_check", "%s has nothing to try.", v.Name)
	}
	raw, source, err := s.inUse(ctx, owner, id)
	if err != nil && !lost(err) {
		return api.ProviderCheck{}, err
	}
	text := string(bytes.TrimSpace(settings))
	tried := text != "{}" && text != "null"
	if tried {
		was, err := s.before(ctx, owner, id)
		if err != nil {
			return api.ProviderCheck{}, err
		}
		if raw, err = s.complete(owner, v, was, settings); err != nil {
			return api.ProviderCheck{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if owner != tenant && (source == "console" || tried) {
		ctx = guardedBy(ctx, s.plans.guarded)
	}
	began := time.Now()
	err = v.Check(ctx, raw)
	c := api.ProviderCheck{OK: err == nil, Took: time.Since(began).Milliseconds()}
	if err != nil {
		if c.Code, c.Message = fault.CodeOf(err), err.Error(); c.Code == "" {
			c.Code = "check_failed"
		}
	}
	return c, nil
}

// field is one of a vendor's settings.
type field struct {
	Type   string
	Secret bool   `json:"writeOnly"`
	Env    string `json:"x-env"`
}

func fieldsOf(v provider.Provider) map[string]field {
	var sc struct{ Properties map[string]field }
	_ = json.Unmarshal(v.Schema, &sc) // it is our own
	return sc.Properties
}

func values(raw json.RawMessage) map[string]any {
	m := map[string]any{}
	_ = json.Unmarshal(raw, &m) // what is no object has no values; the vendor says so
	return m
}

// complete puts the present secrets in the place of their masks, and validates. A secret is not sent to an address that was not there when it was entered: whoever may
// change the settings is not to learn it so.
func (s *providerSettings) complete(owner string, v provider.Provider, was, settings json.RawMessage) (json.RawMessage, error) {
	before, after, fields := values(was), values(settings), fieldsOf(v)
	moved := false
	for name, f := range fields {
		if !f.Secret && isAddress(name) && word(before[name]) != word(after[name]) {
			moved = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := fields[name]
		if !f.Secret {
			continue
		}
		given := word(after[name])
		switch {
		case given != "" && given != provider.Masked:
			continue
		case moved:
			return nil, fault.New(fault.Invalid, "secret_again", "The address has changed: enter %s again; any word when the server needs none.", name).At("body.settings." + name)
		case owner != tenant && (word(before[name]) == "" || given == "") && f.Env != "":
			return nil, fault.New(fault.Invalid, "secret_needed", "Enter %s: what the operator has is not used for this tenant's own settings.", name).At("body.settings." + name)
		case given == provider.Masked:
			after[name] = before[name]
		}
	}
	raw, err := json.Marshal(after)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "invalid_config", "the settings cannot be read")
	}
	return raw, v.Validate(raw)
}

// isAddress reports whether a setting says where requests go.
func isAddress(name string) bool {
	return slices.ContainsFunc([]string{"url", "endpoint", "host", "address", "resource", "region"}, func(s string) bool { return strings.Contains(name, s) })
}

func word(v any) string {
	s, _ := v.(string)
	return strings.TrimSpace(s)
}

// note writes what changed into the audit trail, without secrets.
func note(ctx context.Context, v provider.Provider, was, is json.RawMessage) {
	identity.Target(ctx, v.ID, v.Name)
	before, after, fields := values(was), values(is), fieldsOf(v)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		from, to := shown(before[name]), shown(after[name])
		if from != to && fields[name].Secret {
			from, to = "", "changed"
		}
		identity.Note(ctx, name, from, to)
	}
}

func shown(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
