package phone

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// Answers is the carriers' telephony.Directory. What a person has set in the console comes before the configuration.
func (s *Service) Answers(ctx context.Context, number string) (tenant, agent string) {
	number = telephony.Number(number)
	bare := strings.TrimPrefix(number, "+")
	for _, n := range []string{number, "+" + bare, bare} {
		found, err := s.o.Store.PhoneNumber(ctx, n)
		if err == nil {
			return found.Tenant, found.Agent
		}
		if fault.KindOf(err) != fault.NotFound {
			s.o.Log.Error("the table of numbers cannot be read", "error", err)
			return "", ""
		}
	}
	return "", ""
}

// Numbers lists a tenant's numbers. The operator's tenant sees all, and those of the configuration.
func (s *Service) Numbers(ctx context.Context, tenant string) ([]Number, error) {
	of := tenant
	if tenant == s.o.Home {
		of = ""
	}
	out, err := s.o.Store.ListPhoneNumbers(ctx, of)
	if err != nil || tenant != s.o.Home {
		return out, err
	}
	for _, c := range s.carriers {
		for _, n := range c.Numbers {
			n.Fixed, n.Carrier, n.Tenant = true, c.ID, s.o.Home
			if !slices.ContainsFunc(out, func(o Number) bool { return !o.Fixed && same(o.Number, n.Number) }) {
				out = append(out, n)
			}
		}
	}
	return out, nil
}

func same(a, b string) bool {
	return strings.TrimPrefix(telephony.Number(a), "+") == strings.TrimPrefix(telephony.Number(b), "+")
}

const labelMost = 100 // characters

// SetNumber says which agent answers a number, and returns how it was before; its Number is empty when there was none. Numbers are the operator's: another tenant sets those that it was given, by n.Tenant.
func (s *Service) SetNumber(ctx context.Context, tenant string, n Number) (now, before Number, err error) {
	n.Number = telephony.Number(n.Number)
	digits := strings.TrimPrefix(n.Number, "+")
	if digits == "" || len(digits) > 20 || strings.Trim(digits, "0123456789*#") != "" {
		return now, before, fault.New(fault.Invalid, "bad_value", "%q is no telephone number such as +33123456789, and no extension.", n.Number).At("path.number")
	}
	if utf8.RuneCountInString(n.Label) > labelMost {
		return now, before, fault.New(fault.Invalid, "bad_value", "The label has more than %d characters.", labelMost).At("body.label")
	}
	before, err = s.o.Store.PhoneNumber(ctx, n.Number)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return now, before, err
	}
	switch {
	case tenant != s.o.Home && before.Tenant != tenant:
		return now, before, ErrNoNumber(n.Number)
	case tenant != s.o.Home || n.Tenant == "":
		n.Tenant = tenant
		if tenant == s.o.Home && before.Tenant != "" {
			n.Tenant = before.Tenant
		}
	}
	if n.Agent != "" {
		if err := s.o.Agent(ctx, n.Tenant, n.Agent); err != nil {
			return now, before, err
		}
	}
	n.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
	err = s.o.Store.PutPhoneNumber(ctx, n)
	if fault.CodeOf(err) == "constraint" { // what a number refers to is its tenant alone
		f := fault.New(fault.NotFound, "tenant_not_found", "There is no tenant %q.", n.Tenant)
		f.Params = map[string]string{"id": n.Tenant}
		err = f.At("body.tenant")
	}
	return n, before, err
}

// DeleteNumber takes a number out of the table. A tenant that was given it gives it back.
func (s *Service) DeleteNumber(ctx context.Context, tenant, number string) error {
	number = telephony.Number(number)
	n, err := s.o.Store.PhoneNumber(ctx, number)
	if err != nil {
		return err
	}
	if tenant != s.o.Home && n.Tenant != tenant {
		return ErrNoNumber(number)
	}
	return s.o.Store.DeletePhoneNumber(ctx, number)
}

// Consent is what callers are told before the agent's greeting.
type Consent struct {
	Enabled bool              `json:"enabled"`
	Texts   map[string]string `json:"texts,omitempty"` // by language: en, fr, es; ours where it is missing or empty
}

// Spoken are the texts that are said where a tenant has set none.
var Spoken = map[string]string{
	"en": "This call is answered by an automated assistant and is recorded.",
	"fr": "Cet appel est pris en charge par un assistant automatique et il est enregistré.",
	"es": "Esta llamada la atiende un asistente automático y se graba.",
}

const (
	consentKey  = "phone.consent"
	consentMost = 500 // characters of one language
)

// Consent returns a tenant's; switched off where nothing was set.
func (s *Service) Consent(ctx context.Context, tenant string) (Consent, error) {
	var c Consent
	raw, err := s.o.Store.Setting(ctx, tenant, consentKey)
	if fault.KindOf(err) == fault.NotFound {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return c, fault.Wrap(err, fault.Internal, "setting_damaged", "the consent of callers cannot be read")
	}
	return c, nil
}

// SetConsent sets it.
func (s *Service) SetConsent(ctx context.Context, tenant string, c Consent) error {
	for lang, text := range c.Texts {
		if Spoken[lang] == "" {
			return fault.New(fault.Invalid, "bad_value", "There is no text in %q: give en, fr and es.", lang).At("body.texts." + lang)
		}
		if utf8.RuneCountInString(text) > consentMost {
			return fault.New(fault.Invalid, "bad_value", "The text has more than %d characters.", consentMost).At("body.texts." + lang)
		}
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.o.Store.PutSetting(ctx, tenant, consentKey, string(raw))
}

// Announcement is what a tenant's callers are told first in a language (BCP 47); empty for nothing.
func (s *Service) Announcement(ctx context.Context, tenant, lang string) (string, error) {
	c, err := s.Consent(ctx, tenant)
	if err != nil || !c.Enabled {
		return "", err
	}
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	if Spoken[base] == "" {
		base = "en"
	}
	if text := strings.TrimSpace(c.Texts[base]); text != "" {
		return text, nil
	}
	return Spoken[base], nil
}
