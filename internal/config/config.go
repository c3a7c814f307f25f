// Package config is what an operator can set: built-in defaults, then a YAML file, then .env and the environment, then flags. Each
// layer only changes what it mentions. A key or a value that is wrong is named with its place and the nearest right one.
package config

import (
	"encoding/json"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"griot/internal/config/strict"
	"griot/internal/fault"
)

// Config is the whole configuration. The tags are its documentation: docs/configuration.md is made from them.
//
// yaml names the key, doc says what it means, enum lists the only values, flag names a short command-line flag beside the key itself,
// secret marks what is never shown.
type Config struct {
	Data      string    `yaml:"data" flag:"data" doc:"Folder for the database, recordings, journals and agents. Created when missing. One server at a time may use it."`
	Server    Server    `yaml:"server" doc:"The HTTP server."`
	Log       Log       `yaml:"log" doc:"What the server says about itself, on standard error."`
	Telemetry Telemetry `yaml:"telemetry" doc:"What the server tells a collector of traces."`
	Store     Store     `yaml:"store" doc:"The database."`
	Session   Session   `yaml:"session" doc:"People who are signed in."`
	SSO       SSO       `yaml:"sso" doc:"Sign-in at an OpenID Connect provider, besides passwords. See docs/security.md."`
	Secret    Secret    `yaml:"secret" doc:"What the secrets in the database are sealed with."`
	Realtime  Realtime  `yaml:"realtime" doc:"Clients that speak the Realtime protocol."`
	WebRTC    WebRTC    `yaml:"webrtc" doc:"Calls over WebRTC, from browsers and programs."`
	Twilio    Twilio    `yaml:"twilio" doc:"Telephone calls and text messages by Twilio. See docs/telephony.md."`
	SIP       SIP       `yaml:"sip" doc:"Telephone calls over SIP. See docs/telephony.md."`
	Limits    Limits    `yaml:"limits" doc:"What one node takes on."`
	Speech    Speech    `yaml:"speech" doc:"Which provider an agent uses when it names none."`
	Outbound  Outbound  `yaml:"outbound" doc:"Requests to addresses that people of this server chose: tools, tool servers."`
	Tools     Tools     `yaml:"tools" doc:"What the tools of agents may do here. See docs/tools.md."`
	Recording Recording `yaml:"recording" doc:"Recordings of conversations."`
	Replay    Replay    `yaml:"replay" doc:"Conversations that can be held again."`
	Providers Providers `yaml:"providers" doc:"Settings of each provider, by its id. Their keys are listed on the provider's own page."`
}

// Server is where and for whom the server listens.
type Server struct {
	Addr            string        `yaml:"addr" flag:"addr" doc:"Address to listen on, host:port. Port 0 takes a free one. Anything but a loopback address is reachable from the network."`
	PublicURL       string        `yaml:"public_url" doc:"Address at which browsers and carriers reach this server, when it is not the one above: behind a proxy, for example. Such as https://griot.example.com."`
	AllowedOrigins  []string      `yaml:"allowed_origins" doc:"Web origins, besides the server's own, whose pages may open conversations. Such as https://www.example.com; * allows every page."`
	SignIn          string        `yaml:"sign_in" enum:"on,off" doc:"on: once there is a first administrator, people sign in and programs send a key. off: nobody signs in; this machine and programs with a key come in, and nobody else."`
	TrustedProxies  []string      `yaml:"trusted_proxies" doc:"Addresses of the proxies in front of this server, such as 10.0.0.0/8. What they say in X-Forwarded-For of where a request comes from is believed."`
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout" doc:"How long conversations may go on after the server was told to stop."`
	Bench           bool          `yaml:"bench" doc:"Tell on /debug what the load costs: lateness of sound, memory, goroutines, profiles. griot bench reads it. Not for production: a profile slows the server down."`
}

// Log is the shape of the log.
type Log struct {
	Level  string `yaml:"level" flag:"log-level" enum:"debug,info,warn,error" doc:"The least serious messages that are written."`
	Format string `yaml:"format" flag:"log-format" enum:"text,json" doc:"Lines for people, or one JSON object a line."`
}

