package config

import "net/url"

// validateOutbound looks at where requests may go.
func (c Config) validateOutbound(bad func(key, format string, args ...any) error) error {
	for _, p := range c.Outbound.Allow {
		if _, err := ParsePrefix(p); err != nil {
			return bad("outbound.allow", "outbound.allow: %q is neither an address nor a network such as 10.0.0.0/8", p)
		}
	}
	if c.Outbound.Proxy != "" {
		if u, err := url.Parse(c.Outbound.Proxy); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return bad("outbound.proxy", "outbound.proxy: this is not an address such as http://proxy.example.com:3128")
		}
	}
	return nil
}
