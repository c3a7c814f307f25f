// Package tooltest has what tests of tools need.
package tooltest

import (
	"context"
	"slices"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/tool"
)

// Effects is a tool.EffectStore in memory.
type Effects struct {
	mu   sync.Mutex
	list []tool.Effect
	Fail error // what every write returns; nil for none
}

var _ tool.EffectStore = (*Effects)(nil)

func (s *Effects) at(tenant, id string) int {
	return slices.IndexFunc(s.list, func(e tool.Effect) bool { return e.Tenant == tenant && e.ID == id })
}

// CreateEffect implements tool.EffectStore.
func (s *Effects) CreateEffect(_ context.Context, e tool.Effect) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Fail != nil {
		return s.Fail
	}
	s.list = append(s.list, e)
	return nil
}

// ChangeEffect implements tool.EffectStore.
func (s *Effects) ChangeEffect(_ context.Context, e tool.Effect, from tool.State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.at(e.Tenant, e.ID)
	if i < 0 || s.list[i].State != from {
		return fault.New(fault.Conflict, "effect_changed", "The effect is in another state.")
	}
	if s.Fail != nil {
		return s.Fail
	}
	s.list[i] = e
	return nil
}

// Effect implements tool.EffectStore.
func (s *Effects) Effect(_ context.Context, tenant, id string) (tool.Effect, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.at(tenant, id); i >= 0 {
		return s.list[i], nil
	}
	return tool.Effect{}, fault.New(fault.NotFound, "effect_not_found", "There is no effect %q.", id)
}

// ListEffects implements tool.EffectStore.
func (s *Effects) ListEffects(_ context.Context, tenant string, f tool.EffectFilter) ([]tool.Effect, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []tool.Effect
	for _, e := range slices.Backward(s.list) {
		if e.Tenant == tenant && (f.State == "" || e.State == f.State) && (!f.Approval || e.Approval) && (f.Tool == "" || e.Tool == f.Tool) && (f.Session == "" || e.Session == f.Session) {
			out = append(out, e)
		}
	}
	return out, len(out), nil
}

// AbandonEffects implements tool.EffectStore.
func (s *Effects) AbandonEffects(_ context.Context, node string, before time.Time) (n int, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list {
		e := &s.list[i]
		if e.Node != node || e.State == tool.Confirmed || e.State == tool.Failed || !e.ProposedAt.Before(before) {
			continue
		}
		e.Code = tool.CodeExpired
		if e.State == tool.Sent {
			e.Code = tool.CodeUnknown
		}
		e.State, e.SettledAt = tool.Failed, before
		n++
	}
	return n, nil
}

// All lists what is there, oldest first.
func (s *Effects) All() []tool.Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}
