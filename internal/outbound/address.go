package outbound

import (
	"net/netip"
	"slices"
)

// special are the networks that are no part of the public internet, or not for requests that somebody else words: the registries of special-purpose addresses of IANA (RFC 6890 and its
// updates). What is not in 2000::/3 is not global unicast, so the table needs only the exceptions inside it.
var special = []struct {
	net  netip.Prefix
	what string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this machine"},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private network"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier's own network"},
	{netip.MustParsePrefix("127.0.0.0/8"), "this machine"},
	{netip.MustParsePrefix("169.254.0.0/16"), "the local link"},
	{netip.MustParsePrefix("172.16.0.0/12"), "a private network"},
	{netip.MustParsePrefix("192.0.0.0/24"), "a reserved network"},
	{netip.MustParsePrefix("192.0.2.0/24"), "a network for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a reserved network"},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private network"},
	{netip.MustParsePrefix("198.18.0.0/15"), "a network for tests"},
	{netip.MustParsePrefix("198.51.100.0/24"), "a network for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "a network for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "a group of machines"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved network"},
	{netip.MustParsePrefix("2001::/23"), "a reserved network"}, // Teredo among them
	{netip.MustParsePrefix("2001:db8::/32"), "a network for documentation"},
	{netip.MustParsePrefix("3fff::/20"), "a network for documentation"},
}

// metadata are the addresses at which clouds tell a machine its own secrets. A network that holds one does not open it: the address itself must be allowed.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), // AWS, Azure, Google, OpenStack …
	netip.MustParseAddr("169.254.170.2"),   // AWS, tasks
	netip.MustParseAddr("168.63.129.16"),   // Azure, the host
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("192.0.0.192"),     // Oracle
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd20:ce::254"),    // Google
}

var (
	globalV6  = netip.MustParsePrefix("2000::/3")
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last four bytes are an IPv4 address
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056: bytes 2 to 5 are
)

// refused says what an address is that may not be reached, and "" for one that may.
func refused(ip netip.Addr, allow []netip.Prefix) string {
	if ip.Zone() != "" {
		return "the local link"
	}
	ip = ip.Unmap()
	b := ip.As16()
	switch {
	case nat64.Contains(ip):
		return refused(netip.AddrFrom4([4]byte(b[12:16])), allow)
	case sixToFour.Contains(ip):
		return refused(netip.AddrFrom4([4]byte(b[2:6])), allow)
	case slices.Contains(metadata, ip):
		if slices.Contains(allow, netip.PrefixFrom(ip, ip.BitLen())) {
			return ""
		}
		return "an address that gives away secrets of a cloud"
	}
	for _, p := range allow {
		if p.Contains(ip) {
			return ""
		}
	}
	for _, s := range special {
		if s.net.Contains(ip) {
			return s.what
		}
	}
	switch {
	case ip.Is4() || globalV6.Contains(ip):
		return ""
	case ip.IsLoopback(), ip.IsUnspecified():
		return "this machine"
	case ip.IsLinkLocalUnicast():
		return "the local link"
	case ip.IsMulticast():
		return "a group of machines"
	case ip.IsPrivate():
		return "a private network"
	}
	return "a reserved network"
}
