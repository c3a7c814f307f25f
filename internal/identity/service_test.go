package identity_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "four words make it"

// stage is a service on a database of its own, with a clock that stands still unless it is moved.
type stage struct {
	*identity.Service
	*testing.T
	db  *store.Store
	now time.Time
}

func newStage(t *testing.T, change func(*identity.Options)) *stage {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "griot.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	st := &stage{T: t, db: db, now: time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)}
	o := identity.Options{Store: db, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return st.now }}
	if change != nil {
		change(&o)
	}
	st.Service = identity.NewService(o)
	return st
}

func at(address string) identity.Principal {
	return identity.Principal{Kind: identity.ByNobody, Address: address, Agent: "Firefox", Here: true}
}

// ada is the first administrator, signed in.
func (s *stage) ada() identity.Signed {
	s.Helper()
	signed, err := s.SetUp(s.Context(), identity.First{Email: "ada@example.com", Name: "Ada", Password: password}, at("192.0.2.1"))
	require.NoError(s, err)
	return signed
}

func (s *stage) code(code string, err error) *fault.Error {
	s.Helper()
	require.Error(s, err)
	var f *fault.Error
	require.ErrorAs(s, err, &f)
	require.Equal(s, code, f.Code, "%v", err)
	return f
}

func (s *stage) pass(d time.Duration) { s.now = s.now.Add(d) }

func TestSessionsEnd(t *testing.T) {
	s := newStage(t, nil)
	tok := s.ada().Token
	get := func(tok string) (identity.Signed, error) { return s.Session(t.Context(), tok, false, at("192.0.2.9")) }
	got, err := get(tok)
	require.NoError(t, err)
	require.Equal(t, "ada@example.com", got.Principal.Account.Email)
	require.Equal(t, "192.0.2.9", got.Principal.Address, "of this request")
	require.Empty(t, got.Token)
	for range 28 { // never idle for long
		s.pass(12*time.Hour - time.Minute)
		_, err = get(tok)
		require.NoError(t, err)
	}
	s.pass(time.Hour)
	_, err = get(tok)
	s.code("session_over", err) // after two weeks in any case
	for _, wrong := range []string{"", "x", tok + "x"} {
		_, err = get(wrong)
		s.code("session_over", err)
	}

	idle, err := s.SignIn(t.Context(), "ADA@example.com ", password, at("192.0.2.1"))
	require.NoError(t, err)
	s.pass(12 * time.Hour)
	_, err = get(idle.Token)
	s.code("session_over", err)

	out, err := s.SignIn(t.Context(), "ada@example.com", password, at("192.0.2.1"))
	require.NoError(t, err)
	all, err := s.SessionsOf(t.Context(), out.Principal)
	require.NoError(t, err)
	require.Len(t, all, 1, "those that have ended are not listed, and deleted at a sign-in")
	require.NoError(t, s.SignOut(t.Context(), out.Principal))
	_, err = get(out.Token)
	s.code("session_over", err)
}

// A token is replaced every hour. The old one is good for what was under way, and for as long as the new one has not arrived.
func TestTokensRotate(t *testing.T) {
	s := newStage(t, nil)
	first := s.ada().Token
	get := func(tok string) (string, error) {
		got, err := s.Session(t.Context(), tok, true, at("192.0.2.1"))
		return got.Token, err
	}
	s.pass(time.Hour + time.Second)
	second, err := get(first)
	require.NoError(t, err)
	require.NotEmpty(t, second)
	again, err := get(first)
	require.NoError(t, err)
	require.Empty(t, again, "a request that was under way")
	s.pass(2 * time.Minute)
	third, err := get(first)
	require.NoError(t, err, "the answer with the new token was lost")
	require.NotEmpty(t, third)
	_, err = get(second)
	s.code("session_over", err)
	again, err = get(third)
	require.NoError(t, err)
	require.Empty(t, again)
	_, err = get(first)
	require.NoError(t, err, "within the minute")
	s.pass(2 * time.Minute)
	_, err = get(first)
	s.code("session_over", err) // the browser has the new one: whoever has the old one is somebody else
	_, err = get(third)
	require.NoError(t, err)

	s.pass(time.Hour)
	got, err := s.Session(t.Context(), third, false, at("192.0.2.1"))
	require.NoError(t, err)
	require.Empty(t, got.Token, "where no cookie can be answered nothing is replaced")
}

