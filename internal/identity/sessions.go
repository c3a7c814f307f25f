package identity

import (
	"context"
	"time"

	"griot/internal/fault"
)

// Times of a session's token: it is replaced so often, and the one before is taken so much longer from requests that were under way.
const (
	rotateAfter = time.Hour
	grace       = time.Minute
	seenWithin  = time.Minute // SeenAt is written at most so often
)

// Signed is a session that was opened or changed hands: Token belongs into the browser's cookie, and nowhere else.
type Signed struct {
	Principal Principal
	Token     string
}

// open makes a session of an account in a tenant.
func (s *Service) open(ctx context.Context, a Account, tenant string, from Principal) (Signed, error) {
	m, err := s.store.Member(ctx, tenant, a.ID)
	if err != nil {
		return Signed{}, err
	}
	now, tok := s.now(), token("")
	ses := Session{ID: newID(), Tenant: tenant, User: a.ID, Token: digest(tok), Confirmed: true, RotatedAt: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(s.o.Life),
		Address: from.Address, Agent: from.Agent}
	if err := s.store.CreateSession(ctx, ses); err != nil {
		return Signed{}, err
	}
	a.SignedInAt = now
	if err := s.store.UpdateAccount(ctx, a); err != nil {
		return Signed{}, err
	}
	if err := s.store.ForgetSessions(ctx, now, now.Add(-s.o.Idle)); err != nil {
		s.log.Warn("old sessions were not deleted", "error", err)
	}
	p := Principal{Kind: BySession, Tenant: tenant, Role: m.Role, Account: a, Session: ses, Address: from.Address, Agent: from.Agent}
	Actor(ctx, p)
	return Signed{Principal: p, Token: tok}, nil
}

// Session recognises a browser by its token. A new token in Signed replaces the browser's; it is empty when the old one stays. mayRotate is false where no cookie
// can be answered. The fault is Unknown "session_over" when there is no such session, or no longer.
func (s *Service) Session(ctx context.Context, tok string, mayRotate bool, from Principal) (Signed, error) {
	if s.o.Off {
		return Signed{}, errOff()
	}
	hash, now := digest(tok), s.now()
	ses, err := s.store.SessionByToken(ctx, hash)
	if fault.KindOf(err) == fault.NotFound {
		return Signed{}, errOver()
	} else if err != nil {
		return Signed{}, err
	}
	if !now.Before(ses.ExpiresAt) || now.Sub(ses.SeenAt) >= s.o.Idle {
		return Signed{}, errOver()
	}
	current := ses.Token == hash
	if !current && ses.Confirmed && now.Sub(ses.RotatedAt) > grace {
		return Signed{}, errOver() // the browser has a newer one: this one was left somewhere, or taken
	}
	next, fresh := ses, ""
	switch {
	case current && !ses.Confirmed:
		next.Confirmed = true
	case mayRotate && (current && now.Sub(ses.RotatedAt) > rotateAfter || !current && !ses.Confirmed && now.Sub(ses.RotatedAt) > grace):
		// The second case: the answer with the newer token never arrived.
		fresh = token("")
		next.Token, next.OldToken, next.Confirmed, next.RotatedAt = digest(fresh), hash, false, now
	}
	if now.Sub(ses.SeenAt) >= seenWithin {
		next.SeenAt = now
	}
	if next != ses {
		ok, err := s.store.UpdateSession(ctx, ses, next)
		switch {
		case err != nil:
			return Signed{}, err
		case !ok:
			fresh = "" // another request was first
		default:
			ses = next
		}
	}
	m, err := s.store.Member(ctx, ses.Tenant, ses.User)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Signed{}, err
	}
	if err != nil || m.Disabled {
		return Signed{}, errOver()
	}
	p := from
	p.Kind, p.Tenant, p.Role, p.Account, p.Session = BySession, ses.Tenant, m.Role, m.Account, ses
	return Signed{Principal: p, Token: fresh}, nil
}

func errOver() error {
	return fault.New(fault.Unknown, "session_over", "You are signed out: the session has ended. Sign in again.")
}

// SignOut ends the session.
func (s *Service) SignOut(ctx context.Context, p Principal) error {
	if p.Kind != BySession {
		return errNobody()
	}
	Target(ctx, p.Account.ID, p.Account.Email)
	return s.store.DeleteSession(ctx, p.Account.ID, p.Session.ID)
}

func errNobody() error {
	return fault.New(fault.Unknown, "sign_in_required", "Sign in for this.")
}

// renew gives a session another token, as whenever what it may do has changed.
func (s *Service) renew(ctx context.Context, p Principal, tenant string) (Signed, error) {
	m, err := s.store.Member(ctx, tenant, p.Account.ID)
	if err != nil {
		return Signed{}, err
	}
	if m.Disabled {
		return Signed{}, errDisabled()
	}
	ses, tok := p.Session, token("")
	ses.Tenant, ses.Token, ses.OldToken, ses.Confirmed, ses.RotatedAt = tenant, digest(tok), "", true, s.now()
	ok, err := s.store.UpdateSession(ctx, p.Session, ses)
	if err != nil {
		return Signed{}, err
	}
	if !ok {
		return Signed{}, fault.New(fault.Conflict, "session_changed", "The session has just changed in another tab. Try again.")
	}
	p.Tenant, p.Role, p.Session, p.Account = tenant, m.Role, ses, m.Account
	return Signed{Principal: p, Token: tok}, nil
}

// SwitchTenant moves a person's session to another tenant of theirs; fault.NotFound "tenant_not_found" when it is not one.
func (s *Service) SwitchTenant(ctx context.Context, p Principal, tenant string) (Signed, error) {
	if p.Kind != BySession {
		return Signed{}, errNobody()
	}
	signed, err := s.renew(ctx, p, tenant)
	if fault.KindOf(err) == fault.NotFound {
		return Signed{}, tenantNotFound(tenant)
	}
	return signed, err
}

// SessionsOf lists where a person is signed in, newest first.
func (s *Service) SessionsOf(ctx context.Context, p Principal) ([]Session, error) {
	if p.Kind != BySession {
		return nil, errNobody()
	}
	all, err := s.store.SessionsOf(ctx, p.Account.ID)
	out := all[:0]
	for _, ses := range all {
		if now := s.now(); now.Before(ses.ExpiresAt) && now.Sub(ses.SeenAt) < s.o.Idle {
			out = append(out, ses)
		}
	}
	return out, err
}

// EndSession signs a person out somewhere.
func (s *Service) EndSession(ctx context.Context, p Principal, id string) error {
	if p.Kind != BySession {
		return errNobody()
	}
	Target(ctx, id, "")
	return s.store.DeleteSession(ctx, p.Account.ID, id)
}
