package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/store"
)

func account(n int) identity.Account {
	return identity.Account{ID: fmt.Sprintf("u%d", n), Email: fmt.Sprintf("p%d@example.com", n), Name: fmt.Sprintf("Person %d", n), Lang: "fr", Password: "$argon2id$x", CreatedAt: began}
}

func code(t *testing.T, kind fault.Kind, code string, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, []string{string(kind), code}, []string{string(fault.KindOf(err)), fault.CodeOf(err)}, "%v", err)
}

func testAccounts(t *testing.T, s *store.Store) {
	ctx := t.Context()
	done, err := s.IsSetUp(ctx)
	require.NoError(t, err)
	require.False(t, done)

	// Many first administrators: one is.
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = s.CreateFirst(ctx, account(i), "default") })
	}
	wg.Wait()
	first := -1
	for i, err := range errs {
		if err == nil {
			require.Negative(t, first, "only one")
			first = i
			continue
		}
		code(t, fault.Conflict, "setup_done", err)
	}
	require.GreaterOrEqual(t, first, 0)
	done, err = s.IsSetUp(ctx)
	require.NoError(t, err)
	require.True(t, done)

	a := account(first)
	got, err := s.AccountByEmail(ctx, a.Email)
	require.NoError(t, err)
	equal(t, a, got)
	a.Name, a.Lang, a.Password, a.Issuer, a.Subject, a.SignedInAt, a.Operator = "New", "es", "other", "https://issuer", "sub", began.Add(time.Hour), true
	require.NoError(t, s.UpdateAccount(ctx, a))
	for _, find := range []func() (identity.Account, error){
		func() (identity.Account, error) { return s.Account(ctx, a.ID) },
		func() (identity.Account, error) { return s.AccountBySubject(ctx, "https://issuer", "sub") },
	} {
		got, err = find()
		require.NoError(t, err)
		equal(t, a, got)
	}
	_, err = s.Account(ctx, "nobody")
	notFound(t, err)
	_, err = s.AccountByEmail(ctx, "nobody")
	notFound(t, err)
	_, err = s.AccountBySubject(ctx, "", "")
	notFound(t, err)
	notFound(t, s.UpdateAccount(ctx, account(99)))
}

func testMembers(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a, b := account(1), account(2)
	require.NoError(t, s.CreateFirst(ctx, a, "default"))
	m := identity.Member{Tenant: "default", Account: b, Role: identity.User, Since: began.Add(time.Minute)}
	require.NoError(t, s.AddMember(ctx, m, true))
	code(t, fault.Conflict, "email_taken", s.AddMember(ctx, identity.Member{Tenant: other, Account: identity.Account{ID: "u9", Email: b.Email}, Role: identity.User}, true))
	code(t, fault.Conflict, "already_member", s.AddMember(ctx, m, false))
	elsewhere := m
	elsewhere.Tenant, elsewhere.Role, elsewhere.Since = other, identity.Admin, began.Add(time.Hour)
	require.NoError(t, s.AddMember(ctx, elsewhere, false))

	got, err := s.Members(ctx, "default")
	require.NoError(t, err)
	equal(t, []identity.Member{{Tenant: "default", Account: a, Role: identity.Admin, Since: began}, m}, got)
	got, err = s.Members(ctx, other)
	require.NoError(t, err)
	equal(t, []identity.Member{elsewhere}, got)
	_, err = s.Member(ctx, other, a.ID)
	notFound(t, err)
	ms, err := s.Memberships(ctx, b.ID)
	require.NoError(t, err)
	require.Len(t, ms, 2)
	require.Equal(t, []string{"default", other}, []string{ms[0].Tenant.ID, ms[1].Tenant.ID})
	require.Equal(t, []identity.Role{identity.User, identity.Admin}, []identity.Role{ms[0].Role, ms[1].Role})

	code(t, fault.Conflict, "last_admin", s.SetMember(ctx, "default", a.ID, identity.Manager, false))
	code(t, fault.Conflict, "last_admin", s.SetMember(ctx, "default", a.ID, identity.Admin, true))
	code(t, fault.Conflict, "last_admin", s.RemoveMember(ctx, "default", a.ID))
	notFound(t, s.SetMember(ctx, other, a.ID, identity.Admin, false))
	notFound(t, s.RemoveMember(ctx, other, a.ID))
	require.NoError(t, s.SetMember(ctx, "default", b.ID, identity.Admin, false))

	// Two administrators who remove each other at the same time: one stays.
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, id := range []string{a.ID, b.ID} {
		wg.Go(func() { errs[i] = s.SetMember(ctx, "default", id, identity.Viewer, false) })
	}
	wg.Wait()
	require.NotEqual(t, errs[0] == nil, errs[1] == nil, "%v %v", errs[0], errs[1])

	ten := identity.Tenant{ID: "acme", Name: "Acme", CreatedAt: began}
	require.NoError(t, s.CreateTenant(ctx, ten, a.ID))
	code(t, fault.Conflict, "tenant_taken", s.CreateTenant(ctx, ten, a.ID))
	require.NoError(t, s.RenameTenant(ctx, "acme", "Acme SA"))
	notFound(t, s.RenameTenant(ctx, "nobody", "x"))
	ten.Name = "Acme SA"
	gotT, err := s.Tenant(ctx, "acme")
	require.NoError(t, err)
	equal(t, ten, gotT)
	_, err = s.Tenant(ctx, "nobody")
	notFound(t, err)
	all, err := s.Tenants(ctx)
	require.NoError(t, err)
	require.Len(t, all, 3)
}

