package identity

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"griot/internal/fault"
)

// Deadlines of SSO: of one request to the provider, and of a person at the provider's page.
const (
	ssoRequest = 10 * time.Second
	ssoPerson  = 10 * time.Minute
)

// SSO is sign-in at an OpenID Connect provider, by the authorization code flow with PKCE. Its exported fields do not change after the first use.
type SSO struct {
	Issuer, ClientID, ClientSecret string
	Name                           string   // on the button
	Redirect                       string   // our own address that the provider sends people back to
	Role                           Role     // of people who were not invited; empty lets in only those who were
	Tenant                         string   // where they go
	Domains                        []string // of e-mail addresses that may come in; none means all
	// Seal and Open keep what has to come back unchanged in the browser's cookie.
	Seal func(plain []byte) (string, error)
	Open func(sealed string) ([]byte, error)

	mu       sync.Mutex
	provider *oidc.Provider // once it has answered
}

// pending is a sign-in that is at the provider's.
type pending struct {
	State, Nonce, Verifier, Return string
	Until                          time.Time
}

// discover asks the provider for its addresses, once.
func (o *SSO) discover(ctx context.Context) (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider != nil {
		return o.provider, nil
	}
	// The provider keeps the context for its keys, so it is not the request's.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), ssoClient), o.Issuer)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "sso_unreachable", "The sign-in provider %s does not answer as one", o.Issuer)
	}
	o.provider = p
	return p, nil
}

var ssoClient = &http.Client{Timeout: ssoRequest}

func (o *SSO) config(p *oidc.Provider) oauth2.Config {
	return oauth2.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: o.Redirect, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}
}

// SSO returns the provider's name; "" when there is none.
func (s *Service) SSO() string {
	if s.o.SSO == nil || s.o.Off {
		return ""
	}
	return s.o.SSO.Name
}

// BeginSSO returns the provider's address to send a browser to, and what its cookie is to keep until it comes back. back is a path of the console.
func (s *Service) BeginSSO(ctx context.Context, back string) (to, cookie string, err error) {
	o := s.o.SSO
	if o == nil || s.o.Off {
		return "", "", fault.New(fault.NotFound, "no_sso", "This server has no sign-in by a provider (settings sso).")
	}
	if done, err := s.IsSetUp(ctx); err != nil {
		return "", "", err
	} else if !done {
		return "", "", fault.New(fault.Conflict, "setup_required", "Make the first administrator before you sign in.")
	}
	p, err := o.discover(ctx)
	if err != nil {
		return "", "", err
	}
	w := pending{State: token(""), Nonce: token(""), Verifier: oauth2.GenerateVerifier(), Return: LocalPath(back), Until: s.now().Add(ssoPerson)}
	raw, err := json.Marshal(w)
	if err != nil {
		return "", "", err
	}
	if cookie, err = o.Seal(raw); err != nil {
		return "", "", err
	}
	conf := o.config(p)
	return conf.AuthCodeURL(w.State, oidc.Nonce(w.Nonce), oauth2.S256ChallengeOption(w.Verifier)), cookie, nil
}

// LocalPath returns a path of this server, "/" for anything that could lead elsewhere.
func LocalPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

// FinishSSO signs in who comes back from the provider with these parameters, and returns the path to go on to. Faults: Denied "sso_failed" for what does not fit
// together, "sso_denied" when the provider says no, "sso_unverified", "not_invited", "account_disabled"; Unavailable "sso_unreachable".
func (s *Service) FinishSSO(ctx context.Context, cookie string, q url.Values, from Principal) (Signed, string, error) {
	o := s.o.SSO
	if o == nil || s.o.Off {
		return Signed{}, "", fault.New(fault.NotFound, "no_sso", "This server has no sign-in by a provider (settings sso).")
	}
	broken := fault.New(fault.Denied, "sso_failed", "The sign-in was not begun in this browser, or too long ago. Begin again.")
	raw, err := o.Open(cookie)
	var w pending
	if err != nil || json.Unmarshal(raw, &w) != nil || s.now().After(w.Until) || subtle.ConstantTimeCompare([]byte(w.State), []byte(q.Get("state"))) != 1 {
		return Signed{}, "", broken
	}
	if why := q.Get("error"); why != "" {
		f := fault.New(fault.Denied, "sso_denied", "The provider did not sign you in: %s.", clip(why))
		f.Params = map[string]string{"reason": clip(why)}
		return Signed{}, w.Return, f
	}
	who, err := o.redeem(ctx, q.Get("code"), w)
	if err != nil {
		return Signed{}, w.Return, err
	}
	signed, err := s.enterBySSO(ctx, who, from)
	return signed, w.Return, err
}

