package identity

import "time"

// Ways are how people come in, as the configuration says. Nothing of it is a secret.
type Ways struct {
	Off        bool // nobody signs in
	Idle, Life time.Duration
	SSO        *SSOWay // nil when there is none
}

// SSOWay is sign-in at a provider.
type SSOWay struct {
	Name, Issuer, ClientID string
	Redirect               string   // what the provider must know as ours
	Role                   Role     // of who was not invited; empty lets only the invited in
	Tenant                 string   // where they go
	Domains                []string // of addresses that may come in; none means all
}

// Ways returns how people come in.
func (s *Service) Ways() Ways {
	w := Ways{Off: s.o.Off, Idle: s.o.Idle, Life: s.o.Life}
	if o := s.o.SSO; o != nil && !s.o.Off {
		w.SSO = &SSOWay{Name: o.Name, Issuer: o.Issuer, ClientID: o.ClientID, Redirect: o.Redirect, Role: o.Role, Tenant: o.Tenant, Domains: o.Domains}
	}
	return w
}
