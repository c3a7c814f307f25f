package identity

import (
	"context"
	"crypto/subtle"

	"griot/internal/fault"
)

// SignIn opens a session for who knows the password. The fault is Denied "wrong_password" whatever was wrong, Limited "too_many_attempts" with the seconds
// to wait, Denied "account_disabled" for who knows the password and may not come in.
func (s *Service) SignIn(ctx context.Context, email, password string, from Principal) (Signed, error) {
	if s.o.Off {
		return Signed{}, errOff()
	}
	wrong := fault.New(fault.Denied, "wrong_password", "The e-mail address or the password is wrong.")
	address, err := Email(email)
	if err != nil {
		address = clip(email) // counts as an attempt like any other
	}
	try, news, err := s.attempts.begin(s.now(), address, from.Address)
	if err != nil {
		if news {
			s.failed(ctx, address, "too_many_attempts", from)
		}
		return Signed{}, err
	}
	a, err := s.store.AccountByEmail(ctx, address)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Signed{}, err
	}
	ok, old, err := s.hasher.matches(ctx, password, a.Password)
	if err != nil {
		return Signed{}, err
	}
	if !ok {
		s.failed(ctx, address, "wrong_password", from)
		return Signed{}, wrong
	}
	try.succeeded()
	if old {
		if h, err := s.hasher.hash(ctx, password); err == nil {
			a.Password = h // kept by open, which writes the account
		}
	}
	return s.enter(ctx, a, from)
}

// enter opens a session in the person's tenant: the first one that lets them in.
func (s *Service) enter(ctx context.Context, a Account, from Principal) (Signed, error) {
	all, err := s.store.Memberships(ctx, a.ID)
	if err != nil {
		return Signed{}, err
	}
	for _, m := range all {
		if !m.Disabled {
			Target(ctx, a.ID, a.Email)
			return s.open(ctx, a, m.Tenant.ID, from)
		}
	}
	s.failed(ctx, a.Email, "account_disabled", from)
	return Signed{}, errDisabled()
}

func errDisabled() error {
	return fault.New(fault.Denied, "account_disabled", "This account may not come in. Ask an administrator.")
}

// failed notes an attempt in the trail of every tenant that the account belongs to; what names no account is only logged, so that nobody fills the trail.
func (s *Service) failed(ctx context.Context, email, why string, from Principal) {
	a, err := s.store.AccountByEmail(ctx, email)
	if err != nil {
		s.log.Info("sign-in failed", "address", from.Address, "reason", why)
		return
	}
	all, err := s.store.Memberships(ctx, a.ID)
	for _, m := range all {
		err = s.Record(ctx, Entry{Tenant: m.Tenant.ID, ActorKind: ByNobody, ActorName: a.Email, Action: "session.refused", TargetKind: "person", TargetID: a.ID, TargetName: a.Email,
			Changes: []Change{{Field: "reason", To: why}}, Address: from.Address, Agent: from.Agent})
	}
	if err != nil {
		s.log.Error("a failed sign-in is not in the audit trail", "error", err)
	}
}

// ChangePassword sets a person's password, ends their other sessions and renews this one. A person who has none, by SSO, needs no current one.
func (s *Service) ChangePassword(ctx context.Context, p Principal, current, next string) (Signed, error) {
	if p.Kind != BySession {
		return Signed{}, errNobody()
	}
	a, err := s.store.Account(ctx, p.Account.ID)
	if err != nil {
		return Signed{}, err
	}
	if a.Password != "" {
		try, _, err := s.attempts.begin(s.now(), a.Email, p.Address)
		if err != nil {
			return Signed{}, err
		}
		ok, _, err := s.hasher.matches(ctx, current, a.Password)
		if err != nil {
			return Signed{}, err
		}
		if !ok {
			return Signed{}, fault.New(fault.Denied, "wrong_password", "The present password is wrong.").At("body.current")
		}
		try.succeeded()
	}
	if a.Password, err = s.newPassword(ctx, next, a); err != nil {
		return Signed{}, err
	}
	if err := s.store.UpdateAccount(ctx, a); err != nil {
		return Signed{}, err
	}
	Target(ctx, a.ID, a.Email)
	if err := s.store.DeleteSessions(ctx, a.ID, p.Session.ID); err != nil {
		return Signed{}, err
	}
	return s.renew(ctx, p, p.Tenant)
}

// ResetPassword sets the password of an account without knowing the present one and ends its sessions: for who has the terminal of the server.
func (s *Service) ResetPassword(ctx context.Context, email, password string) error {
	email, err := Email(email)
	if err != nil {
		return err
	}
	a, err := s.store.AccountByEmail(ctx, email)
	if err != nil {
		return err
	}
	if a.Password, err = s.newPassword(ctx, password, a); err != nil {
		return err
	}
	if err := s.store.UpdateAccount(ctx, a); err != nil {
		return err
	}
	if err := s.store.DeleteSessions(ctx, a.ID, ""); err != nil {
		return err
	}
	all, err := s.store.Memberships(ctx, a.ID)
	for _, m := range all {
		err = s.Record(ctx, Entry{Tenant: m.Tenant.ID, ActorKind: ByMachine, ActorName: "terminal", Action: "password.reset", TargetKind: "person", TargetID: a.ID, TargetName: a.Email})
	}
	return err
}

// SetOperator makes an account an operator of the installation, or no longer one: for who has the terminal of the server.
func (s *Service) SetOperator(ctx context.Context, email string, operator bool) error {
	email, err := Email(email)
	if err != nil {
		return err
	}
	a, err := s.store.AccountByEmail(ctx, email)
	if err != nil {
		return err
	}
	was := a.Operator
	a.Operator = operator
	if err := s.store.UpdateAccount(ctx, a); err != nil {
		return err
	}
	all, err := s.store.Memberships(ctx, a.ID)
	for _, m := range all {
		err = s.Record(ctx, Entry{Tenant: m.Tenant.ID, ActorKind: ByMachine, ActorName: "terminal", Action: "operator.changed", TargetKind: "person", TargetID: a.ID, TargetName: a.Email,
			Changes: []Change{{Field: "operator", From: yesNo(was), To: yesNo(operator)}}})
	}
	return err
}

// UpdateProfile sets a person's own name and language.
func (s *Service) UpdateProfile(ctx context.Context, p Principal, name, lang string) (Account, error) {
	if p.Kind != BySession {
		return Account{}, errNobody()
	}
	a, err := s.store.Account(ctx, p.Account.ID)
	if err != nil {
		return Account{}, err
	}
	was := a
	if a.Name, err = personName(name); err != nil {
		return Account{}, err
	}
	a.Lang = lang
	Target(ctx, a.ID, a.Email)
	Note(ctx, "name", was.Name, a.Name)
	Note(ctx, "language", was.Lang, a.Lang)
	return a, s.store.UpdateAccount(ctx, a)
}

// configKey recognises a key of the configuration.
func (s *Service) configKey(key string) bool {
	found := false
	for _, k := range s.o.ConfigKeys {
		if subtle.ConstantTimeCompare([]byte(k), []byte(key)) == 1 {
			found = true
		}
	}
	return found
}
