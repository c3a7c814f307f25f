package app

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"griot/internal/fault"
	"griot/internal/phone"
	"griot/internal/telephony"
	"griot/internal/telephony/twilio"
)

// openTwilio opens the account at Twilio; there is none without twilio.account_sid.
func (a *App) openTwilio() error {
	cfg := a.cfg.Twilio
	if !cfg.Enabled() {
		return nil
	}
	o := twilio.Options{Account: cfg.AccountSID, Token: cfg.AuthToken, Key: cfg.APIKey, Secret: cfg.APISecret, API: cfg.API, Public: cmp.Or(cfg.PublicURL, a.URL()), From: telephony.Number(cfg.From), Tenant: tenant, Ring: cfg.Ring,
		Hang: cfg.Machines == "hang_up", Record: cfg.Record, Host: phoneHost{a}, Log: a.log,
		Directory: a.desk.Answers, Observe: a.desk.Observe, Texted: a.texts.came,
		Delivered: func(ctx context.Context, d twilio.Delivery) {
			if err := a.desk.Delivered(ctx, twilio.Carrier, d.SID, d.Status, d.ErrorCode); err != nil {
				a.log.Warn("what became of a text message could not be noted", "sid", d.SID, "status", d.Status, "error", err)
			}
		},
		Recorded: func(_ context.Context, r twilio.Recording) {
			a.log.Info("Twilio has a recording", "sid", r.SID, "call", r.CallSID, "status", r.Status, "duration", r.Duration)
		},
	}
	for _, n := range cfg.Numbers {
		number, agent, _ := strings.Cut(n, "=")
		o.Numbers = append(o.Numbers, twilio.Number{Number: strings.TrimSpace(number), Agent: strings.TrimSpace(agent)})
	}
	line, err := twilio.Open(o)
	if err != nil {
		return fmt.Errorf("open the account at Twilio (settings twilio): %w", err)
	}
	a.twilio = line
	a.onClose(line.Close)
	if !strings.HasPrefix(o.Public, "https://") {
		a.log.Warn("Twilio opens the sound of calls only by TLS: set twilio.public_url to an https address that reaches this server", "public_url", o.Public)
	}
	a.log.Info("Twilio is ready", "webhook_of_calls", o.Public+twilio.Path+"voice", "webhook_of_messages", o.Public+twilio.Path+"text", "webhook_of_status", o.Public+twilio.Path+"status")
	return nil
}

// texter sends the text messages of agents' tools.
type texter struct{ a *App }

// Text implements builtin.Texter.
func (t texter) Text(ctx context.Context, tenant, to, text string) error {
	if t.a.desk == nil {
		return fault.New(fault.Unavailable, "no_carrier", "no carrier for text messages is set up, so nothing was sent")
	}
	_, err := t.a.desk.SendText(ctx, phone.Text{Tenant: tenant, To: to, Body: text})
	return err
}
