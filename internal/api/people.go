package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"griot/internal/agent"
	"griot/internal/identity"
)

// Member is a person in the tenant.
type Member struct {
	Person
	Role       identity.Role `json:"role" enum:"viewer,user,manager,admin"`
	Disabled   bool          `json:"disabled" doc:"May not come in."`
	Since      time.Time     `json:"since"`
	SignedInAt *time.Time    `json:"signed_in_at,omitempty" doc:"The last time; absent when never."`
}

// Invitation is one that was not accepted yet.
type Invitation struct {
	ID        string        `json:"id" format:"uuid"`
	Email     string        `json:"email" format:"email"`
	Role      identity.Role `json:"role" enum:"viewer,user,manager,admin"`
	InvitedBy string        `json:"invited_by"`
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt time.Time     `json:"expires_at"`
	Expired   bool          `json:"expired"`
}

// NewInvitation is an invitation with its link, which is shown this once.
type NewInvitation struct {
	Invitation
	Path string `json:"path" example:"/invite/…" doc:"Page of the console where it is accepted, for you to send. It is not shown again."`
}

// Invited is what the invited person sees.
type Invited struct {
	Email      string        `json:"email" format:"email"`
	Tenant     string        `json:"tenant" doc:"Its name."`
	Role       identity.Role `json:"role" enum:"viewer,user,manager,admin"`
	InvitedBy  string        `json:"invited_by"`
	ExpiresAt  time.Time     `json:"expires_at"`
	HasAccount bool          `json:"has_account" doc:"There is an account of this address: accept with its password. Otherwise choose a name and a password."`
	SSO        string        `json:"sso" doc:"Name of the provider to sign in at instead, which accepts the invitation too; empty when there is none."`
}

// SignInSettings are how people come in. They are of the server's configuration, and the same for every tenant.
type SignInSettings struct {
	Password  bool         `json:"password" doc:"People sign in by password."`
	IdleHours float64      `json:"idle_hours" doc:"After so long without a request a person signs in again."`
	LifeHours float64      `json:"life_hours" doc:"So long after signing in a person signs in again in any case."`
	SSO       *SSOSettings `json:"sso,omitempty" doc:"Absent when there is no provider to sign in at."`
}

// SSOSettings are those of sign-in at a provider, without its secret.
type SSOSettings struct {
	Name     string        `json:"name" doc:"On the button."`
	Issuer   string        `json:"issuer" doc:"The provider's address."`
	ClientID string        `json:"client_id" doc:"What the provider calls this server."`
	Redirect string        `json:"redirect" doc:"The address that the provider must know as this server's."`
	Role     identity.Role `json:"role,omitempty" enum:"viewer,user,manager,admin" doc:"Of people who were not invited; absent when only those who were come in."`
	Here     bool          `json:"here" doc:"People who were not invited come into this tenant."`
	Domains  []string      `json:"domains" doc:"Of e-mail addresses that may come in; none means all."`
}

// RoleInfo is a role with what it may do.
type RoleInfo struct {
	Role        identity.Role         `json:"role" enum:"viewer,user,manager,admin"`
	Permissions []identity.Permission `json:"permissions"`
}

type (
	memberList   Page[Member]
	membersQuery struct {
		Search
		Role identity.Role `query:"role" enum:"viewer,user,manager,admin"`
		Sort string        `query:"sort" enum:"name,-name,email,-email,since,-since,signed_in,-signed_in" default:"name" doc:"With - from the last to the first."`
		Paging
	}
	memberPatch struct {
		ID   string `path:"id" maxLength:"64"`
		Body struct {
			Role     *identity.Role `json:"role,omitempty" enum:"viewer,user,manager,admin"`
			Disabled *bool          `json:"disabled,omitempty" doc:"May not come in, from the next request on."`
		}
	}
	invitationInput struct {
		Body struct {
			Email string        `json:"email" maxLength:"254"`
			Role  identity.Role `json:"role" enum:"viewer,user,manager,admin"`
		}
	}
	invitationList   Page[Invitation]
	invitationsQuery struct {
		Search
		Sort string `query:"sort" enum:"email,-email,created,-created,expires,-expires" default:"-created" doc:"With - from the last to the first."`
		Paging
	}
	tokenPath struct {
		Token string `path:"token" maxLength:"200"`
	}
	acceptInput struct {
		Token string `path:"token" maxLength:"200"`
		Body  struct {
			Name     string `json:"name,omitempty" maxLength:"200" doc:"Of who has no account yet."`
			Password string `json:"password" maxLength:"1024" doc:"The account's, or the one to have."`
			Language string `json:"language,omitempty" enum:"fr,en,es"`
		}
	}
	roleList struct {
		Items  []RoleInfo            `json:"items" doc:"From the least to the most."`
		Scopes []identity.Permission `json:"scopes" doc:"What API keys may be limited to."`
	}
	tenantList   Page[TenantRef]
	tenantsQuery struct {
		Search
		Sort string `query:"sort" enum:"name,-name,id,-id" default:"name" doc:"With - from the last to the first."`
		Paging
	}
	newTenant struct {
		Body struct {
			ID   string `json:"id" maxLength:"40" pattern:"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$" example:"acme"`
			Name string `json:"name" maxLength:"200"`
		}
	}
	renameTenant struct {
		Body struct {
			Name string `json:"name" maxLength:"200"`
		}
	}
)

