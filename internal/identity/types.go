package identity

import (
	"context"
	"slices"
	"time"
)

// Tenant is an organisation whose data nobody else sees.
type Tenant struct {
	ID, Name  string
	CreatedAt time.Time
}

// Account is a person, who may belong to several tenants. Email is in lower case and belongs to one account.
type Account struct {
	ID, Email, Name string
	Lang            string // of the console; empty when the person has not chosen
	Password        string // argon2id with its parameters; empty when the person has none
	Issuer, Subject string // the person at the OpenID provider; empty when never signed in there
	Operator        bool   // may make tenants
	CreatedAt       time.Time
	SignedInAt      time.Time // zero when never
}

// Member is a person in a tenant.
type Member struct {
	Tenant   string
	Account  Account
	Role     Role
	Disabled bool // may not come in, and keeps the role
	Since    time.Time
}

// Membership is a tenant that a person belongs to.
type Membership struct {
	Tenant   Tenant
	Role     Role
	Disabled bool
}

// Session is a browser that somebody signed in with.
type Session struct {
	ID, Tenant, User string
	Token, OldToken  string // hashes
	Confirmed        bool   // the browser has shown that it has Token, not OldToken only
	RotatedAt        time.Time
	CreatedAt        time.Time
	SeenAt           time.Time // to within a minute
	ExpiresAt        time.Time // at the latest
	Address, Agent   string    // where it was opened
}

// Invitation lets one person join a tenant, once.
type Invitation struct {
	Tenant, ID, Email string
	Role              Role
	Token             string // hash
	InvitedBy         string // who, by name
	CreatedAt         time.Time
	ExpiresAt         time.Time
	AcceptedAt        time.Time // zero until then
}

// Key is what a program identifies itself with. It acts for a tenant, not for a person.
type Key struct {
	Tenant, ID, Name string
	Hint             string // the first characters, to tell keys apart
	Hash             string
	Scopes           []Permission
	CreatedBy        string // who, by name
	CreatedAt        time.Time
	ExpiresAt        time.Time
	UsedAt           time.Time // to within a minute; zero when never
	UsedFrom         string
}

// Kind says how somebody was recognised.
type Kind string

// The kinds of principals.
const (
	BySession Kind = "session" // a person who signed in
	ByKey     Kind = "key"     // a program with an API key
	ByConfig  Kind = "config"  // a program with a key of the configuration
	BySecret  Kind = "secret"  // a page with a client secret of the Realtime protocol
	ByVisitor Kind = "visitor" // a visitor of a page that shows an agent, who talks with that agent and does nothing else
	ByMachine Kind = "machine" // somebody at this machine, as long as nobody needs to sign in
	ByNobody  Kind = "nobody"  // nobody in particular: what needs no permission is open to all
)

// Principal is who asks, for which tenant, and what that one may do.
type Principal struct {
	Kind    Kind
	Tenant  string
	Role    Role
	Account Account // of a person
	Session Session // of a person
	Key     Key     // of a program with an API key
	Address string  // where the request comes from
	Agent   string  // the User-Agent, shortened
	Here    bool    // the request comes from this machine
	Why     error   // why it is nobody; nil when nothing was presented
	Visitor Visitor // of a visitor
}

// Visitor is somebody without an account on a page that shows an agent.
type Visitor struct {
	ID        string // the same for as long as the browser keeps it
	Agent     string // id
	Reference string // of the agent
	User      string // as the page's site calls the visitor; empty when it does not know
	Name      string
	Origin    string // of the page
}

// May reports whether the principal has a permission.
func (p Principal) May(perm Permission) bool {
	switch p.Kind {
	case BySession, ByConfig:
		return p.Role.May(perm) || perm == Operate && p.Account.Operator
	case ByMachine:
		return p.Role.May(perm) || perm == Operate
	case BySecret:
		return perm == Talk
	case ByKey:
		return slices.Contains(p.Key.Scopes, perm) && Admin.May(perm)
	}
	return false
}

// Permissions lists what the principal may do.
func (p Principal) Permissions() (out []Permission) {
	for _, g := range Grants {
		if p.May(g.Permission) {
			out = append(out, g.Permission)
		}
	}
	return out
}

// Name is how the audit trail calls the principal.
func (p Principal) Name() string {
	switch p.Kind {
	case BySession:
		if p.Account.Name != "" {
			return p.Account.Name
		}
		return p.Account.Email
	case ByKey:
		return p.Key.Name
	case ByVisitor:
		return p.Visitor.User
	}
	return string(p.Kind)
}

// ID is the account's or the key's; empty for others.
func (p Principal) ID() string {
	switch p.Kind {
	case BySession:
		return p.Account.ID
	case ByKey:
		return p.Key.ID
	case ByVisitor:
		return p.Visitor.ID
	}
	return ""
}

type principalKey struct{}

// With returns a context that says who asks.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Of returns who asks; ByNobody when the context does not say.
func Of(ctx context.Context) Principal {
	if p, ok := ctx.Value(principalKey{}).(Principal); ok {
		return p
	}
	return Principal{Kind: ByNobody}
}
