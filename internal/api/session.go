package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"griot/internal/fault"
	"griot/internal/identity"
)

// Cookie is how a session travels: Secure and bound to the host when browsers reach the server by HTTPS.
type Cookie struct {
	Secure bool
	Life   time.Duration
}

// Name is the cookie's name. With the prefix no other host of the domain can set it.
func (c Cookie) Name() string {
	if c.Secure {
		return "__Host-griot"
	}
	return "griot"
}

// For returns the cookie of a token, or one that takes it away when the token is empty.
func (c Cookie) For(token string) *http.Cookie {
	age := int(c.Life.Seconds())
	if token == "" {
		age = -1
	}
	return &http.Cookie{Name: c.Name(), Value: token, Path: "/", MaxAge: age, HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode}
}

// sso is the cookie of a sign-in that is at the provider's.
func (c Cookie) sso(value string) *http.Cookie {
	age := 600
	if value == "" {
		age = -1
	}
	return &http.Cookie{Name: ssoCookie, Value: value, Path: "/api/session/sso", MaxAge: age, HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode}
}

const ssoCookie = "griot_sso"

// SetupState says whether there is a first administrator, and how one signs in.
type SetupState struct {
	Needed      bool   `json:"needed" doc:"There is no administrator yet: everything is open on the server's own machine, and closed elsewhere."`
	TokenNeeded bool   `json:"token_needed" doc:"The set-up token that the server shows in its terminal is needed, for this is another machine."`
	SignIn      bool   `json:"sign_in" doc:"People sign in on this server."`
	SSO         string `json:"sso" doc:"Name of the provider to sign in at, by GET /api/session/sso; empty when there is none."`
}

// Person is somebody as others see them.
type Person struct {
	ID       string `json:"id" format:"uuid"`
	Email    string `json:"email" format:"email"`
	Name     string `json:"name"`
	Language string `json:"language" doc:"Of the console; empty when not chosen."`
}

// TenantRef names a tenant.
type TenantRef struct {
	ID   string `json:"id" example:"default"`
	Name string `json:"name"`
}

// Me is who asks.
type Me struct {
	Kind        identity.Kind         `json:"kind" enum:"session,key,config,machine" doc:"How: signed in, with an API key, with a key of the configuration, or at the server's own machine while nobody needs to sign in."`
	Person      *Person               `json:"person,omitempty" doc:"When signed in."`
	HasPassword bool                  `json:"has_password" doc:"Signed in, and can do so by password."`
	Tenant      TenantRef             `json:"tenant" doc:"Whose data is seen."`
	Tenants     []TenantRef           `json:"tenants" doc:"Where the person may go, by PUT /api/session/tenant."`
	Role        identity.Role         `json:"role,omitempty" enum:"viewer,user,manager,admin"`
	Permissions []identity.Permission `json:"permissions"`
	ExpiresAt   *time.Time            `json:"expires_at,omitempty" doc:"When the session or the key ends at the latest."`
}