// Telemetry is where traces go.
type Telemetry struct {
	Endpoint string   `yaml:"otlp_endpoint" doc:"Address of an OpenTelemetry collector, OTLP over HTTP, such as http://127.0.0.1:4318. Written conversations send it a trace of each turn: how long models and tools took, and no word of what was said. Empty: nothing is sent."`
	Service  string   `yaml:"service_name" doc:"What this server is called there."`
	Headers  []string `yaml:"otlp_headers" secret:"true" doc:"Headers of each request, such as Authorization=Bearer and a token."`
	Sample   float64  `yaml:"sample" doc:"Share of the turns that are told, 0 to 1."`
}

// Store is the database.
type Store struct {
	DSN string `yaml:"dsn" secret:"true" doc:"Empty for SQLite in the data folder, or a PostgreSQL address such as postgres://user:password@host/griot."`
}

// Session bounds how long somebody stays signed in.
type Session struct {
	Idle time.Duration `yaml:"idle" doc:"After so long without a request a person signs in again."`
	Life time.Duration `yaml:"life" doc:"So long after signing in a person signs in again in any case."`
}

// SSO is an OpenID Connect provider.
type SSO struct {
	Issuer       string   `yaml:"issuer" doc:"The provider's address, such as https://login.example.com/realms/acme. Empty: no sign-in by a provider. Its redirect address is that of this server followed by /api/session/sso/callback."`
	ClientID     string   `yaml:"client_id" doc:"What the provider calls this server."`
	ClientSecret string   `yaml:"client_secret" secret:"true" doc:"The secret that goes with it."`
	Name         string   `yaml:"name" doc:"The provider's name on the button."`
	Domains      []string `yaml:"domains" doc:"Domains of e-mail addresses that may come in this way. None means all."`
	Role         string   `yaml:"role" enum:"viewer,user,manager,admin" doc:"Role of people who were not invited. Empty: only those who were invited come in."`
	Tenant       string   `yaml:"tenant" doc:"The tenant that people who were not invited come into."`
}

// Secret is the key of sealed secrets.
type Secret struct {
	Key          string   `yaml:"key" secret:"true" doc:"32 bytes in base64, as openssl rand -base64 32 prints them. Empty: the file secret.key in the data folder, which is made at the first start. Several nodes need the same key."`
	PreviousKeys []string `yaml:"previous_keys" secret:"true" doc:"Keys that were secret.key before. griot secrets rotate seals everything with the present one; then they can go."`
}

// Realtime is the access of programs.
type Realtime struct {
	Keys         []string `yaml:"keys" secret:"true" doc:"Keys that programs send as \"Authorization: Bearer …\" on /v1/realtime. With none, only this machine may connect."`
	DefaultAgent string   `yaml:"default_agent" doc:"Agent, by its reference, that answers clients that ask for a model of the clouds, such as gpt-realtime, or for none. Empty refuses them."`
}

// WebRTC is how calls over WebRTC come in.
type WebRTC struct {
	Enabled         bool     `yaml:"enabled" doc:"Take calls over WebRTC."`
	UDPPort         int      `yaml:"udp_port" doc:"UDP port of all calls, to be let through a firewall. 0 takes the number of the server's own port, or a free one when another program has that."`
	TCPPort         int      `yaml:"tcp_port" doc:"TCP port for callers whose UDP does not come through. 0 takes a free one, -1 none."`
	Listen          []string `yaml:"listen" doc:"IP addresses of this machine to use. None means all of them."`
	PublicAddresses []string `yaml:"public_addresses" doc:"IP addresses at which this machine is reached from outside, when they are not its own: behind a translating router, for example."`
	TURN            TURN     `yaml:"turn" doc:"A relay for callers whose network lets nothing through directly."`
}

// TURN is a relay that shares a secret with us, as coturn does with use-auth-secret.
type TURN struct {
	URLs   []string      `yaml:"urls" doc:"Addresses that callers are given, such as turn:turn.example.com:3478?transport=udp; stun: addresses too."`
	Secret string        `yaml:"secret" secret:"true" doc:"The relay's static-auth-secret. Callers get passwords that are made from it and expire."`
	Life   time.Duration `yaml:"life" doc:"How long a caller's password is valid."`
}