func TestAttemptsAreLimited(t *testing.T) {
	s := newStage(t, nil)
	s.ada()
	try := func(email, pass, address string) error {
		_, err := s.SignIn(t.Context(), email, pass, at(address))
		return err
	}
	for range 5 {
		s.code("wrong_password", try("ada@example.com", "wrong", "192.0.2.1"))
	}
	f := s.code("too_many_attempts", try("ada@example.com", password, "192.0.2.1"))
	require.Equal(t, fault.Limited, f.Kind)
	require.Equal(t, "1", f.Params["seconds"])
	require.NoError(t, try("ada@example.com", password, "192.0.2.2"), "elsewhere the owner comes in")
	s.pass(time.Second)
	s.code("wrong_password", try("ada@example.com", "wrong", "192.0.2.1"))
	require.Equal(t, "2", s.code("too_many_attempts", try("ada@example.com", "wrong", "192.0.2.1")).Params["seconds"])
	s.pass(2 * time.Second)
	require.NoError(t, try("ada@example.com", password, "192.0.2.1"))
	for range 5 {
		s.code("wrong_password", try("ada@example.com", "wrong", "192.0.2.1"))
	}
	// Waits double, up to a quarter of an hour.
	most := 0
	for range 14 {
		s.pass(15 * time.Minute)
		s.code("wrong_password", try("ada@example.com", "wrong", "192.0.2.1"))
		var seconds int
		_, err := fmt.Sscan(s.code("too_many_attempts", try("ada@example.com", "wrong", "192.0.2.1")).Params["seconds"], &seconds)
		require.NoError(t, err)
		require.GreaterOrEqual(t, seconds, most)
		most = seconds
	}
	require.Equal(t, 900, most)

	// An unknown account is refused with the same words, as often, and one address cannot try many.
	s.pass(2 * time.Hour)
	for i := range 50 {
		s.code("wrong_password", try(fmt.Sprintf("p%d@example.com", i), "wrong", "192.0.2.3"))
	}
	s.code("too_many_attempts", try("ada@example.com", password, "192.0.2.3"))
	// Many addresses cannot try one account.
	limited := 0
	for i := range 40 {
		if fault.CodeOf(try("ada@example.com", "wrong", fmt.Sprintf("198.51.100.%d", i))) == "too_many_attempts" {
			limited++
		}
	}
	require.Equal(t, 10, limited)
	s.pass(2 * time.Minute)
	require.NoError(t, try("ada@example.com", password, "192.0.2.2"), "its owner waits two minutes at most")

	page, err := s.Audit(t.Context(), "default", identity.Filter{Action: "session.refused", Limit: 100}, "")
	require.NoError(t, err)
	require.NotEmpty(t, page.Items)
	require.Equal(t, "ada@example.com", page.Items[0].TargetName)
}

// A hash that was made with weaker parameters is replaced when its password is known: at the next sign-in.
func TestOldHashesAreRenewed(t *testing.T) {
	s := newStage(t, nil)
	a := s.ada().Principal.Account
	weak, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	require.NoError(t, err)
	a.Password = weak
	require.NoError(t, s.db.UpdateAccount(t.Context(), a))
	_, err = s.SignIn(t.Context(), a.Email, password, at("x"))
	require.NoError(t, err)
	a, err = s.db.Account(t.Context(), a.ID)
	require.NoError(t, err)
	require.Contains(t, a.Password, "$argon2id$v=19$m=19456,t=2,p=1$")
	_, err = s.SignIn(t.Context(), a.Email, password, at("x"))
	require.NoError(t, err)
}

func TestChangePassword(t *testing.T) {
	s := newStage(t, nil)
	one := s.ada()
	two, err := s.SignIn(t.Context(), "ada@example.com", password, at("x"))
	require.NoError(t, err)
	_, err = s.ChangePassword(t.Context(), two.Principal, "wrong", "another four words")
	s.code("wrong_password", err)
	_, err = s.ChangePassword(t.Context(), two.Principal, password, "short")
	s.code("password_too_short", err)
	renewed, err := s.ChangePassword(t.Context(), two.Principal, password, "another four words")
	require.NoError(t, err)
	for _, tok := range []string{one.Token, two.Token} {
		_, err = s.Session(t.Context(), tok, true, at("x"))
		s.code("session_over", err)
	}
	_, err = s.Session(t.Context(), renewed.Token, true, at("x"))
	require.NoError(t, err)
	_, err = s.SignIn(t.Context(), "ada@example.com", password, at("y"))
	s.code("wrong_password", err)
	_, err = s.SignIn(t.Context(), "ada@example.com", "another four words", at("y"))
	require.NoError(t, err)
	_, err = s.ChangePassword(t.Context(), at("x"), password, "another four words")
	s.code("sign_in_required", err)
}