type (
	signedIn struct {
		SetCookie string `header:"Set-Cookie"`
		Body      Me
	}
	setupInput struct {
		Body struct {
			Email    string `json:"email" maxLength:"254"`
			Name     string `json:"name" maxLength:"200"`
			Password string `json:"password" maxLength:"1024" doc:"At least 10 characters."`
			Language string `json:"language,omitempty" enum:"fr,en,es" doc:"Of the console."`
			Tenant   string `json:"tenant,omitempty" maxLength:"200" doc:"Name of the organisation."`
			Token    string `json:"token,omitempty" maxLength:"200" doc:"The set-up token of the server's terminal; not needed on the server's own machine."`
		}
	}
	signInInput struct {
		Body struct {
			Email    string `json:"email" maxLength:"254"`
			Password string `json:"password" maxLength:"1024"`
		}
	}
	tenantInput struct {
		Body struct {
			Tenant string `json:"tenant" maxLength:"64" doc:"Its id."`
		}
	}
	profileInput struct {
		Body struct {
			Name     string `json:"name" maxLength:"200"`
			Language string `json:"language,omitempty" enum:"fr,en,es"`
		}
	}
	passwordInput struct {
		Body struct {
			Current  string `json:"current,omitempty" maxLength:"1024" doc:"Not needed by who has none."`
			Password string `json:"password" maxLength:"1024" doc:"At least 10 characters."`
		}
	}
	ssoInput struct {
		Return string `query:"return" maxLength:"1000" doc:"Path of the console to go on to."`
	}
	ssoBack struct {
		Code   string `query:"code" maxLength:"4096"`
		State  string `query:"state" maxLength:"1000"`
		Error  string `query:"error" maxLength:"1000"`
		Cookie string `cookie:"griot_sso" maxLength:"8192"`
		// Providers add what they like.
		Description  string `query:"error_description" maxLength:"4096"`
		ErrorURI     string `query:"error_uri" maxLength:"4096"`
		Issuer       string `query:"iss" maxLength:"1000"`
		SessionState string `query:"session_state" maxLength:"4096"`
		Scope        string `query:"scope" maxLength:"4096"`
		AuthUser     string `query:"authuser" maxLength:"100"`
		Prompt       string `query:"prompt" maxLength:"100"`
		HD           string `query:"hd" maxLength:"1000"`
	}
	redirect struct {
		Status    int
		Location  string         `header:"Location"`
		SetCookie []*http.Cookie `header:"Set-Cookie"`
	}
	// SignedInAt is a browser that a person is signed in with.
	SignedInAt struct {
		ID        string    `json:"id" format:"uuid"`
		Current   bool      `json:"current" doc:"This one."`
		CreatedAt time.Time `json:"created_at"`
		SeenAt    time.Time `json:"seen_at" doc:"To within a minute."`
		ExpiresAt time.Time `json:"expires_at"`
		Address   string    `json:"address" doc:"Where it was opened."`
		Browser   string    `json:"browser" doc:"Its User-Agent."`
	}
	signedInList  Page[SignedInAt]
	sessionsQuery struct {
		Search
		Sort string `query:"sort" enum:"created,-created,seen,-seen" default:"-seen" doc:"With - from the last to the first."`
		Paging
	}
	idPath struct {
		ID string `path:"id" maxLength:"64"`
	}
)

