package identity

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/fault"
)

// invitationLife is how long an invitation can be accepted.
const invitationLife = 7 * 24 * time.Hour

// Members lists who belongs to a tenant, by name.
func (s *Service) Members(ctx context.Context, tenant string) ([]Member, error) {
	return s.store.Members(ctx, tenant)
}

// Member returns one of a tenant's people.
func (s *Service) Member(ctx context.Context, tenant, user string) (Member, error) {
	return s.store.Member(ctx, tenant, user)
}

// SetMember changes the role, and whether the person may come in; nil leaves a value.
func (s *Service) SetMember(ctx context.Context, p Principal, user string, role *Role, disabled *bool) (Member, error) {
	m, err := s.store.Member(ctx, p.Tenant, user)
	if err != nil {
		return Member{}, err
	}
	was := m
	if role != nil {
		if m.Role = *role; !m.Role.Valid() {
			return Member{}, fault.New(fault.Invalid, "bad_role", "%q is not a role.", clip(string(m.Role))).At("body.role")
		}
	}
	if disabled != nil {
		m.Disabled = *disabled
	}
	Target(ctx, user, m.Account.Email)
	Note(ctx, "role", string(was.Role), string(m.Role))
	Note(ctx, "disabled", yesNo(was.Disabled), yesNo(m.Disabled))
	return m, s.store.SetMember(ctx, p.Tenant, user, m.Role, m.Disabled)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// RemoveMember takes a person out of a tenant. The account stays, for other tenants and for who comes back.
func (s *Service) RemoveMember(ctx context.Context, tenant, user string) error {
	m, err := s.store.Member(ctx, tenant, user)
	if err != nil {
		return err
	}
	Target(ctx, user, m.Account.Email)
	return s.store.RemoveMember(ctx, tenant, user)
}

// Invite makes an invitation and returns it with its token, which is kept nowhere.
func (s *Service) Invite(ctx context.Context, p Principal, email string, role Role) (Invitation, string, error) {
	if s.o.Off {
		return Invitation{}, "", errOff()
	}
	if done, err := s.IsSetUp(ctx); err != nil {
		return Invitation{}, "", err
	} else if !done {
		return Invitation{}, "", fault.New(fault.Conflict, "setup_required", "Make the first administrator before you invite others.")
	}
	email, err := Email(email)
	if err != nil {
		return Invitation{}, "", err
	}
	if !role.Valid() {
		return Invitation{}, "", fault.New(fault.Invalid, "bad_role", "%q is not a role.", clip(string(role))).At("body.role")
	}
	if a, err := s.store.AccountByEmail(ctx, email); err == nil {
		if _, err := s.store.Member(ctx, p.Tenant, a.ID); err == nil {
			return Invitation{}, "", fault.New(fault.Conflict, "already_member", "%s belongs to this tenant already.", email).At("body.email")
		}
	} else if fault.KindOf(err) != fault.NotFound {
		return Invitation{}, "", err
	}
	tok, now := token(""), s.now()
	i := Invitation{Tenant: p.Tenant, ID: newID(), Email: email, Role: role, Token: digest(tok), InvitedBy: p.Name(), CreatedAt: now, ExpiresAt: now.Add(invitationLife)}
	if err := s.store.CreateInvitation(ctx, i); err != nil {
		return Invitation{}, "", err
	}
	Target(ctx, i.ID, email)
	Note(ctx, "role", "", string(role))
	return i, tok, nil
}

// Invitations lists a tenant's invitations that were not accepted, newest first.
func (s *Service) Invitations(ctx context.Context, tenant string) ([]Invitation, error) {
	return s.store.Invitations(ctx, tenant)
}

// DeleteInvitation takes an invitation back.
func (s *Service) DeleteInvitation(ctx context.Context, tenant, id string) error {
	Target(ctx, id, "")
	return s.store.DeleteInvitation(ctx, tenant, id)
}

// Invited is what somebody who holds an invitation may know of it.
type Invited struct {
	Invitation Invitation
	Tenant     Tenant
	HasAccount bool // accept with its password
}

// Invitation finds an invitation by its token. Faults: NotFound "invitation_not_found", Conflict "invitation_used" and "invitation_expired".
func (s *Service) Invitation(ctx context.Context, tok string) (Invited, error) {
	i, err := s.store.InvitationByToken(ctx, digest(tok))
	if err != nil {
		return Invited{}, err
	}
	switch {
	case !i.AcceptedAt.IsZero():
		return Invited{}, fault.New(fault.Conflict, "invitation_used", "The invitation was accepted already: sign in.")
	case !s.now().Before(i.ExpiresAt):
		return Invited{}, fault.New(fault.Conflict, "invitation_expired", "The invitation has expired. Ask for another one.")
	}
	t, err := s.store.Tenant(ctx, i.Tenant)
	if err != nil {
		return Invited{}, err
	}
	_, err = s.store.AccountByEmail(ctx, i.Email)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Invited{}, err
	}
	return Invited{Invitation: i, Tenant: t, HasAccount: err == nil}, nil
}

