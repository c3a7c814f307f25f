package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
)

// browser is somebody at a browser of their own, with its cookies, or a program with a key.
type browser struct {
	s   *server
	jar *cookiejar.Jar
	key string
}

func (s *server) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &browser{s: s, jar: jar}
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// do sends a request; body is encoded as JSON unless it is nil.
func (b *browser) do(method, path string, body any, header ...string) answer {
	b.s.t.Helper()
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(b.s.t, err)
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, b.s.URL()+path, r)
	require.NoError(b.s.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if b.key != "" {
		req.Header.Set("Authorization", "Bearer "+b.key)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	c := http.Client{Transport: b.s.http.Transport, Jar: b.jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(req)
	require.NoError(b.s.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(b.s.t, err)
	return answer{b.s.t, resp.StatusCode, resp.Header, raw}
}

// ok requires a success and reads the body into v, which may be nil.
func (a answer) ok(v any) answer {
	a.t.Helper()
	require.Less(a.t, a.status, 300, "%s", a.body)
	if v != nil {
		require.NoError(a.t, json.Unmarshal(a.body, v), "%s", a.body)
	}
	return a
}

// problem requires a failure with a code and returns its parameters.
func (a answer) problem(status int, code string) map[string]string {
	a.t.Helper()
	var p struct {
		Code   string
		Params map[string]string
		Error  json.RawMessage // where the answer is the Realtime protocol's, an object
	}
	require.NoError(a.t, json.Unmarshal(a.body, &p), "%d %s", a.status, a.body)
	if p.Code == "" {
		require.NoError(a.t, json.Unmarshal(p.Error, &p), "%d %s", a.status, a.body)
	}
	require.Equal(a.t, []any{status, code}, []any{a.status, p.Code}, "%s", a.body)
	return p.Params
}

const password = "four words make it"

type me struct {
	Kind, Role string
	Person     struct{ ID, Email, Name string }
	Tenant     struct{ ID, Name string }
	Tenants    []struct{ ID string }

	Permissions []string
}

// setUp makes the first administrator and returns the browser that is signed in.
func (s *server) setUp() *browser {
	b := s.browser()
	b.do("POST", "/api/setup", map[string]string{"email": "Ada@Example.com", "name": "Ada", "password": password, "tenant": "Maison Baobab"}).ok(nil)
	return b
}

// join invites somebody with a role and returns the browser in which the invitation was accepted.
func (b *browser) join(email, role string) *browser {
	b.s.t.Helper()
	var inv struct{ ID, Path string }
	b.do("POST", "/api/invitations", map[string]string{"email": email, "role": role}).ok(&inv)
	other := b.s.browser()
	other.do("POST", "/api"+inv.Path, map[string]string{"name": strings.ToUpper(email[:1]), "password": password}).ok(nil)
	return other
}

// Until there is an administrator everything is open on this machine; from then on a session or a key is needed.
func TestOpenUntilSetUp(t *testing.T) {
	s := launch(t, nil)
	b := s.browser()
	var state struct {
		Needed      bool `json:"needed"`
		TokenNeeded bool `json:"token_needed"`
		SignIn      bool `json:"sign_in"`
	}
	b.do("GET", "/api/setup", nil).ok(&state)
	require.True(t, state.Needed && state.SignIn && !state.TokenNeeded)
	var who me
	b.do("GET", "/api/session", nil).ok(&who)
	require.Equal(t, []string{"machine", "admin", "default"}, []string{who.Kind, who.Role, who.Tenant.ID})
	b.do("GET", "/api/agents", nil).ok(nil)
	b.do("POST", "/api/invitations", map[string]string{"email": "b@example.com", "role": "viewer"}).problem(409, "setup_required")

	for body, code := range map[string]string{
		`{"email":"ada","name":"Ada","password":"` + password + `"}`:                              "bad_email",
		`{"email":"ada@example.com","name":" ","password":"` + password + `"}`:                    "bad_name",
		`{"email":"ada@example.com","name":"Ada","password":"short"}`:                             "password_too_short",
		`{"email":"ada@example.com","name":"Ada","password":"Password123"}`:                       "password_common",
		`{"email":"ada@example.com","name":"Ada","password":"aaaaaaaaaaaa"}`:                      "password_common",
		`{"email":"ada@example.com","name":"Ada","password":"ada@example.com"}`:                   "password_is_name",
		`{"email":"ada@example.com","name":"Ada","password":"` + strings.Repeat("ab", 200) + `"}`: "password_too_long",
	} {
		b.do("POST", "/api/setup", json.RawMessage(body)).problem(422, code)
	}

	a := s.setUp()
	a.do("GET", "/api/session", nil).ok(&who)
	require.Equal(t, []string{"session", "admin", "ada@example.com", "Maison Baobab"}, []string{who.Kind, who.Role, who.Person.Email, who.Tenant.Name})
	b.do("GET", "/api/setup", nil).ok(&state)
	require.False(t, state.Needed)
	b.do("POST", "/api/setup", map[string]string{"email": "eve@example.com", "name": "Eve", "password": password}).problem(409, "setup_done")
	for _, path := range []string{"/api/agents", "/api/session", "/api/conversations", "/v1/realtime?model=agent:test", "/openai/v1/realtime?model=agent:test"} {
		b.do("GET", path, nil).problem(401, "sign_in_required")
	}
	b.do("GET", "/debug/vars", nil).problem(401, "sign_in_required")
	_, resp, r := s.dial("test", nil)
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	require.Equal(t, "sign_in_required", r.Error.Code)

	// The cookie opens a conversation, and a page of another site cannot use it.
	cookie := a.jar.Cookies(mustURL(t, s.URL()))[0]
	conn, _, _ := s.dial("test", http.Header{"Cookie": {cookie.String()}})
	require.NotNil(t, conn)
	_, resp, _ = s.dial("test", http.Header{"Cookie": {cookie.String()}, "Origin": {"https://evil.example"}})
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	a.do("POST", "/v1/realtime/client_secrets", map[string]any{}, "Origin", "https://evil.example").problem(403, "origin_not_allowed")
	a.do("DELETE", "/api/session", nil, "Origin", "https://evil.example").problem(403, "cross_origin")
	a.do("DELETE", "/api/session", nil, "Sec-Fetch-Site", "cross-site").problem(403, "cross_origin")

	require.NoError(t, s.stop())
}

// From another machine the first administrator needs the token of the terminal.
func TestSetUpFromElsewhere(t *testing.T) {
	s := launch(t, nil)
	send := func(method, path, body string, proxied bool) (int, string) {
		req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		req.RemoteAddr, req.Host = "192.0.2.7:4000", "griot.example:5000"
		if proxied {
			req.RemoteAddr, req.Host = "127.0.0.1:4000", "127.0.0.1:5000"
			req.Header.Set("X-Forwarded-For", "192.0.2.8")
		}
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, req)
		return w.Code, w.Body.String()
	}
	status, body := send("GET", "/", "", false)
	require.Contains(t, []int{200, 404, 503}, status, "the console's files are nobody's secret: %s", body)
	_, body = send("GET", "/api/setup", "", false)
	require.Contains(t, body, `"token_needed":true`)
	form := func(token string) string {
		return `{"email":"ada@example.com","name":"Ada","password":"` + password + `","token":"` + token + `"}`
	}
	for _, proxied := range []bool{false, true} {
		status, body = send("POST", "/api/setup", form("guess"), proxied)
		require.Equal(t, 403, status)
		require.Contains(t, body, "setup_token_wrong")
	}
	var shown bytes.Buffer
	s.ReportStart(t.Context(), &shown)
	_, token, ok := strings.Cut(shown.String(), "/setup?token=")
	require.True(t, ok, "%s", &shown)
	token, _, _ = strings.Cut(token, "\n")
	status, body = send("POST", "/api/setup", form(token), false)
	require.Equal(t, 200, status, "%s", body)
	shown.Reset()
	s.ReportStart(t.Context(), &shown)
	require.NotContains(t, shown.String(), "/setup")
}

// A server without sign-in stays as it was.
func TestSignInOff(t *testing.T) {
	s := launch(t, func(c *config.Config) { c.Server.SignIn = "off" })
	b := s.browser()
	b.do("GET", "/api/agents", nil).ok(nil)
	b.do("POST", "/api/setup", map[string]string{"email": "ada@example.com", "name": "Ada", "password": password}).problem(409, "sign_in_off")
	b.do("POST", "/api/session", map[string]string{"email": "ada@example.com", "password": password}).problem(409, "sign_in_off")
	var k struct{ Secret string }
	b.do("POST", "/api/keys", map[string]any{"name": "Dialler", "scopes": []string{"agents:read"}}).ok(&k)
	require.NotEmpty(t, k.Secret)
}

// What each role may do, on the running server.
func TestRoles(t *testing.T) {
	s := launch(t, nil)
	admin := s.setUp()
	people := map[string]*browser{"admin": admin}
	for _, role := range []string{"viewer", "user", "manager"} {
		people[role] = admin.join(role+"@example.com", role)
	}
	for _, c := range []struct {
		method, path string
		body         any
		least        string
	}{
		{"GET", "/api/agents", nil, "viewer"},
		{"GET", "/api/conversations", nil, "viewer"},
		{"GET", "/api/realtime/calls", nil, "viewer"},
		{"GET", "/api/roles", nil, "viewer"},
		{"POST", "/v1/realtime/client_secrets", map[string]any{}, "user"},
		{"GET", "/v1/realtime/ice_servers", nil, "user"},
		{"GET", "/api/people", nil, "manager"},
		{"GET", "/api/sign-in", nil, "manager"},
		{"GET", "/api/keys", nil, "admin"},
		{"GET", "/api/audit", nil, "admin"},
		{"PATCH", "/api/tenant", map[string]string{"name": "Baobab"}, "admin"},
		{"GET", "/debug/", nil, "operator"},
	} {
		reached := false
		for _, role := range []string{"viewer", "user", "manager", "admin"} {
			reached = reached || role == c.least
			a := people[role].do(c.method, c.path, c.body)
			if reached || c.least == "operator" && role == "admin" {
				require.NotEqual(t, 403, a.status, "%s %s by a %s: %s", c.method, c.path, role, a.body)
			} else {
				a.problem(403, "not_allowed")
			}
		}
	}
	_, resp, r := s.dial("test", http.Header{"Cookie": {people["viewer"].jar.Cookies(mustURL(t, s.URL()))[0].String()}})
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	require.Equal(t, "not_allowed", r.Error.Code)

	// A role that is taken away is gone at the next request, and so is a person.
	var list struct {
		Items []struct{ ID, Email, Role string }
	}
	admin.do("GET", "/api/people", nil).ok(&list)
	require.Len(t, list.Items, 4)
	id := map[string]string{}
	for _, p := range list.Items {
		id[p.Role] = p.ID
	}
	admin.do("PATCH", "/api/people/"+id["manager"], map[string]any{"role": "viewer"}).ok(nil)
	people["manager"].do("GET", "/api/people", nil).problem(403, "not_allowed")
	admin.do("PATCH", "/api/people/"+id["user"], map[string]any{"disabled": true}).ok(nil)
	people["user"].do("GET", "/api/agents", nil).problem(401, "session_over")
	people["user"].do("POST", "/api/session", map[string]string{"email": "user@example.com", "password": password}).problem(403, "account_disabled")
	admin.do("DELETE", "/api/people/"+id["viewer"], nil).ok(nil)
	people["viewer"].do("GET", "/api/agents", nil).problem(401, "session_over")
	admin.do("PATCH", "/api/people/"+id["admin"], map[string]any{"role": "user"}).problem(409, "last_admin")
	admin.do("DELETE", "/api/people/"+id["admin"], nil).problem(409, "last_admin")
	admin.do("PATCH", "/api/people/"+id["admin"], map[string]any{"role": "emperor"}).problem(422, "invalid_request")
}

func mustURL(t testing.TB, text string) *url.URL {
	u, err := url.Parse(text)
	require.NoError(t, err)
	return u
}
