package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
	"griot/internal/config"
	"griot/internal/identity/identitytest"
)

// Somebody signs in at a provider, in a browser that follows what it is told.
func TestSSOInABrowser(t *testing.T) {
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	issuer := identitytest.NewIssuer(t)
	s := launch(t, func(c *config.Config) {
		c.SSO.Issuer, c.SSO.ClientID, c.SSO.ClientSecret, c.SSO.Name = issuer.URL, issuer.ClientID, issuer.ClientSecret, "Acme"
	})
	admin := s.setUp()
	said := string(admin.do("GET", "/api/sign-in", nil).ok(nil).body)
	require.JSONEq(t, `{"password":true,"idle_hours":12,"life_hours":336,"sso":{"name":"Acme","issuer":"`+issuer.URL+`","client_id":"`+issuer.ClientID+`",
		"redirect":"`+s.URL()+`/api/session/sso/callback","here":true,"domains":[]}}`, said, "and nothing of its secret")
	admin.do("POST", "/api/invitations", map[string]string{"email": "bob@example.com", "role": "user"}).ok(nil)
	b := s.browser()
	require.Contains(t, string(b.do("GET", "/api/setup", nil).ok(nil).body), `"sso":"Acme"`)
	follow := func(path string) string { // where the browser ends up
		to := b.do("GET", path, nil)
		require.Equal(t, http.StatusSeeOther, to.status, "%s", to.body)
		next := to.header.Get("Location")
		if !strings.HasPrefix(next, issuer.URL) {
			return next
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, next, nil)
		require.NoError(t, err)
		resp, err := s.http.Transport.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		back := resp.Header.Get("Location")
		require.True(t, strings.HasPrefix(back, s.URL()+"/api/session/sso/callback?"), back)
		done := b.do("GET", strings.TrimPrefix(back, s.URL()), nil)
		require.Equal(t, http.StatusSeeOther, done.status, "%s", done.body)
		return done.header.Get("Location")
	}
	issuer.SignsIn("1", "eve@example.com", "Eve", true)
	require.Equal(t, "/login?email=eve%40example.com&error=not_invited", follow("/api/session/sso?return=/agents"))
	b.do("GET", "/api/session", nil).problem(401, "sign_in_required")
	issuer.SignsIn("2", "bob@example.com", "Bob", true)
	require.Equal(t, "/agents", follow("/api/session/sso?return=/agents"))
	var who me
	b.do("GET", "/api/session", nil).ok(&who)
	require.Equal(t, []string{"Bob", "user"}, []string{who.Person.Name, who.Role})
	require.Equal(t, "/", follow("/api/session/sso?return=https://evil.example"))
	require.Equal(t, "/login?error=sso_failed", b.do("GET", "/api/session/sso/callback?state=x&code=y", nil).header.Get("Location"))
	issuer.Refuses("access_denied")
	require.Equal(t, "/login?error=sso_denied&reason=access_denied", follow("/api/session/sso"))

	var page struct {
		Items []struct {
			Action string
			Actor  struct{ Name string }
		}
	}
	admin.do("GET", "/api/audit?action=session.&limit=10", nil).ok(&page)
	require.Len(t, page.Items, 2, "Bob came in twice, and what failed is none of the tenant's")
	require.Equal(t, "Bob", page.Items[0].Actor.Name)
}