func TestInvitations(t *testing.T) {
	s := newStage(t, nil)
	_, _, err := s.Invite(t.Context(), identity.Principal{Tenant: "default"}, "bob@example.com", identity.User)
	s.code("setup_required", err)
	ada := s.ada().Principal
	for email, code := range map[string]string{"bob": "bad_email", "Bob <bob@example.com>": "bad_email", "ada@example.com": "already_member", "": "bad_email"} {
		_, _, err = s.Invite(t.Context(), ada, email, identity.User)
		s.code(code, err)
	}
	_, _, err = s.Invite(t.Context(), ada, "bob@example.com", "emperor")
	s.code("bad_role", err)

	_, late, err := s.Invite(t.Context(), ada, "bob@example.com", identity.Manager)
	require.NoError(t, err)
	s.pass(7 * 24 * time.Hour)
	_, err = s.Accept(t.Context(), late, "Bob", password, "fr", at("x"))
	s.code("invitation_expired", err)
	inv, tok, err := s.Invite(t.Context(), ada, "bob@example.com", identity.Manager)
	require.NoError(t, err)
	require.NotContains(t, inv.Token, tok, "only a hash is kept")
	_, err = s.Accept(t.Context(), tok+"x", "Bob", password, "fr", at("x"))
	s.code("invitation_not_found", err)
	_, err = s.Accept(t.Context(), tok, "Bob", "", "fr", at("x"))
	s.code("password_too_short", err)
	bob, err := s.Accept(t.Context(), tok, "  Bob   Dupont ", password, "fr", at("x"))
	require.NoError(t, err)
	require.Equal(t, identity.Manager, bob.Principal.Role)
	require.Equal(t, "Bob Dupont", bob.Principal.Account.Name)
	_, err = s.Accept(t.Context(), tok, "Bob", password, "fr", at("x"))
	s.code("invitation_used", err)

	// In another tenant the same person joins with the password, and moves between the two.
	signed, err := s.SignIn(t.Context(), "ada@example.com", password, at("x"))
	require.NoError(t, err)
	ada = signed.Principal
	_, err = s.CreateTenant(t.Context(), ada, "acme", "Acme")
	require.NoError(t, err)
	_, err = s.CreateTenant(t.Context(), ada, "Acme!", "Acme")
	s.code("bad_tenant_id", err)
	there, err := s.SwitchTenant(t.Context(), ada, "acme")
	require.NoError(t, err)
	require.Equal(t, "acme", there.Principal.Tenant)
	_, tok, err = s.Invite(t.Context(), there.Principal, "bob@example.com", identity.Viewer)
	require.NoError(t, err)
	_, err = s.SwitchTenant(t.Context(), bob.Principal, "acme")
	s.code("tenant_not_found", err)
	_, err = s.Accept(t.Context(), tok, "Mallory", "not the password", "", at("y"))
	s.code("wrong_password", err)
	both, err := s.Accept(t.Context(), tok, "", password, "", at("x"))
	require.NoError(t, err)
	require.Equal(t, []string{"acme", "viewer"}, []string{both.Principal.Tenant, string(both.Principal.Role)})
	back, err := s.SwitchTenant(t.Context(), both.Principal, "default")
	require.NoError(t, err)
	require.Equal(t, identity.Manager, back.Principal.Role)
	_, err = s.Session(t.Context(), both.Token, true, at("x"))
	s.code("session_over", err)
	disabled := true
	_, err = s.SetMember(t.Context(), ada, back.Principal.Account.ID, nil, &disabled)
	require.NoError(t, err)
	_, err = s.Session(t.Context(), back.Token, true, at("x"))
	s.code("session_over", err)
	elsewhere, err := s.SignIn(t.Context(), "bob@example.com", password, at("x"))
	require.NoError(t, err)
	require.Equal(t, "acme", elsewhere.Principal.Tenant, "kept out of one tenant, the person comes into the other")
}