func (a *api) people() {
	const tag = "People"
	svc := a.s.Identity
	missing, taken := []int{http.StatusNotFound}, []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	get(a, "/api/roles", "list-roles", tag, "List the roles and what they may do", nil, func(context.Context, *struct{}) (roleList, error) {
		out := roleList{Scopes: identity.Scopes()}
		for _, r := range identity.Roles() {
			out.Items = append(out.Items, RoleInfo{r, r.Permissions()})
		}
		return out, nil
	})
	get(a, "/api/sign-in", "get-sign-in-settings", tag, "Tell how people come in", nil, a.signInSettings)
	get(a, "/api/people", "list-people", tag, "List the tenant's people", nil, func(ctx context.Context, in *membersQuery) (memberList, error) {
		all, err := svc.Members(ctx, tenantOf(ctx))
		if err != nil {
			return memberList{}, err
		}
		if in.Role != "" {
			all = slices.DeleteFunc(all, func(m identity.Member) bool { return m.Role != in.Role })
		}
		page, err := memberShelf.page(each(all, memberOf), in.Search, in.Sort, in.Paging)
		return memberList(page), err
	})
	get(a, "/api/people/{id}", "get-person", tag, "Get a person", missing, func(ctx context.Context, in *idPath) (Member, error) {
		m, err := svc.Member(ctx, tenantOf(ctx), in.ID)
		return memberOf(m), err
	})
	change(a, "PATCH", "/api/people/{id}", "change-person", tag, "Change a person's role, or keep them out", 0, taken, func(ctx context.Context, in *memberPatch) (Member, error) {
		m, err := svc.SetMember(ctx, identity.Of(ctx), in.ID, in.Body.Role, in.Body.Disabled)
		return memberOf(m), err
	})
	remove(a, "DELETE", "/api/people/{id}", "remove-person", tag, "Remove a person from the tenant", taken, func(ctx context.Context, in *idPath) error {
		return svc.RemoveMember(ctx, tenantOf(ctx), in.ID)
	})
	get(a, "/api/invitations", "list-invitations", tag, "List the invitations that were not accepted", nil, func(ctx context.Context, in *invitationsQuery) (invitationList, error) {
		all, err := svc.Invitations(ctx, tenantOf(ctx))
		if err != nil {
			return invitationList{}, err
		}
		page, err := invitationShelf.page(each(all, invitationOf), in.Search, in.Sort, in.Paging)
		return invitationList(page), err
	})
	change(a, "POST", "/api/invitations", "invite", tag, "Invite somebody", http.StatusCreated, []int{403, 409}, func(ctx context.Context, in *invitationInput) (NewInvitation, error) {
		i, token, err := svc.Invite(ctx, identity.Of(ctx), in.Body.Email, in.Body.Role)
		return NewInvitation{invitationOf(i), "/invite/" + url.PathEscape(token)}, err
	})
	remove(a, "DELETE", "/api/invitations/{id}", "delete-invitation", tag, "Take an invitation back", missing, func(ctx context.Context, in *idPath) error {
		return svc.DeleteInvitation(ctx, tenantOf(ctx), in.ID)
	})
	get(a, "/api/invite/{token}", "get-invitation", tag, "See an invitation you hold", []int{404, 409}, func(ctx context.Context, in *tokenPath) (Invited, error) {
		i, err := svc.Invitation(ctx, in.Token)
		return Invited{Email: i.Invitation.Email, Tenant: i.Tenant.Name, Role: i.Invitation.Role, InvitedBy: i.Invitation.InvitedBy, ExpiresAt: i.Invitation.ExpiresAt,
			HasAccount: i.HasAccount, SSO: svc.SSO()}, err
	})
	enters(a, "POST", "/api/invite/{token}", "accept-invitation", "Accept an invitation, and sign in", []int{403, 404, 409, 429}, func(ctx context.Context, in *acceptInput) (identity.Signed, error) {
		return svc.Accept(ctx, in.Token, in.Body.Name, in.Body.Password, in.Body.Language, identity.Of(ctx))
	})
	get(a, "/api/tenants", "list-tenants", "Tenants", "List the tenants you know of", nil, func(ctx context.Context, in *tenantsQuery) (tenantList, error) {
		all, err := svc.Tenants(ctx, identity.Of(ctx))
		if err != nil {
			return tenantList{}, err
		}
		page, err := tenantShelf.page(each(all, tenantRefOf), in.Search, in.Sort, in.Paging)
		return tenantList(page), err
	})
	change(a, "POST", "/api/tenants", "create-tenant", "Tenants", "Make a tenant, with yourself as its administrator", http.StatusCreated, []int{403, 409},
		func(ctx context.Context, in *newTenant) (TenantRef, error) {
			t, err := svc.CreateTenant(ctx, identity.Of(ctx), in.Body.ID, in.Body.Name)
			return tenantRefOf(t), err
		})
	get(a, "/api/tenant", "get-tenant", "Tenants", "Get your tenant", nil, func(ctx context.Context, _ *struct{}) (TenantRef, error) {
		t, err := svc.Tenant(ctx, tenantOf(ctx))
		return tenantRefOf(t), err
	})
	change(a, "PATCH", "/api/tenant", "rename-tenant", "Tenants", "Rename your tenant", 0, []int{403}, func(ctx context.Context, in *renameTenant) (TenantRef, error) {
		if err := svc.RenameTenant(ctx, tenantOf(ctx), in.Body.Name); err != nil {
			return TenantRef{}, err
		}
		t, err := svc.Tenant(ctx, tenantOf(ctx))
		return tenantRefOf(t), err
	})
}