// claims are what a provider says of a person.
type claims struct {
	subject  string
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // some send a string
	Name     string `json:"name"`
	Locale   string `json:"locale"`
}

// redeem exchanges the code for a verified statement of who it is.
func (o *SSO) redeem(ctx context.Context, code string, w pending) (claims, error) {
	p, err := o.discover(ctx)
	if err != nil {
		return claims{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, ssoClient), ssoRequest)
	defer cancel()
	conf := o.config(p)
	tok, err := conf.Exchange(ctx, code, oauth2.VerifierOption(w.Verifier))
	if err != nil {
		if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
			return claims{}, fault.Wrap(err, fault.Denied, "sso_failed", "The provider does not know the sign-in any more. Begin again")
		}
		return claims{}, fault.Wrap(err, fault.Unavailable, "sso_unreachable", "The sign-in provider does not answer")
	}
	idToken, ok := tok.Extra("id_token").(string)
	if !ok {
		return claims{}, fault.New(fault.Denied, "sso_failed", "The provider did not say who signed in.")
	}
	id, err := p.Verifier(&oidc.Config{ClientID: o.ClientID}).Verify(ctx, idToken)
	if err != nil {
		return claims{}, fault.Wrap(err, fault.Denied, "sso_failed", "The provider's statement is not to be trusted")
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(w.Nonce)) != 1 {
		return claims{}, fault.New(fault.Denied, "sso_failed", "The provider's statement is for another sign-in.")
	}
	c := claims{subject: id.Subject}
	if err := id.Claims(&c); err != nil {
		return claims{}, fault.Wrap(err, fault.Denied, "sso_failed", "The provider's statement cannot be read")
	}
	return c, nil
}

// enterBySSO finds the account of who the provider says it is: the one that came that way before, else that of the verified e-mail address, else a new one.
func (s *Service) enterBySSO(ctx context.Context, c claims, from Principal) (Signed, error) {
	o := s.o.SSO
	a, err := s.store.AccountBySubject(ctx, o.Issuer, c.subject)
	if err == nil {
		return s.enter(ctx, a, from)
	}
	if fault.KindOf(err) != fault.NotFound {
		return Signed{}, err
	}
	email, err := Email(c.Email)
	if verified := c.Verified == true || c.Verified == "true"; err != nil || !verified {
		return Signed{}, fault.New(fault.Denied, "sso_unverified", "The provider names no e-mail address that it has verified.")
	}
	_, domain, _ := strings.Cut(email, "@")
	if len(o.Domains) > 0 && !slices.ContainsFunc(o.Domains, func(d string) bool { return strings.EqualFold(d, domain) }) {
		return Signed{}, notInvited(email)
	}
	a, err = s.store.AccountByEmail(ctx, email)
	isNew := fault.KindOf(err) == fault.NotFound
	if err != nil && !isNew {
		return Signed{}, err
	}
	if !isNew && a.Subject != "" {
		return Signed{}, fault.New(fault.Denied, "sso_failed", "The account of this address belongs to somebody else at the provider.")
	}
	if isNew {
		name, err := personName(c.Name)
		if err != nil {
			name = email
		}
		a = Account{ID: newID(), Email: email, Name: name, CreatedAt: s.now()}
	}
	a.Issuer, a.Subject = o.Issuer, c.subject
	open, err := s.store.InvitationsFor(ctx, email, s.now())
	if err != nil {
		return Signed{}, err
	}
	switch {
	case len(open) > 0:
		return s.join(ctx, open[0], a, isNew, from)
	case !isNew:
		return s.enter(ctx, a, from) // which writes the subject
	case o.Role == "":
		return Signed{}, notInvited(email)
	}
	if err := s.store.AddMember(ctx, Member{Tenant: o.Tenant, Account: a, Role: o.Role, Since: a.CreatedAt}, true); err != nil {
		return Signed{}, err
	}
	Note(ctx, "role", "", string(o.Role))
	return s.enter(ctx, a, from)
}

func notInvited(email string) error {
	f := fault.New(fault.Denied, "not_invited", "%s was not invited. Ask an administrator for an invitation.", email)
	f.Params = map[string]string{"email": email}
	return f
}
