package store

import (
	"context"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/identity"
)

type keyRow struct {
	Tenant    string `db:"tenant_id"`
	ID        string `db:"id"`
	Name      string `db:"name"`
	Hint      string `db:"hint"`
	Hash      string `db:"hash"`
	Scopes    string `db:"scopes"` // separated by spaces
	CreatedBy string `db:"created_by"`
	CreatedAt int64  `db:"created_at"`
	ExpiresAt int64  `db:"expires_at"`
	UsedAt    int64  `db:"used_at"`
	UsedFrom  string `db:"used_from"`
}

func (r keyRow) key() identity.Key {
	k := identity.Key{Tenant: r.Tenant, ID: r.ID, Name: r.Name, Hint: r.Hint, Hash: r.Hash, CreatedBy: r.CreatedBy, CreatedAt: when(r.CreatedAt), ExpiresAt: when(r.ExpiresAt),
		UsedAt: when(r.UsedAt), UsedFrom: r.UsedFrom}
	for _, sc := range strings.Fields(r.Scopes) {
		k.Scopes = append(k.Scopes, identity.Permission(sc))
	}
	return k
}

func keyNotFound() error {
	return fault.New(fault.NotFound, "key_not_found", "There is no such key.")
}

// CreateKey implements identity.Keys.
func (s *Store) CreateKey(ctx context.Context, k identity.Key) error {
	scopes := make([]string, len(k.Scopes))
	for i, sc := range k.Scopes {
		scopes[i] = string(sc)
	}
	err := insert(ctx, s, s.write, "api_keys", keyRow{Tenant: clean(k.Tenant), ID: k.ID, Name: clean(k.Name), Hint: k.Hint, Hash: k.Hash, Scopes: clean(strings.Join(scopes, " ")),
		CreatedBy: clean(k.CreatedBy), CreatedAt: ms(k.CreatedAt), ExpiresAt: ms(k.ExpiresAt), UsedAt: ms(k.UsedAt), UsedFrom: clean(k.UsedFrom)})
	if err != nil {
		return s.dialect.fault(err, "keep the key")
	}
	return nil
}

// Keys implements identity.Keys.
func (s *Store) Keys(ctx context.Context, tenant string) ([]identity.Key, error) {
	rows, err := all[keyRow](ctx, s, s.read, "SELECT "+columns[keyRow]()+" FROM api_keys WHERE tenant_id = ? ORDER BY created_at DESC, id DESC", clean(tenant))
	if err != nil {
		return nil, s.dialect.fault(err, "list the keys")
	}
	return convert(rows, keyRow.key), nil
}

// DeleteKey implements identity.Keys.
func (s *Store) DeleteKey(ctx context.Context, tenant, id string) error {
	return s.touch(ctx, "revoke the key", keyNotFound(), "DELETE FROM api_keys WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
}

// KeyByHash implements identity.Keys.
func (s *Store) KeyByHash(ctx context.Context, hash string) (identity.Key, error) {
	r, err := one[keyRow](ctx, s, s.read, "read the key", keyNotFound(), "SELECT "+columns[keyRow]()+" FROM api_keys WHERE hash = ?", clean(hash))
	return r.key(), err
}

// KeyUsed implements identity.Keys.
func (s *Store) KeyUsed(ctx context.Context, tenant, id string, at time.Time, from string) error {
	return s.touch(ctx, "note the use of the key", keyNotFound(), "UPDATE api_keys SET used_at = ?, used_from = ? WHERE tenant_id = ? AND id = ?",
		ms(at), clean(from), clean(tenant), clean(id))
}