// Limits bound the load of one node.
type Limits struct {
	MaxSessions     int `yaml:"max_sessions" doc:"Conversations at once; more are refused and told to come back. 0 means no fixed number."`
	MaxMessageBytes int `yaml:"max_message_bytes" doc:"Largest message that a client may send on a socket, in bytes."`
}

// Speech names the defaults. "auto" takes the first provider that is present on this machine and knows the language.
type Speech struct {
	STT   string `yaml:"stt" doc:"Provider of speech recognition: its id, or auto for the first that is present and knows the language."`
	TTS   string `yaml:"tts" doc:"Provider of voices: its id, or auto."`
	LLM   string `yaml:"llm" doc:"Provider of language models. Empty: agents answer with their call flow alone."`
	Model string `yaml:"model" doc:"Language model to ask of that provider. Empty for the provider's own default."`
}

// Outbound bounds where requests may go whose address a user chose.
type Outbound struct {
	Allow []string `yaml:"allow" doc:"Networks and addresses that such requests may reach although they are private, such as 10.20.0.0/16 or 127.0.0.1. The public internet is always open. The addresses at which clouds keep secrets are opened only one by one, never by a network that holds them."`
	Proxy string   `yaml:"proxy" secret:"true" doc:"HTTP proxy that such requests go through, such as http://proxy.example.com:3128. Empty: none, whatever the environment says."`
}

// Recording says what is kept.
type Recording struct {
	Enabled bool `yaml:"enabled" doc:"Keep a stereo recording of each conversation in the data folder."`
}

// Replay says what is kept for griot replay.
type Replay struct {
	Record bool `yaml:"record" doc:"Keep everything that goes into a conversation, its sound and what models and tools answered, in the data folder: some 2 MB a minute, as confidential as a recording. griot replay holds such a conversation again."`
}

// Providers holds each provider's own settings as JSON, by its id. The provider validates them.
type Providers map[string]json.RawMessage

// UnmarshalYAML turns each provider's settings into JSON.
func (p *Providers) UnmarshalYAML(n *yaml.Node) error {
	var m map[string]map[string]any
	if err := n.Decode(&m); err != nil {
		return err
	}
	out := make(Providers, len(m))
	for id, settings := range m {
		if settings == nil {
			settings = map[string]any{}
		}
		raw, err := json.Marshal(settings)
		if err != nil {
			return err
		}
		out[id] = raw
	}
	*p = out
	return nil
}

// Default is the configuration of a server that was told nothing.
func Default() Config {
	return Config{
		Data: "data",
		Server: Server{
			Addr:            "127.0.0.1:5000",
			SignIn:          "on",
			ShutdownTimeout: 10 * time.Second,
		},
		Session:   Session{Idle: 12 * time.Hour, Life: 14 * 24 * time.Hour},
		SSO:       SSO{Name: "SSO", Tenant: "default"},
		Log:       Log{Level: "info", Format: "text"},
		Realtime:  Realtime{DefaultAgent: "reception-en"},
		WebRTC:    WebRTC{Enabled: true, TURN: TURN{Life: time.Hour}},
		Twilio:    Twilio{Ring: time.Minute, Machines: "talk"},
		SIP:       SIP{RTPPorts: "10000-14999", SRTP: "accept", MediaFrom: "known", RTPTimeout: time.Minute, Rate: 30, RingTimeout: time.Minute, SessionTimer: 30 * time.Minute},
		Limits:    Limits{MaxSessions: 25, MaxMessageBytes: 16 << 20},
		Speech:    Speech{STT: "auto", TTS: "auto"},
		Telemetry: Telemetry{Service: "griot", Sample: 1},
		Recording: Recording{Enabled: true},
		Tools:     Tools{Approval: 2 * time.Minute, Python: Python{MemoryMB: 256}},
	}
}

