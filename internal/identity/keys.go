package identity

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/fault"
)

// KeyPrefix begins every API key, so that scanners of sources find one that was left there.
const KeyPrefix = "griot_"

// Lives of a key.
const (
	defaultKeyLife = 90 * 24 * time.Hour
	mostKeyLife    = 5 * 366 * 24 * time.Hour
)

// NewKey is what is asked for.
type NewKey struct {
	Name      string
	Scopes    []Permission
	ExpiresAt time.Time // zero means in 90 days
}

// CreateKey makes a key and returns it with its secret, which is kept nowhere. Nobody gives a key what they may not do themselves.
func (s *Service) CreateKey(ctx context.Context, p Principal, n NewKey) (Key, string, error) {
	name := strings.Join(strings.Fields(n.Name), " ")
	if name == "" || utf8.RuneCountInString(name) > 100 {
		return Key{}, "", fault.New(fault.Invalid, "bad_name", "A key's name has from 1 to 100 characters.").At("body.name")
	}
	if len(n.Scopes) == 0 {
		return Key{}, "", fault.New(fault.Invalid, "no_scope", "Choose at least one thing that the key may do.").At("body.scopes")
	}
	var scopes []Permission
	for _, sc := range n.Scopes {
		if !slices.Contains(Scopes(), sc) {
			return Key{}, "", fault.New(fault.Invalid, "unknown_scope", "%q is nothing that a key may do.", clip(string(sc))).At("body.scopes")
		}
		if !p.May(sc) {
			return Key{}, "", fault.New(fault.Denied, "scope_too_wide", "You may not do %q yourself.", sc).At("body.scopes")
		}
		if !slices.Contains(scopes, sc) {
			scopes = append(scopes, sc)
		}
	}
	now := s.now()
	if n.ExpiresAt.IsZero() {
		n.ExpiresAt = now.Add(defaultKeyLife)
	}
	if !n.ExpiresAt.After(now) || n.ExpiresAt.After(now.Add(mostKeyLife)) {
		return Key{}, "", fault.New(fault.Invalid, "bad_expiry", "A key expires in the future, and within five years.").At("body.expires_at")
	}
	secret := token(KeyPrefix)
	k := Key{Tenant: p.Tenant, ID: newID(), Name: name, Hint: secret[:len(KeyPrefix)+4], Hash: digest(secret), Scopes: scopes, CreatedBy: p.Name(), CreatedAt: now,
		ExpiresAt: n.ExpiresAt.UTC().Truncate(time.Millisecond)}
	if err := s.store.CreateKey(ctx, k); err != nil {
		return Key{}, "", err
	}
	Target(ctx, k.ID, k.Name)
	Note(ctx, "scopes", "", joined(scopes))
	Note(ctx, "expires_at", "", k.ExpiresAt.Format(time.RFC3339))
	return k, secret, nil
}

func joined(ps []Permission) string {
	var b []string
	for _, p := range ps {
		b = append(b, string(p))
	}
	return strings.Join(b, " ")
}

// Keys lists a tenant's keys, newest first.
func (s *Service) Keys(ctx context.Context, tenant string) ([]Key, error) {
	return s.store.Keys(ctx, tenant)
}

// DeleteKey revokes a key.
func (s *Service) DeleteKey(ctx context.Context, tenant, id string) error {
	all, err := s.store.Keys(ctx, tenant)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.ID == id {
			Target(ctx, id, k.Name)
		}
	}
	return s.store.DeleteKey(ctx, tenant, id)
}

// Key recognises a program by the key that it presents: one of the configuration, or one that was made here. The fault is Unknown "wrong_key" or
// "key_expired".
func (s *Service) Key(ctx context.Context, secret string, from Principal) (Principal, error) {
	p := from
	if s.configKey(secret) {
		p.Kind, p.Tenant, p.Role = ByConfig, DefaultTenant, Manager
		return p, nil
	}
	wrong := fault.New(fault.Unknown, "wrong_key", "The key is not one of this server's.")
	if !strings.HasPrefix(secret, KeyPrefix) {
		return from, wrong
	}
	k, err := s.store.KeyByHash(ctx, digest(secret))
	if fault.KindOf(err) == fault.NotFound {
		return from, wrong
	} else if err != nil {
		return from, err
	}
	now := s.now()
	if !now.Before(k.ExpiresAt) {
		return from, fault.New(fault.Unknown, "key_expired", "The key has expired. Make another one.")
	}
	if now.Sub(k.UsedAt) >= seenWithin {
		if err := s.store.KeyUsed(ctx, k.Tenant, k.ID, now, from.Address); err != nil {
			s.log.Warn("the use of a key is not noted", "error", err)
		}
	}
	p.Kind, p.Tenant, p.Key = ByKey, k.Tenant, k
	return p, nil
}