var (
	memberShelf = shelf[Member]{
		id:    func(m Member) string { return m.ID },
		words: func(m Member) []string { return []string{m.Name, m.Email} },
		by: map[string]func(Member) string{
			"name": func(m Member) string { return agent.Fold(m.Name) }, "email": func(m Member) string { return m.Email },
			"since": func(m Member) string { return moment(m.Since) }, "signed_in": func(m Member) string { return perhaps(m.SignedInAt) },
		},
	}
	invitationShelf = shelf[Invitation]{
		id:    func(i Invitation) string { return i.ID },
		words: func(i Invitation) []string { return []string{i.Email, i.InvitedBy} },
		by: map[string]func(Invitation) string{
			"email": func(i Invitation) string { return i.Email }, "created": func(i Invitation) string { return moment(i.CreatedAt) },
			"expires": func(i Invitation) string { return moment(i.ExpiresAt) },
		},
	}
	tenantShelf = shelf[TenantRef]{
		id:    func(t TenantRef) string { return t.ID },
		words: func(t TenantRef) []string { return []string{t.ID, t.Name} },
		by:    map[string]func(TenantRef) string{"id": func(t TenantRef) string { return t.ID }, "name": func(t TenantRef) string { return agent.Fold(t.Name) }},
	}
)

func tenantRefOf(t identity.Tenant) TenantRef { return TenantRef{t.ID, t.Name} }

func memberOf(m identity.Member) Member {
	return Member{Person: personOf(m.Account), Role: m.Role, Disabled: m.Disabled, Since: m.Since, SignedInAt: optional(m.Account.SignedInAt)}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func invitationOf(i identity.Invitation) Invitation {
	return Invitation{ID: i.ID, Email: i.Email, Role: i.Role, InvitedBy: i.InvitedBy, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, Expired: time.Now().After(i.ExpiresAt)}
}

func (a *api) signInSettings(ctx context.Context, _ *struct{}) (SignInSettings, error) {
	w := a.s.Identity.Ways()
	out := SignInSettings{Password: !w.Off, IdleHours: w.Idle.Hours(), LifeHours: w.Life.Hours()}
	if o := w.SSO; o != nil {
		out.SSO = &SSOSettings{Name: o.Name, Issuer: o.Issuer, ClientID: o.ClientID, Redirect: o.Redirect, Role: o.Role, Here: o.Tenant == tenantOf(ctx), Domains: notNil(o.Domains)}
	}
	return out, nil
}
