package sipline

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"sync"

	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/fault"
)

// announced tells when the library has begun to read a socket: requests that are sent before would open another one.
type announced struct {
	*net.UDPConn
	once  sync.Once
	ready chan struct{}
}

// ReadFrom implements net.PacketConn.
func (a *announced) ReadFrom(b []byte) (int, net.Addr, error) {
	a.once.Do(func() { close(a.ready) })
	return a.UDPConn.ReadFrom(b)
}

// clientTLS is how we connect to others: by the same certificate, and theirs are checked against the system's authorities and ours.
func clientTLS(c *tls.Config) *tls.Config {
	if c == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs, Certificates: c.Certificates}
}

// listen opens the sockets.
func (l *Line) listen() error {
	if l.o.UDP != "" {
		a, err := net.ResolveUDPAddr("udp", l.o.UDP)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "bad_value", "sip.udp: %q is no address", l.o.UDP)
		}
		network := "udp"
		if a.IP.To4() != nil {
			network = "udp4"
		}
		if l.udp, err = net.ListenUDP(network, a); err != nil {
			return listenFault(err, "udp", l.o.UDP)
		}
		_ = l.udp.SetReadBuffer(1 << 20) // calls come in bursts; a smaller one works too
	}
	if l.o.TCP != "" {
		var err error
		if l.tcp, err = net.Listen("tcp", l.o.TCP); err != nil {
			return listenFault(err, "tcp", l.o.TCP)
		}
	}
	if l.o.TLS != "" {
		if l.o.Certificate == nil {
			return fault.New(fault.Invalid, "bad_value", "sip.tls: a certificate is needed, sip.tls_cert and sip.tls_key")
		}
		var err error
		if l.tls, err = tls.Listen("tcp", l.o.TLS, l.o.Certificate); err != nil {
			return listenFault(err, "tls", l.o.TLS)
		}
	}
	if l.udp == nil && l.tcp == nil && l.tls == nil {
		return fault.New(fault.Invalid, "bad_value", "sip: there is no address to listen on")
	}
	return nil
}

// Addr returns where the line listens with "UDP", "TCP" or "TLS"; nil where it does not.
func (l *Line) Addr(transport string) net.Addr {
	switch {
	case transport == "UDP" && l.udp != nil:
		return l.udp.LocalAddr()
	case transport == "TCP" && l.tcp != nil:
		return l.tcp.Addr()
	case transport == "TLS" && l.tls != nil:
		return l.tls.Addr()
	}
	return nil
}

// port is where others reach us with that transport; 0 when they do not.
func (l *Line) port(transport string) int {
	switch a := l.Addr(transport).(type) {
	case *net.UDPAddr:
		return a.Port
	case *net.TCPAddr:
		return a.Port
	}
	return 0
}

// local returns our address on the way to a far end, and the one that it knows us by.
func (l *Line) local(far netip.Addr) (bind, shown netip.Addr) {
	if l.udp != nil {
		if a, ok := netip.AddrFromSlice(l.udp.LocalAddr().(*net.UDPAddr).IP); ok && !a.IsUnspecified() {
			bind = a.Unmap()
		}
	}
	if !bind.IsValid() && far.IsValid() {
		// The kernel knows; nothing is sent.
		if c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(far, 9))); err == nil {
			if a, ok := netip.AddrFromSlice(c.LocalAddr().(*net.UDPAddr).IP); ok {
				bind = a.Unmap()
			}
			_ = c.Close()
		}
	}
	if !bind.IsValid() {
		bind = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	shown = bind
	if l.o.Public.IsValid() && !far.IsPrivate() && !far.IsLoopback() && !far.IsLinkLocalUnicast() {
		shown = l.o.Public
	}
	return bind, shown
}

// laddr makes requests over UDP leave by our own port, which routers and trunks know.
func (l *Line) laddr(transport string) siplib.Addr {
	if transport != "UDP" || l.udp == nil {
		return siplib.Addr{}
	}
	a := l.udp.LocalAddr().(*net.UDPAddr)
	return siplib.Addr{IP: a.IP, Port: a.Port}
}

// viaFor makes Via headers on the way to a far end.
func (l *Line) viaFor(shown netip.Addr) viaMaker {
	return func(transport string) *siplib.ViaHeader {
		v := &siplib.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: transport, Host: uriHost(shown), Port: l.port(transport)}
		if v.Port == 0 {
			v.Port = 5060 // we do not listen with it: answers come by the connection
		}
		v.Params.Add("branch", siplib.GenerateBranchN(16))
		v.Params.Add("rport", "")
		return v
	}
}

// contactFor is our address for requests in a dialog.
func (l *Line) contactFor(user string, shown netip.Addr, transport string) siplib.Uri {
	u := siplib.Uri{Scheme: "sip", User: user, Host: uriHost(shown), Port: l.port(transport)}
	if transport != "UDP" {
		u.UriParams.Add("transport", strings.ToLower(transport))
	}
	return u
}

// uriHost is an address as URIs have it.
func uriHost(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}
