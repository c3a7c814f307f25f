package app

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/fault"
)

type shownProvider struct {
	Source   string
	Settings map[string]any
	Missing  string
	Present  bool
}

// A provider is set in the console: the key is sealed, never shown, used by the next conversation, and not sent to an address that it was not entered for.
func TestProviderSettings(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "")
	var asked []string
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") != "Bearer sk-right" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"object":"list","data":[{"id":"m","object":"model"},{"id":"m2","object":"model"},{"id":"gpt-5.4-mini","object":"model"}]}`))
	}))
	defer vendor.Close()
	s := launch(t, func(c *config.Config) {
		c.Providers = config.Providers{"openai": []byte(`{"api_key":"sk-config","model":"m"}`)}
	})
	b := s.setUp()
	var p shownProvider
	b.do("GET", "/api/providers/openai", nil).ok(&p)
	require.Equal(t, "configuration", p.Source)
	require.Equal(t, map[string]any{"api_key": "••••••••", "model": "m"}, p.Settings)

	set := func(m map[string]any) answer {
		return b.do("PUT", "/api/providers/openai", map[string]any{"settings": m})
	}
	set(map[string]any{"api_key": "••••••••", "base_url": vendor.URL, "model": "m"}).problem(422, "secret_again")
	set(map[string]any{"base_url": vendor.URL, "model": "m"}).problem(422, "secret_again")
	set(map[string]any{"api_key": "sk-wrong", "mood": "m"}).problem(422, "unknown_key")
	b.do("PUT", "/api/providers/nobody", map[string]any{"settings": map[string]any{}}).problem(404, "unknown_provider")

	set(map[string]any{"api_key": "sk-wrong", "base_url": vendor.URL, "model": "m"}).ok(&p)
	require.Equal(t, "console", p.Source)
	require.Equal(t, "••••••••", p.Settings["api_key"])
	var c struct {
		OK   bool
		Code string
	}
	b.do("POST", "/api/providers/openai/check", map[string]any{"settings": map[string]any{}}).ok(&c)
	require.False(t, c.OK)
	require.NotEmpty(t, c.Code)
	b.do("POST", "/api/providers/openai/check", map[string]any{"settings": map[string]any{"api_key": "sk-right", "base_url": vendor.URL}}).ok(&c)
	require.True(t, c.OK, c.Code)
	set(map[string]any{"api_key": "sk-right", "base_url": vendor.URL, "model": "m"}).ok(nil)
	set(map[string]any{"api_key": "••••••••", "base_url": vendor.URL, "model": "m2"}).ok(&p)
	require.Equal(t, "m2", p.Settings["model"])
	b.do("POST", "/api/providers/openai/check", map[string]any{"settings": map[string]any{}}).ok(&c)
	require.True(t, c.OK, "the key stayed when the mask was sent back")
	require.Equal(t, []string{"Bearer sk-wrong", "Bearer sk-right", "Bearer sk-right"}, asked)

	// Neither the database nor the trail has the key.
	for _, name := range []string{"griot.db", "griot.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(s.data, name))
		require.NoError(t, err)
		require.NotContains(t, string(raw), "sk-right", name)
		require.NotContains(t, string(raw), password, name)
	}
	trail := b.do("GET", "/api/audit?action=provider.", nil).ok(nil)
	require.Contains(t, string(trail.body), `{"field":"model","from":"m","to":"m2"}`)
	require.Contains(t, string(trail.body), `{"field":"api_key","to":"changed"}`)
	require.NotContains(t, string(trail.body), "sk-")

	// The keys are rotated by a command, while the server stands still.
	var out bytes.Buffer
	err := RotateSecrets(t.Context(), s.cfg, &out)
	require.Equal(t, "data_in_use", fault.CodeOf(err), "%v", err)
	require.NoError(t, s.stop())
	key, err := os.ReadFile(filepath.Join(s.data, "secret.key"))
	require.NoError(t, err)
	require.NoError(t, RotateSecrets(t.Context(), s.cfg, &out))
	require.Contains(t, out.String(), "1 secret")
	rotated, err := os.ReadFile(filepath.Join(s.data, "secret.key"))
	require.NoError(t, err)
	require.NotEqual(t, key, rotated)
	info, err := os.Stat(filepath.Join(s.data, "secret.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	again := launch(t, func(c *config.Config) { c.Data = s.data })
	signed := again.browser()
	signed.do("POST", "/api/session", map[string]string{"email": "ada@example.com", "password": password}).ok(nil)
	signed.do("POST", "/api/providers/openai/check", map[string]any{"settings": map[string]any{}}).ok(&c)
	require.True(t, c.OK)
	require.NoError(t, again.stop())

	// With the key gone the settings can be entered again, or dropped.
	require.NoError(t, os.WriteFile(filepath.Join(s.data, "secret.key"), key, 0o644))
	third := launch(t, func(c *config.Config) { c.Data = s.data })
	signed = third.browser()
	signed.do("POST", "/api/session", map[string]string{"email": "ada@example.com", "password": password}).ok(nil)
	p = shownProvider{}
	signed.do("GET", "/api/providers/openai", nil).ok(&p)
	require.Equal(t, "console", p.Source)
	require.Contains(t, p.Missing, "sealed with another key")
	signed.do("DELETE", "/api/providers/openai", nil).ok(nil)
	signed.do("GET", "/api/providers/openai", nil).ok(&p)
	require.Equal(t, "default", p.Source)
	info, err = os.Stat(filepath.Join(s.data, "secret.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode(), "others could read it, and no longer can")
}

// Who forgot the password of the only administrator has the terminal.
func TestResetPassword(t *testing.T) {
	s := launch(t, nil)
	b := s.setUp()
	var out bytes.Buffer
	require.Error(t, ResetPassword(t.Context(), s.cfg, "nobody@example.com", &out))
	require.NoError(t, ResetPassword(t.Context(), s.cfg, "ADA@example.com", &out))
	b.do("GET", "/api/session", nil).problem(401, "session_over")
	b.do("POST", "/api/session", map[string]string{"email": "ada@example.com", "password": password}).problem(403, "wrong_password")
	fields := bytes.Fields(out.Bytes())
	var fresh string
	for i, f := range fields {
		if string(f) == "password:" {
			fresh = string(fields[i+1])
		}
	}
	b.do("POST", "/api/session", map[string]string{"email": "ada@example.com", "password": fresh}).ok(nil)
	var page struct{ Items []struct{ Action string } }
	require.NoError(t, json.Unmarshal(b.do("GET", "/api/audit", nil).ok(nil).body, &page))
	require.Equal(t, "password.reset", page.Items[2].Action)
	require.Equal(t, []string{"session.opened", "session.refused"}, []string{page.Items[0].Action, page.Items[1].Action})
}