func testSessions(t *testing.T, s *store.Store) {
	ctx := t.Context()
	a, b := account(1), account(2)
	require.NoError(t, s.CreateFirst(ctx, a, "default"))
	require.NoError(t, s.AddMember(ctx, identity.Member{Tenant: other, Account: b, Role: identity.User}, true))
	make := func(n int, tenant, user string) identity.Session {
		x := identity.Session{ID: fmt.Sprintf("s%d", n), Tenant: tenant, User: user, Token: fmt.Sprintf("t%d", n), Confirmed: true, RotatedAt: began, CreatedAt: began.Add(time.Duration(n) * time.Second),
			SeenAt: began, ExpiresAt: began.Add(time.Hour), Address: "192.0.2.1", Agent: "Firefox"}
		require.NoError(t, s.CreateSession(ctx, x))
		return x
	}
	one, two, theirs := make(1, "default", a.ID), make(2, "default", a.ID), make(3, other, b.ID)
	code(t, fault.Conflict, "constraint", s.CreateSession(ctx, identity.Session{ID: "s9", Tenant: other, User: a.ID, Token: "t9"}))

	next := one
	next.Token, next.OldToken, next.Confirmed, next.RotatedAt, next.SeenAt = "t1b", "t1", false, began.Add(time.Minute), began.Add(time.Minute)
	ok, err := s.UpdateSession(ctx, one, next)
	require.NoError(t, err)
	require.True(t, ok)
	ok, err = s.UpdateSession(ctx, one, next)
	require.NoError(t, err)
	require.False(t, ok, "somebody was first")
	for _, tok := range []string{"t1", "t1b"} {
		got, err := s.SessionByToken(ctx, tok)
		require.NoError(t, err)
		equal(t, next, got)
	}
	_, err = s.SessionByToken(ctx, "")
	notFound(t, err)
	got, err := s.SessionsOf(ctx, a.ID)
	require.NoError(t, err)
	equal(t, []identity.Session{two, next}, got)

	notFound(t, s.DeleteSession(ctx, b.ID, one.ID))
	require.NoError(t, s.DeleteSessions(ctx, a.ID, two.ID))
	_, err = s.SessionByToken(ctx, "t1b")
	notFound(t, err)
	require.NoError(t, s.DeleteSession(ctx, a.ID, two.ID))
	require.NoError(t, s.RemoveMember(ctx, other, b.ID))
	_, err = s.SessionByToken(ctx, theirs.Token)
	notFound(t, err)

	four := make(4, "default", a.ID)
	require.NoError(t, s.ForgetSessions(ctx, began, began.Add(-time.Second)))
	_, err = s.SessionByToken(ctx, four.Token)
	require.NoError(t, err)
	require.NoError(t, s.ForgetSessions(ctx, began.Add(time.Hour), began.Add(-time.Second)))
	_, err = s.SessionByToken(ctx, four.Token)
	notFound(t, err)
}