func (a *api) session() {
	const tag = "Sign-in"
	bad := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusTooManyRequests}
	get(a, "/api/setup", "get-setup", tag, "Tell whether there is a first administrator", nil, a.setupState)
	enters(a, "POST", "/api/setup", "set-up", "Make the first administrator, and sign in", bad, func(ctx context.Context, in *setupInput) (identity.Signed, error) {
		p, b := identity.Of(ctx), in.Body
		return a.s.Identity.SetUp(ctx, identity.First{Email: b.Email, Name: b.Name, Password: b.Password, Lang: b.Language, TenantName: b.Tenant, Token: b.Token}, p)
	})
	get(a, "/api/session", "get-session", tag, "Tell who asks and what they may do", bad[:1], func(ctx context.Context, _ *struct{}) (Me, error) { return a.me(ctx, identity.Of(ctx)) })
	enters(a, "POST", "/api/session", "sign-in", "Sign in by password", bad, func(ctx context.Context, in *signInInput) (identity.Signed, error) {
		return a.s.Identity.SignIn(ctx, in.Body.Email, in.Body.Password, identity.Of(ctx))
	})
	huma.Register(a.huma, huma.Operation{Method: "DELETE", Path: "/api/session", OperationID: "sign-out", Tags: []string{tag}, Summary: "Sign out", DefaultStatus: http.StatusNoContent,
		Errors: bad[:1]}, func(ctx context.Context, _ *struct{}) (*struct {
		SetCookie string `header:"Set-Cookie"`
	}, error) {
		if err := a.s.Identity.SignOut(ctx, identity.Of(ctx)); err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, problemOf(ctx, "sign-out", err)
		}
		return &struct {
			SetCookie string `header:"Set-Cookie"`
		}{a.s.Cookie.For("").String()}, nil
	})
	enters(a, "PUT", "/api/session/tenant", "switch-tenant", "Go to another tenant of yours", []int{401, 403, 404, 409}, func(ctx context.Context, in *tenantInput) (identity.Signed, error) {
		return a.s.Identity.SwitchTenant(ctx, identity.Of(ctx), in.Body.Tenant)
	})
	a.sso(tag)
	get(a, "/api/profile", "get-profile", tag, "Get your name and language", bad[:1], func(ctx context.Context, _ *struct{}) (Person, error) {
		p := identity.Of(ctx)
		if p.Kind != identity.BySession {
			return Person{}, fault.New(fault.Unknown, "sign_in_required", "Only somebody who is signed in has a profile.")
		}
		return personOf(p.Account), nil
	})
	change(a, "PUT", "/api/profile", "set-profile", tag, "Change your name and language", 0, bad[:1], func(ctx context.Context, in *profileInput) (Person, error) {
		acc, err := a.s.Identity.UpdateProfile(ctx, identity.Of(ctx), in.Body.Name, in.Body.Language)
		return personOf(acc), err
	})
	enters(a, "PUT", "/api/profile/password", "change-password", "Change your password, and end your other sessions", bad, func(ctx context.Context, in *passwordInput) (identity.Signed, error) {
		return a.s.Identity.ChangePassword(ctx, identity.Of(ctx), in.Body.Current, in.Body.Password)
	})
	get(a, "/api/profile/sessions", "list-sessions", tag, "List where you are signed in", bad[:1], a.listSessions)
	remove(a, "DELETE", "/api/profile/sessions/{id}", "end-session", tag, "Sign out somewhere", []int{401, 404}, func(ctx context.Context, in *idPath) error {
		return a.s.Identity.EndSession(ctx, identity.Of(ctx), in.ID)
	})
}

// enters adds a route that opens or renews a session, and answers with the cookie and with who it is.
func enters[I any](a *api, method, path, id, summary string, errs []int, f func(context.Context, *I) (identity.Signed, error)) {
	op := huma.Operation{Method: method, Path: path, OperationID: id, Tags: []string{"Sign-in"}, Summary: summary, Errors: errs}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*signedIn, error) {
		s, err := f(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, id, err)
		}
		me, err := a.me(ctx, s.Principal)
		if err != nil {
			return nil, problemOf(ctx, id, err)
		}
		return &signedIn{SetCookie: a.s.Cookie.For(s.Token).String(), Body: me}, nil
	})
}

// sso sends people to the provider and takes them back. These are pages for browsers: what goes wrong leads to the console's sign-in page, which words the code.
func (a *api) sso(tag string) {
	failed := func(ctx context.Context, id string, err error) *redirect {
		p := problemOf(ctx, id, err)
		q := url.Values{"error": {p.Code}}
		for k, v := range p.Params {
			q.Set(k, v)
		}
		identity.Quiet(ctx)
		return &redirect{Status: http.StatusSeeOther, Location: "/login?" + q.Encode(), SetCookie: []*http.Cookie{a.s.Cookie.sso("")}}
	}
	op := huma.Operation{Method: "GET", Path: "/api/session/sso", OperationID: "begin-sso", Tags: []string{tag}, Summary: "Sign in at the provider", DefaultStatus: http.StatusSeeOther,
		Description: "A page for browsers: it leads to the provider, and from there back. What goes wrong leads to /login?error=…"}
	huma.Register(a.huma, op, func(ctx context.Context, in *ssoInput) (*redirect, error) {
		to, cookie, err := a.s.Identity.BeginSSO(ctx, in.Return)
		if err != nil {
			return failed(ctx, op.OperationID, err), nil
		}
		return &redirect{Status: http.StatusSeeOther, Location: to, SetCookie: []*http.Cookie{a.s.Cookie.sso(cookie)}}, nil
	})
	back := huma.Operation{Method: "GET", Path: "/api/session/sso/callback", OperationID: "finish-sso", Tags: []string{tag}, Summary: "Come back from the provider",
		DefaultStatus: http.StatusSeeOther, Description: "The provider's redirect address."}
	huma.Register(a.huma, back, func(ctx context.Context, in *ssoBack) (*redirect, error) {
		q := url.Values{"code": {in.Code}, "state": {in.State}, "error": {in.Error}}
		s, to, err := a.s.Identity.FinishSSO(ctx, in.Cookie, q, identity.Of(ctx))
		if err != nil {
			return failed(ctx, back.OperationID, err), nil
		}
		return &redirect{Status: http.StatusSeeOther, Location: to, SetCookie: []*http.Cookie{a.s.Cookie.sso(""), a.s.Cookie.For(s.Token)}}, nil
	})
}