func TestKeys(t *testing.T) {
	s := newStage(t, func(o *identity.Options) { o.ConfigKeys = []string{"a-key-of-the-file"} })
	ada := s.ada().Principal
	manager := ada
	manager.Role = identity.Manager
	for name, c := range map[string]struct {
		p    identity.Principal
		n    identity.NewKey
		code string
	}{
		"no name":         {ada, identity.NewKey{Scopes: []identity.Permission{identity.Talk}}, "bad_name"},
		"no scope":        {ada, identity.NewKey{Name: "x"}, "no_scope"},
		"unknown scope":   {ada, identity.NewKey{Name: "x", Scopes: []identity.Permission{"everything"}}, "unknown_scope"},
		"of operators":    {ada, identity.NewKey{Name: "x", Scopes: []identity.Permission{identity.Operate}}, "unknown_scope"},
		"more than one's": {manager, identity.NewKey{Name: "x", Scopes: []identity.Permission{identity.WriteKeys}}, "scope_too_wide"},
		"of yesterday":    {ada, identity.NewKey{Name: "x", Scopes: []identity.Permission{identity.Talk}, ExpiresAt: s.now.Add(-time.Hour)}, "bad_expiry"},
		"for ever":        {ada, identity.NewKey{Name: "x", Scopes: []identity.Permission{identity.Talk}, ExpiresAt: s.now.AddDate(9, 0, 0)}, "bad_expiry"},
	} {
		_, _, err := s.CreateKey(t.Context(), c.p, c.n)
		require.Equal(t, c.code, fault.CodeOf(err), name)
	}
	k, secret, err := s.CreateKey(t.Context(), ada, identity.NewKey{Name: " Dialler  1 ", Scopes: []identity.Permission{identity.Talk, identity.Talk}})
	require.NoError(t, err)
	require.Equal(t, "Dialler 1", k.Name)
	require.Equal(t, s.now.Add(90*24*time.Hour), k.ExpiresAt)
	require.Equal(t, []identity.Permission{identity.Talk}, k.Scopes)
	p, err := s.Key(t.Context(), secret, at("192.0.2.7"))
	require.NoError(t, err)
	require.Equal(t, []any{identity.ByKey, "default", true, false}, []any{p.Kind, p.Tenant, p.May(identity.Talk), p.May(identity.ReadAgents)})
	list, err := s.Keys(t.Context(), "default")
	require.NoError(t, err)
	require.Equal(t, []any{"192.0.2.7", s.now}, []any{list[0].UsedFrom, list[0].UsedAt})
	p, err = s.Key(t.Context(), "a-key-of-the-file", at("x"))
	require.NoError(t, err)
	require.Equal(t, []any{identity.ByConfig, identity.Manager}, []any{p.Kind, p.Role})
	for _, wrong := range []string{"", "griot_", secret + "x", "a-key-of-the-fil"} {
		_, err = s.Key(t.Context(), wrong, at("x"))
		s.code("wrong_key", err)
	}
	s.pass(90 * 24 * time.Hour)
	_, err = s.Key(t.Context(), secret, at("x"))
	s.code("key_expired", err)
	require.NoError(t, s.DeleteKey(t.Context(), "default", k.ID))
	_, err = s.Key(t.Context(), secret, at("x"))
	s.code("wrong_key", err)
}

func TestAuditPages(t *testing.T) {
	s := newStage(t, nil)
	for i := range 5 {
		require.NoError(t, s.Record(t.Context(), identity.Entry{Tenant: "default", Action: fmt.Sprintf("a.%d", i)}))
		s.pass(time.Millisecond)
	}
	var got []string
	cursor := ""
	for {
		page, err := s.Audit(t.Context(), "default", identity.Filter{Limit: 2}, cursor)
		require.NoError(t, err)
		require.Equal(t, 5, page.Total)
		for _, e := range page.Items {
			got = append(got, e.Action)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	require.Equal(t, []string{"a.4", "a.3", "a.2", "a.1", "a.0"}, got)
	for _, bad := range []string{"!", "eA", "OTk"} {
		_, err := s.Audit(t.Context(), "default", identity.Filter{Limit: 2}, bad)
		s.code("bad_cursor", err)
	}
}

// A password waits for its turn no longer than the request does.
func TestHashingGivesUpWithTheRequest(t *testing.T) {
	s := newStage(t, nil)
	s.ada()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.SignIn(ctx, "ada@example.com", password, at("x"))
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
}

func TestEmailsAndPaths(t *testing.T) {
	for in, want := range map[string]string{" Ada@Example.COM ": "ada@example.com", "a+b@x.co": "a+b@x.co", "é@exemple.fr": "é@exemple.fr"} {
		got, err := identity.Email(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "a", "a@", "@b", "a b@c.de", "<a@b.c>", "a@b.c, d@e.f", "\"a\"@b.c", "a@b.c\x00", "a@b.c\n"} {
		got, err := identity.Email(bad)
		if bad == "a@b.c\n" { // white space around it is forgiven
			require.Equal(t, "a@b.c", got)
			continue
		}
		require.Error(t, err, "%q became %q", bad, got)
	}
	for in, want := range map[string]string{"/agents?x=1": "/agents?x=1", "": "/", "agents": "/", "//evil.example": "/", "https://evil.example/": "/", "/\\evil.example": "/", "/a\r\nb": "/"} {
		require.Equal(t, want, identity.LocalPath(in), "%q", in)
	}
}

// Where sign-in is off, cookies of before open nothing.
func TestOffEndsSessions(t *testing.T) {
	s := newStage(t, nil)
	tok := s.ada().Token
	off := identity.NewService(identity.Options{Store: s.db, Off: true, Now: func() time.Time { return s.now }})
	_, err := off.Session(t.Context(), tok, true, at("x"))
	s.code("sign_in_off", err)
	_, err = off.SignIn(t.Context(), "ada@example.com", password, at("x"))
	s.code("sign_in_off", err)
	open, err := off.Open(t.Context())
	require.NoError(t, err)
	require.True(t, open)
}
