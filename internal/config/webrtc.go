package config

import (
	"net/netip"
	"strings"
	"time"
)

// validate reports the first value that cannot work, by bad.
func (w WebRTC) validate(bad func(key, format string, args ...any) error) error {
	if w.UDPPort < 0 || w.UDPPort > 65535 {
		return bad("webrtc.udp_port", "webrtc.udp_port: %d is not a port between 0 and 65535", w.UDPPort)
	}
	if w.TCPPort < -1 || w.TCPPort > 65535 {
		return bad("webrtc.tcp_port", "webrtc.tcp_port: %d is not a port between 0 and 65535, nor -1 for none", w.TCPPort)
	}
	for _, list := range []struct {
		key   string
		addrs []string
	}{{"webrtc.listen", w.Listen}, {"webrtc.public_addresses", w.PublicAddresses}} {
		for _, a := range list.addrs {
			if ip, err := netip.ParseAddr(a); err != nil || ip.IsUnspecified() || ip.Zone() != "" {
				return bad(list.key, "%s: %q is not an IP address such as 192.0.2.1", list.key, a)
			}
		}
	}
	relays := false
	for _, u := range w.TURN.URLs {
		scheme, host, ok := strings.Cut(u, ":")
		if !ok || host == "" || strings.HasPrefix(host, "/") || strings.ContainsAny(u, " \t\r\n") {
			return bad("webrtc.turn.urls", "webrtc.turn.urls: %q is not an address such as turn:turn.example.com:3478", u)
		}
		switch scheme {
		case "turn", "turns":
			relays = true
		case "stun", "stuns":
		default:
			return bad("webrtc.turn.urls", "webrtc.turn.urls: %q begins with none of turn:, turns:, stun: and stuns:", u)
		}
	}
	if relays && w.TURN.Secret == "" {
		return bad("webrtc.turn.secret", "webrtc.turn.secret: the relay's static-auth-secret is needed to make passwords for it")
	}
	if w.TURN.Life < time.Minute {
		return bad("webrtc.turn.life", "webrtc.turn.life: %v is too short; a call needs at least a minute to be set up", w.TURN.Life)
	}
	return nil
}
