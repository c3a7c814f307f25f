package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"griot/internal/catalog"
	"griot/internal/fault"
	"griot/internal/model/tts"
	"griot/internal/provider"
	"griot/internal/voice"
)

// What the catalogues ask of the vendors, as the tenant in the context has set them.
type (
	modelVendors struct{ plans *planner }
	voiceVendors struct{ plans *planner }
)

// vendor finds a vendor, whether it is ready, its settings, and a key that differs with them and tells nothing of them.
func (p *planner) vendor(ctx context.Context, id string) (provider.Provider, provider.Presence, json.RawMessage, string, error) {
	v, err := p.models.Get(id)
	if err != nil {
		return v, provider.Presence{}, nil, "", err
	}
	raw, err := p.settings(ctx, id)
	if err != nil { // sealed with a key that is gone: to be entered again
		return v, provider.Presence{Missing: err.Error()}, nil, "", nil
	}
	sum := sha256.Sum256(raw)
	return v, p.here(ctx, v), raw, hex.EncodeToString(sum[:]), nil
}

// ids lists the vendors that the catalogues show: the scripted models only where they are chosen.
func (p *planner) ids() (out []string) {
	for _, v := range p.models.All() {
		if v.ID != "fake" || p.cfg.Speech.TTS == v.ID {
			out = append(out, v.ID)
		}
	}
	return out
}

// IDs implements catalog.Vendors.
func (m modelVendors) IDs() []string { return m.plans.ids() }

// Vendor implements catalog.Vendors.
func (m modelVendors) Vendor(ctx context.Context, id string) (catalog.Vendor, error) {
	v, here, raw, key, err := m.plans.vendor(ctx, id)
	if err != nil {
		return catalog.Vendor{}, err
	}
	out := catalog.Vendor{Name: v.Name, Presence: here, Key: key}
	if v.Models != nil {
		out.Models = func(ctx context.Context) ([]string, error) { return v.Models(m.plans.way(ctx, id), raw) }
	}
	return out, nil
}

// IDs implements voice.Vendors.
func (m voiceVendors) IDs() []string { return m.plans.ids() }

// Vendor implements voice.Vendors.
func (m voiceVendors) Vendor(ctx context.Context, id string) (voice.Vendor, error) {
	v, here, raw, key, err := m.plans.vendor(ctx, id)
	if err != nil {
		return voice.Vendor{}, err
	}
	if v.TTS == nil && v.S2S == nil && v.Voices == nil { // it writes and does not speak
		return voice.Vendor{}, fault.New(fault.NotFound, "not_offered", "%s offers no voices here", v.Name)
	}
	out := voice.Vendor{Name: v.Name, Presence: here, Key: key}
	if v.Voices != nil {
		out.Voices = func(ctx context.Context) ([]tts.Voice, error) { return v.Voices(m.plans.way(ctx, id), raw) }
	}
	if v.TTS != nil {
		out.Speech = func(ctx context.Context) (tts.Model, error) { return m.plans.models.TTS(m.plans.way(ctx, id), id, raw) }
	}
	return out, nil
}
