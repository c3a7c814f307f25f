package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"griot/internal/config"
	"griot/internal/identity"
	"griot/internal/secret"
	"griot/internal/store"
)

// openIdentity opens who people and programs are, and the keys that secrets are sealed with.
func (a *App) openIdentity(db *store.Store) (*identity.Service, error) {
	var err error
	if a.keys, err = secret.Open(a.cfg.Data, a.cfg.Secret.Key, a.cfg.Secret.PreviousKeys); err != nil {
		return nil, err
	}
	if c := a.cfg.SSO; c.Issuer != "" {
		const scope, name = "", "sso" // no tenant's: nobody is known yet
		a.sso = &identity.SSO{Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: c.ClientSecret, Name: c.Name, Domains: c.Domains, Role: identity.Role(c.Role), Tenant: c.Tenant,
			Seal: func(plain []byte) (string, error) { return a.keys.Seal(scope, name, plain) },
			Open: func(sealed string) ([]byte, error) { return a.keys.Open(scope, name, sealed) }}
	}
	a.people = identity.NewService(identity.Options{Store: db, Off: a.cfg.Server.SignIn == "off", ConfigKeys: a.cfg.Realtime.Keys, Idle: a.cfg.Session.Idle, Life: a.cfg.Session.Life,
		SSO: a.sso, Log: a.log})
	return a.people, nil
}

// callTenant says whose a call is that goes on; "" when there is none of that id.
func (a *App) callTenant(id string) string {
	c, err := a.calls.Get(id)
	if err != nil {
		return ""
	}
	return c.Info().Tenant
}

// openStore opens the database of a configuration.
func openStore(ctx context.Context, cfg config.Config) (*store.Store, error) {
	dsn := cfg.Store.DSN
	if dsn == "" {
		dsn = "sqlite:" + filepath.Join(cfg.Data, "griot.db")
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return db, nil
}

// RotateSecrets seals every secret with a new key. The server of the data folder must not be running, since it has the old key in memory.
func RotateSecrets(ctx context.Context, cfg config.Config, w io.Writer) (err error) {
	unlock, err := store.LockDir(cfg.Data)
	if err != nil {
		return err
	}
	defer unlock()
	db, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	keys, err := secret.Open(cfg.Data, cfg.Secret.Key, cfg.Secret.PreviousKeys)
	if err != nil {
		return err
	}
	n, err := secret.Vault{Keys: keys, Store: db}.Rotate(ctx)
	if err != nil {
		return err
	}
	what := "secrets are"
	if n == 1 {
		what = "secret is"
	}
	fmt.Fprintf(w, "%d %s sealed with the new key. Keys of before are no longer needed.\n", n, what)
	return nil
}

// ResetPassword gives an account a new password, prints it, and ends the account's sessions. The server may be running.
func ResetPassword(ctx context.Context, cfg config.Config, email string, w io.Writer) error {
	return withPeople(ctx, cfg, func(people *identity.Service) error {
		password := rand.Text() // 26 letters and digits
		if err := people.ResetPassword(ctx, email, password); err != nil {
			return err
		}
		fmt.Fprintf(w, "New password: %s\nChange it after signing in. The account is signed out everywhere.\n", password)
		return nil
	})
}

// SetOperator makes an account an operator of the installation, or no longer one. The server may be running.
func SetOperator(ctx context.Context, cfg config.Config, email string, operator bool, w io.Writer) error {
	return withPeople(ctx, cfg, func(people *identity.Service) error {
		if err := people.SetOperator(ctx, email, operator); err != nil {
			return err
		}
		fmt.Fprintln(w, "Done: it counts from the next request on.")
		return nil
	})
}

// withPeople opens the database for a command about people.
func withPeople(ctx context.Context, cfg config.Config, f func(*identity.Service) error) (err error) {
	db, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(identity.NewService(identity.Options{Store: db}))
}