func (a *api) setupState(ctx context.Context, _ *struct{}) (SetupState, error) {
	svc := a.s.Identity
	done, err := svc.IsSetUp(ctx)
	if err != nil {
		return SetupState{}, err
	}
	needed := !done && !svc.Off()
	return SetupState{Needed: needed, TokenNeeded: needed && !identity.Of(ctx).Here, SignIn: !svc.Off(), SSO: svc.SSO()}, nil
}

// me describes a principal.
func (a *api) me(ctx context.Context, p identity.Principal) (Me, error) {
	t, err := a.s.Identity.Tenant(ctx, p.Tenant)
	if err != nil {
		return Me{}, err
	}
	m := Me{Kind: p.Kind, Tenant: TenantRef{t.ID, t.Name}, Role: p.Role, Permissions: notNil(p.Permissions())}
	switch p.Kind {
	case identity.BySession:
		person := personOf(p.Account)
		m.Person, m.HasPassword, m.ExpiresAt = &person, p.Account.Password != "", &p.Session.ExpiresAt
		all, err := a.s.Identity.Memberships(ctx, p.Account.ID)
		if err != nil {
			return Me{}, err
		}
		for _, ms := range all {
			if !ms.Disabled {
				m.Tenants = append(m.Tenants, TenantRef{ms.Tenant.ID, ms.Tenant.Name})
			}
		}
	case identity.ByKey:
		m.ExpiresAt = &p.Key.ExpiresAt
	}
	if m.Tenants == nil {
		m.Tenants = []TenantRef{m.Tenant}
	}
	return m, nil
}

func personOf(a identity.Account) Person {
	return Person{ID: a.ID, Email: a.Email, Name: a.Name, Language: a.Lang}
}

var sessionShelf = shelf[SignedInAt]{
	id:    func(s SignedInAt) string { return s.ID },
	words: func(s SignedInAt) []string { return []string{s.Address, s.Browser} },
	by:    map[string]func(SignedInAt) string{"created": func(s SignedInAt) string { return moment(s.CreatedAt) }, "seen": func(s SignedInAt) string { return moment(s.SeenAt) }},
}

func (a *api) listSessions(ctx context.Context, in *sessionsQuery) (signedInList, error) {
	p := identity.Of(ctx)
	all, err := a.s.Identity.SessionsOf(ctx, p)
	if err != nil {
		return signedInList{}, err
	}
	page, err := sessionShelf.page(each(all, func(s identity.Session) SignedInAt {
		return SignedInAt{ID: s.ID, Current: s.ID == p.Session.ID, CreatedAt: s.CreatedAt, SeenAt: s.SeenAt, ExpiresAt: s.ExpiresAt, Address: s.Address, Browser: s.Agent}
	}), in.Search, in.Sort, in.Paging)
	return signedInList(page), err
}
