package app

import (
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