// Validate reports the first value that cannot work, as a fault.Invalid whose Param is the key.
func (c Config) Validate() error {
	bad := func(key, format string, args ...any) error {
		return fault.New(fault.Invalid, strict.CodeBadValue, format, args...).At(key)
	}
	if e := c.Telemetry.Endpoint; e != "" {
		if u, err := url.Parse(e); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return bad("telemetry.otlp_endpoint", "telemetry.otlp_endpoint: %q is no address such as http://127.0.0.1:4318", e)
		}
	}
	for _, h := range c.Telemetry.Headers {
		if k, _, ok := strings.Cut(h, "="); !ok || strings.TrimSpace(k) == "" {
			return bad("telemetry.otlp_headers", "telemetry.otlp_headers: each is Name=value")
		}
	}
	if s := c.Telemetry.Sample; !(s >= 0 && s <= 1) {
		return bad("telemetry.sample", "telemetry.sample: %v is not between 0 and 1", s)
	}
	if strings.TrimSpace(c.Data) == "" {
		return bad("data", "data: a folder is needed")
	}
	if _, port, err := net.SplitHostPort(c.Server.Addr); err != nil {
		return bad("server.addr", "server.addr: %q is not host:port, such as 127.0.0.1:5000", c.Server.Addr)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return bad("server.addr", "server.addr: %q is not a port between 0 and 65535", port)
	}
	if c.Server.PublicURL != "" {
		u, err := url.Parse(c.Server.PublicURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return bad("server.public_url", "server.public_url: %q is not an address such as https://griot.example.com", c.Server.PublicURL)
		}
	}
	for _, o := range c.Server.AllowedOrigins {
		if o == "*" {
			continue
		}
		u, err := url.Parse(o)
		if err != nil || u.Scheme == "" || u.Host == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
			return bad("server.allowed_origins", "server.allowed_origins: %q is not an origin such as https://www.example.com, nor *", o)
		}
	}
	if c.Server.ShutdownTimeout < 0 {
		return bad("server.shutdown_timeout", "server.shutdown_timeout: %v is negative", c.Server.ShutdownTimeout)
	}
	for _, e := range []struct{ key, value, choices string }{
		{"log.level", c.Log.Level, "debug,info,warn,error"},
		{"log.format", c.Log.Format, "text,json"},
		{"server.sign_in", c.Server.SignIn, "on,off"},
	} {
		if err := strict.Choice(e.value, e.choices); err != nil {
			return bad(e.key, "%s: %v", e.key, err)
		}
		if e.value == "" {
			return bad(e.key, "%s: one of %s is needed", e.key, e.choices)
		}
	}
	if err := c.validateSignIn(bad); err != nil {
		return err
	}
	if err := c.validateOutbound(bad); err != nil {
		return err
	}
	if c.Store.DSN != "" && !strings.HasPrefix(c.Store.DSN, "postgres://") && !strings.HasPrefix(c.Store.DSN, "postgresql://") &&
		!strings.HasPrefix(c.Store.DSN, "sqlite:") {
		return bad("store.dsn", "store.dsn: it starts neither with postgres:// nor with sqlite:; leave it empty for SQLite in the data folder")
	}
	for i, k := range c.Realtime.Keys {
		if len(k) < 8 || strings.ContainsAny(k, " \t\r\n") {
			return bad("realtime.keys", "realtime.keys: key %d is shorter than 8 characters or holds a space", i+1)
		}
	}
	if ref := c.Realtime.DefaultAgent; strings.ContainsAny(ref, " \t\r\n/:") {
		return bad("realtime.default_agent", "realtime.default_agent: %q is not an agent's reference, such as reception-en", ref)
	}
	if err := c.Tools.Python.validate(bad); err != nil {
		return err
	}
	if err := c.WebRTC.validate(bad); err != nil {
		return err
	}
	if err := c.SIP.validate(bad); err != nil {
		return err
	}
	if err := c.Twilio.validate(bad); err != nil {
		return err
	}
	if c.Limits.MaxSessions < 0 {
		return bad("limits.max_sessions", "limits.max_sessions: %d is negative", c.Limits.MaxSessions)
	}
	if c.Limits.MaxMessageBytes < 64<<10 {
		return bad("limits.max_message_bytes", "limits.max_message_bytes: %d is too small; a client's audio needs at least 65536", c.Limits.MaxMessageBytes)
	}
	if c.Speech.Model != "" && c.Speech.LLM == "" {
		return bad("speech.model", "speech.model: a model is named, but speech.llm names no provider to ask for it")
	}
	return nil
}
