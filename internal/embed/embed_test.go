package embed_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/agent"
	"griot/internal/embed"
	"griot/internal/fault"
	"griot/internal/secret"
	"griot/internal/store"
)

const (
	home = "https://shop.example"
	id   = "0198c0de-0000-7000-8000-000000000001"
)

// shelf is some agents.
type shelf map[string]agent.Agent

func (s shelf) Get(_ context.Context, tenant, key string) (agent.Agent, error) {
	for _, a := range s {
		if a.Tenant == tenant && (a.ID == key || a.Reference == key || a.Name == key) {
			return a, nil
		}
	}
	return agent.Agent{}, fault.New(fault.NotFound, "agent_not_found", "There is no agent %q.", key)
}

func (s shelf) Owner(_ context.Context, id string) (string, error) { return s[id].Tenant, nil }

// bench is a service with one agent of a tenant, and a clock.
type bench struct {
	*embed.Service
	agents shelf
	now    time.Time
}

func (b *bench) agent() agent.Agent { return b.agents[id] }

func (b *bench) change(f func(*agent.Agent)) {
	a := b.agents[id]
	f(&a)
	b.agents[id] = a
}

func open(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "griot.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.EnsureTenant(t.Context(), "acme", "Acme"))
	keys, err := secret.Open(dir, "", nil)
	require.NoError(t, err)
	d := agent.Default()
	d.Reference, d.Name = "Agent-000001", "Sophie"
	d.Embed.Enabled, d.Embed.Domains, d.Embed.Identity = true, []string{"shop.example", "*.shop.example", "localhost"}, "optional"
	b := &bench{agents: shelf{id: {Tenant: "acme", ID: id, Definition: d}}, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	b.Service = embed.New(embed.Options{Agents: b.agents, Home: "default", Vault: secret.Vault{Keys: keys, Store: db}, Now: func() time.Time { return b.now }})
	return b
}

func code(t *testing.T, want string, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, fault.CodeOf(err), "%v", err)
}

func TestWhoMayShowAnAgent(t *testing.T) {
	b := open(t)
	for origin, allowed := range map[string]bool{
		home: true, "https://www.shop.example": true, "https://a.b.shop.example": true, "http://localhost:3000": true, "http://localhost": true,
		"http://shop.example": false, "https://shop.example:8443": false, "https://evilshop.example": false, "https://shop.example.evil.com": false, "https://localhost": false, "null": false, "": false,
		"https://user@shop.example": false, "https://shop.example/path": false, "chrome-extension://shop.example": false,
	} {
		_, err := b.Open(t.Context(), id, origin, false)
		if allowed {
			require.NoError(t, err, origin)
		} else {
			code(t, "embed_origin", err)
		}
	}
	_, err := b.Open(t.Context(), id, "https://elsewhere.example", true)
	require.NoError(t, err, "a page of this server")
	require.Equal(t, "'self' https://shop.example https://*.shop.example http://localhost:*", b.Ancestors(t.Context(), id))

	for _, key := range []string{"0198c0de-0000-7000-8000-000000000002", "Agent-000001", "Sophie", "", "'; --"} { // the first tenant has none of these
		_, err := b.Open(t.Context(), key, home, false)
		code(t, "embed_agent_not_found", err)
		require.Equal(t, "'self'", b.Ancestors(t.Context(), key))
	}
	for _, f := range []func(*agent.Agent){func(a *agent.Agent) { a.Embed.Enabled = false }, func(a *agent.Agent) { a.Embed.Enabled, a.Status = true, agent.Draft }} {
		b.change(f)
		_, err := b.Open(t.Context(), id, home, false)
		code(t, "embed_disabled", err)
		require.Equal(t, "'self'", b.Ancestors(t.Context(), id))
	}
}