// The cookie is out of reach of scripts and of other sites, and bound to HTTPS where browsers use it.
func TestCookies(t *testing.T) {
	form := map[string]string{"email": "ada@example.com", "name": "Ada", "password": password}
	s := launch(t, nil)
	set := s.browser().do("POST", "/api/setup", form).ok(nil).header.Get("Set-Cookie")
	require.Regexp(t, `^griot=[\w-]{43}; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax$`, set)
	b := s.browser()
	in := map[string]string{"email": "ada@example.com", "password": password}
	one := b.do("POST", "/api/session", in).ok(nil).header.Get("Set-Cookie")
	two := b.do("POST", "/api/session", in).ok(nil).header.Get("Set-Cookie")
	require.NotEqual(t, one, two, "every sign-in has an id of its own")
	out := b.do("DELETE", "/api/session", nil).ok(nil)
	require.Equal(t, `griot=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`, out.header.Get("Set-Cookie"))
	b.do("GET", "/api/session", nil).problem(401, "sign_in_required")
	require.Equal(t, "Bearer", b.do("GET", "/api/session", nil).header.Get("WWW-Authenticate"))

	safe := launch(t, func(c *config.Config) { c.Server.PublicURL = "https://griot.example" })
	req := strings.NewReader(`{"email":"ada@example.com","name":"Ada","password":"` + password + `","token":"` + safe.people.SetupToken() + `"}`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+safe.listener.Addr().String()+"/api/setup", req)
	require.NoError(t, err)
	r.Host = "griot.example"
	r.Header.Set("Content-Type", "application/json")
	resp, err := safe.http.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Regexp(t, `^__Host-griot=[\w-]{43}; Path=/; Max-Age=1209600; HttpOnly; Secure; SameSite=Lax$`, resp.Header.Get("Set-Cookie"))
}

func TestWrongPasswords(t *testing.T) {
	s := launch(t, nil)
	admin := s.setUp()
	b := s.browser()
	for range 5 {
		b.do("POST", "/api/session", map[string]string{"email": "ada@example.com", "password": "wrong"}).problem(403, "wrong_password")
	}
	a := b.do("POST", "/api/session", map[string]string{"email": "ada@example.com", "password": password})
	require.NotEmpty(t, a.problem(429, "too_many_attempts")["seconds"])
	require.Equal(t, a.problem(429, "too_many_attempts")["seconds"], a.header.Get("Retry-After"))
	b.do("POST", "/api/session", map[string]string{"email": "ada@example.com", "password": password}).problem(429, "too_many_attempts") // not worth another entry
	var page struct {
		Items []struct {
			Action, Address string
			Actor           struct{ Kind, Name string }
			Changes         []struct{ Field, To string }
		}
	}
	admin.do("GET", "/api/audit?action=session.refused", nil).ok(&page)
	require.Len(t, page.Items, 6)
	require.Equal(t, "too_many_attempts", page.Items[0].Changes[0].To)
	require.Equal(t, "127.0.0.1", page.Items[0].Address)
	require.Equal(t, []string{"nobody", "ada@example.com"}, []string{page.Items[0].Actor.Kind, page.Items[0].Actor.Name})
}

// A program with a key does what its scopes say, and the trail says which one it was.
func TestKeysOfPrograms(t *testing.T) {
	s := launch(t, nil)
	admin := s.setUp()
	var k struct{ ID, Secret, Hint string }
	admin.do("POST", "/api/keys", map[string]any{"name": "Dialler", "scopes": []string{"talk", "conversations:read", "conversations:delete"}}).ok(&k)
	require.True(t, strings.HasPrefix(k.Secret, "griot_") && strings.HasPrefix(k.Secret, k.Hint))
	require.NotContains(t, string(admin.do("GET", "/api/keys", nil).ok(nil).body), k.Secret)
	program := s.browser()
	program.key = k.Secret
	var who struct {
		Kind        string
		Permissions []string
		ExpiresAt   time.Time `json:"expires_at"`
	}
	program.do("GET", "/api/session", nil).ok(&who)
	require.Equal(t, "key", who.Kind)
	require.Len(t, who.Permissions, 3)
	require.WithinDuration(t, time.Now().Add(90*24*time.Hour), who.ExpiresAt, time.Hour)
	program.do("GET", "/api/agents", nil).problem(403, "not_allowed")
	program.do("DELETE", "/api/session", nil).problem(401, "sign_in_required")
	conn, _, _ := s.dial("test", http.Header{"Authorization": {"Bearer " + k.Secret}})
	require.NotNil(t, conn)
	conn2, _, _ := s.dial("test", http.Header{"Api-Key": {k.Secret}, "Host": {"griot.example"}})
	require.NotNil(t, conn2, "from anywhere")
	require.NoError(t, conn.CloseNow())
	var list struct{ Items []struct{ ID string } }
	program.do("GET", "/api/conversations", nil).ok(&list)
	require.Len(t, list.Items, 2)
	require.NoError(t, conn2.CloseNow())
	s.recordAs(program, list.Items[0].ID)
	program.do("DELETE", "/api/conversations/"+list.Items[0].ID, nil).ok(nil)
	var page struct {
		Items []struct {
			Actor  struct{ Kind, ID, Name string }
			Target struct{ Kind, ID string }
		}
	}
	admin.do("GET", "/api/audit?action=conversation.deleted&actor="+k.ID, nil).ok(&page)
	require.Len(t, page.Items, 1)
	require.Equal(t, []string{"key", "Dialler", "conversation", list.Items[0].ID},
		[]string{page.Items[0].Actor.Kind, page.Items[0].Actor.Name, page.Items[0].Target.Kind, page.Items[0].Target.ID})
	program.do("DELETE", "/api/conversations/nothing", nil).problem(404, "conversation_not_found")
	admin.do("GET", "/api/audit?actor="+k.ID, nil).ok(&page)
	require.Len(t, page.Items, 1, "what failed changed nothing")

	admin.do("DELETE", "/api/keys/"+k.ID, nil).ok(nil)
	program.do("GET", "/api/conversations", nil).problem(401, "wrong_key")
	_, resp, r := s.dial("test", http.Header{"Authorization": {"Bearer " + k.Secret}})
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	require.Equal(t, "wrong_key", r.Error.Code)
}

