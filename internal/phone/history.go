package phone

import (
	"context"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// Call returns a call, whether it goes on or not.
func (s *Service) Call(ctx context.Context, tenant, id string) (telephony.Call, error) {
	for _, c := range s.carriers {
		if c.Line == nil {
			continue
		}
		if call, err := c.Line.Call(id); err == nil && call.Tenant == tenant {
			return call, nil
		}
	}
	s.mu.Lock()
	call, ok := s.pending[id] // it has just ended, and is not written yet
	s.mu.Unlock()
	if ok && call.Tenant == tenant {
		return call, nil
	}
	kept, err := s.o.Store.PhoneCall(ctx, tenant, id)
	return kept.Call, err
}

// Calls lists a tenant's calls, newest first, and how many there are in all.
func (s *Service) Calls(ctx context.Context, tenant string, f Filter) ([]telephony.Call, int, error) {
	list, n, err := s.o.Store.ListPhoneCalls(ctx, tenant, f)
	out := make([]telephony.Call, len(list))
	for i, c := range list {
		out[i] = c.Call
	}
	return out, n, err
}

// DeleteCall removes a call that is over from the history, at its carrier too. Its conversation stays.
func (s *Service) DeleteCall(ctx context.Context, tenant, id string) error {
	for _, c := range s.Live(tenant) {
		if c.ID == id {
			return fault.New(fault.Conflict, "call_active", "The call goes on: end it before.")
		}
	}
	c, err := s.o.Store.PhoneCall(ctx, tenant, id)
	if err != nil {
		return err
	}
	if a := s.archive(c.Carrier); a != nil && c.CarrierID != "" {
		if err := a.RemoveCall(ctx, c.CarrierID); err != nil {
			return err
		}
	}
	return s.o.Store.DeletePhoneCall(ctx, tenant, id)
}

// Texts lists a tenant's text messages, newest first, and how many there are in all.
func (s *Service) Texts(ctx context.Context, tenant string, f Filter) ([]Text, int, error) {
	return s.o.Store.ListPhoneTexts(ctx, tenant, f)
}

// DeleteText removes a text message, at its carrier too.
func (s *Service) DeleteText(ctx context.Context, tenant, id string) error {
	t, err := s.o.Store.PhoneText(ctx, tenant, id)
	if err != nil {
		return err
	}
	if a := s.archive(t.Carrier); a != nil && t.CarrierID != "" {
		if err := a.RemoveText(ctx, t.CarrierID); err != nil {
			return err
		}
	}
	return s.o.Store.DeletePhoneText(ctx, tenant, id)
}
