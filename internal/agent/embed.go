package agent

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"griot/internal/config/strict"
	"griot/internal/fault"
)

// Embed is how an agent shows itself on the pages of others (docs/embed.md). Its colour, its picture and what a visitor may want to ask first are those of Chat.
type Embed struct {
	Enabled  bool     `yaml:"enabled"`                                  // visitors of the domains may talk with the agent, without an account
	Domains  []string `yaml:"domains"`                                  // whose pages may show it: example.com, *.example.com, http://localhost:3000; this server's own pages always may
	Text     bool     `yaml:"text"`                                     // visitors may write
	Voice    bool     `yaml:"voice"`                                    // visitors may speak, with an agent that has a voice
	Position string   `yaml:"position" enum:"bottom-right,bottom-left"` // of the button on the page
	Theme    string   `yaml:"theme" enum:"auto,light,dark"`             // auto follows the visitor's system
	Language string   `yaml:"language" enum:"auto,en,fr,es"`            // of the buttons; auto follows the page
	Label    string   `yaml:"label"`                                    // of the button; empty for "Chat with" and the agent's name
	Greeting string   `yaml:"greeting"`                                 // what the agent opens a written conversation with; empty for the agent's own greeting
	Identity string   `yaml:"identity" enum:"off,optional,required"`    // whether the site says who its visitors are, signed with the agent's secret
}

// Bounds of Embed.
const (
	MaxDomains       = 50
	maxLabel         = 60   // characters
	maxEmbedGreeting = 1000 // characters
)

func defaultEmbed() Embed {
	return Embed{Text: true, Voice: true, Position: "bottom-right", Theme: "auto", Language: "auto", Identity: "off"}
}

// validate reports the first thing that is wrong, as a fault.Invalid. Drafts keep to it too: what a visitor sees is never half made.
func (e Embed) validate() error {
	bad := func(key, format string, args ...any) error {
		return fault.New(fault.Invalid, strict.CodeBadValue, key+": "+format, args...).At(key)
	}
	for _, c := range []struct{ key, value, choices string }{
		{"embed.position", e.Position, "bottom-right,bottom-left"},
		{"embed.theme", e.Theme, "auto,light,dark"},
		{"embed.language", e.Language, "auto,en,fr,es"},
		{"embed.identity", e.Identity, "off,optional,required"},
	} {
		if err := strict.Choice(c.value, c.choices); err != nil || c.value == "" {
			return bad(c.key, "one of %s is needed", c.choices)
		}
	}
	if len(e.Domains) > MaxDomains {
		return bad("embed.domains", "%d are more than %d", len(e.Domains), MaxDomains)
	}
	for _, d := range e.Domains {
		if _, err := ParseSite(d); err != nil {
			return err
		}
	}
	if n := utf8.RuneCountInString(e.Label); n > maxLabel {
		return bad("embed.label", "%d characters are more than %d", n, maxLabel)
	}
	if n := utf8.RuneCountInString(e.Greeting); n > maxEmbedGreeting {
		return bad("embed.greeting", "%d characters are more than %d", n, maxEmbedGreeting)
	}
	return nil
}

// Sites are the domains, parsed. What cannot be parsed allows nothing.
func (e Embed) Sites() (out []Site) {
	for _, d := range e.Domains {
		if s, err := ParseSite(d); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// Allows reports whether pages of an origin, as browsers send it in the Origin header (RFC 6454), may show the agent.
func (e Embed) Allows(origin string) bool {
	return slices.ContainsFunc(e.Sites(), func(s Site) bool { return s.Allows(origin) })
}

// Site is one allowed domain: a host, or with Below all hosts below it and not the host itself.
type Site struct {
	Scheme string // https or http
	Host   string // in lower case, IPv6 in brackets
	Port   string // "" for the scheme's own, "*" for any
	Below  bool
}

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// ParseSite reads an allowed domain: example.com, *.example.com, example.com:8443, https://example.com, http://intranet. Without a scheme it is https, and on this machine
// (localhost, 127.0.0.1, [::1]) http at any port, for trying things out. The fault is Invalid "bad_domain".
func ParseSite(text string) (Site, error) {
	f := fault.New(fault.Invalid, "bad_domain", "%q is not a domain such as example.com, *.example.com or http://localhost:3000", text)
	f.Params = map[string]string{"value": text}
	f = f.At("embed.domains")
	rest := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), "/"))
	s := Site{Scheme: "https"}
	scheme, after, named := strings.Cut(rest, "://")
	if named {
		if scheme != "https" && scheme != "http" {
			return Site{}, f
		}
		s.Scheme, rest = scheme, after
	}
	if below, ok := strings.CutPrefix(rest, "*."); ok {
		s.Below, rest = true, below
	}
	s.Host = rest
	if host, port, err := net.SplitHostPort(rest); err == nil {
		if port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "" || strings.HasPrefix(port, "0") {
			return Site{}, f
		}
		s.Host, s.Port = host, port
	}
	s.Host = strings.Trim(s.Host, "[]")
	ip := net.ParseIP(s.Host)
	local := s.Host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case ip == nil && !hostName.MatchString(s.Host), s.Below && (ip != nil || !strings.Contains(s.Host, ".")), len(s.Host) > 253:
		return Site{}, f
	case ip != nil && strings.Contains(s.Host, ":"):
		s.Host = "[" + s.Host + "]"
	}
	if !named && local {
		s.Scheme = "http"
		if s.Port == "" {
			s.Port = "*"
		}
	}
	if s.Scheme == "https" && s.Port == "443" || s.Scheme == "http" && s.Port == "80" {
		s.Port = ""
	}
	return s, nil
}

// Allows reports whether an origin is the site's.
func (s Site) Allows(origin string) bool {
	u, err := url.Parse(strings.ToLower(origin))
	if err != nil || u.Host == "" || u.Scheme != s.Scheme || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	port := u.Port()
	if s.Scheme == "https" && port == "443" || s.Scheme == "http" && port == "80" {
		port = ""
	}
	if s.Port != "*" && port != s.Port {
		return false
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if s.Below {
		return strings.HasSuffix(host, "."+s.Host)
	}
	return host == s.Host
}

// Source is the site as a content security policy names it (CSP level 3, section 2.3.1).
func (s Site) Source() string {
	out := s.Scheme + "://"
	if s.Below {
		out += "*."
	}
	out += s.Host
	if s.Port != "" {
		out += ":" + s.Port
	}
	return out
}