// recordAs waits until a conversation has ended, as the one who asks.
func (s *server) recordAs(b *browser, id string) {
	s.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var c struct{ Status string }
		b.do("GET", "/api/conversations/"+id, nil).ok(&c)
		if c.Status != "active" {
			return
		}
		select { // the record is written after the connection has closed: there is no signal of it outside the process
		case <-tick.C:
		case <-deadline.C:
			s.t.Fatal("the conversation was never closed")
		}
	}
}

// Where a request comes from is what trusted proxies say, and nobody else.
func TestAddressBehindProxies(t *testing.T) {
	cfg := config.Default()
	cfg.Server.TrustedProxies = []string{"10.0.0.0/8", "::1"}
	g := newGuard(cfg, nil, api.Cookie{}, nil, nil)
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:1", "", "192.0.2.1"},
		{"192.0.2.1:1", "203.0.113.9", "192.0.2.1"},
		{"10.0.0.1:1", "203.0.113.9", "203.0.113.9"},
		{"[::1]:1", "198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"},
		{"10.0.0.1:1", "10.0.0.2", "10.0.0.2"},
		{"10.0.0.1:1", "garbage", "10.0.0.1"},
		{"10.0.0.1:1", "203.0.113.9, garbage", "10.0.0.1"},
		{"10.0.0.1:1", "::ffff:203.0.113.9", "203.0.113.9"},
		{"@", "203.0.113.9", "@"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		require.Equal(t, c.want, g.address(r), "%s for %s", c.remote, c.forwarded)
	}
}

// Operators are made by the terminal too.
func TestOperators(t *testing.T) {
	s := launch(t, nil)
	admin := s.setUp()
	bob := admin.join("bob@example.com", "admin")
	tenant := map[string]string{"id": "acme", "name": "Acme"}
	bob.do("POST", "/api/tenants", tenant).problem(403, "not_allowed")
	require.NoError(t, SetOperator(t.Context(), s.cfg, "bob@example.com", true, io.Discard))
	bob.do("POST", "/api/tenants", tenant).ok(nil)
	bob.do("POST", "/api/tenants", tenant).problem(409, "tenant_taken")
	require.NoError(t, SetOperator(t.Context(), s.cfg, "bob@example.com", false, io.Discard))
	bob.do("POST", "/api/tenants", map[string]string{"id": "other", "name": "Other"}).problem(403, "not_allowed")
	var list struct{ Total int }
	bob.do("GET", "/api/tenants", nil).ok(&list)
	require.Equal(t, 2, list.Total)
}