func testInvitations(t *testing.T, s *store.Store) {
	ctx := t.Context()
	require.NoError(t, s.CreateFirst(ctx, account(1), "default"))
	i := identity.Invitation{Tenant: "default", ID: "i1", Email: "p2@example.com", Role: identity.Viewer, Token: "tok", InvitedBy: "Ada", CreatedAt: began, ExpiresAt: began.Add(time.Hour)}
	require.NoError(t, s.CreateInvitation(ctx, i))
	got, err := s.InvitationByToken(ctx, "tok")
	require.NoError(t, err)
	equal(t, i, got)
	_, err = s.InvitationByToken(ctx, "")
	notFound(t, err)
	for at, n := range map[time.Time]int{began: 1, began.Add(time.Hour): 0} {
		list, err := s.InvitationsFor(ctx, i.Email, at)
		require.NoError(t, err)
		require.Len(t, list, n)
	}
	list, err := s.Invitations(ctx, other)
	require.NoError(t, err)
	require.Empty(t, list)
	notFound(t, s.DeleteInvitation(ctx, other, i.ID))

	// Used twice at the same time: once it counts.
	i.AcceptedAt = began.Add(time.Minute)
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for n := range errs {
		wg.Go(func() {
			errs[n] = s.AcceptInvitation(ctx, i, identity.Member{Tenant: "default", Account: account(2), Role: i.Role, Since: i.AcceptedAt}, true)
		})
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		if err == nil {
			good++
		} else {
			code(t, fault.Conflict, "invitation_used", err)
		}
	}
	require.Equal(t, 1, good)
	m, err := s.Member(ctx, "default", "u2")
	require.NoError(t, err)
	require.Equal(t, identity.Viewer, m.Role)
	list, err = s.Invitations(ctx, "default")
	require.NoError(t, err)
	require.Empty(t, list, "what was accepted is no longer listed")
	notFound(t, s.DeleteInvitation(ctx, "default", i.ID))

	j := i
	j.ID, j.Token, j.AcceptedAt = "i2", "tok2", time.Time{}
	require.NoError(t, s.CreateInvitation(ctx, j))
	code(t, fault.Conflict, "already_member", s.AcceptInvitation(ctx, j, identity.Member{Tenant: "default", Account: account(2), Role: identity.Admin}, false))
	list, err = s.Invitations(ctx, "default")
	require.NoError(t, err)
	equal(t, []identity.Invitation{j}, list)
	require.NoError(t, s.DeleteInvitation(ctx, "default", j.ID))
}

func testKeys(t *testing.T, s *store.Store) {
	ctx := t.Context()
	k := identity.Key{Tenant: "default", ID: "k1", Name: "Dialler", Hint: "griot_ab", Hash: "h1", Scopes: []identity.Permission{identity.Talk, identity.ReadAgents}, CreatedBy: "Ada", CreatedAt: began,
		ExpiresAt: began.Add(time.Hour)}
	require.NoError(t, s.CreateKey(ctx, k))
	got, err := s.KeyByHash(ctx, "h1")
	require.NoError(t, err)
	equal(t, k, got)
	_, err = s.KeyByHash(ctx, "h2")
	notFound(t, err)
	list, err := s.Keys(ctx, other)
	require.NoError(t, err)
	require.Empty(t, list)
	notFound(t, s.KeyUsed(ctx, other, "k1", began, "x"))
	require.NoError(t, s.KeyUsed(ctx, "default", "k1", began.Add(time.Minute), "192.0.2.1"))
	k.UsedAt, k.UsedFrom = began.Add(time.Minute), "192.0.2.1"
	list, err = s.Keys(ctx, "default")
	require.NoError(t, err)
	equal(t, []identity.Key{k}, list)
	notFound(t, s.DeleteKey(ctx, other, "k1"))
	require.NoError(t, s.DeleteKey(ctx, "default", "k1"))
	notFound(t, s.DeleteKey(ctx, "default", "k1"))
}