func TestVisit(t *testing.T) {
	b := open(t)
	token, v, err := b.Enter(t.Context(), b.agent(), embed.Wish{Origin: home})
	require.NoError(t, err)
	require.True(t, embed.IsToken(token))
	got, err := b.Visitor(t.Context(), token, home, false)
	require.NoError(t, err)
	require.Equal(t, v, got)
	require.Equal(t, "acme", got.Tenant)
	_, err = b.Visitor(t.Context(), token, "", true)
	require.NoError(t, err, "the frame, which is this server's")
	_, err = b.Visitor(t.Context(), token, "https://www.shop.example", false)
	code(t, "embed_origin", err)

	for name, bad := range map[string]string{"cut": token[:len(token)-4], "changed": token[:40] + "A" + token[41:], "empty": embed.TokenPrefix, "long": embed.TokenPrefix + strings.Repeat("A", 9000), "none": "x"} {
		if bad == token {
			bad = token[:40] + "B" + token[41:]
		}
		_, err := b.Visitor(t.Context(), bad, home, false)
		require.Equal(t, "visitor_unknown", fault.CodeOf(err), name)
	}
	other := open(t) // another server, with other keys
	_, err = other.Visitor(t.Context(), token, home, false)
	code(t, "visitor_unknown", err)

	b.now = b.now.Add(embed.TokenLife)
	_, err = b.Visitor(t.Context(), token, home, false)
	code(t, "visitor_expired", err)

	// Who comes back is the same visitor, on the same site and within a month.
	enter := func(w embed.Wish) embed.Visitor {
		_, v, err := b.Enter(t.Context(), b.agent(), w)
		require.NoError(t, err)
		return v
	}
	require.Equal(t, v.ID, enter(embed.Wish{Origin: home, Previous: token}).ID)
	require.NotEqual(t, v.ID, enter(embed.Wish{Origin: "http://localhost", Previous: token}).ID)
	require.NotEqual(t, v.ID, enter(embed.Wish{Origin: home, Previous: token + "x"}).ID)
	b.now = b.now.Add(31 * 24 * time.Hour)
	require.NotEqual(t, v.ID, enter(embed.Wish{Origin: home, Previous: token}).ID)

	token, _, err = b.Enter(t.Context(), b.agent(), embed.Wish{Origin: home})
	require.NoError(t, err)
	ours, _, err := b.Enter(t.Context(), b.agent(), embed.Wish{Origin: "https://griot.example", Own: true})
	require.NoError(t, err)
	b.change(func(a *agent.Agent) { a.Embed.Domains = []string{"elsewhere.example"} })
	_, err = b.Visitor(t.Context(), token, home, false)
	code(t, "embed_origin", err)
	_, err = b.Visitor(t.Context(), token, "", true)
	code(t, "embed_origin", err) // nor by the frame on that page
	_, err = b.Visitor(t.Context(), ours, "https://griot.example", true)
	require.NoError(t, err)
	b.change(func(a *agent.Agent) { a.Embed.Domains, a.Embed.Enabled = []string{"shop.example"}, false })
	_, err = b.Visitor(t.Context(), token, home, false)
	code(t, "embed_disabled", err)
	delete(b.agents, id)
	_, err = b.Visitor(t.Context(), token, home, false)
	code(t, "embed_agent_not_found", err)
}

