package identity

import (
	"context"
	"time"
)

// Store keeps accounts, tenants, sessions, invitations, keys and the audit trail. What is not there is fault.NotFound.
type Store interface {
	Accounts
	Tenants
	Members
	Sessions
	Invitations
	Keys
	Trail
}

// Accounts are the people of the installation.
type Accounts interface {
	// IsSetUp reports whether there has ever been a first administrator.
	IsSetUp(ctx context.Context) (bool, error)
	// CreateFirst makes the first account, an Admin of the tenant; fault.Conflict "setup_done" when there is one.
	CreateFirst(ctx context.Context, a Account, tenant string) error
	Account(ctx context.Context, id string) (Account, error)
	AccountByEmail(ctx context.Context, email string) (Account, error)
	AccountBySubject(ctx context.Context, issuer, subject string) (Account, error)
	// UpdateAccount writes all but the id, the email and the time of creation.
	UpdateAccount(ctx context.Context, a Account) error
}

// Tenants are the organisations of the installation.
type Tenants interface {
	Tenant(ctx context.Context, id string) (Tenant, error)
	Tenants(ctx context.Context) ([]Tenant, error)
	// CreateTenant makes a tenant with its first Admin; fault.Conflict when the id is taken.
	CreateTenant(ctx context.Context, t Tenant, admin string) error
	RenameTenant(ctx context.Context, id, name string) error
}

// Members are who belongs to which tenant.
type Members interface {
	// AddMember lets somebody into a tenant, making the account when it is new; fault.Conflict "already_member" or "email_taken".
	AddMember(ctx context.Context, m Member, isNew bool) error
	Member(ctx context.Context, tenant, user string) (Member, error)
	Members(ctx context.Context, tenant string) ([]Member, error)
	Memberships(ctx context.Context, user string) ([]Membership, error)
	// SetMember changes role and Disabled; fault.Conflict "last_admin" when the tenant would be left without an Admin who may come in.
	SetMember(ctx context.Context, tenant, user string, role Role, disabled bool) error
	// RemoveMember also ends the person's sessions in the tenant; fault.Conflict "last_admin".
	RemoveMember(ctx context.Context, tenant, user string) error
}

// Sessions are the browsers that are signed in.
type Sessions interface {
	CreateSession(ctx context.Context, s Session) error
	// SessionByToken finds a session by the hash of its token, or of the one before.
	SessionByToken(ctx context.Context, token string) (Session, error)
	SessionsOf(ctx context.Context, user string) ([]Session, error)
	// UpdateSession writes the tenant, the tokens, Confirmed, RotatedAt and SeenAt, if the tokens are still those of was; it reports whether they were.
	UpdateSession(ctx context.Context, was, s Session) (bool, error)
	DeleteSession(ctx context.Context, user, id string) error
	// DeleteSessions ends a person's sessions but the one with the id keep.
	DeleteSessions(ctx context.Context, user, keep string) error
	// ForgetSessions deletes those that have expired.
	ForgetSessions(ctx context.Context, expired, idle time.Time) error
}

// Invitations are of one tenant, except when they are found by their token or email.
type Invitations interface {
	CreateInvitation(ctx context.Context, i Invitation) error
	Invitations(ctx context.Context, tenant string) ([]Invitation, error)
	DeleteInvitation(ctx context.Context, tenant, id string) error
	InvitationByToken(ctx context.Context, token string) (Invitation, error)
	// InvitationsFor lists what is open for an email at a time.
	InvitationsFor(ctx context.Context, email string, at time.Time) ([]Invitation, error)
	// AcceptInvitation is AddMember by an invitation, which is then used; fault.Conflict "invitation_used" when it was.
	AcceptInvitation(ctx context.Context, i Invitation, m Member, isNew bool) error
}

// Keys are of one tenant, except when one is found by its hash.
type Keys interface {
	CreateKey(ctx context.Context, k Key) error
	Keys(ctx context.Context, tenant string) ([]Key, error)
	DeleteKey(ctx context.Context, tenant, id string) error
	KeyByHash(ctx context.Context, hash string) (Key, error)
	KeyUsed(ctx context.Context, tenant, id string, at time.Time, from string) error
}

// Trail is the audit trail.
type Trail interface {
	AppendAudit(ctx context.Context, e Entry) error
	// ListAudit returns a page, newest first, and how many there are in all.
	ListAudit(ctx context.Context, tenant string, f Filter) ([]Entry, int, error)
}
