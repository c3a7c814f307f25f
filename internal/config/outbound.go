package config

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// validateOutbound looks at where requests may go, and what tools may do.
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
	if c.Tools.Approval < time.Second || c.Tools.Approval > 10*time.Minute {
		return bad("tools.approval", "tools.approval: %v is not between 1s and 10m", c.Tools.Approval)
	}
	for _, command := range c.Tools.Commands {
		if strings.ContainsAny(command, `/\`) && !filepath.IsAbs(command) {
			return bad("tools.commands", "tools.commands: %q is neither a name nor a whole path", command)
		}
	}
	return nil
}
