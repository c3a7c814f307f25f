package config

import (
	"net"
	"net/netip"
	"net/url"

	"griot/internal/config/strict"
)

// validateSignIn looks at what decides who comes in.
func (c Config) validateSignIn(bad func(key, format string, args ...any) error) error {
	for _, p := range c.Server.TrustedProxies {
		if _, err := ParsePrefix(p); err != nil {
			return bad("server.trusted_proxies", "server.trusted_proxies: %q is neither an address nor a network such as 10.0.0.0/8", p)
		}
	}
	if c.Session.Idle <= 0 || c.Session.Life <= 0 {
		return bad("session.idle", "session.idle, session.life: both must be longer than nothing")
	}
	if c.SSO.Role != "" {
		if err := strict.Choice(c.SSO.Role, "viewer,user,manager,admin"); err != nil {
			return bad("sso.role", "sso.role: %v", err)
		}
	}
	if c.SSO.Issuer == "" {
		return nil
	}
	u, err := url.Parse(c.SSO.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return bad("sso.issuer", "sso.issuer: %q is not an address that begins with https://", c.SSO.Issuer)
	}
	if host, _, err := net.SplitHostPort(c.Server.Addr); err == nil && c.Server.PublicURL == "" && !loopback(host) {
		return bad("server.public_url", "server.public_url: sso.issuer needs to know at which address people come back")
	}
	if c.SSO.ClientID == "" {
		return bad("sso.client_id", "sso.client_id: a provider is named, but not what it calls this server")
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// ParsePrefix reads a network, or a single address as one.
func ParsePrefix(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}
