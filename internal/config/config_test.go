package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

var update = flag.Bool("update", false, "rewrite generated documents")

func write(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(p, []byte(text), 0o600))
	return p
}

func TestDefaultsAreValid(t *testing.T) {
	c, origins, err := Load(Sources{})
	require.NoError(t, err)
	require.Equal(t, Default(), c)
	require.Empty(t, origins)
	require.Equal(t, "127.0.0.1:5000", c.Server.Addr)
}

func TestLaterLayersWin(t *testing.T) {
	file := write(t, "griot.yaml", "data: /from/file\nserver:\n  addr: 0.0.0.0:1000\n  allowed_origins: [https://a.example]\nlog: {level: warn}\n"+
		"recording:\n  enabled: false\nproviders:\n  openai:\n    base_url: http://localhost:11434/v1\n    api_key: k-file\n  other:\n")
	env := write(t, ".env", "# comment\nGRIOT_SERVER_ADDR=0.0.0.0:2000\nexport GRIOT_LOG__LEVEL=error\nOPENAI_API_KEY=not-ours\nGRIOT_PROVIDERS_OPENAI_API_KEY=123456\n")
	c, origins, err := Load(Sources{
		File: file, EnvFile: env,
		Environ: []string{"HOME=/root", "GRIOT_SERVER_ADDR=0.0.0.0:3000", "GRIOT_LIMITS_MAX_SESSIONS=7", "GRIOT_DATA=", "GRIOT_TEST_SYSTEM=1", "GRIOT_CONFIG=x",
			"GRIOT_REALTIME_KEYS=key-number-one, key-number-two", "GRIOT_PROVIDERS__DEEPGRAM__MODEL=nova", "GRIOT_PROVIDERS_DEEPGRAM_BEAM=4",
			"GRIOT_PROVIDERS_DEEPGRAM_RETRY__MAX=2"},
		Flags: map[string]string{"addr": "[::1]:4000", "speech.llm": "openai", "providers.openai.model": "m"},
	})
	require.NoError(t, err)
	require.Equal(t, "/from/file", c.Data, "an empty variable sets nothing")
	require.Equal(t, "[::1]:4000", c.Server.Addr)
	require.Equal(t, []string{"https://a.example"}, c.Server.AllowedOrigins)
	require.Equal(t, "error", c.Log.Level)
	require.Equal(t, 7, c.Limits.MaxSessions)
	require.Equal(t, []string{"key-number-one", "key-number-two"}, c.Realtime.Keys)
	require.Equal(t, Recording{}, c.Recording)
	require.Equal(t, "openai", c.Speech.LLM)
	require.Equal(t, 10*time.Second, c.Server.ShutdownTimeout, "what nobody mentions keeps its default")
	require.JSONEq(t, `{"base_url":"http://localhost:11434/v1","api_key":"123456","model":"m"}`, string(c.Providers["openai"]))
	require.JSONEq(t, `{}`, string(c.Providers["other"]))
	require.JSONEq(t, `{"model":"nova","beam":4,"retry":{"max":2}}`, string(c.Providers["deepgram"]))

	from := map[string]string{}
	for _, o := range origins {
		from[o.Key] = o.Place
	}
	require.Equal(t, "flag --addr", from["server.addr"])
	require.Equal(t, env+":3: GRIOT_LOG__LEVEL", from["log.level"])
	require.Equal(t, file+":7", from["recording.enabled"])
	require.Equal(t, "environment variable GRIOT_LIMITS_MAX_SESSIONS", from["limits.max_sessions"])
}