func testAudit(t *testing.T, s *store.Store) {
	ctx := t.Context()
	var want []identity.Entry
	for n := range 6 {
		e := identity.Entry{Tenant: "default", ID: fmt.Sprintf("e%d", n), At: began.Add(time.Duration(n/2) * time.Second), ActorKind: identity.BySession, ActorID: fmt.Sprintf("u%d", n%2), ActorName: "Ada",
			Action: []string{"person.changed", "person.removed", "personal.x"}[n%3], TargetKind: "person", TargetID: "t1", TargetName: "é ?", Address: "192.0.2.1", Agent: "Firefox",
			Changes: []identity.Change{{Field: "role", From: "user", To: "admin"}}}
		require.NoError(t, s.AppendAudit(ctx, e))
		want = append([]identity.Entry{e}, want...)
	}
	require.NoError(t, s.AppendAudit(ctx, identity.Entry{Tenant: other, ID: "theirs", At: began, Action: "person.changed", TargetID: "t1"}))

	var got []identity.Entry
	f := identity.Filter{Limit: 4}
	for {
		page, total, err := s.ListAudit(ctx, "default", f)
		require.NoError(t, err)
		require.Equal(t, 6, total)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		last := page[len(page)-1]
		f.Before = &identity.Position{At: last.At, ID: last.ID}
	}
	equal(t, want, got)
	for _, c := range []struct {
		f identity.Filter
		n int
	}{
		{identity.Filter{Actor: "u0"}, 3}, {identity.Filter{Action: "person.changed"}, 2}, {identity.Filter{Action: "person."}, 4}, {identity.Filter{Action: "é."}, 0},
		{identity.Filter{Target: "t1"}, 6}, {identity.Filter{Target: "t2"}, 0}, {identity.Filter{From: began.Add(time.Second)}, 4}, {identity.Filter{To: began.Add(time.Second)}, 2},
		{identity.Filter{Actor: "u0", Action: "person.", From: began.Add(time.Second)}, 1},
	} {
		c.f.Limit = 50
		page, total, err := s.ListAudit(ctx, "default", c.f)
		require.NoError(t, err)
		require.Equal(t, c.n, total, "%+v", c.f)
		require.Len(t, page, c.n)
	}
	page, total, err := s.ListAudit(ctx, other, identity.Filter{Limit: 10})
	require.NoError(t, err)
	require.Equal(t, 1, total)
	require.Equal(t, "theirs", page[0].ID)
}

func testSecrets(t *testing.T, s *store.Store) {
	ctx := t.Context()
	require.NoError(t, s.PutSecret(ctx, "default", "provider/x", "one"))
	require.NoError(t, s.PutSecret(ctx, "default", "provider/x", "two"))
	require.NoError(t, s.PutSecret(ctx, other, "provider/x", "theirs"))
	got, err := s.Secret(ctx, "default", "provider/x")
	require.NoError(t, err)
	require.Equal(t, "two", got)
	_, err = s.Secret(ctx, "default", "provider/y")
	notFound(t, err)
	n, err := s.ReplaceSecrets(ctx, func(_, _, sealed string) (string, error) {
		if sealed == "theirs" {
			return "", fault.New(fault.Unavailable, "secret_key_missing", "no")
		}
		return "three", nil
	})
	code(t, fault.Unavailable, "secret_key_missing", err)
	require.Zero(t, n)
	got, err = s.Secret(ctx, "default", "provider/x")
	require.NoError(t, err)
	require.Equal(t, "two", got, "all or none")
	n, err = s.ReplaceSecrets(ctx, func(tenant, name, sealed string) (string, error) {
		require.Equal(t, "provider/x", name)
		if tenant == other {
			return sealed, nil
		}
		return "three", nil
	})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	got, err = s.Secret(ctx, "default", "provider/x")
	require.NoError(t, err)
	require.Equal(t, "three", got)
	require.NoError(t, s.DeleteSecret(ctx, other, "provider/x"))
	notFound(t, s.DeleteSecret(ctx, other, "provider/x"))
	_, err = s.Secret(ctx, "default", "provider/x")
	require.NoError(t, err)
}