// Accept joins a tenant by an invitation and signs in. Who has an account gives its password, who has none chooses name and password.
func (s *Service) Accept(ctx context.Context, tok, name, password, lang string, from Principal) (Signed, error) {
	if s.o.Off {
		return Signed{}, errOff()
	}
	in, err := s.Invitation(ctx, tok)
	if err != nil {
		return Signed{}, err
	}
	var a Account
	if in.HasAccount {
		try, _, err := s.attempts.begin(s.now(), in.Invitation.Email, from.Address)
		if err != nil {
			return Signed{}, err
		}
		if a, err = s.store.AccountByEmail(ctx, in.Invitation.Email); err != nil {
			return Signed{}, err
		}
		ok, _, err := s.hasher.matches(ctx, password, a.Password)
		if err != nil {
			return Signed{}, err
		}
		if !ok {
			return Signed{}, fault.New(fault.Denied, "wrong_password", "There is an account of this e-mail address: give its password.").At("body.password")
		}
		try.succeeded()
	} else {
		if password == "" { // also where there is SSO: an account by invitation can always sign in
			password = " "
		}
		if a, err = s.newAccount(ctx, in.Invitation.Email, name, password, lang); err != nil {
			return Signed{}, err
		}
	}
	return s.join(ctx, in.Invitation, a, !in.HasAccount, from)
}

// join uses an invitation up.
func (s *Service) join(ctx context.Context, i Invitation, a Account, isNew bool, from Principal) (Signed, error) {
	i.AcceptedAt = s.now()
	if err := s.store.AcceptInvitation(ctx, i, Member{Tenant: i.Tenant, Account: a, Role: i.Role, Since: i.AcceptedAt}, isNew); err != nil {
		return Signed{}, err
	}
	Target(ctx, a.ID, a.Email)
	Note(ctx, "role", "", string(i.Role))
	return s.open(ctx, a, i.Tenant, from)
}

// Memberships lists the tenants of a person.
func (s *Service) Memberships(ctx context.Context, user string) ([]Membership, error) {
	return s.store.Memberships(ctx, user)
}

// Tenant returns a tenant.
func (s *Service) Tenant(ctx context.Context, id string) (Tenant, error) {
	return s.store.Tenant(ctx, id)
}

// Tenants lists the tenants that a principal may know of: all for who operates the installation, else the own ones.
func (s *Service) Tenants(ctx context.Context, p Principal) ([]Tenant, error) {
	if p.May(Operate) {
		return s.store.Tenants(ctx)
	}
	if p.Kind != BySession {
		t, err := s.store.Tenant(ctx, p.Tenant)
		return []Tenant{t}, err
	}
	all, err := s.store.Memberships(ctx, p.Account.ID)
	var out []Tenant
	for _, m := range all {
		if !m.Disabled {
			out = append(out, m.Tenant)
		}
	}
	return out, err
}

var tenantID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// CreateTenant makes a tenant whose first Admin is the person who asks.
func (s *Service) CreateTenant(ctx context.Context, p Principal, id, name string) (Tenant, error) {
	if p.Kind != BySession {
		return Tenant{}, fault.New(fault.Conflict, "setup_required", "A tenant needs an administrator: sign in, and make it then.")
	}
	name, err := tenantName(name)
	if err != nil {
		return Tenant{}, err
	}
	if !tenantID.MatchString(id) {
		return Tenant{}, fault.New(fault.Invalid, "bad_tenant_id", "A tenant's id has from 1 to 40 small letters, digits and hyphens.").At("body.id")
	}
	t := Tenant{ID: id, Name: name, CreatedAt: s.now()}
	Target(ctx, id, name)
	return t, s.store.CreateTenant(ctx, t, p.Account.ID)
}

// RenameTenant gives a tenant another name.
func (s *Service) RenameTenant(ctx context.Context, id, name string) error {
	name, err := tenantName(name)
	if err != nil {
		return err
	}
	t, err := s.store.Tenant(ctx, id)
	if err != nil {
		return err
	}
	Target(ctx, id, name)
	Note(ctx, "name", t.Name, name)
	return s.store.RenameTenant(ctx, id, name)
}

func tenantName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" || utf8.RuneCountInString(name) > 100 {
		return "", fault.New(fault.Invalid, "bad_name", "A tenant's name has from 1 to 100 characters.").At("body.name")
	}
	return name, nil
}

func tenantNotFound(id string) error {
	f := fault.New(fault.NotFound, "tenant_not_found", "There is no tenant %q, or you do not belong to it.", clip(id))
	f.Params = map[string]string{"id": clip(id)}
	return f
}