func TestWrongIsNamedWithItsPlaceAndTheNearestRight(t *testing.T) {
	yaml := func(s string) Sources { return Sources{File: write(t, "griot.yaml", s)} }
	env := func(s string) Sources { return Sources{Environ: []string{s}} }
	flags := func(k, v string) Sources { return Sources{Flags: map[string]string{k: v}} }
	cases := []struct {
		s    Sources
		want string
	}{
		{yaml("server:\n  adr: x\n"), `griot.yaml:2: there is no "adr" in server; did you mean addr?`},
		{yaml("sever: {}\n"), `griot.yaml:1: there is no "sever" here; did you mean server?`},
		{yaml("log:\n  level: inof\n"), `griot.yaml:2: log.level: "inof" is not one of debug, info, warn, error; did you mean info?`},
		{yaml("\nserver:\n  addr: here\n"), `griot.yaml:3: server.addr: "here" is not host:port, such as 127.0.0.1:5000`},
		{yaml("server: {shutdown_timeout: 10}\n"), `griot.yaml:1: server.shutdown_timeout: "10" has no unit; write 10ms or 10s`},
		{yaml("store: {dsn: mysql://x}\n"), `griot.yaml:1: store.dsn: it starts neither with postgres:// nor with sqlite:`},
		{yaml("realtime:\n  keys: [short]\n"), `griot.yaml:2: realtime.keys: key 1 is shorter than 8 characters`},
		{yaml("realtime:\n  default_agent: agent:reception-en\n"), `griot.yaml:2: realtime.default_agent: "agent:reception-en" is not an agent's reference`},
		{yaml("providers: {openai: 3}\n"), `griot.yaml:1: `},
		{env("GRIOT_SERVER_ADR=x"), `environment variable GRIOT_SERVER_ADR: there is no such setting; did you mean GRIOT_SERVER_ADDR?`},
		{env("GRIOT_RECORDING_ENABLED=perhaps"), `environment variable GRIOT_RECORDING_ENABLED: recording.enabled: "perhaps" is not true or false`},
		{env("GRIOT_LIMITS_MAX_SESSIONS=-1"), `environment variable GRIOT_LIMITS_MAX_SESSIONS: limits.max_sessions: -1 is negative`},
		{env("GRIOT_PROVIDERS_OPENAI=x"), `environment variable GRIOT_PROVIDERS_OPENAI: a provider's id and a key are needed`},
		{env("GRIOT_SERVER_PUBLIC_URL=griot.example.com"), `is not an address such as https://griot.example.com`},
		{env("GRIOT_SERVER_ALLOWED_ORIGINS=https://a.example/path"), `is not an origin such as`},
		{env("GRIOT_SPEECH_MODEL=x"), `speech.llm names no provider`},
		{flags("server.adr", "x"), `flag --server.adr: there is no such setting; did you mean server.addr?`},
		{flags("log-level", "loud"), `flag --log-level: log.level: "loud" is not one of debug, info, warn, error`},
		{flags("limits.max_sessions", "many"), `flag --limits.max_sessions: limits.max_sessions: "many" is not a whole number`},
		{Sources{EnvFile: write(t, ".env", "\nGRIOT_LOG_LEVEL=x\n")}, `.env:2: GRIOT_LOG_LEVEL: log.level: "x" is not one of`},
	}
	for _, c := range cases {
		_, _, err := Load(c.s)
		require.ErrorContains(t, err, c.want)
		require.Equal(t, fault.Invalid, fault.KindOf(err), c.want)
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	_, _, err := Load(Sources{File: "/no/such/griot.yaml"})
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.ErrorContains(t, err, "/no/such/griot.yaml")
	_, _, err = Load(Sources{EnvFile: "/no/such/.env"})
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	_, _, err = Load(Sources{File: "/no/such/griot.yaml", EnvFile: "/no/such/.env", Optional: true})
	require.NoError(t, err)
	_, _, err = Load(Sources{File: t.TempDir()})
	require.ErrorContains(t, err, "read configuration file")
}

func TestMaskedHidesSecretsAndNothingElse(t *testing.T) {
	c := Default()
	c.Store.DSN = "postgres://griot:hunter2@db.example/griot"
	c.Realtime.Keys = []string{"abcdefgh", "ijklmnop"}
	c.Providers = Providers{"openai": []byte(`{"api_key":"sk-123","base_url":"http://x","nested":{"client_secret":"zzz","list":[{"token":"t"}]},"empty_key":""}`)}
	m := c.Masked()
	require.Equal(t, "postgres://griot:xxxxx@db.example/griot", m.Store.DSN)
	require.Equal(t, []string{Mask, Mask}, m.Realtime.Keys)
	require.JSONEq(t, `{"api_key":"••••••••","base_url":"http://x","nested":{"client_secret":"••••••••","list":[{"token":"••••••••"}]},"empty_key":""}`,
		string(m.Providers["openai"]))
	require.Equal(t, c.Server, m.Server)
	require.Equal(t, []string{"abcdefgh", "ijklmnop"}, c.Realtime.Keys, "the original is untouched")
	require.Contains(t, string(c.Providers["openai"]), "sk-123")
	c.Store.DSN = "postgres://db/griot?password=hunter2"
	require.Equal(t, Mask, c.Masked().Store.DSN)
}

func TestSecretsAreNotInErrors(t *testing.T) {
	for _, s := range []Sources{
		{Environ: []string{"GRIOT_STORE_DSN=mysql://u:hunter2@h/x"}},
		{Environ: []string{"GRIOT_REALTIME_KEYS=hunt2"}},
	} {
		_, _, err := Load(s)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunt")
	}
}

func TestEveryKeyIsDocumented(t *testing.T) {
	seen := map[string]string{}
	for _, k := range Keys() {
		require.NotEmpty(t, k.Doc, k.Path)
		require.True(t, strings.HasSuffix(k.Doc, "."), "%s: a sentence ends with a full stop", k.Path)
		require.Empty(t, seen[k.Env], "%s and %s share a variable", k.Path, seen[k.Env])
		seen[k.Env] = k.Path
		require.NotContains(t, k.Default(), "\n")
	}
}

func TestDocument(t *testing.T) {
	const path = "../../docs/configuration.md"
	want := Document()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "run go test ./internal/config -update")
}

