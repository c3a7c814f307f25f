package app

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"griot/internal/blob"
	"griot/internal/fault"
	"griot/internal/phone"
	"griot/internal/store"
	"griot/internal/telephony"
	"griot/internal/telephony/sipline"
	"griot/internal/telephony/twilio"
)

// openDesk opens the telephones of tenants, and the carriers that are set up.
func (a *App) openDesk(ctx context.Context, db *store.Store, files blob.Store, node string) error {
	a.desk = phone.New(phone.Options{Store: db, Blobs: files, Node: node, Home: tenant, Log: a.log, Agent: func(ctx context.Context, owner, ref string) error {
		_, err := a.plans.agents.Get(ctx, owner, ref)
		return err
	}})
	a.onClose(a.desk.Close)
	if _, err := a.desk.Recover(ctx); err != nil {
		return fmt.Errorf("close the telephone calls of the last run: %w", err)
	}
	a.texts = newTexting(a)
	a.onClose(a.texts.Close)
	if err := a.openPhone(); err != nil {
		return err
	}
	if err := a.openTwilio(); err != nil {
		return err
	}
	a.desk.Use(a.sipCarrier())
	a.desk.Use(a.twilioCarrier())
	return nil
}

// tableOf is a configuration's table of numbers.
func tableOf(entries []string) (out []phone.Number) {
	for _, n := range entries {
		number, agent, _ := strings.Cut(n, "=")
		out = append(out, phone.Number{Number: strings.TrimSpace(number), Agent: strings.TrimSpace(agent)})
	}
	return out
}

func item(id string, ok bool, detail string) phone.Item {
	return phone.Item{ID: id, OK: ok, Detail: detail}
}

// answered is the item of the numbers that somebody answers.
func (a *App) answered(fixed []phone.Number) phone.Item {
	n := len(fixed)
	if more, err := a.desk.Numbers(context.Background(), tenant); err == nil { // from the database: it bounds itself
		for _, x := range more {
			if !x.Fixed && x.Agent != "" {
				n++
			}
		}
	}
	return item("numbers", n > 0, fmt.Sprint(n))
}

// sipCarrier is SIP as the desk sees it.
func (a *App) sipCarrier() phone.Carrier {
	cfg := a.cfg.SIP
	c := phone.Carrier{ID: sipline.Carrier, Name: "SIP", Numbers: tableOf(cfg.Numbers), Texts: true}
	listen := strings.Join(strings.Fields(cfg.UDP+" "+cfg.TCP+" "+cfg.TLS), ", ")
	c.Items = func() []phone.Item {
		out := []phone.Item{item("listen", cfg.Enabled(), listen), item("trunks", len(cfg.Trunks) > 0, fmt.Sprint(len(cfg.Trunks)))}
		if a.phone != nil {
			out = append(out, trunkItems(a.phone.Trunks())...)
		}
		return append(out, a.answered(c.Numbers))
	}
	if a.phone == nil {
		return c
	}
	c.Line = a.phone
	c.Test = func(ctx context.Context) ([]phone.Item, error) { return trunkItems(a.phone.Test(ctx)), nil }
	return c
}

// trunkItems says how trunks do.
func trunkItems(list []sipline.Status) (out []phone.Item) {
	for _, t := range list {
		out = append(out, item("trunk:"+t.Name, t.Reachable && (t.Registered || !t.Registers), t.Problem))
	}
	return out
}

// twilioCarrier is Twilio as the desk sees it.
func (a *App) twilioCarrier() phone.Carrier {
	cfg := a.cfg.Twilio
	c := phone.Carrier{ID: twilio.Carrier, Name: "Twilio", Numbers: tableOf(cfg.Numbers), From: telephony.Number(cfg.From), Texts: true}
	public := cmp.Or(cfg.PublicURL, a.URL())
	c.Items = func() []phone.Item {
		return []phone.Item{item("account", cfg.AccountSID != "", cfg.AccountSID), item("token", cfg.AuthToken != "", ""), item("from", c.From != "", c.From),
			item("public_url", strings.HasPrefix(public, "https://"), public), a.answered(c.Numbers)}
	}
	if a.twilio == nil {
		return c
	}
	c.Line, c.Archive, c.Test = a.twilio, a.twilio.Archive(), a.testTwilio
	return c
}

// testTwilio asks Twilio whether the account can be used, and whether its numbers lead here.
func (a *App) testTwilio(ctx context.Context) ([]phone.Item, error) {
	account, err := a.twilio.Account(ctx)
	if err != nil {
		return nil, err
	}
	out := []phone.Item{item("account", account.Status == "active", strings.TrimSpace(account.Status+" "+account.Type))}
	numbers, err := a.twilio.NumberHooks(ctx)
	if err != nil {
		return out, fault.Wrap(err, fault.KindOf(err), fault.CodeOf(err), "ask Twilio for the account's numbers")
	}
	if len(numbers) == 0 {
		out = append(out, item("rented", false, ""))
	}
	voice, text := a.twilio.Hook("voice"), a.twilio.Hook("text")
	for _, n := range numbers {
		out = append(out, item("voice_hook:"+n.Number, n.Voice == voice, n.Voice), item("text_hook:"+n.Number, n.Text == text, n.Text))
	}
	return out, nil
}
