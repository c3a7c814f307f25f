package phone

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// Statuses of text messages.
const (
	Received = "received"
	Queued   = "queued"
)

func newID(prefix string) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it never fails
	return prefix + hex.EncodeToString(b[:])
}

// SendText sends a message and notes it. t.Agent and t.Conversation say on whose behalf, and may be empty.
func (s *Service) SendText(ctx context.Context, t Text) (Text, error) {
	c, err := s.texting(t.Carrier)
	if err != nil {
		return t, err
	}
	if t.From, err = s.shown(ctx, t.Tenant, t.From); err != nil {
		return t, err
	}
	m := telephony.Text{Tenant: t.Tenant, From: t.From, To: t.To, Body: t.Body}
	t.Carrier = c.ID
	if named, ok := c.Line.(Texter); ok {
		t.CarrierID, err = named.Text(ctx, m)
	} else {
		err = c.Line.SendText(ctx, m)
	}
	if err != nil {
		return t, err
	}
	if t.From == "" {
		t.From = c.From
	}
	t.ID, t.Direction, t.Status, t.Created = newID("txt_"), telephony.Outbound, Queued, time.Now().UTC().Truncate(time.Millisecond)
	t.To = telephony.Number(t.To)
	// It has gone: that it could not be written down is no reason to send it again.
	if err := s.o.Store.PutPhoneText(context.WithoutCancel(ctx), t); err != nil {
		s.o.Log.Error("a text message that was sent could not be written down", "carrier_id", t.CarrierID, "error", err)
	}
	return t, nil
}

// texting finds a carrier for text messages.
func (s *Service) texting(id string) (Carrier, error) {
	if id != "" {
		return s.carrier(id)
	}
	for _, c := range s.carriers {
		if c.Line != nil && c.Texts {
			return c, nil
		}
	}
	return Carrier{}, fault.New(fault.Unavailable, "no_carrier", "No carrier for text messages is set up, so nothing was sent.")
}

// Took notes a message that came.
func (s *Service) Took(ctx context.Context, t Text) (Text, error) {
	t.ID, t.Direction, t.Status, t.Created = newID("txt_"), telephony.Inbound, Received, time.Now().UTC().Truncate(time.Millisecond)
	return t, s.o.Store.PutPhoneText(ctx, t)
}

// Keep changes what is noted of a message.
func (s *Service) Keep(ctx context.Context, t Text) error { return s.o.Store.PutPhoneText(ctx, t) }

// rank orders what is told of a message, which comes in any order.
var rank = map[string]int{Queued: 1, "sending": 2, "sent": 3, "delivered": 4, "undelivered": 4, "failed": 4}

// Delivered notes what became of a message of ours. What is told late changes nothing.
func (s *Service) Delivered(ctx context.Context, carrier, carrierID, status, problem string) error {
	t, err := s.o.Store.PhoneTextOf(ctx, carrier, carrierID)
	if err != nil {
		return err
	}
	if rank[status] <= rank[t.Status] {
		return nil
	}
	t.Status, t.Error = status, problem
	return s.o.Store.PutPhoneText(ctx, t)
}
