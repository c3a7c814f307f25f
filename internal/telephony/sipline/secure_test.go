package sipline

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/live/transport/sip"
	"griot/internal/telephony"
)

// certificate makes one for this machine, which trusts itself.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: k}}, RootCAs: pool}
}

// A call over TLS with sealed sound, and one over TCP: keys, hold of the line and good-byes go by the connection.
func TestConnections(t *testing.T) {
	for _, transport := range []string{"TLS", "TCP"} {
		t.Run(transport, func(t *testing.T) {
			cert := certificate(t)
			change := func(o *Options) {
				if transport == "TLS" {
					o.TLS, o.Certificate, o.Security = "127.0.0.1:0", cert, sip.Require
				} else {
					o.TCP = "127.0.0.1:0"
				}
			}
			b := open(t, change)
			address := "sip:" + b.line.Addr(transport).String() + ";transport=" + transport
			a := open(t, func(o *Options) {
				change(o)
				o.Trunks = []Trunk{{Name: "far", Address: address, User: "griot"}}
			})
			id := a.place(telephony.Order{Agent: "x", To: "1"})
			va, vb := a.conv(), b.conv()
			va.until(t, "sound", func(v *conv) bool { return v.loud > 5 })
			vb.until(t, "sound", func(v *conv) bool { return v.loud > 5 })
			c, err := b.line.active(vb.call.ID)
			require.NoError(t, err)
			require.Equal(t, transport == "TLS", c.leg.Stats().Secure)
			require.NoError(t, b.line.HangUp(t.Context(), vb.call.ID, "hung_up"))
			require.Equal(t, "caller_left", va.over(t))
			require.Equal(t, telephony.Answered, a.ended(id).Outcome)
		})
	}
}

// A trunk whose certificate is not trusted is not talked to.
func TestForeignCertificate(t *testing.T) {
	b := open(t, func(o *Options) { o.TLS, o.Certificate = "127.0.0.1:0", certificate(t) })
	a := open(t, func(o *Options) {
		o.TLS, o.Certificate = "127.0.0.1:0", certificate(t)
		o.Trunks = []Trunk{{Name: "far", Address: "sip:" + b.line.Addr("TLS").String() + ";transport=tls", User: "griot"}}
	})
	require.Equal(t, telephony.Unreachable, a.ended(a.place(telephony.Order{Agent: "x", To: "1"})).Outcome)
	require.Eventually(t, func() bool { return a.line.Trunks()[0].Problem != "" }, 20*time.Second, 10*time.Millisecond)
}

// What one side needs and the other refuses is no call.
func TestNoSecurityInCommon(t *testing.T) {
	b := open(t, func(o *Options) { o.Security = sip.Refuse })
	a := open(t, func(o *Options) {
		o.Trunks = []Trunk{b.trunk(func(tr *Trunk) { tr.SRTP = "require" })}
	})
	require.Equal(t, telephony.Incompatible, a.ended(a.place(telephony.Order{Agent: "x", To: "1"})).Outcome)
	require.Empty(t, b.line.Calls())
	require.Zero(t, b.line.o.Ports.Used())
}

// What cannot be opened says so.
func TestOpenFaults(t *testing.T) {
	ports, err := sip.NewPorts(22000, 22010)
	require.NoError(t, err)
	taken, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer taken.Close()
	for name, c := range map[string]struct {
		o    Options
		kind fault.Kind
		code string
	}{
		"nothing to listen on": {Options{}, fault.Invalid, "bad_value"},
		"taken":                {Options{UDP: taken.LocalAddr().String()}, fault.Conflict, "port_in_use"},
		"no address":           {Options{UDP: "nowhere:x"}, fault.Invalid, "bad_value"},
		"another machine's":    {Options{TCP: "192.0.2.123:5060"}, fault.Unavailable, "cannot_listen"},
		"TLS without":          {Options{TLS: "127.0.0.1:0"}, fault.Invalid, "bad_value"},
		"odd trunk":            {Options{UDP: "127.0.0.1:0", Trunks: []Trunk{{Name: "x", Address: "sip:a;transport=smoke"}}}, fault.Invalid, "bad_value"},
		"nobody to register":   {Options{UDP: "127.0.0.1:0", Trunks: []Trunk{{Name: "x", Address: "a", Register: true}}}, fault.Invalid, "bad_value"},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Ports = ports
			_, err := Open(c.o)
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.Equal(t, c.code, fault.CodeOf(err))
		})
	}
}

// Who may call: this machine, the trunks, and the networks that are named.
func TestAllow(t *testing.T) {
	l := &Line{o: Options{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}}
	l.trunks = []*trunk{{o: Trunk{Name: "pbx"}, ips: []netip.Addr{netip.MustParseAddr("198.51.100.1")}}}
	for source, want := range map[string]bool{"127.0.0.1:5": true, "192.0.2.9:5060": true, "198.51.100.1:5060": true, "198.51.100.2:5060": false, "10.0.0.1:5060": false, "nonsense": false} {
		req := request(t, "INVITE")
		req.SetSource(source)
		tr, ok := l.from(req)
		require.Equal(t, want, ok, source)
		require.Equal(t, source == "198.51.100.1:5060", tr != nil)
	}
}

// Calls from one address are bounded; another address has its own measure, and a flood from made-up addresses does not take the memory.
func TestGate(t *testing.T) {
	g, now := newGate(10), time.Now()
	ip := netip.MustParseAddr("192.0.2.1")
	passed := 0
	for range 100 {
		if g.call(ip, now) {
			passed++
		}
	}
	require.Equal(t, 20, passed)
	require.True(t, g.call(netip.MustParseAddr("192.0.2.2"), now))
	require.True(t, g.call(ip, now.Add(time.Second)))
	for i := range 3 * gateSize {
		g.call(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	require.LessOrEqual(t, len(g.seen), gateSize+1)
	require.True(t, newGate(0).call(ip, now))
	require.True(t, newGate(0).packet(ip, now))
}
