package secret_test

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/secret"
	"griot/internal/store"
)

func TestSealedForOneTenantAndName(t *testing.T) {
	k, err := secret.Open(t.TempDir(), "", nil)
	require.NoError(t, err)
	sealed, err := k.Seal("default", "provider/openai", []byte("sk-1"))
	require.NoError(t, err)
	require.NotContains(t, sealed, "sk-1")
	got, err := k.Open("default", "provider/openai", sealed)
	require.NoError(t, err)
	require.Equal(t, "sk-1", string(got))
	twice, err := k.Seal("default", "provider/openai", []byte("sk-1"))
	require.NoError(t, err)
	require.NotEqual(t, sealed, twice)
	for name, f := range map[string]func() ([]byte, error){
		"another tenant": func() ([]byte, error) { return k.Open("acme", "provider/openai", sealed) },
		"another name":   func() ([]byte, error) { return k.Open("default", "provider/azure", sealed) },
		"changed":        func() ([]byte, error) { return k.Open("default", "provider/openai", sealed[:len(sealed)-2]+"AA") },
		"cut":            func() ([]byte, error) { return k.Open("default", "provider/openai", sealed[:14]) },
		"empty":          func() ([]byte, error) { return k.Open("default", "provider/openai", "") },
		"no base64":      func() ([]byte, error) { return k.Open("default", "provider/openai", sealed+"!") },
	} {
		_, err := f()
		require.Equal(t, "secret_damaged", fault.CodeOf(err), "%s: %v", name, err)
	}
	other, err := secret.Open(t.TempDir(), "", nil)
	require.NoError(t, err)
	_, err = other.Open("default", "provider/openai", sealed)
	require.Equal(t, "secret_key_missing", fault.CodeOf(err))
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	k, err := secret.Open(dir, "", nil)
	require.NoError(t, err)
	path := filepath.Join(dir, secret.File)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	sealed, err := k.Seal("default", "x", []byte("y"))
	require.NoError(t, err)
	again, err := secret.Open(dir, "", nil)
	require.NoError(t, err)
	_, err = again.Open("default", "x", sealed)
	require.NoError(t, err)
	for _, bad := range []string{"", "# only a comment\n", "not a key\n", base64.StdEncoding.EncodeToString([]byte("short"))} {
		require.NoError(t, os.WriteFile(path, []byte(bad), 0o600))
		_, err = secret.Open(dir, "", nil)
		require.Equal(t, "bad_secret_key", fault.CodeOf(err), "%q: %v", bad, err)
	}
	_, err = secret.Open(dir, "passphrase", nil)
	require.Equal(t, "bad_secret_key", fault.CodeOf(err), "%v", err)
	require.NotContains(t, err.Error(), "passphrase")
}

// failing is a store whose rotation breaks off.
type failing struct{ *store.Store }

func (failing) ReplaceSecrets(context.Context, func(tenant, name, sealed string) (string, error)) (int, error) {
	return 0, errors.New("the power is gone")
}

func TestRotate(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "griot.db"))
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.EnsureTenant(ctx, "acme", "Acme"))
	open := func() secret.Vault {
		k, err := secret.Open(dir, "", nil)
		require.NoError(t, err)
		return secret.Vault{Keys: k, Store: db}
	}
	v := open()
	for _, tenant := range []string{"default", "acme"} {
		require.NoError(t, v.Put(ctx, tenant, "x", []byte("of "+tenant)))
	}
	same := func(v secret.Vault) {
		t.Helper()
		for _, tenant := range []string{"default", "acme"} {
			got, err := v.Get(ctx, tenant, "x")
			require.NoError(t, err)
			require.Equal(t, "of "+tenant, string(got))
		}
	}
	lines := func() int {
		raw, err := os.ReadFile(filepath.Join(dir, secret.File))
		require.NoError(t, err)
		return strings.Count(string(raw), "\n") - 1
	}

	// Broken off in the middle, the file has both keys: nothing is lost, and it can be done again.
	broken := open()
	broken.Store = failing{db}
	_, err = broken.Rotate(ctx)
	require.ErrorContains(t, err, "power")
	require.Equal(t, 2, lines())
	same(open())

	v = open()
	n, err := v.Rotate(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, 1, lines())
	same(v)
	same(open())

	// Keys of the environment: the new one before the old one, and then without it.
	one, two := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("1", 32))), base64.StdEncoding.EncodeToString([]byte(strings.Repeat("2", 32)))
	env := func(current string, previous ...string) secret.Vault {
		k, err := secret.Open(dir, current, previous)
		require.NoError(t, err)
		return secret.Vault{Keys: k, Store: db}
	}
	raw, err := os.ReadFile(filepath.Join(dir, secret.File))
	require.NoError(t, err)
	file := strings.TrimSpace(string(raw[strings.LastIndex(strings.TrimSpace(string(raw)), "\n")+1:]))
	n, err = env(one, file).Rotate(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	n, err = env(two, one).Rotate(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	n, err = env(two, one).Rotate(ctx)
	require.NoError(t, err)
	require.Zero(t, n, "they have the present key already")
	same(env(two))
	_, err = env(one).Get(ctx, "default", "x")
	require.Equal(t, "secret_key_missing", fault.CodeOf(err))
	_, err = env(one).Rotate(ctx)
	require.Equal(t, "secret_key_missing", fault.CodeOf(err), "%v", err)
	require.NoError(t, v.Delete(ctx, "acme", "x"))
	_, err = v.Get(ctx, "acme", "x")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}