func mac(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func jwt(key string, head, claims map[string]any) string {
	part := func(v any) string {
		raw, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(head) + "." + part(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(mac(key, text))
}

func TestKnownVisitors(t *testing.T) {
	b := open(t)
	hs := map[string]any{"alg": "HS256", "typ": "JWT"}
	in := func(d time.Duration) int64 { return b.now.Add(d).Unix() }
	enter := func(i embed.Identity) (embed.Visitor, error) {
		_, v, err := b.Enter(t.Context(), b.agent(), embed.Wish{Origin: home, Identity: i})
		return v, err
	}
	_, err := enter(embed.Identity{ID: "42", Hash: hex.EncodeToString(mac("", "42"))})
	code(t, "identity_invalid", err) // without a secret nobody is known

	key, err := b.Rotate(t.Context(), b.agent())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(key, embed.SecretPrefix))
	has, err := b.HasSecret(t.Context(), b.agent())
	require.NoError(t, err)
	require.True(t, has)

	first, err := enter(embed.Identity{ID: "42", Hash: hex.EncodeToString(mac(key, "42"))})
	require.NoError(t, err)
	require.Equal(t, "42", first.User)
	again, err := enter(embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42", "name": "Ada", "exp": in(time.Hour), "iat": in(0), "aud": id})})
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID, "the same on every machine")
	require.Equal(t, "Ada", again.Name)
	require.NotContains(t, again.ID, "42")

	good := jwt(key, hs, map[string]any{"sub": "42", "exp": in(time.Hour)})
	parts := strings.Split(good, ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"1","exp":9999999999}`))
	for name, c := range map[string]struct {
		id   embed.Identity
		code string
	}{
		"another user's hash":    {embed.Identity{ID: "43", Hash: hex.EncodeToString(mac(key, "42"))}, "identity_invalid"},
		"no hash":                {embed.Identity{ID: "42"}, "identity_invalid"},
		"no hex":                 {embed.Identity{ID: "42", Hash: "zz"}, "identity_invalid"},
		"hash of nobody":         {embed.Identity{Hash: hex.EncodeToString(mac(key, ""))}, "identity_invalid"},
		"another key":            {embed.Identity{Token: jwt(key+"x", hs, map[string]any{"sub": "42", "exp": in(time.Hour)})}, "identity_invalid"},
		"changed claims":         {embed.Identity{Token: parts[0] + "." + forged + "." + parts[2]}, "identity_invalid"},
		"no signature":           {embed.Identity{Token: parts[0] + "." + parts[1] + "."}, "identity_invalid"},
		"alg none":               {embed.Identity{Token: jwt(key, map[string]any{"alg": "none"}, map[string]any{"sub": "42", "exp": in(time.Hour)})}, "identity_invalid"},
		"alg HS512":              {embed.Identity{Token: jwt(key, map[string]any{"alg": "HS512"}, map[string]any{"sub": "42", "exp": in(time.Hour)})}, "identity_invalid"},
		"critical header":        {embed.Identity{Token: jwt(key, map[string]any{"alg": "HS256", "crit": []string{"b64"}}, map[string]any{"sub": "42", "exp": in(time.Hour)})}, "identity_invalid"},
		"no expiry":              {embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42"})}, "identity_invalid"},
		"no subject":             {embed.Identity{Token: jwt(key, hs, map[string]any{"exp": in(time.Hour)})}, "identity_invalid"},
		"expired":                {embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42", "exp": in(-2 * time.Minute)})}, "identity_expired"},
		"not yet":                {embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42", "exp": in(time.Hour), "nbf": in(10 * time.Minute)})}, "identity_expired"},
		"of the future":          {embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42", "exp": in(time.Hour), "iat": in(10 * time.Minute)})}, "identity_expired"},
		"for more than a day":    {embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42", "exp": in(30 * 24 * time.Hour)})}, "identity_invalid"},
		"for ever":               {embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42", "exp": 1e300})}, "identity_invalid"},
		"for another agent":      {embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42", "exp": in(time.Hour), "aud": "Agent-000009"})}, "identity_invalid"},
		"an audience of numbers": {embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42", "exp": in(time.Hour), "aud": 7})}, "identity_invalid"},
		"no token":               {embed.Identity{Token: "a.b"}, "identity_invalid"},
		"a huge token":           {embed.Identity{Token: strings.Repeat("a", 5000)}, "identity_invalid"},
	} {
		_, err := enter(c.id)
		require.Equal(t, c.code, fault.CodeOf(err), "%s: %v", name, err)
	}

	// A token with a jti is good once.
	once := embed.Identity{Token: jwt(key, hs, map[string]any{"sub": "42", "exp": in(time.Hour), "jti": "n1", "aud": []string{"x", "Agent-000001"}})}
	_, err = enter(once)
	require.NoError(t, err)
	_, err = enter(once)
	code(t, "identity_used", err)

	// The token of somebody known makes nobody known again.
	token, known, err := b.Enter(t.Context(), b.agent(), embed.Wish{Origin: home, Identity: embed.Identity{Token: good}})
	require.NoError(t, err)
	_, anonymous, err := b.Enter(t.Context(), b.agent(), embed.Wish{Origin: home, Previous: token})
	require.NoError(t, err)
	require.NotEqual(t, known.ID, anonymous.ID)
	require.Empty(t, anonymous.User)

	// A new secret ends the old one's validity.
	_, err = b.Rotate(t.Context(), b.agent())
	require.NoError(t, err)
	_, err = enter(embed.Identity{Token: good})
	code(t, "identity_invalid", err)
	require.NoError(t, b.Forget(t.Context(), b.agent()))
	has, err = b.HasSecret(t.Context(), b.agent())
	require.NoError(t, err)
	require.False(t, has)

	b.change(func(a *agent.Agent) { a.Embed.Identity = "required" })
	_, err = enter(embed.Identity{})
	code(t, "identity_required", err)
	b.change(func(a *agent.Agent) { a.Embed.Identity = "off" })
	v, err := enter(embed.Identity{ID: "42", Hash: "whatever"})
	require.NoError(t, err)
	require.Empty(t, v.User, "what is not asked for does not count")
}

func TestSites(t *testing.T) {
	for text, source := range map[string]string{
		"example.com": "https://example.com", " Example.COM/ ": "https://example.com", "*.example.com": "https://*.example.com", "https://example.com:443": "https://example.com",
		"example.com:8443": "https://example.com:8443", "http://intranet": "http://intranet", "http://localhost:3000": "http://localhost:3000", "localhost": "http://localhost:*",
		"127.0.0.1:8080": "http://127.0.0.1:8080", "xn--bcher-kva.example": "https://xn--bcher-kva.example",
	} {
		s, err := agent.ParseSite(text)
		require.NoError(t, err, text)
		require.Equal(t, source, s.Source(), text)
	}
	for _, bad := range []string{"", "*", "*.", "*.com", "http://", "ftp://example.com", "example.com/path", "exa mple.com", "example.com:", "example.com:0", "example.com:99999999", "a;b.example", "'self'", "https://*", "*.*.example.com",
		"javascript:alert(1)", "user@example.com", "*.127.0.0.1", strings.Repeat("a", 300) + ".com", "-a.example", "example..com"} {
		_, err := agent.ParseSite(bad)
		require.Equal(t, "bad_domain", fault.CodeOf(err), bad)
	}
}
