package provider

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"sync"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
)

// Registry holds the vendors of this program and the models made from them. It is safe for concurrent use.
//
// A model is made when it is first asked for and kept until Close: one for each vendor, contract, configuration and way to the network (see WithHTTP), so
// that its connections and processes are shared by all conversations. Configurations are made by people, so they are few.
type Registry struct {
	list []Provider

	mu     sync.Mutex
	closed bool
	models map[string]*built
}

// built is a model in the making: whoever holds the token makes it.
type built struct {
	token chan struct{}
	model any
}

// NewRegistry lists vendors in the order given. An empty or repeated id is an error.
func NewRegistry(ps ...Provider) (*Registry, error) {
	seen := map[string]bool{}
	for _, p := range ps {
		if p.ID == "" || seen[p.ID] {
			return nil, fault.New(fault.Internal, "bad_provider_list", "the provider id %q is empty or listed twice", p.ID)
		}
		seen[p.ID] = true
	}
	return &Registry{list: slices.Clone(ps), models: map[string]*built{}}, nil
}

// All returns the vendors in the order they were listed.
func (r *Registry) All() []Provider { return slices.Clone(r.list) }

// Get returns a vendor; an unknown id is a fault.NotFound that names the nearest one.
func (r *Registry) Get(id string) (Provider, error) {
	ids := make([]string, len(r.list))
	for i, p := range r.list {
		if p.ID == id {
			return p, nil
		}
		ids[i] = p.ID
	}
	hint := ""
	if n := nearest(id, ids); n != "" {
		hint = "; did you mean " + strconv.Quote(n) + "?"
	}
	return Provider{}, fault.New(fault.NotFound, "unknown_provider", "there is no provider %q%s", id, hint).At("provider")
}

// STT returns the recogniser of that vendor and configuration, making it when it is the first to be asked for. ctx bounds
// the making, not the model's life. A vendor without one is a fault.Invalid "not_offered"; a failure is not remembered.
func (r *Registry) STT(ctx context.Context, id string, raw json.RawMessage) (stt.Model, error) {
	p, err := r.Get(id)
	if err != nil {
		return nil, err
	}
	return get(ctx, r, p, "speech recognition", raw, p.STT)
}

// LLM is STT for language models.
func (r *Registry) LLM(ctx context.Context, id string, raw json.RawMessage) (llm.Model, error) {
	p, err := r.Get(id)
	if err != nil {
		return nil, err
	}
	return get(ctx, r, p, "language models", raw, p.LLM)
}

// TTS is STT for voices.
func (r *Registry) TTS(ctx context.Context, id string, raw json.RawMessage) (tts.Model, error) {
	p, err := r.Get(id)
	if err != nil {
		return nil, err
	}
	return get(ctx, r, p, "voices", raw, p.TTS)
}

// S2S is STT for speech-to-speech models.
func (r *Registry) S2S(ctx context.Context, id string, raw json.RawMessage) (s2s.Model, error) {
	p, err := r.Get(id)
	if err != nil {
		return nil, err
	}
	return get(ctx, r, p, "speech-to-speech models", raw, p.S2S)
}

func get[M any](ctx context.Context, r *Registry, p Provider, what string, raw json.RawMessage,
	build func(context.Context, json.RawMessage) (M, error)) (M, error) {
	var none M
	if build == nil {
		return none, fault.New(fault.Invalid, "not_offered", "%s does not offer %s", p.Name, what).At("provider")
	}
	b, err := r.slot(p.ID + "\x00" + what + "\x00" + httpName(ctx) + "\x00" + canonical(raw))
	if err != nil {
		return none, err
	}
	select {
	case b.token <- struct{}{}:
		defer func() { <-b.token }()
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
	if m, ok := b.model.(M); ok {
		return m, nil
	}
	if r.isClosed() {
		return none, errClosed()
	}
	m, err := build(ctx, raw)
	if err != nil {
		return none, err
	}
	b.model = m
	return m, nil
}

func (r *Registry) slot(key string) (*built, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed()
	}
	b := r.models[key]
	if b == nil {
		b = &built{token: make(chan struct{}, 1)}
		r.models[key] = b
	}
	return b, nil
}

func (r *Registry) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

func errClosed() error {
	return fault.New(fault.Unavailable, "shutting_down", "the program is shutting down")
}

// Close closes the models that have something to close (io.Closer) and refuses to make others. It waits for models that
// are being made.
func (r *Registry) Close() error {
	r.mu.Lock()
	r.closed = true
	models := r.models
	r.models = nil
	r.mu.Unlock()

	var errs []error
	for _, b := range models {
		b.token <- struct{}{}
		if c, ok := b.model.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
		b.model = nil
		<-b.token
	}
	return errors.Join(errs...)
}

// canonical writes raw so that spacing and the order of keys make no difference; what is not JSON stays as it is, for the
// vendor's own error.
func canonical(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	if v == nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return string(raw)
	}
	return string(b)
}