func TestSignInSettings(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		param  string
	}{
		"a provider":      {func(c *Config) { c.SSO.Issuer, c.SSO.ClientID = "https://login.example.com", "griot" }, ""},
		"a provider here": {func(c *Config) { c.SSO.Issuer, c.SSO.ClientID = "http://127.0.0.1:8080/realms/x", "griot" }, ""},
		"not encrypted":   {func(c *Config) { c.SSO.Issuer, c.SSO.ClientID = "http://login.example.com", "griot" }, "sso.issuer"},
		"no address":      {func(c *Config) { c.SSO.Issuer, c.SSO.ClientID = "login", "griot" }, "sso.issuer"},
		"no name with it": {func(c *Config) { c.SSO.Issuer = "https://login.example.com" }, "sso.client_id"},
		"no way back": {func(c *Config) {
			c.SSO.Issuer, c.SSO.ClientID, c.Server.Addr = "https://login.example.com", "griot", ":5000"
		}, "server.public_url"},
		"no role":                 {func(c *Config) { c.SSO.Role = "emperor" }, "sso.role"},
		"neither on nor off":      {func(c *Config) { c.Server.SignIn = "perhaps" }, "server.sign_in"},
		"a proxy":                 {func(c *Config) { c.Server.TrustedProxies = []string{"10.0.0.0/8", "::1", "192.0.2.1"} }, ""},
		"a proxy by name":         {func(c *Config) { c.Server.TrustedProxies = []string{"proxy"} }, "server.trusted_proxies"},
		"sessions without length": {func(c *Config) { c.Session.Life = 0 }, "session.idle"},
	} {
		cfg := Default()
		c.change(&cfg)
		err := cfg.Validate()
		if c.param == "" {
			require.NoError(t, err, name)
			continue
		}
		var f *fault.Error
		require.ErrorAs(t, err, &f, name)
		require.Equal(t, c.param, f.Param, name)
	}
}
