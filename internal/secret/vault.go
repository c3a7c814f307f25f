package secret

import (
	"context"
	"fmt"
)

// Store keeps sealed secrets. What is not there is fault.NotFound.
type Store interface {
	Secret(ctx context.Context, tenant, name string) (string, error)
	PutSecret(ctx context.Context, tenant, name, sealed string) error
	DeleteSecret(ctx context.Context, tenant, name string) error
	// ReplaceSecrets puts what f returns in the place of every secret of every tenant, all or none, and returns how many differ. No other writes happen meanwhile.
	ReplaceSecrets(ctx context.Context, f func(tenant, name, sealed string) (string, error)) (int, error)
}

// Vault gives secrets to who has the right to them. It is safe for concurrent use.
type Vault struct {
	Keys  *Keyring
	Store Store
}

// Get returns a tenant's secret; fault.NotFound when it has none of that name.
func (v Vault) Get(ctx context.Context, tenant, name string) ([]byte, error) {
	sealed, err := v.Store.Secret(ctx, tenant, name)
	if err != nil {
		return nil, err
	}
	return v.Keys.Open(tenant, name, sealed)
}

// Put keeps a secret.
func (v Vault) Put(ctx context.Context, tenant, name string, plain []byte) error {
	sealed, err := v.Keys.Seal(tenant, name, plain)
	if err != nil {
		return err
	}
	return v.Store.PutSecret(ctx, tenant, name, sealed)
}

// Delete forgets a secret; fault.NotFound when there is none of that name.
func (v Vault) Delete(ctx context.Context, tenant, name string) error {
	return v.Store.DeleteSecret(ctx, tenant, name)
}

// Rotate seals every secret with a new key and forgets the old ones, and returns how many were sealed again. With a key file the new key is made here, and at
// every moment the file has the keys of what is in the database. With keys of the environment the operator has put a new one before the previous ones.
func (v Vault) Rotate(ctx context.Context) (int, error) {
	k := v.Keys
	if k.path != "" {
		k.keys = append([]key{random()}, k.keys...)
		if err := k.write(); err != nil {
			return 0, err
		}
	}
	n, err := v.Store.ReplaceSecrets(ctx, func(tenant, name, sealed string) (string, error) {
		if k.current(sealed) {
			return sealed, nil
		}
		plain, err := k.Open(tenant, name, sealed)
		if err != nil {
			return "", fmt.Errorf("open %s of tenant %s: %w", name, tenant, err)
		}
		return k.Seal(tenant, name, plain)
	})
	if err != nil || k.path == "" {
		return n, err
	}
	k.keys = k.keys[:1]
	return n, k.write()
}
