package store

import (
	"context"
	"time"

	"griot/internal/fault"
)

// EnsureTenant makes a tenant, or renames the one that has the id.
func (s *Store) EnsureTenant(ctx context.Context, id, name string) error {
	_, err := s.exec(ctx, s.write, "INSERT INTO tenants (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
		clean(id), clean(name), time.Now().UnixMilli())
	if err != nil {
		return s.dialect.fault(err, "write the tenant")
	}
	return nil
}

// Setting returns a tenant's value of a key; fault.NotFound when it has none.
func (s *Store) Setting(ctx context.Context, tenant, key string) (string, error) {
	type setting struct {
		Value string `db:"value"`
	}
	rows, err := all[setting](ctx, s, s.read, "SELECT value FROM settings WHERE tenant_id = ? AND key = ?", clean(tenant), clean(key))
	if err != nil {
		return "", s.dialect.fault(err, "read the setting "+key)
	}
	if len(rows) == 0 {
		return "", settingNotFound(key)
	}
	return rows[0].Value, nil
}

// PutSetting sets a tenant's value of a key.
func (s *Store) PutSetting(ctx context.Context, tenant, key, value string) error {
	_, err := s.exec(ctx, s.write, `INSERT INTO settings (tenant_id, key, value, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
		clean(tenant), clean(key), clean(value), time.Now().UnixMilli())
	if err != nil {
		return s.dialect.fault(err, "write the setting "+key)
	}
	return nil
}

// DeleteSetting takes a tenant's value of a key away; fault.NotFound when it has none.
func (s *Store) DeleteSetting(ctx context.Context, tenant, key string) error {
	n, err := s.exec(ctx, s.write, "DELETE FROM settings WHERE tenant_id = ? AND key = ?", clean(tenant), clean(key))
	if err != nil {
		return s.dialect.fault(err, "delete the setting "+key)
	}
	if n == 0 {
		return settingNotFound(key)
	}
	return nil
}

func settingNotFound(key string) error {
	return fault.New(fault.NotFound, "setting_not_found", "There is no setting %q.", key)
}
