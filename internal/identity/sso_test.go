package identity_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/identity/identitytest"
	"griot/internal/secret"
)

func newSSO(t *testing.T, issuer *identitytest.Issuer, change func(*identity.SSO)) *stage {
	keys, err := secret.Open(t.TempDir(), "", nil)
	require.NoError(t, err)
	o := &identity.SSO{Issuer: issuer.URL, ClientID: issuer.ClientID, ClientSecret: issuer.ClientSecret, Name: "Acme", Redirect: "http://griot.example/api/session/sso/callback", Tenant: "default",
		Seal: func(p []byte) (string, error) { return keys.Seal("", "sso", p) }, Open: func(s string) ([]byte, error) { return keys.Open("", "sso", s) }}
	if change != nil {
		change(o)
	}
	return newStage(t, func(so *identity.Options) { so.SSO = o; so.Now = nil })
}

// visit goes to the provider and returns with what it sends the browser back with.
func (s *stage) visit() (cookie string, back url.Values) {
	s.Helper()
	to, cookie, err := s.BeginSSO(s.Context(), "/agents")
	require.NoError(s, err)
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer c.CloseIdleConnections()
	resp, err := c.Get(to)
	require.NoError(s, err)
	require.NoError(s, resp.Body.Close())
	loc, err := resp.Location()
	require.NoError(s, err)
	require.Equal(s, "griot.example", loc.Host)
	return cookie, loc.Query()
}

func (s *stage) sso() (identity.Signed, error) {
	s.Helper()
	cookie, back := s.visit()
	signed, to, err := s.FinishSSO(s.Context(), cookie, back, at("192.0.2.1"))
	require.Equal(s, "/agents", to)
	return signed, err
}

func TestSSO(t *testing.T) {
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	issuer := identitytest.NewIssuer(t)
	s := newSSO(t, issuer, nil)
	_, _, err := s.BeginSSO(t.Context(), "/")
	s.code("setup_required", err)
	ada := s.ada().Principal

	issuer.SignsIn("sub-bob", "Bob@Example.com", "Bob", true)
	_, err = s.sso()
	s.code("not_invited", err)
	_, _, err = s.Invite(t.Context(), ada, "bob@example.com", identity.Manager)
	require.NoError(t, err)
	bob, err := s.sso()
	require.NoError(t, err)
	require.Equal(t, []string{"Bob", "manager", "bob@example.com"}, []string{bob.Principal.Account.Name, string(bob.Principal.Role), bob.Principal.Account.Email})
	_, err = s.Session(t.Context(), bob.Token, true, at("x"))
	require.NoError(t, err)

	// The account stays the person's when the address changes, and the address cannot be taken by another one.
	issuer.SignsIn("sub-bob", "robert@example.com", "Robert", true)
	again, err := s.sso()
	require.NoError(t, err)
	require.Equal(t, bob.Principal.Account.ID, again.Principal.Account.ID)
	issuer.SignsIn("sub-eve", "bob@example.com", "Eve", true)
	_, err = s.sso()
	s.code("sso_failed", err)

	// An account with a password is found by the address that the provider has verified, and by no other.
	issuer.SignsIn("sub-ada", "ada@example.com", "Ada", false)
	_, err = s.sso()
	s.code("sso_unverified", err)
	issuer.SignsIn("sub-ada", "ada@example.com", "Ada", true)
	got, err := s.sso()
	require.NoError(t, err)
	require.Equal(t, ada.Account.ID, got.Principal.Account.ID)
	_, err = s.SignIn(t.Context(), "ada@example.com", password, at("x"))
	require.NoError(t, err)
	_, err = s.SignIn(t.Context(), "bob@example.com", "", at("x"))
	s.code("wrong_password", err) // who has no password has not the empty one
}

func TestSSOByRoleAndDomain(t *testing.T) {
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	issuer := identitytest.NewIssuer(t)
	s := newSSO(t, issuer, func(o *identity.SSO) { o.Role, o.Domains = identity.Viewer, []string{"Acme.example"} })
	s.ada()
	issuer.SignsIn("1", "carol@acme.example", "", true)
	carol, err := s.sso()
	require.NoError(t, err)
	require.Equal(t, []string{"viewer", "carol@acme.example"}, []string{string(carol.Principal.Role), carol.Principal.Account.Name})
	issuer.SignsIn("2", "mallory@acme.example.evil", "M", true)
	_, err = s.sso()
	s.code("not_invited", err)
}

func TestSSOThatDoesNotFit(t *testing.T) {
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	issuer := identitytest.NewIssuer(t)
	s := newSSO(t, issuer, func(o *identity.SSO) { o.Role = identity.User })
	s.ada()
	issuer.SignsIn("1", "carol@acme.example", "Carol", true)
	for name, spoil := range map[string]func(map[string]any){
		"another audience": func(c map[string]any) { c["aud"] = "somebody-else" },
		"another issuer":   func(c map[string]any) { c["iss"] = "https://evil.example" },
		"another nonce":    func(c map[string]any) { c["nonce"] = "x" },
		"no nonce":         func(c map[string]any) { delete(c, "nonce") },
		"expired":          func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() },
	} {
		issuer.Spoils(spoil)
		_, err := s.sso()
		require.Equal(t, "sso_failed", fault.CodeOf(err), "%s: %v", name, err)
	}
	issuer.Spoils(nil)

	finish := func(cookie string, q url.Values) error {
		_, _, err := s.FinishSSO(t.Context(), cookie, q, at("x"))
		return err
	}
	cookie, back := s.visit()
	other, _ := s.visit()
	s.code("sso_failed", finish("", back))
	s.code("sso_failed", finish("garbage", back))
	s.code("sso_failed", finish(other, back)) // begun in another browser
	s.code("sso_failed", finish(cookie, url.Values{"state": back["state"], "code": {"guess"}}))
	require.NoError(t, finish(cookie, back))
	s.code("sso_failed", finish(cookie, back)) // a code is good once
	issuer.Refuses("access_denied")
	_, err := s.sso()
	require.Equal(t, "access_denied", s.code("sso_denied", err).Params["reason"])

	away := newSSO(t, issuer, func(o *identity.SSO) { o.Issuer = "http://127.0.0.1:1" })
	away.ada()
	_, _, err = away.BeginSSO(t.Context(), "/")
	away.code("sso_unreachable", err)
	none := newStage(t, nil)
	_, _, err = none.BeginSSO(t.Context(), "/")
	none.code("no_sso", err)
}
