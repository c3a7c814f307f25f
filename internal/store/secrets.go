package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"griot/internal/fault"
	"griot/internal/secret"
)

var _ secret.Store = (*Store)(nil)

type secretRow struct {
	Tenant string `db:"tenant_id"`
	Name   string `db:"name"`
	Sealed string `db:"sealed"`
}

func secretNotFound(name string) error {
	return fault.New(fault.NotFound, "secret_not_found", "There is no secret %q.", name)
}

// Secret implements secret.Store.
func (s *Store) Secret(ctx context.Context, tenant, name string) (string, error) {
	r, err := one[secretRow](ctx, s, s.read, "read the secret", secretNotFound(name), "SELECT tenant_id, name, sealed FROM secrets WHERE tenant_id = ? AND name = ?", clean(tenant), clean(name))
	return r.Sealed, err
}

// PutSecret implements secret.Store.
func (s *Store) PutSecret(ctx context.Context, tenant, name, sealed string) error {
	return s.touch(ctx, "keep the secret", nil, `INSERT INTO secrets (tenant_id, name, sealed, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant_id, name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at`, clean(tenant), clean(name), sealed, time.Now().UnixMilli())
}

// DeleteSecret implements secret.Store.
func (s *Store) DeleteSecret(ctx context.Context, tenant, name string) error {
	return s.touch(ctx, "delete the secret", secretNotFound(name), "DELETE FROM secrets WHERE tenant_id = ? AND name = ?", clean(tenant), clean(name))
}

// ReplaceSecrets implements secret.Store.
func (s *Store) ReplaceSecrets(ctx context.Context, f func(tenant, name, sealed string) (string, error)) (int, error) {
	n := 0
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		rows, err := all[secretRow](ctx, s, tx, "SELECT tenant_id, name, sealed FROM secrets ORDER BY tenant_id, name")
		if err != nil {
			return err
		}
		for _, r := range rows {
			sealed, err := f(r.Tenant, r.Name, r.Sealed)
			if err != nil {
				return err
			}
			if sealed == r.Sealed {
				continue
			}
			// Another node may have written one since: then nothing is replaced, and rotating again is safe.
			touched, err := s.exec(ctx, tx, "UPDATE secrets SET sealed = ? WHERE tenant_id = ? AND name = ? AND sealed = ?", sealed, r.Tenant, r.Name, r.Sealed)
			if err != nil {
				return err
			}
			if touched == 0 {
				return fault.New(fault.Conflict, "secrets_changed", "Somebody changed a secret at the same time. Try again.")
			}
			n++
		}
		return nil
	})
	if f := (*fault.Error)(nil); err != nil && !errors.As(err, &f) {
		return 0, s.dialect.fault(err, "seal the secrets again")
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}
